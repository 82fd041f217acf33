"""The command that takes over runs that exist already: import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longshore.cli.app import app
from longshore.cli.session import Session
from longshore.errors import Invalid, NotFound

if TYPE_CHECKING:
    from longshore.tracking.imports.types import Imported


@app.command(name="import")
def import_runs(
    context: typer.Context,
    project: Annotated[str, typer.Argument(metavar="[PROJECT|PATH]", help="the project, or a folder")] = ".",
    source: Annotated[Path | None, typer.Option("--from", metavar="PATH", help="where to look instead")] = None,
    experiment: Annotated[str | None, typer.Option(help="put all runs into this experiment")] = None,
    only_list: Annotated[bool, typer.Option("--list", help="import nothing")] = False,
) -> None:
    """Find runs of MLflow, TensorBoard, DVCLive and DVC in a folder and import them, each once."""
    from longshore.tracking.imports.finding import find
    from longshore.tracking.imports.types import Imported

    session: Session = context.obj
    name, folder = _project(session, project)
    found = find(source or folder)
    session.output.table(
        ("found", "runs", "size", "place"),
        (
            (each.title, f"{each.runs:,}" + ("+" if each.at_least else ""), _size(each.size_bytes), each.path)
            for each in found
        ),
        empty="There are no runs that could be imported.",
    )
    done = Imported()
    if found and not only_list:
        done = _import(session, found, name, experiment)
    listed = [
        {
            "kind": each.kind,
            "path": each.path,
            "runs": each.runs,
            "size_bytes": each.size_bytes,
            "at_least": each.at_least,
        }
        for each in found
    ]
    session.output.document({"found": listed, "imported": done})


def _import(session: Session, found: tuple[object, ...], name: str | None, experiment: str | None) -> Imported:
    from longshore.tracking.imports.copying import import_found
    from longshore.tracking.imports.types import Found, Imported

    client, done = session.client(), Imported()
    for each in found:
        assert isinstance(each, Found)
        session.output.message(f"Importing {each.title} in {each.path}")
        done = done.joined(import_found(client, each, project=name, experiment=experiment))
    session.output.text(
        f"Imported {len(done.created):,}; {len(done.already):,} were here already; {len(done.skipped):,} left out."
    )
    for skipped in done.skipped:
        session.output.message(f"Left out {skipped.name or skipped.id}: {skipped.reason}")
    for remark in done.remarks:
        session.output.message(f"Note: {remark}")
    return done


def _project(session: Session, reference: str) -> tuple[str | None, Path]:
    """Give a project's name and folder; a folder that is none has no name."""
    from longshore.projects import opening

    try:
        info = opening.load(session.home, reference)
    except (Invalid, NotFound):
        if Path(reference).expanduser().exists():
            return None, Path(reference)
        raise
    return info.name, Path(info.path)


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:.1f} MB" if size_bytes else ""
