"""Workspaces: adding a team's server with its sign-in, choosing, forgetting. The credential is in the keyring alone."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING

from longshore.errors import Invalid, LongshoreError, NotAllowed, NotFound
from longshore.mlflow_rest.credential import Basic, Credential, Token
from longshore.settings import Home
from longshore.store import workspaces
from longshore.store.records import DATABASE, TEAM, Workspace
from longshore.workspace import databases, names
from longshore.workspace.connection import secret_name
from longshore.workspace.places import place_of

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client


def listing(home: Home) -> tuple[Workspace, ...]:
    """Give all workspaces, the personal one first."""
    return workspaces.listing(home)


def add(
    home: Home,
    url: str,
    *,
    name: str | None = None,
    username: str | None = None,
    password: str | None = None,
    token: str | None = None,
) -> Workspace:
    """Remember a team's server, after it answered and let us in. On any failure nothing is kept.

    Raises: Invalid (address, name, half a sign-in), Conflict (name taken), NotAllowed (sign-in refused),
        Unavailable (server or keyring).
    """
    from longshore.mlflow_rest.client import Client

    sign_in = _sign_in(username, password, token)
    with Client(url, credential=sign_in) as client:
        chosen = names.free(home, name or _name_from(client.url))
        _check(client.url, client, sign_in)
        address = client.url
    auth = "none" if sign_in is None else "token" if isinstance(sign_in, Token) else "basic"
    if sign_in is not None:
        _keep_secret(home, secret_name(chosen, auth), token or password or "")
    try:
        return workspaces.add(home, name=chosen, url=address, auth=auth, username=username or "")
    except LongshoreError:
        _forget_secret(home, chosen, auth)
        raise


def use(home: Home, name: str) -> Workspace:
    """Make a workspace the current one. Raises: NotFound."""
    return workspaces.use(home, name)


def remove(home: Home, name: str) -> None:
    """Forget a workspace and its sign-in; nothing on its server, or in its database, changes.

    Raises: NotFound; Invalid for the personal one; Conflict while jobs log to a database; Unavailable if the keyring
        can't be reached.
    """
    workspace = workspaces.get(home, name)
    if workspace.kind == TEAM:
        _forget_secret(home, name, workspace.auth)
    if workspace.kind == DATABASE:
        databases.check_unused(home, name)
    workspaces.remove(home, name)
    if workspace.kind == DATABASE:  # after the row, else the agent would start the server again
        databases.close(home, place_of(workspace))


def _sign_in(username: str | None, password: str | None, token: str | None) -> Credential | None:
    if token is not None and (username or password):
        raise Invalid("A sign-in is a token, or a user name with a password.", hint="Leave one of them out.")
    if token is not None:
        if not token.strip() or not token.isascii() or any(char.isspace() for char in token):
            raise Invalid("This is not a token: it is empty or has spaces.", hint="Copy it again, in one piece.")
        return Token(token)
    if username and password:
        if ":" in username:
            raise Invalid("A user name cannot hold a colon.", hint="Check the user name.")
        return Basic(username, password)
    if username or password:
        missing = "password" if username else "user name"
        raise Invalid(f"The {missing} is missing.", hint="Give both, or none for a server without sign-in.")
    return None


def _name_from(url: str) -> str:
    """Give a name from the address: the host without what every host has."""
    host = re.sub(r"^[a-z]+://|[:/].*$", "", url.lower(), count=0).strip("[]")
    return re.sub(r"[^a-z0-9._-]", "-", host.removeprefix("www.")).strip("-._") or "team"


def _check(url: str, client: Client, sign_in: Credential | None) -> None:
    try:
        client.check_sign_in()
    except NotAllowed as error:
        if sign_in is None:
            raise NotAllowed(f"{url} needs a sign-in.", hint="Give a user name with a password, or a token.") from error
        raise NotAllowed(
            f"{url} refuses this sign-in.",
            hint="Check the user name and the password." if isinstance(sign_in, Basic) else "Check the token.",
        ) from error
    except NotFound as error:
        raise Invalid(
            f"{url} answers, but not like an MLflow server.", hint="Check the address; its path belongs to it too."
        ) from error


def _keep_secret(home: Home, name: str, value: str) -> None:
    from longshore.secrets import keyring

    keyring.set(home, name, value)


def _forget_secret(home: Home, workspace: str, auth: str) -> None:
    if auth == "none":
        return
    from longshore.secrets import keyring

    with contextlib.suppress(NotFound):
        keyring.delete(home, secret_name(workspace, auth))
