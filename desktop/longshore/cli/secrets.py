"""Commands on secrets: secret set|list|remove. A value is never an argument and is never printed."""

from __future__ import annotations

from typing import Annotated

import typer

from longshore.cli.app import app
from longshore.cli.session import Session
from longshore.cli.workspaces import read_secret

group = typer.Typer(help="Secrets by name, kept in the system's keyring.", no_args_is_help=True)
app.add_typer(group, name="secret")


@group.command(name="set")
def set_secret(context: typer.Context, name: Annotated[str, typer.Argument(help="such as HF_TOKEN")]) -> None:
    """Keep a secret under a name; its value is asked for, or read from standard input."""
    from longshore.secrets import named as secrets

    session: Session = context.obj
    secrets.set(session.home, name, read_secret(f"Value of {name}"))
    session.output.document({"secret": {"name": name}})
    session.output.text(f"Kept {name}. Next: longshore run PROJECT --secret {name}")


@group.command(name="list")
def list_secrets(context: typer.Context) -> None:
    """List the names of the secrets."""
    from longshore.secrets import named as secrets

    session: Session = context.obj
    names = secrets.names(session.home)
    session.output.document({"secrets": [{"name": name} for name in names]})
    session.output.table(
        ("name",), ((name,) for name in names), empty="No secret is kept. Next: longshore secret set NAME"
    )


@group.command(name="remove")
def remove_secret(context: typer.Context, name: Annotated[str, typer.Argument()]) -> None:
    """Delete a secret."""
    from longshore.secrets import named as secrets

    session: Session = context.obj
    secrets.delete(session.home, name)
    session.output.document({"secret": {"name": name}})
    session.output.text(f"Deleted {name}.")
