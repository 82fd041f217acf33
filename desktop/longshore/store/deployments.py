"""Deployments on this computer in the local database."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from longshore.errors import NotFound
from longshore.settings import Home
from longshore.store import records
from longshore.store.database import now, reading, writing
from longshore.store.tables import DeploymentRow


def put(home: Home, name: str, **changes: Any) -> records.Deployment:
    """Change fields of a deployment, made first where it is new, and give it back."""
    with writing(home) as session:
        row = session.get(DeploymentRow, name)
        if row is None:
            row = DeploymentRow(name=name, created_at=now(), **changes)
        for field, value in changes.items():
            if field not in DeploymentRow.model_fields:
                raise AttributeError(field)
            setattr(row, field, list(value) if isinstance(value, tuple) else value)
        row.updated_at = now()
        session.add(row)
        return _deployment(row)


def get(home: Home, name: str) -> records.Deployment:
    """Give one deployment. Raises: NotFound."""
    with reading(home) as session:
        row = session.get(DeploymentRow, name)
    if row is None:
        raise NotFound(f"There is no deployment {name!r}.", hint="`longshore deployments` lists them.")
    return _deployment(row)


def listing(home: Home) -> tuple[records.Deployment, ...]:
    """Give all deployments by name."""
    with reading(home) as session:
        return tuple(_deployment(row) for row in session.exec(select(DeploymentRow).order_by(col(DeploymentRow.name))))


def remove(home: Home, name: str) -> None:
    """Forget a deployment; nothing happens where it is unknown."""
    with writing(home) as session:
        if row := session.get(DeploymentRow, name):
            session.delete(row)


def _deployment(row: DeploymentRow) -> records.Deployment:
    values = row.model_dump()
    values["secrets"] = tuple(values["secrets"] or ())
    return records.Deployment(**values)
