"""How each node of a pipeline's graph looks: its state's word and colour, one line of facts, how far it is. No Qt in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.ui.widgets.pill import STATES
from longshore.ui.widgets.times import duration, number

if TYPE_CHECKING:
    from longshore.pipelines.graph import Node
    from longshore.pipelines.state import PipelineState, StepState
    from longshore.projects.pipeline import Pipeline, Step

# In this order they are counted above the graph.
COUNTED = ("failed", "running", "done", "cached", "queued", "stopped", "skipped")
_ENDED_WELL = ("done", "cached", "skipped")


@dataclass(frozen=True)
class Look:
    """What changes about a node while its pipeline runs."""

    state: str = ""
    line: str = ""
    # How much of it is done, 0 to 1; None where nobody knows.
    fraction: float | None = None
    # It waits, or could not be reached: drawn dashed, with the edges into it.
    waits: bool = False

    @property
    def word(self) -> str:
        """The state's word; empty where it has none."""
        return STATES[self.state][0] if self.state in STATES else ""

    @property
    def tone(self) -> str:
        """The state's tone."""
        return STATES[self.state][1] if self.state in STATES else "neutral"


def looks(pipeline: Pipeline, nodes: Iterable[Node], seen: PipelineState, now: float) -> dict[str, Look]:
    """Give the look of every node. Units: `now` in seconds since 1970."""
    known = {step.name: step for step in pipeline.steps}
    return {node.id: look(known, node, seen, now) for node in nodes}


def look(known: Mapping[str, Step], node: Node, seen: PipelineState, now: float) -> Look:
    """Give the look of one node."""
    if node.is_group:
        return _of_group(node, seen)
    step = node.step
    found = seen.of(step.name)
    if step.kind == "input" and found.state in ("", "queued"):
        return Look(line=step.help or "Made outside of the pipeline")
    if found.state in ("", "queued"):
        return _of_waiting(known, step, seen, found.state)
    return Look(found.state, _line(found, seen, now), _fraction(found, seen))


def _line(found: StepState, seen: PipelineState, now: float) -> str:
    if found.state == "running":
        return _running(found, seen, now)
    took = _took(found)
    if found.state == "failed":
        reason = found.error.strip().splitlines()
        return (reason[-1] if reason else "") or f"Failed after {took}"
    if found.state == "cached":
        return _joined("Nothing changed", _metric(found))
    if found.state == "stopped":
        return f"Stopped after {took}" if took else "Stopped"
    if found.state == "skipped":
        return "Skipped"
    return _joined(took, f"{len(found.tasks)} tasks" if len(found.tasks) > 1 else "", _metric(found))


def _running(found: StepState, seen: PipelineState, now: float) -> str:
    lasted = duration(max(0.0, now - found.began_at)) if found.began_at is not None else ""
    if len(found.tasks) > 1:
        done = sum(task.state != "running" for task in found.tasks)
        return _joined(f"{done} of {len(found.tasks)} tasks", lasted)
    if _is_alone(found, seen) and seen.job is not None and seen.job.detail:
        return _joined(seen.job.detail, lasted)
    return _joined(lasted, _metric(found))


def _fraction(found: StepState, seen: PipelineState) -> float | None:
    if found.state != "running":
        return None
    if len(found.tasks) > 1:
        return sum(task.state != "running" for task in found.tasks) / len(found.tasks)
    return seen.job.progress if seen.job is not None and _is_alone(found, seen) else None


def _is_alone(found: StepState, seen: PipelineState) -> bool:
    """Tell whether what the log says of the job's progress is this step's: no other runs."""
    return all(other.state != "running" or other.step == found.step for other in seen.steps.values())


def _of_waiting(known: Mapping[str, Step], step: Step, seen: PipelineState, state: str) -> Look:
    if seen.job is None:
        return Look(line="Not run yet")
    if blocker := _blocked_by(known, step, seen):
        return Look(line=f"Blocked by {blocker}", waits=True)
    if state == "queued":
        before = [one for one in step.after if seen.of(one).state not in _ENDED_WELL and known.get(one)]
        before = [one for one in before if known[one].kind != "input"]
        more = f" and {len(before) - 1} more" if len(before) > 1 else ""
        return Look("queued", f"Waits for {before[0]}{more}" if before else "Waits for its turn", waits=True)
    if seen.job.state == "finished":
        return Look(line="Not part of the last run")
    return Look(line="Not reached in the last run", waits=True)


def _blocked_by(known: Mapping[str, Step], step: Step, seen: PipelineState) -> str:
    """Give the nearest step before it that failed."""
    met, border = {step.name}, list(step.after)
    while border:
        following: list[str] = []
        for name in border:
            if name in met or name not in known:
                continue
            if seen.of(name).state == "failed":
                return name
            met.add(name)
            following += known[name].after
        border = following
    return ""


def _of_group(node: Node, seen: PipelineState) -> Look:
    from longshore.pipelines.state import worst

    states = [seen.of(step.name).state for step in node.steps]
    state = worst(states)
    counts = [f"{states.count(one)} {STATES[one][0].lower()}" for one in COUNTED if one in states]
    counts += [f"{states.count('')} not run"] if "" in states and counts else []
    done = sum(one in _ENDED_WELL for one in states)
    fraction = done / len(states) if state == "running" else None
    return Look(state, ", ".join(counts) or "Not run yet", fraction, waits=state == "queued")


def _took(found: StepState) -> str:
    if found.began_at is None or found.ended_at is None or found.ended_at <= found.began_at:
        return ""
    return duration(found.ended_at - found.began_at)


def _metric(found: StepState) -> str:
    for task in found.tasks:
        for name, value in task.metrics.items():
            return f"{name} {number(value)}"
    return ""


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)
