"""What went wrong with a pipeline: its failed steps with their reason, its run as a whole, what could not be read. No Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from longshore.store.records import FAILED
from longshore.ui.pages.pipeline_panel import Problem
from longshore.ui.pages.pipeline_work import Seen

if TYPE_CHECKING:
    from longshore.projects.model import ProjectInfo


def problems_of(info: ProjectInfo, seen: Seen) -> tuple[Problem, ...]:
    """Give them, what stopped the run first."""
    return tuple(_problems(info, seen))


def _problems(info: ProjectInfo, seen: Seen) -> Iterator[Problem]:
    failed = [state for state in seen.state.steps.values() if state.state == "failed"]
    for state in failed:
        lines = [line.strip() for line in state.error.strip().splitlines() if line.strip()]
        reason = lines[-1] if lines else "It gave no reason."
        yield Problem(f"{state.step} failed: {reason}", " ".join(lines[:-1][-3:]), state.step)
    if not failed and seen.job is not None and seen.job.state == FAILED:
        error = seen.job.error or {}
        reason = str(error.get("message") or error.get("reason") or "It gave no reason.")
        yield Problem(f"The run failed before a step did: {reason}", str(error.get("hint") or ""))
    for repair in info.repairs:
        yield Problem(repair.problem, repair.effect, tone="warning", repair=(repair.id, repair.action))
    for problem in info.problems:
        yield Problem(problem, tone="warning")
