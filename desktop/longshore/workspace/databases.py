"""Databases that are opened in place: adding one, closing it, and running a tracking server on it while it is wanted."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

from longshore.errors import Conflict, Invalid
from longshore.settings import Home
from longshore.store import jobs, processes, workspaces
from longshore.store.database import now
from longshore.store.records import ACTIVE_STATES, DATABASE, Workspace
from longshore.workspace import database_file, names, server
from longshore.workspace.places import Place, place_of
from longshore.workspace.tracking_process import DATABASE as OWN_FILE


def add(home: Home, where: str, *, name: str | None = None) -> Workspace:
    """Remember a database as a workspace. `where`: a path, or MLflow's `sqlite:///` address. Nothing in it changes.

    Raises: NotFound; Invalid where it is no MLflow store of the version that is served here; NotAllowed where it can't be
        written; Conflict where it is a workspace already, or another process serves it, or the name is taken.
    """
    file = database_file.located(where)
    _refuse_known(home, file)
    chosen = names.free(home, name) if name else None
    database_file.check(file)
    if chosen is None:
        # Nearly all of them are called mlflow.db: the folder tells them apart.
        chosen = names.suggested(home, file.parent.name if file.stem == "mlflow" else file.stem)
    return workspaces.add(home, name=chosen, url=database_file.address(file), kind=DATABASE)


def _refuse_known(home: Home, file: Path) -> None:
    if file == (home.tracking / OWN_FILE).resolve():
        raise Invalid("This is the personal workspace's own database.", hint="Use the workspace called personal.")
    for known in workspaces.listing(home):
        if known.file == file:
            raise Conflict(
                f"{file} is open already, as {known.name}.", hint=f"Use it: longshore workspace use {known.name}"
            )


def check_unused(home: Home, name: str) -> None:
    """Raise Conflict while jobs log to a workspace: its server could not be stopped without loss."""
    if any(job.workspace == name for job in jobs.listing(home, states=ACTIVE_STATES)):
        raise Conflict(f"Jobs that log to {name} are under way.", hint="Wait for them (longshore jobs), or stop them.")


def close(home: Home, place: Place) -> None:
    """Stop the server of a database that is no workspace any more, and delete what was kept for it in the home."""
    server.stop(home, place)
    processes.forget_server(home, place.workspace)
    shutil.rmtree(place.folder(home), ignore_errors=True)
    place.log(home).unlink(missing_ok=True)


def tend(home: Home) -> None:
    """Keep up the servers that are wanted, and stop the others. The agent calls this often."""
    for workspace in _listing(home):
        place = place_of(workspace)
        if is_wanted(home, workspace):
            server.ensure(home, place)
        else:
            stop(home, place)


def is_wanted(home: Home, workspace: Workspace) -> bool:
    """Tell whether a database is the current workspace, was asked for lately, or has jobs that log to it."""
    asked_at = processes.server(home, workspace.name).asked_at
    if workspace.current or (asked_at and now() - asked_at < timedelta(seconds=processes.SERVER_LEASE_S)):
        return True
    return any(job.workspace == workspace.name for job in jobs.listing(home, states=ACTIVE_STATES))


def stop_all(home: Home) -> None:
    """Stop every server of a database; their ports are kept."""
    for workspace in _listing(home):
        stop(home, place_of(workspace))


def stop(home: Home, place: Place) -> None:
    """Stop a database's server where it runs, also one that an agent which was killed left behind."""
    if processes.server(home, place.workspace).state != server.STOPPED or server.adopt(home, place):
        server.stop(home, place)


def _listing(home: Home) -> list[Workspace]:
    return [workspace for workspace in workspaces.listing(home) if workspace.kind == DATABASE]
