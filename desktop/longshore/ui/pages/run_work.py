"""The Run page's work off the UI thread."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import RUNNING, Job
from longshore.tracking.archive import ARCHIVED
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.jobs.log_progress import LogFollower, LogProgress
    from longshore.jobs.usual_duration import Usual
    from longshore.mlflow_rest.types import Run
    from longshore.tracking.artifacts import Entry
    from longshore.tracking.detail import RunDetail
    from longshore.tracking.histories import History
    from longshore.ui.widgets.artifact_decode import Shown

MOST_CURVES = 24


@dataclass(frozen=True)
class RunState:
    """A run, its job, or both; a job may have no run yet, and a run may have been made elsewhere."""

    job: Job | None
    detail: RunDetail | None
    # Why the run could not be read, while the job is known.
    offline: LongshoreError | None = None
    # How far a running job is by its log, and how long it usually takes.
    progress: LogProgress | None = None
    usual: Usual | None = None

    @property
    def deleted(self) -> bool:
        """Tell whether the run is in the trash."""
        return self.detail is not None and self.detail.run.lifecycle == "deleted"

    @property
    def archived(self) -> bool:
        """Tell whether tables leave the run out."""
        return self.detail is not None and ARCHIVED in self.detail.run.tags


@dataclass(frozen=True)
class Sample:
    """What a job used at one moment."""

    t: float  # seconds since the epoch
    cpu_percent: float
    memory_bytes: int


def read_run(
    home: Home, workspace: str | None, run_id: str | None, job_id: str | None, before: RunDetail | None = None
) -> Work[RunState]:
    """Give the work that reads a run by its id, or a job and the run that it has by now.

    `before`: what was read a moment ago, where the run is followed.
    """

    def work(_progress: Progress, _cancel: CancelToken) -> RunState:
        from longshore.store import jobs

        if job_id is None:
            found = _detail(home, workspace, run_id or "", before)
            return _with_progress(home, RunState(_job_of(home, found.job_id), found))
        job = jobs.get(home, job_id)
        try:
            chosen = run_id or _newest_run(home, workspace or job.workspace, job)
            detail = _detail(home, workspace or job.workspace, chosen, before) if chosen else None
        except LongshoreError as error:
            return _with_progress(home, RunState(job, None, error))
        return _with_progress(home, RunState(job, detail))

    return work


def _with_progress(home: Home, state: RunState) -> RunState:
    job = state.job
    if job is None or job.state != RUNNING or not job.folder:
        return state
    started = job.started_at.isoformat() if job.started_at else ""
    progress = _follower(job.folder, started).look()
    return replace(state, progress=progress, usual=_usual(home, job.id) if progress is None else None)


@functools.lru_cache(maxsize=8)
def _follower(folder: str, _started: str) -> LogFollower:
    """Follow the log of one try of a job; a page looks every second, and reads on each time."""
    from longshore.jobs.log_progress import LogFollower

    return LogFollower(Path(folder))


@functools.lru_cache(maxsize=32)
def _usual(home: Home, job_id: str) -> Usual | None:
    from longshore.jobs.usual_duration import usual_duration
    from longshore.store import jobs

    return usual_duration(home, jobs.get(home, job_id))


def _detail(home: Home, workspace: str | None, run_id: str, before: RunDetail | None) -> RunDetail:
    from longshore.tracking.detail import run_detail
    from longshore.workspace.connection import connect

    return run_detail(connect(home, workspace), run_id, before)


def _job_of(home: Home, job_id: str | None) -> Job | None:
    from longshore.store import jobs

    try:
        return jobs.get(home, job_id) if job_id else None
    except NotFound:
        return None


def _newest_run(home: Home, workspace: str | None, job: Job) -> str | None:
    if job.run_ids:
        return job.run_ids[-1]
    if job.started_at is None:
        return None
    from longshore.mlflow_rest.filters import equals
    from longshore.tracking import table
    from longshore.workspace.connection import connect

    found = table.search(connect(home, workspace), filter=equals("tags", "longshore.job", job.id), limit=1)
    return found.rows[0].run_id if found.rows else None


def curves_work(
    home: Home, workspace: str | None, run: Run, names: tuple[str, ...], known: Mapping[str, History]
) -> Work[dict[str, History]]:
    """Give the work that fetches metric curves, only what is new where some are known."""

    def work(progress: Progress, cancel: CancelToken) -> dict[str, History]:
        from longshore.store import workspaces
        from longshore.tracking.histories import read_histories
        from longshore.workspace.connection import connect

        found, row = dict[str, "History"](), workspaces.get(home, workspace)
        asking = functools.cache(partial(connect, home, workspace))
        chosen = names[:MOST_CURVES]
        for number, name in enumerate(chosen):
            if run.ended or name not in known:
                progress(number / len(names), name)
                cancel.check()
                found |= read_histories(home, row, asking, run.id, [name], known)
        followed = [name for name in chosen if name not in found]
        return found | read_histories(home, row, asking, run.id, followed, known, run.latest)

    return work


def read_samples(folder: str, offset: int) -> Work[tuple[int, tuple[Sample, ...]]]:
    """Give the work that reads CPU and memory samples from a place in the file, and the next place."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[int, tuple[Sample, ...]]:
        import json

        try:
            with (Path(folder) / "samples.jsonl").open("rb") as file:
                file.seek(offset)
                data = file.read(1 << 20)
        except OSError:
            return offset, ()
        whole = data[: data.rfind(b"\n") + 1]
        found = []
        for line in whole.splitlines():
            try:
                entry = json.loads(line)
                found.append(Sample(entry["t"], entry["cpu_percent"], entry["memory_bytes"]))
            except (ValueError, KeyError):
                continue
        return offset + len(whole), tuple(found)

    return work


def list_artifacts(home: Home, workspace: str | None, run_id: str, entry: Entry) -> Work[tuple[Entry, ...]]:
    """Give the work that lists one folder."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Entry, ...]:
        from longshore.tracking.artifacts import tree
        from longshore.workspace.connection import connect

        return tree(connect(home, workspace), run_id, entry.path, model_id=entry.model_id)

    return work


def preview_artifact(home: Home, workspace: str | None, run_id: str, entry: Entry) -> Work[Shown]:
    """Give the work that reads a file's head and decodes it."""

    def work(_progress: Progress, cancel: CancelToken) -> Shown:
        from longshore.tracking.artifacts import preview
        from longshore.ui.widgets.artifact_decode import decode
        from longshore.workspace.connection import connect

        client = connect(home, workspace)
        found = preview(client, run_id, entry.path, model_id=entry.model_id, size_bytes=entry.size_bytes)
        cancel.check()
        return decode(found)

    return work


def download_artifact(home: Home, workspace: str | None, run_id: str, entry: Entry, file: str) -> Work[str]:
    """Give the work that saves an artifact to a file, and gives the file."""

    def work(progress: Progress, cancel: CancelToken) -> str:
        from longshore.mlflow_rest import artifacts
        from longshore.workspace.connection import connect

        client = connect(home, workspace)
        if entry.model_id is None:
            artifacts.download_to(client, run_id, entry.path, Path(file), progress=progress, cancel=cancel)
        else:
            artifacts.download_model_to(
                client, entry.model_id, entry.path, Path(file), progress=progress, cancel=cancel
            )
        return file

    return work
