"""The doctor command: what this computer offers, each with a fix."""

from __future__ import annotations

import typer

from longshore.cli.app import app
from longshore.cli.session import Session


@app.command()
def doctor(context: typer.Context) -> None:
    """Check Docker, uv, git, the keyring, the disk and the tracking server."""
    from longshore import doctor as checks

    session: Session = context.obj
    found = checks.check_all(session.home)
    session.output.document(
        {"checks": [{"name": each.name, "ok": each.ok, "detail": each.detail, "fix": each.fix} for each in found]}
    )
    session.output.table(
        ("", "check", "detail", "fix"),
        (("ok" if each.ok else "--", each.name, each.detail, each.fix) for each in found),
        empty="",
    )
    if not all(each.ok for each in found):
        raise typer.Exit(1)
