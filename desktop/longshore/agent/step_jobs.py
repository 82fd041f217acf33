"""Jobs that are lists of steps: deployments and what else is bound here. The next agent goes on at the first step undone."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from longshore.errors import Cancelled, LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store import jobs, records
from longshore.store.records import Job

_PROGRESS_S = 0.2
# Runs the steps that are not done; raises LongshoreError when one fails.
StepHandler = Callable[[Home, Job, Progress, CancelToken], None]


def _serving(home: Home, job: Job, progress: Progress, cancel: CancelToken) -> None:
    from longshore.serving import steps

    steps.handle(home, job, progress, cancel)


def _purge(home: Home, job: Job, progress: Progress, cancel: CancelToken) -> None:
    from longshore.policies import purge_steps

    purge_steps.handle(home, job, progress, cancel)


HANDLERS: dict[str, StepHandler] = {"deploy": _serving, "undeploy": _serving, "purge": _purge}


def bring_to_end(home: Home, job: Job, cancel: CancelToken) -> Job:
    """Run a job's steps to its end and write how it ended."""
    handle = HANDLERS[job.kind]
    started = job.started_at or _now()
    job = jobs.update(home, job.id, state=records.RUNNING, started_at=started)
    try:
        handle(home, job, _progress(home, job), cancel)
    except Cancelled:
        return _end(home, job, records.STOPPED)
    except LongshoreError as error:
        return _end(home, job, records.FAILED, error=error.as_dict(), exit_code=1)
    return _end(home, job, records.FINISHED, exit_code=0)


def _end(home: Home, job: Job, state: str, **changes: Any) -> Job:
    return jobs.update(home, job.id, state=state, ended_at=_now(), progress=None, **changes)


def _now() -> datetime:
    return datetime.now(UTC)


def _progress(home: Home, job: Job) -> Progress:
    at = 0.0

    def report(fraction: float | None, title: str) -> None:
        nonlocal at
        if time.monotonic() - at > _PROGRESS_S or fraction == 1.0:
            at = time.monotonic()
            jobs.update(home, job.id, progress=fraction, detail=title)

    return report
