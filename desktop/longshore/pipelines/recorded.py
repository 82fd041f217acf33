"""The runs of a pipeline that its framework keeps a record of, whoever started them: a terminal, say, or Longshore.

A framework has them where there is a `resources/frameworks/NAME/runs.py`. It runs in the project's own interpreter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.pipelines.events import DONE, FAILED, RUNNING
from longshore.pipelines.state import STOPPED, UNKNOWN, StepState, TaskState, together
from longshore.projects import probing
from longshore.projects.pipeline import Pipeline
from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.progress import CancelToken
    from longshore.projects.model import ProjectInfo

_MOST = 50
_STATES = frozenset({DONE, FAILED, RUNNING, STOPPED})


@dataclass(frozen=True)
class RecordedRun:
    """One run, as the framework tells it."""

    id: str  # the framework's own; `Selection.origin` takes it
    state: str = UNKNOWN  # done, failed, running, stopped
    began_at: datetime | None = None
    ended_at: datetime | None = None
    steps: Mapping[str, StepState] = field(default_factory=dict)
    # As its record names them: Metaflow by the attribute of the class.
    parameters: Mapping[str, str] = field(default_factory=dict)
    # The run that it went on from.
    origin: str = ""
    # The job that it is the run of; empty: it was started elsewhere.
    job: str = ""
    user: str = ""

    def of(self, step: str) -> StepState:
        """Give a step's state."""
        return self.steps.get(step) or StepState(step, UNKNOWN)


def has_records(framework: str) -> bool:
    """Tell whether a framework keeps a record of its runs that can be asked for."""
    return probing.script_of(framework, "runs").exists()


def runs(
    home: Home, info: ProjectInfo, pipeline: Pipeline, *, most: int = _MOST, cancel: CancelToken | None = None
) -> tuple[RecordedRun, ...]:
    """Give a pipeline's runs, the newest first; none where its framework keeps no record.

    Raises: as `probing.probe`; NotAllowed in a folder that is not trusted.
    """
    if not has_records(pipeline.framework):
        return ()
    # Metaflow and others know a pipeline by its class or function, which stands before the file where two share a name.
    name = pipeline.name.partition(" (")[0]
    found = probing.ask(home, Path(info.path), pipeline.framework, "runs", (name, str(most)), cancel=cancel)
    return tuple(_run(one) for one in _dicts(found.get("runs"))[:most])


def _run(found: Mapping[str, Any]) -> RecordedRun:
    by_step: dict[str, list[TaskState]] = {}
    for one in _dicts(found.get("steps")):
        by_step.setdefault(str(one.get("step")), []).append(_task(one))
    state = str(found.get("state"))
    return RecordedRun(
        id=str(found.get("id")),
        state=state if state in _STATES else UNKNOWN,
        began_at=_time(found.get("began_at")),
        ended_at=_time(found.get("ended_at")),
        steps={step: together(step, tasks) for step, tasks in by_step.items()},
        parameters=_texts(found.get("parameters")),
        origin=str(found.get("origin") or ""),
        job=str(found.get("job") or ""),
        user=str(found.get("user") or ""),
    )


def _task(found: Mapping[str, Any]) -> TaskState:
    state = str(found.get("state"))
    metrics = found.get("metrics")
    numbers = metrics.items() if isinstance(metrics, dict) else ()
    return TaskState(
        str(found.get("task") or ""),
        state if state in (*_STATES, "cached", "skipped") else STOPPED,
        _number(found.get("began_at")),
        _number(found.get("ended_at")),
        error=str(found.get("error") or "")[:5000],
        metrics={str(name): float(value) for name, value in numbers if _number(value) is not None},
        parameters=_texts(found.get("parameters")),
    )


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(one) for key, one in value.items()} if isinstance(value, dict) else {}


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _time(value: Any) -> datetime | None:
    seconds = _number(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
