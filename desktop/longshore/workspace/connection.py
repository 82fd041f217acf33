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
from longshore.store.records import Server, Workspace

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

_POLL_S = 0.05
# The keyring is asked once per process: each question costs a child process or a person's patience.
_credentials: dict[tuple[Path, str, datetime], Credential] = {}


def connect(home: Home, name: str | None = None, *, wait_s: float = 0.0, timeout_s: float = 10.0) -> Client:
    """Give a client of a workspace, the current one with None. Nothing is sent yet to a team's server.

    `wait_s`: how long the personal server may still be starting.
    Raises: NotFound for the name; Unavailable if the personal server is not up, or the keyring can't be read.
    """
    from longshore.mlflow_rest.client import Client

    workspace = workspaces.get(home, name)
    return Client(address(home, workspace, wait_s=wait_s), credential=_credential(home, workspace), timeout_s=timeout_s)


def address(home: Home, workspace: Workspace, *, wait_s: float = 0.0) -> str:
    """Give the address of a workspace's server; of the personal one only once it is healthy. Raises: Unavailable."""
    if workspace.kind != "personal":
        return workspace.url
    deadline = time.monotonic() + wait_s
    while (row := processes.server(home)).state != "healthy" and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    if row.state != "healthy":
        raise _not_up(home, row)
    return row.url


def known_address(home: Home, workspace: Workspace) -> str:
    """Give the address of a workspace's server whether it is up or not: the personal one keeps its port.

    Raises: Unavailable if it never had one.
    """
    if workspace.kind != "personal":
        return workspace.url
    row = processes.server(home)
    if not row.url:
        raise _not_up(home, row)
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


def _not_up(home: Home, row: Server) -> Unavailable:
    if row.state == "starting":
        return Unavailable("The tracking server is still starting.", hint="Wait some seconds, then try again.")
    return Unavailable(
        f"The tracking server is not running. {row.detail}".strip(),
        hint=f"`longshore agent start` starts it; its log is {home.logs / 'server.log'}.",
    )
