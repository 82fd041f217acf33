"""Settling a job that has ended: its runs completed, its log masked, its row true. It may be done again after a crash."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from longshore.errors import LongshoreError, Unavailable
from longshore.jobs import capture, masking, notify, runs, targets
from longshore.jobs.ending import Ending, conclude
from longshore.jobs.held import Around
from longshore.jobs.log import excerpt, last_lines
from longshore.jobs.outages import Outages
from longshore.jobs.spec import RunSpec
from longshore.jobs.supervisor import files
from longshore.jobs.targets.base import Start, Tracking
from longshore.settings import Home
from longshore.store import jobs, records
from longshore.store.records import Job

_log = logging.getLogger(__name__)
# A job whose runs the server could not be told about; the agent tries again when the server is back.
UNSENT = "unsent"
_SERVER_WAIT_S = 30.0
_LOG_HEAD, _LOG_TAIL = 2 << 20, 8 << 20
# A longer log goes to its runs without its middle.
LONGEST_WHOLE = _LOG_HEAD + _LOG_TAIL
_DECISIVE_LINES = 40


def settle(around: Around, job: Job, status: Mapping[str, Any], check: Callable[[], None] = lambda: None) -> Job:
    """Settle a run job from its supervisor's last words; gives its row: ended, or queued for its next attempt.

    `check` is called while a tracking server is waited for, and may raise.
    """
    home, spec, folder = around.home, RunSpec.from_json(job.spec), Path(job.folder)
    problems = _problems(home, around.outages, job, spec, status)
    for problem in problems:
        files.note(folder, problem)
    ending = conclude(status, spec, job.id, _last_lines(home, job))
    run_ids, missing = _tell_runs(around, job, spec, ending, status, check)
    problems += missing
    if ending.state == records.FAILED and spec.attempt <= spec.retries and not _stop_requested(home, job):
        return _queue_again(home, job, spec, run_ids)
    return write_end(
        home,
        job,
        state=ending.state,
        error=ending.error,
        exit_code=ending.exit_code,
        ended_at=float(status.get("ended_at") or time.time()),
        run_ids=run_ids,
        detail=" ".join([ending.note, *problems]).strip(),
        check=check,
    )


def _problems(home: Home, outages: Outages, job: Job, spec: RunSpec, status: Mapping[str, Any]) -> list[str]:
    folder = Path(job.folder)
    record = dict((files.read_json(folder / files.SUPERVISOR) or {}).get("record") or {})
    facts = capture.facts(folder)
    try:
        left = targets.get(spec.target).finish(home, start_without_server(job, spec), record or facts.container)
    except LongshoreError as error:
        left = (f"Not everything could be brought back or tidied up: {error.reason}",)
    away = outages.during(*_times(status)) if job.workspace == "personal" else ""
    return [*facts.problems, *left, *status.get("forward_problems", ()), *([away] if away else [])]


def _times(status: Mapping[str, Any]) -> tuple[float, float]:
    ended_at = float(status.get("ended_at") or time.time())
    return float(status.get("began_at") or ended_at), ended_at


def start_without_server(job: Job, spec: RunSpec) -> Start:
    """Give what a target needs to tidy up after a job."""
    return Start(job, spec, Path(job.folder), Tracking(url="", experiment=spec.experiment, token=""))


def _last_lines(home: Home, job: Job) -> list[str]:
    try:
        return last_lines(home, job, _DECISIVE_LINES)
    except LongshoreError as error:
        return [error.reason]


def _stop_requested(home: Home, job: Job) -> bool:
    return jobs.get(home, job.id).stop_requested


def _tell_runs(
    around: Around,
    job: Job,
    spec: RunSpec,
    ending: Ending,
    status: Mapping[str, Any],
    check: Callable[[], None],
) -> tuple[tuple[str, ...], list[str]]:
    home, folder = around.home, Path(job.folder)
    began_at, ended_at = _times(status)
    log, problems = _log_for_upload(home, job)
    outputs: list[dict[str, Any]] = []
    try:
        capture.complete(home, spec, folder, began_at)
        outputs = capture.outputs(home, spec, folder)
    except OSError as error:  # a full disk
        problems.append(f"What it read and wrote could not be recorded: {error}.")
    ended = runs.Ended(
        state=ending.state,
        exit_code=ending.exit_code,
        began_at=began_at,
        ended_at=ended_at,
        outputs=outputs,
        log=log,
    )
    deadline = time.monotonic() + _SERVER_WAIT_S
    while True:
        check()
        try:
            client = around.reach.client(job.workspace)
            facts = capture.facts(folder)
            if spec.pipeline:
                around.tell_steps(home, client, job, spec, ended=True)
            run_ids, refused = runs.finalise(client, job.id, spec, facts, ended, folder)
            with contextlib.suppress(OSError):
                (folder / UNSENT).unlink(missing_ok=True)
            return run_ids, problems + refused
        except Unavailable as error:
            if time.monotonic() > deadline:
                return jobs.get(home, job.id).run_ids, [*problems, _keep_for_later(home, folder, status, error)]
            time.sleep(0.3)
        except LongshoreError as error:
            return jobs.get(home, job.id).run_ids, [*problems, f"Its runs could not be completed: {error.reason}"]


def _log_for_upload(home: Home, job: Job) -> tuple[bytes, list[str]]:
    folder = Path(job.folder)
    try:
        values = masking.values_for_log(home, folder, job.spec)
        found = excerpt(folder / files.LOG, head_bytes=_LOG_HEAD, tail_bytes=_LOG_TAIL)
    except (LongshoreError, OSError) as error:
        return b"", [f"Its log could not be uploaded: {error}"]
    if not values:
        return found, []
    from longshore.secrets.mask import masker

    return masker(values)(found), []


def _keep_for_later(home: Home, folder: Path, status: Mapping[str, Any], error: Unavailable) -> str:
    with contextlib.suppress(OSError):
        files.write_json(folder / UNSENT, {"reason": error.reason})
    return f"Its runs could not be completed yet: {error.reason} It is tried again when the server is back."


def unsent(home: Home) -> list[str]:
    """Give the ids of ended jobs whose runs still wait for their server."""
    return [marker.parent.name for marker in home.jobs.glob(f"*/{UNSENT}")]


def send_unsent(around: Around, job_id: str) -> None:
    """Complete the runs of a job that was settled while its server was away. Raises: Unavailable if it still is."""
    home = around.home
    job = jobs.get(home, job_id)
    status = files.read_json(Path(job.folder) / files.STATUS)
    if status is None or not job.ended:
        return
    around.reach.client(job.workspace)
    spec = RunSpec.from_json(job.spec)
    ending = conclude(status, spec, job.id, ())
    run_ids, problems = _tell_runs(around, job, spec, ending, status, lambda: None)
    jobs.update(home, job.id, run_ids=run_ids, detail=" ".join(problems))


def _queue_again(home: Home, job: Job, spec: RunSpec, run_ids: tuple[str, ...]) -> Job:
    files.note(Path(job.folder), "It failed and is tried again.")
    # Before the row says that it waits: a queued job has nothing that could be taken for this attempt's end.
    with contextlib.suppress(OSError):
        (Path(job.folder) / files.STATUS).unlink()
    following = dataclasses.replace(spec, attempt=spec.attempt + 1, earlier_runs=run_ids)
    return jobs.update(
        home,
        job.id,
        state=records.QUEUED,
        spec=following.to_json(),
        run_ids=run_ids,
        started_at=None,
        detail=f"Attempt {following.attempt} of {spec.retries + 1}",
    )


def write_end(
    home: Home,
    job: Job,
    *,
    state: str,
    error: LongshoreError | None,
    ended_at: float,
    exit_code: int | None = None,
    run_ids: tuple[str, ...] | None = None,
    detail: str = "",
    check: Callable[[], None] = lambda: None,
) -> Job:
    """Write how a job ended, once its log is safe to be kept, and tell the person.

    Where the database's disk is full it is tried until there is room; `check` is called meanwhile, and may raise.
    """
    folder = Path(job.folder)
    with contextlib.suppress(LongshoreError):
        masking.mask_log(folder, masking.values_for_log(home, folder, job.spec))
    changes: dict[str, Any] = {} if run_ids is None else {"run_ids": run_ids}
    changes |= {"state": state, "error": error.as_dict() if error else None, "exit_code": exit_code, "detail": detail}
    changes |= {"ended_at": datetime.fromtimestamp(ended_at, UTC), "progress": None}
    ended = _written(home, job.id, changes, check)
    notify.ended(home, ended)
    return ended


def _written(home: Home, job_id: str, changes: dict[str, Any], check: Callable[[], None]) -> Job:
    while True:
        try:
            return jobs.update(home, job_id, **changes)
        except Unavailable as error:
            _log.warning("The end of job %s cannot be written yet: %s", job_id, error.reason)
            check()
            time.sleep(1.0)


class Discovery:
    """Finds the runs of a job while it runs, so that they are seen in their place from their first second."""

    def __init__(self, around: Around, job: Job, spec: RunSpec) -> None:
        self._around, self._home, self._job, self._spec = around, around.home, job, spec
        self._known: dict[str, bool] = {}
        self._next_at = 0.0

    def look(self) -> None:
        """Look, unless that was done just now; a server that does not answer is asked again later."""
        if time.monotonic() < self._next_at:
            return
        # The steps of a pipeline are watched by people.
        self._next_at = time.monotonic() + (1.0 if self._spec.pipeline else 5.0 if self._known else 2.0)
        try:
            client = self._around.reach.client(self._job.workspace)
            if self._spec.pipeline:
                self._around.tell_steps(self._home, client, self._job, self._spec)
            found = runs.find(client, self._job.id)
            fresh = [run for run in found if run.id not in self._known]
            facts = capture.facts(Path(self._job.folder))
            for run in fresh:
                runs.mark(client, run, self._spec, facts)
                self._known[run.id] = True
            if fresh:
                runs.mark_experiments(client, fresh, self._spec)
                jobs.update(self._home, self._job.id, run_ids=tuple(run.id for run in found))
        except LongshoreError as error:
            _log.info("The runs of job %s could not be looked for: %s", self._job.id, error.reason)
