"""How the steps of a pipeline stand in its last run, or in the one that is under way: folded from its events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from longshore.pipelines import events
from longshore.pipelines.events import CACHED, DONE, ENDED, FAILED, RUNNING, SKIPPED, Event
from longshore.settings import Home
from longshore.store import jobs, records

QUEUED, STOPPED, UNKNOWN = "queued", "stopped", ""
# Of several tasks of a step, the one that a person must see first decides.
_WORST = (FAILED, RUNNING, STOPPED, SKIPPED, DONE, CACHED)


@dataclass(frozen=True)
class TaskState:
    """One execution of a step; most steps have one."""

    task: str
    state: str
    began_at: float | None = None  # seconds since 1970
    ended_at: float | None = None
    error: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    # Where its own lines are in the job's log, in bytes.
    log: tuple[int | None, int | None] = (None, None)
    # Where tasks ran at once, what each of its lines holds and no other's does; empty: all lines are its own.
    log_mark: str = ""
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class StepState:
    """A step with all its tasks."""

    step: str
    state: str
    tasks: tuple[TaskState, ...] = ()

    @property
    def began_at(self) -> float | None:
        """When its first task began."""
        return min((task.began_at for task in self.tasks if task.began_at is not None), default=None)

    @property
    def ended_at(self) -> float | None:
        """When its last task ended; None while one runs."""
        times = [task.ended_at for task in self.tasks]
        return None if None in times else max((time for time in times if time is not None), default=None)

    @property
    def error(self) -> str:
        """What its first failed task said."""
        return next((task.error for task in self.tasks if task.error), "")


@dataclass(frozen=True)
class PipelineState:
    """One run of a pipeline."""

    job: records.Job | None = None
    steps: dict[str, StepState] = field(default_factory=dict)
    # The framework's own name for the run, to resume from.
    origin: str = ""

    def of(self, step: str) -> StepState:
        """Give a step's state; one that nothing is known of waits while the job runs."""
        found = self.steps.get(step)
        if found is not None:
            return found
        waits = self.job is not None and not self.job.ended
        return StepState(step, QUEUED if waits else UNKNOWN)


def jobs_of(home: Home, project_id: str, pipeline: str, limit: int = 50) -> tuple[records.Job, ...]:
    """Give the jobs that ran a pipeline or run it now, the last one first."""
    found = [job for job in jobs.listing(home, project_id=project_id) if job.spec.get("pipeline") == pipeline]
    return tuple(sorted(found, key=lambda job: (job.created_at, job.position), reverse=True)[:limit])


def last_job(home: Home, project_id: str, pipeline: str, *, whole: bool = False) -> records.Job | None:
    """Give the job that ran a pipeline last, or runs it now; with `whole`, not one that ran a single step."""
    found = jobs_of(home, project_id, pipeline)
    return next((job for job in found if not whole or not (job.spec.get("selection") or {}).get("only")), None)


def of_job(job: records.Job | None) -> PipelineState:
    """Read how the steps of a job's pipeline stand."""
    if job is None:
        return PipelineState()
    found, _offset = events.read(Path(job.folder))
    tasks, origin = fold(found)
    if job.ended:
        tasks = {key: _settled(task, job) for key, task in tasks.items()}
    by_step: dict[str, list[TaskState]] = {}
    for (step, _task), task in tasks.items():
        by_step.setdefault(step, []).append(task)
    return PipelineState(job, {step: together(step, each) for step, each in by_step.items()}, origin)


def of_step(found: Iterable[records.Job], step: str) -> tuple[tuple[records.Job, StepState], ...]:
    """Give how a step stood in some runs of its pipeline, in their order; those without it are left out."""
    return tuple((job, state) for job in found if (state := of_job(job).steps.get(step)) is not None)


def fold(found: Iterable[Event]) -> tuple[dict[tuple[str, str], TaskState], str]:
    """Give the last state of every task, by step and task, and the framework's name for the run."""
    tasks: dict[tuple[str, str], TaskState] = {}
    origin = ""
    for event in found:
        if event.kind == "pipeline":
            origin = str(event.facts.get("origin") or origin)
            continue
        key = (event.step, event.task)
        tasks[key] = _after(tasks.get(key) or TaskState(event.task, RUNNING), event)
    return tasks, origin


def _after(task: TaskState, event: Event) -> TaskState:
    metrics = {**task.metrics, **event.numbers}
    if event.kind == "metrics":
        return replace(task, metrics=metrics)
    again = event.state == RUNNING
    began_at = event.time if again else task.began_at if task.began_at is not None else event.time
    begin = event.log_at if again else task.log[0]
    return replace(
        task,
        state=event.state,
        began_at=began_at,
        ended_at=event.time if event.state in ENDED else None,
        error=str(event.facts.get("error") or "")[:5000] if event.state == FAILED else "",
        metrics=metrics,
        parameters={**task.parameters, **{key: str(value) for key, value in event.mapping("parameters").items()}},
        inputs=event.texts("inputs") or task.inputs,
        outputs=event.texts("outputs") or task.outputs,
        log=(begin, event.log_at if event.state in ENDED else None),
        log_mark=str(event.facts.get("log_mark") or "")[:500] or task.log_mark,
        after=event.texts("after") or task.after,
    )


def _settled(task: TaskState, job: records.Job) -> TaskState:
    """A step cannot run any more when its job has ended: it was stopped, or died with it."""
    if task.state != RUNNING:
        return task
    ended_at = job.ended_at.timestamp() if job.ended_at else task.began_at
    state = STOPPED if job.state == records.STOPPED else FAILED
    error = "" if state == STOPPED else "It ended without a word: its process was killed."
    return replace(task, state=state, ended_at=ended_at, error=error)


def together(step: str, tasks: list[TaskState]) -> StepState:
    """Give a step's state from those of its tasks."""
    return StepState(step, worst(task.state for task in tasks), tuple(tasks))


def worst(states: Iterable[str]) -> str:
    """Give the state that a person must see first; of parts that are done and others that wait, running."""
    found = set(states)
    for state in _WORST[:3]:
        if state in found:
            return state
    begun = found - {QUEUED, UNKNOWN}
    if begun and QUEUED in found:
        return RUNNING
    if UNKNOWN in found:  # only a part was run
        return UNKNOWN
    return next((state for state in (*_WORST[3:], QUEUED) if state in found), UNKNOWN)
