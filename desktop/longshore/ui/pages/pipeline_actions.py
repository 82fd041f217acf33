"""What can be done with a pipeline now, each with its command and, where it can't be done, why."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.store.records import FINISHED, Job
from longshore.ui.shell.actions import Action

if TYPE_CHECKING:
    from longshore.projects.pipeline import Pipeline, Selection

LONGEST_NAME = 22


@dataclass(frozen=True)
class Now:
    """What the actions depend on."""

    project: str
    pipeline: Pipeline | None
    # The step that is selected; empty where none is, or a folded group.
    step: str
    job: Job | None

    @property
    def running(self) -> bool:
        """Tell whether it runs, or waits to."""
        return self.job is not None and not self.job.ended

    @property
    def busy(self) -> str:
        """Why it can't be started now."""
        return "It runs already: wait for its end, or stop it." if self.running else ""

    def why_not(self, kind: str) -> str:
        """Give why a part of it can't be run: only, start, resume."""
        if self.pipeline is None:
            return "There is no pipeline."
        if self.busy:
            return self.busy
        if kind not in self.pipeline.can:
            words = {"only": "one step alone", "start": "from a step on", "resume": "on after a failure"}[kind]
            return f"{self.pipeline.framework} cannot run it {words}."
        return self._why_not_resume() if kind == "resume" else self._why_not_step()

    def _why_not_resume(self) -> str:
        if self.job is None:
            return "It has not run yet: there is nothing to resume."
        return "It did not fail the last time: there is nothing to resume." if self.job.state == FINISHED else ""

    def _why_not_step(self) -> str:
        found = self.pipeline.step(self.step) if self.pipeline and self.step else None
        if found is None:
            return "Select a step first."
        return "This is data from outside: nothing of it runs." if found.kind == "input" else ""

    def command(self, *options: str) -> str:
        """Give the command line that does the same."""
        assert self.pipeline is not None
        return shlex.join(["longshore", "pipeline", self.project, "--name", self.pipeline.name, *options])


def run_actions(
    now: Now, run: Callable[[Selection], None], stop: Callable[[], None], ask: Callable[[], None]
) -> list[Action]:
    """Give what runs it, or a part of it."""
    from longshore.projects.pipeline import ONLY, RESUME, START, WHOLE, Selection

    if now.pipeline is None:
        return []
    step, name = now.step, _short(now.step) or "step"
    found = [
        Action(
            "pipeline-resume",
            "Resume",
            lambda: run(Selection(resume=True)),
            icon="resume",
            disabled_because=now.why_not(RESUME),
            command=now.command("--run", "--resume"),
        ),
        Action(
            "pipeline-run-from",
            f"Run from {name}",
            lambda: run(Selection(start=step)),
            icon="play-from",
            shortcut="Shift+F5",
            disabled_because=now.why_not(START),
            command=now.command("--run", "--from", step or "STEP"),
        ),
        Action(
            "pipeline-run-only",
            f"Run only {name}",
            lambda: run(Selection(only=step)),
            icon="play",
            disabled_because=now.why_not(ONLY),
            command=now.command("--run", "--only", step or "STEP"),
            in_bar=False,
        ),
        Action(
            "pipeline-parameters",
            "Run with parameters…",
            ask,
            icon="settings",
            disabled_because=now.busy,
            command=now.command("--run", "-P", "NAME=VALUE"),
            in_bar=False,
        ),
    ]
    if now.running and now.job is not None:
        asked = "It is stopping already." if now.job.stop_requested else ""
        command = f"longshore stop {now.job.id}"
        found.append(
            Action("pipeline-stop", "Stop pipeline", stop, icon="stop", disabled_because=asked, command=command)
        )
    found.append(
        Action(
            "pipeline-run",
            "Run pipeline",
            lambda: run(WHOLE),
            icon="play",
            shortcut="F5",
            kind="primary",
            disabled_because=now.busy,
            command=now.command("--run"),
        )
    )
    return found


def _short(name: str) -> str:
    half = (LONGEST_NAME - 1) // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[-half:]}"
