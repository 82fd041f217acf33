"""Commands on workspaces: workspaces, workspace add|use|remove."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.session import Session
from longshore.errors import Invalid
from longshore.settings import Home

group = typer.Typer(help="Add, use or remove a team's MLflow server, or a database in place.", no_args_is_help=True)
app.add_typer(group, name="workspace")


@app.command()
def workspaces(context: typer.Context) -> None:
    """List the personal workspace, the teams' servers, and the databases that are opened in place."""
    session: Session = context.obj
    _show(session)


def _show(session: Session) -> None:
    from longshore.workspace import teams

    found = teams.listing(session.home)
    session.output.document({"workspaces": [_as_document(session.home, each) for each in found]})
    session.output.table(
        ("", "name", "kind", "url or file", "sign-in"),
        (
            (
                "*" if each.current else "",
                each.name,
                each.kind,
                str(each.file or _url(session.home, each)),
                each.username or each.auth,
            )
            for each in found
        ),
        empty="",
    )


def _url(home: Home, workspace: Any) -> str:
    """Give the address of a workspace's server; one on this computer may not be up, or never have been."""
    from longshore.store import processes

    return processes.server(home, workspace.name).url if workspace.served_here else workspace.url


def _as_document(home: Home, workspace: Any) -> dict[str, Any]:
    file = {"file": str(workspace.file)} if workspace.file else {}
    return file | {
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
    where: Annotated[str, typer.Argument(help="address of an MLflow server, or the path of an mlflow.db")],
    name: Annotated[str | None, typer.Option(help="name here; the host's or the folder's by default")] = None,
    username: Annotated[str | None, typer.Option(help="sign in with this name and a password")] = None,
    token: Annotated[bool, typer.Option("--token", help="sign in with a token")] = False,
) -> None:
    """Add a team's server, or open an MLflow database where it lies: nothing in it is changed or upgraded.

    A password or token is asked for, or read from standard input; never an argument.
    """
    from longshore.workspace import database_file, databases, teams

    session: Session = context.obj
    if database_file.is_one(where):
        if username or token:
            raise Invalid("A database has no sign-in.", hint="Leave out --username and --token.")
        databases.add(session.home, where, name=name)
        _show(session)
        return
    if username and token:
        raise Invalid("A sign-in is a name with a password, or a token.", hint="Give --username or --token, not both.")
    secret = read_secret("Token" if token else f"Password of {username}") if username or token else None
    teams.add(
        session.home,
        where,
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
    """Forget a team's server and its sign-in, or a database. Nothing on the server, or in the file, changes."""
    from longshore.workspace import teams

    session: Session = context.obj
    teams.remove(session.home, name)
    _show(session)
