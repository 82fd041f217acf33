"""Which experiments a project has, as the server last said: the index's runs are found while the server is away, too."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from longshore.settings import Home
from longshore.store.records import DATABASE
from longshore.tracking import table

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace


class Named(NamedTuple):
    """An experiment."""

    id: str
    name: str


def known(home: Home, workspace: Workspace, project: str | None) -> tuple[Named, ...] | None:
    """Give what was known last, None where it never was."""
    try:
        listed = json.loads(_file(home, workspace, project).read_bytes())
        return tuple(Named(str(each["id"]), str(each["name"])) for each in listed)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def fetched(home: Home, workspace: Workspace, project: str | None, client: Client) -> tuple[Named, ...]:
    """Ask the server, and keep the answer. Raises: Unavailable, NotAllowed.

    Whoever opens a database in place wants to see what it holds: it was made without Longshore, and has no project's tag.
    """
    chosen = table.experiments(client, project, unclaimed=workspace.kind == DATABASE)
    found = tuple(Named(each.id, each.name) for each in chosen)
    if found != known(home, workspace, project):
        _keep(_file(home, workspace, project), found)
    return found


def _keep(file: Path, found: tuple[Named, ...]) -> None:
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    # A full disk only costs knowing it while the server is away.
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps([each._asdict() for each in found]), "utf-8")
        fresh.replace(file)


def _file(home: Home, workspace: Workspace, project: str | None) -> Path:
    what = json.dumps([workspace.kind, workspace.name, workspace.url if workspace.kind != "personal" else "", project])
    return home.index / "experiments" / f"{hashlib.sha256(what.encode('utf-8')).hexdigest()[:24]}.json"
