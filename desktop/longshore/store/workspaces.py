"""Known workspaces in the local database. The personal one is always there."""

from __future__ import annotations

from sqlmodel import Session, col, select

from longshore.errors import Conflict, Invalid, NotFound
from longshore.settings import Home
from longshore.store import records
from longshore.store.database import now, reading, writing
from longshore.store.tables import WorkspaceRow

PERSONAL = records.PERSONAL


def listing(home: Home) -> tuple[records.Workspace, ...]:
    """Give all workspaces, the personal one first."""
    with reading(home) as session:
        rows = session.exec(select(WorkspaceRow).order_by(col(WorkspaceRow.added_at))).all()
    others = tuple(records.Workspace(**row.model_dump()) for row in rows)
    personal = records.Workspace(
        name=PERSONAL,
        kind=records.PERSONAL,
        url="",
        auth="none",
        username="",
        current=not any(workspace.current for workspace in others),
        added_at=min([now(), *(workspace.added_at for workspace in others)]),
    )
    return (personal, *others)


def get(home: Home, name: str | None) -> records.Workspace:
    """Give a workspace by name, or the current one with None. Raises: NotFound."""
    for workspace in listing(home):
        if workspace.name == name or (name is None and workspace.current):
            return workspace
    raise NotFound(f"There is no workspace {name!r}.", hint="`longshore workspaces` lists them.")


def add(
    home: Home, *, name: str, url: str, auth: str = "none", username: str = "", kind: str = records.TEAM
) -> records.Workspace:
    """Remember a team's server, or a database that is opened in place. Raises: Conflict if the name is taken."""
    with writing(home) as session:
        if name == PERSONAL or session.get(WorkspaceRow, name) is not None:
            raise Conflict(f"A workspace {name!r} is there already.", hint="Choose another name with --name.")
        row = WorkspaceRow(name=name, kind=kind, url=url, auth=auth, username=username, added_at=now())
        session.add(row)
        return records.Workspace(**row.model_dump())


def use(home: Home, name: str) -> records.Workspace:
    """Make a workspace the current one. Raises: NotFound."""
    get(home, name)
    with writing(home) as session:
        for row in session.exec(select(WorkspaceRow)).all():
            row.current = row.name == name
    return get(home, name)


def remove(home: Home, name: str) -> None:
    """Forget a workspace. Raises: Invalid for the personal one; NotFound."""
    if name == PERSONAL:
        raise Invalid("The personal workspace cannot be removed.", hint="Delete the home folder to remove everything.")
    with writing(home) as session:
        session.delete(_row(session, name))


def _row(session: Session, name: str) -> WorkspaceRow:
    row = session.get(WorkspaceRow, name)
    if row is None:
        raise NotFound(f"There is no workspace {name!r}.", hint="`longshore workspaces` lists them.")
    return row
