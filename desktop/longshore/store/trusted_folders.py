"""Folders whose code may run, because a person said so."""

from __future__ import annotations

from sqlmodel import col, select

from longshore.settings import Home
from longshore.store.database import now, reading, writing
from longshore.store.records import TrustedFolder
from longshore.store.tables import TrustedFolderRow


def holds(home: Home, path: str) -> bool:
    """Tell whether the folder of this absolute path is trusted."""
    with reading(home) as session:
        return session.get(TrustedFolderRow, path) is not None


def listing(home: Home) -> tuple[TrustedFolder, ...]:
    """Give all of them, by path."""
    with reading(home) as session:
        rows = session.exec(select(TrustedFolderRow).order_by(col(TrustedFolderRow.path))).all()
        return tuple(TrustedFolder(row.path, row.trusted_at) for row in rows)


def add(home: Home, path: str) -> None:
    """Trust a folder; again changes nothing."""
    with writing(home) as session:
        if session.get(TrustedFolderRow, path) is None:
            session.add(TrustedFolderRow(path=path, trusted_at=now()))


def remove(home: Home, path: str) -> None:
    """Trust a folder no more."""
    with writing(home) as session:
        if row := session.get(TrustedFolderRow, path):
            session.delete(row)
