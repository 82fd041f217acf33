"""Remembered projects in the local database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlmodel import col, or_, select

from longshore.errors import Conflict, NotFound
from longshore.settings import Home
from longshore.store import records
from longshore.store.database import now, reading, writing
from longshore.store.tables import ProjectRow


def remember(home: Home, *, path: str, name: str, frameworks: Sequence[str]) -> records.Project:
    """Note that a folder was opened as a project; the same folder keeps its id."""
    with writing(home) as session:
        row = session.exec(select(ProjectRow).where(ProjectRow.path == path)).first()
        if row is None:
            identity = hashlib.blake2b(path.encode(), digest_size=6).hexdigest()
            row = ProjectRow(id=identity, name=name, path=path, added_at=now())
        row.name, row.frameworks, row.opened_at = name, list(frameworks), now()
        session.add(row)
        return _project(row)


def find(home: Home, reference: str) -> records.Project:
    """Give a remembered project by id, name or absolute path.

    Raises: NotFound; Conflict if several have this name.
    """
    fits = or_(ProjectRow.id == reference, ProjectRow.name == reference, ProjectRow.path == reference)
    with reading(home) as session:
        rows = session.exec(select(ProjectRow).where(fits)).all()
    if len(rows) > 1:
        raise Conflict(
            f"{len(rows)} projects are called {reference!r}: {', '.join(row.path for row in rows)}.",
            hint="Give the path instead of the name.",
        )
    if not rows:
        raise NotFound(f"There is no project {reference!r}.", hint="Open its folder first: `longshore open PATH`.")
    return _project(rows[0])


def listing(home: Home) -> tuple[records.Project, ...]:
    """Give the remembered projects, the last opened first."""
    with reading(home) as session:
        rows = session.exec(select(ProjectRow).order_by(col(ProjectRow.opened_at).desc())).all()
        return tuple(_project(row) for row in rows)


def forget(home: Home, project_id: str) -> None:
    """Forget a project; its folder stays as it is."""
    with writing(home) as session:
        if row := session.get(ProjectRow, project_id):
            session.delete(row)


def _project(row: ProjectRow) -> records.Project:
    values = row.model_dump()
    values["frameworks"] = tuple(values["frameworks"] or ())
    return records.Project(**values)
