"""Commands on environments: what a project declares, what it would get now or on a day, which Pythons are here."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from longshore.cli.app import app
from longshore.cli.session import Session


@app.command()
def environment(
    context: typer.Context,
    project: Annotated[str, typer.Argument(help="name or path")],
    as_of: Annotated[
        str, typer.Option(metavar="DAY", help="show what differs from a day (2022-09-30), or `commit`: the last one's")
    ] = "",
    python: Annotated[str, typer.Option(help="version or path of another Python than the project's")] = "",
) -> None:
    """Show what a project declares and which packages it would get; nothing is installed."""
    from longshore.cli.jobs import day_of
    from longshore.projects import opening, time_travel
    from longshore.projects.declarations import chosen

    session: Session = context.obj
    path = Path(opening.load(session.home, project).path)
    day = day_of(session, project, as_of)
    spec = chosen(path, python=python, as_of=day).spec
    now = time_travel.versions(session.home, path, python=python)
    then = time_travel.versions(session.home, path, day, python=python) if day else now
    changed = time_travel.changes(then, now)
    last = time_travel.last_commit_day(path)
    session.output.document(
        {
            "environment": asdict(spec),
            "last_commit": last.isoformat() if last else None,
            "packages": then,
            "changes": [asdict(one) for one in changed],
        }
    )
    if day:
        session.output.table(("package", f"on {day}", "now"), ((one.name, one.then, one.now) for one in changed),
                             empty=f"Its packages are the same as on {day}.")  # fmt: skip
    else:
        session.output.table(("package", "version"), now.items(), empty="It declares no packages.")


@app.command()
def pythons(context: typer.Context) -> None:
    """List the Pythons of this computer that environments can be made with."""
    from longshore.projects import interpreters

    session: Session = context.obj
    found = interpreters.listing()
    session.output.document(
        {"pythons": [{"path": str(one.path), "version": one.version, "origin": one.origin} for one in found]}
    )
    session.output.table(("version", "from", "path"), ((one.version, one.origin, one.path) for one in found),
                         empty="There is none; uv fetches what a project asks for.")  # fmt: skip
