"""From a workspace's name to a client that is signed in."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import NotFound, Unavailable
from longshore.mlflow_rest.credential import Basic, Credential, Token
from longshore.settings import Home
from longshore.store import processes, workspaces
from longshore.store.records import DATABASE, PERSONAL, Server, Workspace
from longshore.workspace.places import place_of

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

_POLL_S = 0.05
_FAILED_S = 5.0
# The keyring is asked once per process: each question costs a child process or a person's patience.
_credentials: dict[tuple[Path, str, datetime], Credential] = {}


def connect(home: Home, name: str | None = None, *, wait_s: float = 0.0, timeout_s: float = 10.0) -> Client:
    """Give a client of a workspace, the current one with None. Nothing is sent yet to a team's server.

    `wait_s`: how long a server that the agent runs may still be starting.
    Raises: NotFound for the name; Unavailable if such a server is not up, or the keyring can't be read.
    """
    from longshore.mlflow_rest.client import Client

    workspace = workspaces.get(home, name)
    return Client(address(home, workspace, wait_s=wait_s), credential=_credential(home, workspace), timeout_s=timeout_s)


def address(home: Home, workspace: Workspace, *, wait_s: float = 0.0) -> str:
    """Give the address of a workspace's server; of one that the agent runs only once it is healthy. Raises: Unavailable."""
    if not workspace.served_here:
        return workspace.url
    if workspace.kind == DATABASE:
        processes.ask_for_server(home, workspace.name)
    began = time.monotonic()
    while (row := processes.server(home, workspace.name)).state != "healthy":
        # What is wrong with a database is seldom over soon.
        limit_s = _FAILED_S if workspace.kind == DATABASE and row.state == "failed" else wait_s
        if time.monotonic() - began > min(limit_s, wait_s):
            break
        time.sleep(_POLL_S)
    if row.state != "healthy":
        raise _not_up(home, workspace, row)
    return row.url


def known_address(home: Home, workspace: Workspace) -> str:
    """Give the address of a workspace's server whether it is up or not: one that the agent runs keeps its port.

    Raises: Unavailable if it never had one.
    """
    if not workspace.served_here:
        return workspace.url
    row = processes.server(home, workspace.name)
    if not row.url:
        raise _not_up(home, workspace, row)
    return row.url


def credential(home: Home, name: str | None = None) -> Credential | None:
    """Give the sign-in of a workspace, None where it needs none.

    Raises: NotFound for the name; Unavailable if the keyring can't be read or lost the entry.
    """
    return _credential(home, workspaces.get(home, name))


def tracking_environment(home: Home, name: str | None = None, *, wait_s: float = 0.0) -> dict[str, str]:
    """Give what an MLflow client on this computer needs to find the workspace; nothing secret is in it.

    Raises: NotFound, Unavailable.
    """
    return {"MLFLOW_TRACKING_URI": address(home, workspaces.get(home, name), wait_s=wait_s)}


def secret_name(workspace: str, auth: str) -> str:
    """Give the name under which a workspace's password or token is kept."""
    return f"workspace:{workspace}:{'token' if auth == 'token' else 'password'}"


def _credential(home: Home, workspace: Workspace) -> Credential | None:
    if workspace.auth == "none":
        return None
    # A workspace that was added anew has another time, and perhaps another password.
    known = (home.path, workspace.name, workspace.added_at)
    if known not in _credentials:
        _credentials[known] = _read_credential(home, workspace)
    return _credentials[known]


def _read_credential(home: Home, workspace: Workspace) -> Credential:
    from longshore.secrets import keyring

    try:
        value = keyring.get(home, secret_name(workspace.name, workspace.auth))
    except NotFound as error:
        raise Unavailable(
            f"The keyring no longer has the sign-in of {workspace.name}.",
            hint=f"Remove the workspace and add it again: longshore workspace remove {workspace.name}",
        ) from error
    return Token(value) if workspace.auth == "token" else Basic(workspace.username, value)


def _not_up(home: Home, workspace: Workspace, row: Server) -> Unavailable:
    named = "The tracking server" if workspace.kind == PERSONAL else f"The tracking server of {workspace.name}"
    # A database's server starts when somebody asks for it, which was done just now.
    if row.state == "starting" or (workspace.kind == DATABASE and row.state == "stopped"):
        return Unavailable(f"{named} is still starting.", hint="Wait some seconds, then try again.")
    starts = "`longshore agent start` starts it" if workspace.kind == PERSONAL else "The agent tries again by itself"
    return Unavailable(
        f"{named} is not running. {row.detail}".strip(), hint=f"{starts}; its log is {place_of(workspace).log(home)}."
    )
