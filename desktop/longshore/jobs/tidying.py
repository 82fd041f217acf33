"""Tidying up once a day: ended jobs and images that nobody has looked at for long. What is nowhere else stays."""

from __future__ import annotations

import contextlib
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound, Unavailable
from longshore.jobs import code_state, packing
from longshore.jobs.reach import Reach
from longshore.jobs.settling import LONGEST_WHOLE, UNSENT
from longshore.jobs.supervisor import files
from longshore.jobs.targets import docker
from longshore.jobs.targets.docker import DockerTarget
from longshore.settings import Home, load_settings
from longshore.store import jobs, records
from longshore.store.records import Job

if TYPE_CHECKING:
    from longshore.containers.engine import Engine

_log = logging.getLogger(__name__)
_RUN = "run"  # jobs of steps keep their folders: what they say is uploaded nowhere
NEWEST_KEPT = 200
_MOST_AT_ONCE = 500
_UPLOADED_LOG = "longshore/log.txt"
_EVERY = timedelta(days=1)
_MARK = "tidied"


@dataclass(frozen=True)
class Tidied:
    """What was removed. Not `complete`: a server or the engine was away, so it is done again sooner."""

    jobs: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    complete: bool = True


def tidy_daily(home: Home, reach: Reach) -> None:
    """Tidy up, unless that was done within the last day; a new home has nothing to tidy."""
    mark = home.index / _MARK
    now = datetime.now(UTC)
    if mark.exists():
        is_due = now - datetime.fromtimestamp(mark.stat().st_mtime, UTC) > _EVERY
        if not is_due or not tidy(home, reach, now).complete:
            return
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()


def tidy(home: Home, reach: Reach, now: datetime) -> Tidied:
    """Remove old jobs whose logs are kept elsewhere, and images that no run has used for long."""
    settings = load_settings(home)
    engine = _engine(home)
    removed: tuple[str, ...] = ()
    complete = True
    if engine is not None:
        DockerTarget().sweep(home, engine)
    if settings.keep_jobs_days:
        removed, complete = _tidy_jobs(home, reach, now - timedelta(days=settings.keep_jobs_days), engine)
        code_state.prune_patches(home, now - timedelta(days=settings.keep_jobs_days))
    images: tuple[str, ...] = ()
    if settings.keep_images_days and engine is not None:
        from longshore.jobs.targets import job_image

        images = job_image.prune(home, engine, now - timedelta(days=settings.keep_images_days))
    if removed or images:
        _log.info("Tidied up: %s old jobs, %s images that nothing uses.", len(removed), len(images))
    return Tidied(removed, images, complete)


def _engine(home: Home) -> Engine | None:
    from longshore.containers import engine as engines

    with contextlib.suppress(LongshoreError):
        return engines.find(home)
    return None


def _tidy_jobs(home: Home, reach: Reach, before: datetime, engine: Engine | None) -> tuple[tuple[str, ...], bool]:
    removed: list[str] = []
    complete = True
    for job in _old(jobs.listing(home, states=records.ENDED_STATES, kinds=[_RUN]), before)[:_MOST_AT_ONCE]:
        try:
            if _may_go(home, reach, job, engine):
                _remove(home, job)
                removed.append(job.id)
        except Unavailable as error:
            _log.info("Whether job %s may go is not known now: %s", job.id, error.reason)
            complete = False
        except (LongshoreError, OSError) as error:
            _log.info("Job %s stays: %s", job.id, error)
    return tuple(removed), complete


def _old(newest_first: Sequence[Job], before: datetime) -> list[Job]:
    return [job for job in newest_first[NEWEST_KEPT:] if job.ended_at is not None and job.ended_at < before]


def _may_go(home: Home, reach: Reach, job: Job, engine: Engine | None) -> bool:
    """Tell whether nothing is lost with a job's folder.

    Raises: Unavailable if the server that should have its log does not answer.
    """
    folder = Path(job.folder)
    if not folder.is_relative_to(home.jobs) or (folder / UNSENT).exists() or _holds_outputs(folder):
        return False
    if (folder / docker.RECORD).exists() and (engine is None or docker.left_of(home, engine, job.id)):
        return False
    log = folder / files.LOG
    return _log_is_ours(log) if not job.run_ids else _is_uploaded(home, reach, job, log)


def _holds_outputs(folder: Path) -> bool:
    """Tell whether a run's files are kept there that were not brought into the project."""
    aside = folder / docker.OUTPUTS
    return aside.is_dir() and any(path.is_file() or path.is_symlink() for path in aside.rglob("*"))


def _log_is_ours(log: Path) -> bool:
    """Tell whether a log holds nothing but notes of ours: no script ever wrote into it."""
    try:
        with log.open("rb") as lines:
            return all(line.startswith(b"[longshore] ") for line in lines)
    except FileNotFoundError:
        return True


def _is_uploaded(home: Home, reach: Reach, job: Job, log: Path) -> bool:
    """Tell whether one of the job's runs holds the whole log; one that is too long for that is given compressed."""
    from longshore.mlflow_rest import artifacts

    size = log.stat().st_size if log.exists() else 0
    if not size:
        return True
    client = reach.client(job.workspace)
    for run_id in reversed(job.run_ids):
        with contextlib.suppress(NotFound):
            found = artifacts.listing(client, run_id, str(Path(_UPLOADED_LOG).parent))
            uploaded = next((one.size_bytes or 0 for one in found if one.path == _UPLOADED_LOG), 0)
            if uploaded >= size:
                return True
            if uploaded and size > LONGEST_WHOLE:
                packing.upload_whole(home, client, job, log, run_id)
                return True
    return False


def _remove(home: Home, job: Job) -> None:
    """Remove the row first: one without a folder would show an empty log."""
    jobs.forget(home, job.id)
    shutil.rmtree(job.folder, ignore_errors=True)
