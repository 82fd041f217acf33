"""Jobs and their steps in the local database."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from typing import Any

from sqlmodel import col, func, select

from longshore.errors import Conflict, NotFound
from longshore.settings import Home
from longshore.store import records
from longshore.store.database import now, reading, writing
from longshore.store.tables import JobRow, StepRow


def new_id() -> str:
    """Give a job id: sixteen hex digits that sort by time, half of them the second, half of them chance."""
    return f"{int(time.time()):08x}{os.urandom(4).hex()}"


def add(
    home: Home,
    *,
    kind: str,
    title: str,
    spec: dict[str, Any],
    workspace: str,
    target: str = "local",
    project_id: str | None = None,
    cpus: float = 1.0,
    memory_bytes: int | None = None,
    gpus: int = 0,
    job_id: str | None = None,
    steps: Sequence[str] = (),
) -> records.Job:
    """Queue a job behind all others, with its steps, in one transaction."""
    identity = job_id or new_id()
    with writing(home) as session:
        last = session.exec(select(func.max(JobRow.position))).one()
        row = JobRow(
            id=identity,
            kind=kind,
            state=records.QUEUED,
            title=title,
            spec=spec,
            workspace=workspace,
            target=target,
            project_id=project_id,
            cpus=cpus,
            memory_bytes=memory_bytes,
            gpus=gpus,
            position=(last or 0.0) + 1.0,
            folder=str(home.jobs / identity),
            created_at=now(),
        )
        session.add(row)
        session.flush()
        session.add_all(StepRow(job_id=identity, index=index, name=name) for index, name in enumerate(steps))
        return _job(row)


def get(home: Home, reference: str) -> records.Job:
    """Give the job with this id, or with this unique prefix of 6 or more characters.

    Raises: NotFound; Conflict if the prefix fits several.
    """
    with reading(home) as session:
        if row := session.get(JobRow, reference):
            return _job(row)
        rows: Sequence[JobRow] = ()
        if len(reference) >= 6:
            rows = session.exec(select(JobRow).where(col(JobRow.id).startswith(reference, autoescape=True))).all()
    if len(rows) > 1:
        raise Conflict(f"{reference!r} fits {len(rows)} jobs.", hint="Give more characters of the id.")
    if not rows:
        raise NotFound(f"There is no job {reference!r}.", hint="`longshore jobs` lists them.")
    return _job(rows[0])


def listing(
    home: Home,
    *,
    states: Iterable[str] | None = None,
    kinds: Iterable[str] | None = None,
    project_id: str | None = None,
    limit: int | None = None,
) -> tuple[records.Job, ...]:
    """Give jobs: those under way in the queue's order, then the ended ones, newest first."""
    query = select(JobRow)
    if states is not None:
        query = query.where(col(JobRow.state).in_(list(states)))
    if kinds is not None:
        query = query.where(col(JobRow.kind).in_(list(kinds)))
    if project_id is not None:
        query = query.where(JobRow.project_id == project_id)
    ended = col(JobRow.ended_at).is_not(None)
    query = query.order_by(ended, col(JobRow.ended_at).desc(), col(JobRow.position))
    if limit is not None:
        query = query.limit(limit)
    with reading(home) as session:
        return tuple(_job(row) for row in session.exec(query).all())


def update(home: Home, job_id: str, *, expect: Iterable[str] | None = None, **changes: Any) -> records.Job:
    """Change fields of a job and give it back.

    Raises: NotFound; Conflict if `expect` names states and the job is in none of them.
    """
    with writing(home) as session:
        row = session.get(JobRow, job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id!r}.")
        if expect is not None and row.state not in tuple(expect):
            raise Conflict(f"The job {job_id} is {row.state} by now.")
        for name, value in changes.items():
            if name not in JobRow.model_fields:
                raise AttributeError(name)
            setattr(row, name, list(value) if isinstance(value, tuple) else value)
        return _job(row)


def forget(home: Home, job_id: str) -> None:
    """Remove an ended job with its steps; one that is gone is no failure.

    Raises: Conflict if it has not ended.
    """
    with writing(home) as session:
        row = session.get(JobRow, job_id)
        if row is None:
            return
        if row.state not in records.ENDED_STATES:
            raise Conflict(f"The job {job_id} is {row.state}.")
        for step in session.exec(select(StepRow).where(StepRow.job_id == job_id)).all():
            session.delete(step)
        session.flush()
        session.delete(row)


def move(home: Home, job_id: str, *, before: str | None) -> None:
    """Put a waiting job directly before another one, or last with None.

    Raises: NotFound; Conflict if the job does not wait any more.
    """
    with writing(home) as session:
        row = session.get(JobRow, job_id)
        if row is None:
            raise NotFound(f"There is no job {job_id!r}.")
        if row.state != records.QUEUED:
            raise Conflict(f"The job {job_id} is {row.state} by now and cannot be moved in the queue.")
        queued = select(JobRow).where(JobRow.state == records.QUEUED, JobRow.id != job_id)
        rows = list(session.exec(queued.order_by(col(JobRow.position))).all())
        places = [index for index, other in enumerate(rows) if other.id == before]
        if before is not None and not places:
            raise NotFound(f"The job {before!r} does not wait in the queue.")
        rows.insert(places[0] if places else len(rows), row)
        free = sorted(other.position for other in rows)
        for other, position in zip(rows, free, strict=True):
            other.position = position


def steps(home: Home, job_id: str) -> tuple[records.Step, ...]:
    """Give the steps of a job in their order."""
    with reading(home) as session:
        rows = session.exec(select(StepRow).where(StepRow.job_id == job_id).order_by(col(StepRow.index))).all()
        return tuple(_step(row) for row in rows)


def update_step(home: Home, job_id: str, index: int, *, state: str, data: dict[str, Any] | None = None) -> records.Step:
    """Record that a step began, ended or failed, with what the next steps need to know."""
    with writing(home) as session:
        row = session.get(StepRow, (job_id, index))
        if row is None:
            raise NotFound(f"The job {job_id} has no step {index}.")
        row.state = state
        if data is not None:
            row.data = data
        return _step(row)


def _job(row: JobRow) -> records.Job:
    values = row.model_dump()
    values["run_ids"] = tuple(values["run_ids"] or ())
    return records.Job(**values)


def _step(row: StepRow) -> records.Step:
    return records.Step(**row.model_dump())
