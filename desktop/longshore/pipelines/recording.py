"""Tells MLflow what the steps of a pipeline do: one parent run, and one child for each task of each step.

`tell` may be called as often as one likes, by whichever agent: what it has told is noted in the job's folder, and what an
agent that was killed did not note any more is found by the runs' tags.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import LongshoreError
from longshore.jobs import masking
from longshore.jobs import runs as job_runs
from longshore.jobs.runs import STEP
from longshore.jobs.supervisor import files
from longshore.pipelines import events, state
from longshore.pipelines.events import ENDED, FAILED, Event
from longshore.pipelines.state import TaskState
from longshore.settings import Home
from longshore.store.records import Job

if TYPE_CHECKING:
    from longshore.jobs.spec import RunSpec
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run

TASK, STATE, PIPELINE, FRAMEWORK = "longshore.task", "longshore.step_state", "longshore.pipeline", "longshore.framework"
_MOST_LOG = 4 << 20
_MOST_FILES = 200
_LONGEST = 5900


@dataclass
class _Told:
    """What MLflow knows already."""

    offset: int = 0
    parent: str = ""
    # By step and task: the child's id and the state that it was told.
    children: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> _Told:
        found = files.read_json(folder / files.STEPS)
        return cls(**found) if isinstance(found, dict) and set(found) == {"offset", "parent", "children"} else cls()

    def write(self, folder: Path) -> None:
        files.write_json(folder / files.STEPS, asdict(self))


def tell(home: Home, client: Client, job: Job, spec: RunSpec, *, ended: bool = False) -> None:
    """Bring the runs of a pipeline's steps up to date with its events; with `ended`, end what still runs.

    Raises: Unavailable where the server does not answer; then the next call says it all.
    """
    folder = Path(job.folder)
    told = _Told.read(folder)
    fresh, offset = events.read(folder, told.offset)
    if not fresh and not (ended and told.parent):
        return
    everything, _end = events.read(folder)
    tasks, origin = state.fold(everything)
    teller = _Teller(home, client, job, spec, told)
    teller.parent(fresh, everything, origin)
    changed = {(event.step, event.task) for event in fresh if event.kind != "pipeline"}
    # A loop, a condition, what was not reached: they have a state, and did nothing that a run could hold.
    runless = {(event.step, event.task) for event in everything if event.facts.get("run") is False}
    for key, task in tasks.items():
        if key in runless:
            continue
        if key in changed:
            teller.task(key[0], task, [event for event in fresh if (event.step, event.task) == key])
        if ended and task.state not in ENDED:
            teller.cut_off(key[0], task)
    told.offset = offset
    told.write(folder)


class _Teller:
    """One call's work."""

    def __init__(self, home: Home, client: Client, job: Job, spec: RunSpec, told: _Told) -> None:
        self._home, self._client, self._job, self._spec, self._told = home, client, job, spec, told
        self._folder = Path(job.folder)
        self._there: dict[str, Run] | None = None

    def _hide(self, text: str) -> str:
        """Mask the job's secrets: a framework may repeat a command line, or what a step was given."""
        names = self._job.spec.get("secrets") or ()
        if not names or not text:
            return text
        from longshore.secrets import named
        from longshore.secrets.mask import text_masker

        try:
            return text_masker(named.values(self._home, names).values())(text)
        except LongshoreError:  # a secret that was deleted meanwhile cannot be found in it any more
            return "(hidden, since a secret of this run is not known any more)"

    def parent(self, fresh: list[Event], everything: list[Event], origin: str) -> None:
        """Make the run of the whole, once."""
        from longshore.mlflow_rest import experiments, runs

        if not self._told.parent:
            tags = job_runs.made_tags(self._job.id, self._spec) | {
                PIPELINE: self._spec.pipeline,
                FRAMEWORK: self._spec.framework,
            }
            known = self._known().get("")
            if known is None:
                project = {"longshore.project": self._spec.project_name}
                experiment = experiments.ensure(self._client, self._spec.experiment, project)
                began = _utc(everything[0].time)
                name = self._spec.run_name
                known = runs.create(self._client, experiment.id, name=name, tags=tags, start_time=began)
            self._told.parent = known.id
            self._told.write(self._folder)
        if origin and any(event.kind == "pipeline" for event in fresh):
            runs.set_tag(self._client, self._told.parent, "longshore.origin", origin)

    def _known(self) -> dict[str, Run]:
        """Give the runs that are there, the parent under the empty name: an agent may have died before its note."""
        if self._there is None:
            found = [run for run in job_runs.find(self._client, self._job.id) if run.id not in self._spec.earlier_runs]
            self._there = {_key(run.tags[STEP], run.tags.get(TASK, "")): run for run in found if STEP in run.tags}
            if parent := next((run for run in found if PIPELINE in run.tags and STEP not in run.tags), None):
                self._there[""] = parent
        return self._there

    def task(self, step: str, task: TaskState, fresh: list[Event]) -> None:
        """Tell what is new of one task."""
        from longshore.mlflow_rest import runs

        child = self._child(step, task)
        metrics = [metric for event in fresh for metric in _metrics(event)]
        params = {name[:250]: self._hide(value)[:_LONGEST] for name, value in task.parameters.items()}
        tags = {STATE: task.state} | ({"longshore.error": self._hide(task.error)[:_LONGEST]} if task.error else {})
        self._log(child, params, tags, metrics)
        if task.state in ENDED:
            self._files(child, task)
            self._upload_log(child, task)
            status = "FAILED" if task.state == FAILED else "FINISHED"
            runs.update(self._client, child, status=status, end_time=_utc(task.ended_at))
        self._note(step, task, child)

    def _log(self, child: str, params: Mapping[str, str], tags: Mapping[str, str], metrics: list[Any]) -> None:
        from longshore.errors import Invalid
        from longshore.mlflow_rest import runs

        try:
            runs.log_batch(self._client, child, params=params, tags=tags, metrics=metrics)
        except Invalid:  # a parameter that was another before: a step that was run again in the same task
            runs.log_batch(self._client, child, tags=tags, metrics=metrics)

    def cut_off(self, step: str, task: TaskState) -> None:
        """End a task whose process ended without a word."""
        from longshore.mlflow_rest import runs

        child = self._child(step, task)
        self._upload_log(child, task)
        runs.set_tag(self._client, child, STATE, state.STOPPED)
        runs.update(self._client, child, status="KILLED", end_time=datetime.now(UTC))
        self._note(step, task, child)

    def _note(self, step: str, task: TaskState, child: str) -> None:
        self._told.children[_key(step, task.task)] = [child, task.state]

    def _child(self, step: str, task: TaskState) -> str:
        from longshore.mlflow_rest import runs

        key = _key(step, task.task)
        if key in self._told.children:
            return self._told.children[key][0]
        found = self._known().get(key)
        if found is None:
            parent = runs.get(self._client, self._told.parent)
            tags = job_runs.made_tags(self._job.id, self._spec) | {
                STEP: step,
                "mlflow.parentRunId": parent.id,
                FRAMEWORK: self._spec.framework,
            }
            tags |= {TASK: task.task} if task.task else {}
            tags["mlflow.source.name"] = step
            name = f"{step} {task.task}".strip()
            began = _utc(task.began_at)
            found = runs.create(self._client, parent.experiment_id, name=name, tags=tags, start_time=began)
            self._known()[key] = found
        self._note(step, task, found.id)
        return found.id

    def _files(self, child: str, task: TaskState) -> None:
        """Record what the step read and wrote, by the same hashes as everywhere."""
        from longshore.data.files import fingerprint
        from longshore.mlflow_rest import runs
        from longshore.mlflow_rest.types import DatasetInput

        project = Path(self._spec.folder)
        read = fingerprint(project, _of_project(project, task.inputs), home=self._home)
        wrote = fingerprint(project, _of_project(project, task.outputs), home=self._home)
        inputs = [
            DatasetInput(one.path, one.md5, source=json.dumps({"uri": str(project / one.path)}), context="input")
            for one in read[:_MOST_FILES]
        ]
        if inputs:
            runs.log_inputs(self._client, child, inputs)
        listed = [{"path": one.path, "md5": one.md5, "size": one.size_bytes} for one in wrote[:_MOST_FILES]]
        if tag := job_runs.outputs_tag(listed):
            runs.log_batch(self._client, child, tags=tag)

    def _upload_log(self, child: str, task: TaskState) -> None:
        """Give the step its own lines; where several ran at once and mark none, they hold the others' too."""
        from longshore.mlflow_rest import artifacts

        text = step_log(self._home, self._job, task)
        if text:
            artifacts.upload_many(self._client, child, {"longshore/log.txt": text})


def step_log(home: Home, job: Job, task: TaskState, most: int = _MOST_LOG) -> bytes:
    """Give a task's own lines of the job's log, masked; `most` bytes of it, the end."""
    begin, end = task.log
    if begin is None:
        return b""
    folder = Path(job.folder)
    try:
        values = masking.values_for_log(home, folder, job.spec)
        with (folder / files.LOG).open("rb") as log:
            if end is None:
                end = log.seek(0, 2)
            log.seek(max(begin, end - most))
            text = log.read(max(0, min(end - begin, most)))
    except (LongshoreError, OSError):
        return b""
    if mark := task.log_mark.encode():
        text = b"".join(line for line in text.splitlines(keepends=True) if mark in line)
    if values:
        from longshore.secrets.mask import masker

        text = masker(values)(text)
    return text


def _of_project(project: Path, paths: tuple[str, ...]) -> list[str]:
    """Give the paths that lead to something inside of the project; names of datasets and addresses are none."""
    found = []
    for path in paths:
        if not path or "://" in path or "\0" in path or len(path) > 1000:
            continue
        full = project / path
        try:
            if full.exists() and full.resolve().is_relative_to(project.resolve()):
                found.append(full.relative_to(project).as_posix() if full.is_relative_to(project) else path)
        except OSError:
            continue
    return found


def _metrics(event: Event) -> list[Any]:
    from longshore.mlflow_rest.types import Metric

    at = event.facts.get("at")
    step = at if isinstance(at, int) and not isinstance(at, bool) else 0
    return [Metric(name[:250], value, round(event.time * 1000), step) for name, value in event.numbers.items()]


def _key(step: str, task: str) -> str:
    return f"{step}\n{task}"


def _utc(seconds: float | None) -> datetime:
    return datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
