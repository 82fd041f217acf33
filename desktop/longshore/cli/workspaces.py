"""Commands on workspaces: workspaces, workspace add|use|remove."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.session import Session
from longshore.errors import Invalid
from longshore.settings import Home

group = typer.Typer(help="Add, use or remove a team's MLflow server.", no_args_is_help=True)
app.add_typer(group, name="workspace")


@app.command()
def workspaces(context: typer.Context) -> None:
    """List the personal workspace and the teams' servers."""
    session: Session = context.obj
    _show(session)


def _show(session: Session) -> None:
    from longshore.workspace import teams

    found = teams.listing(session.home)
    session.output.document({"workspaces": [_as_document(session.home, each) for each in found]})
    session.output.table(
        ("", "name", "kind", "url", "sign-in"),
        (
            ("*" if each.current else "", each.name, each.kind, _url(session.home, each), each.username or each.auth)
            for each in found
        ),
        empty="",
    )


def _url(home: Home, workspace: Any) -> str:
    from longshore.store import processes

    return workspace.url or processes.server(home).url


def _as_document(home: Home, workspace: Any) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "kind": workspace.kind,
        "url": _url(home, workspace),
        "auth": workspace.auth,
        "username": workspace.username,
        "current": workspace.current,
    }


@group.command()
def add(
    context: typer.Context,
    url: Annotated[str, typer.Argument(help="address of the MLflow server")],
    name: Annotated[str | None, typer.Option(help="name here; the host's by default")] = None,
    username: Annotated[str | None, typer.Option(help="sign in with this name and a password")] = None,
    token: Annotated[bool, typer.Option("--token", help="sign in with a token")] = False,
) -> None:
    """Add a team's server. The password or token is asked for, or read from standard input; never an argument."""
    from longshore.workspace import teams

    session: Session = context.obj
    if username and token:
        raise Invalid("A sign-in is a name with a password, or a token.", hint="Give --username or --token, not both.")
    secret = read_secret("Token" if token else f"Password of {username}") if username or token else None
    teams.add(
        session.home,
        url,
        name=name,
        username=username,
        password=secret if username else None,
        token=secret if token else None,
    )
    _show(session)


def read_secret(title: str) -> str:
    """Ask for a secret without echo, or read the first line of standard input where nobody can be asked."""
    secret: str = typer.prompt(title, hide_input=True, err=True) if sys.stdin.isatty() else sys.stdin.readline()
    if not secret.strip():
        raise Invalid("The secret is empty.", hint="Type it, or send it on standard input.")
    return secret.rstrip("\r\n")


@group.command()
def use(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """Make a workspace the current one."""
    from longshore.workspace import teams

    session: Session = context.obj
    teams.use(session.home, name)
    _show(session)


@group.command()
def remove(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """Forget a team's server and its sign-in. Nothing on the server changes."""
    from longshore.workspace import teams

    session: Session = context.obj
    teams.remove(session.home, name)
    _show(session)
