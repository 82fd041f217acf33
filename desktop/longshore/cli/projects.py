"""Commands on projects: open, new, projects, close."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.session import Session

if TYPE_CHECKING:
    from longshore.projects.model import ProjectInfo


@app.command(name="open")
def open_project(
    context: typer.Context, path: Annotated[Path, typer.Argument(help="the project's folder", readable=False)]
) -> None:
    """Recognise a folder as a project and remember it. Nothing in it is executed."""
    from longshore.projects import finding, opening

    session: Session = context.obj
    info = opening.open_project(session.home, path)
    within = [one for one in finding.projects_within(Path(info.path)) if one.path != "."]
    session.output.document({"project": info.as_dict(), "within": [asdict(one) for one in within]})
    if within:
        names = ", ".join(one.path for one in within[:8])
        session.output.message(f"Note: the folder holds projects of its own, which you can open: {names}.")
    session.output.text(f"{info.name}  {info.path}")
    for problem in info.problems:
        session.output.message(f"Note: {problem}")
    for one in info.repairs:
        session.output.message(f"Note: {one.problem} To mend it: longshore repair {info.name} --do {one.id}")
    session.output.table(
        ("entry point", "command", "parameters"),
        (
            (entry.name, entry.command, {name: parameter.default for name, parameter in entry.parameters.items()})
            for entry in info.entry_points
        ),
        empty="It has no entry points yet.",
    )


@app.command()
def clone(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="of a git repository")],
    folder: Annotated[Path | None, typer.Argument(help="a folder that is empty or does not exist")] = None,
) -> None:
    """Get a project from a git repository and open it. Nothing in it is executed."""
    from longshore.projects import cloning, finding, opening

    session: Session = context.obj
    target = folder or Path(cloning.name_of(address) or "project")
    cloning.clone(address, target, progress=lambda _fraction, title: session.output.message(title.partition(":")[0]))
    within = finding.projects_within(target)
    itself = not within or within[0].path == "."
    info = opening.open_project(session.home, target if itself else target / within[0].path)
    session.output.document({"project": info.as_dict(), "within": [asdict(one) for one in within]})
    for one in within[0 if itself else 1 :]:
        session.output.message(f"Note: it holds the project {one.path} too.")
    session.output.text(f"Cloned {info.name} into {info.path}. Next: longshore run {info.name}")


@app.command()
def new(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="a folder that is empty or does not exist", readable=False)],
    template: Annotated[str, typer.Option(help="name of the template")] = "sample",
) -> None:
    """Start a project from a template and open it."""
    from longshore.projects import opening, templates, trust

    session: Session = context.obj
    templates.create(template, folder)
    trust.trust(session.home, folder)
    info = opening.open_project(session.home, folder)
    session.output.document({"project": info.as_dict()})
    session.output.text(f"Made {info.name} in {info.path}. Next: longshore run {info.name}")


@app.command()
def projects(context: typer.Context) -> None:
    """List the projects that were opened."""
    from longshore.projects import opening

    session: Session = context.obj
    found = opening.listing(session.home)
    session.output.document({"projects": _listed(found)})
    session.output.table(
        ("name", "frameworks", "path", ""),
        ((project.name, project.frameworks, project.path, project.problems) for project in found),
        empty="No project was opened yet. Next: longshore open PATH",
    )


def _listed(found: Iterable[ProjectInfo]) -> list[dict[str, Any]]:
    names = ("id", "name", "path", "frameworks", "problems")
    return [{name: getattr(project, name) for name in names} for project in found]


@app.command()
def close(context: typer.Context, project: Annotated[str, typer.Argument(help="name or path")]) -> None:
    """Forget a project. Its folder, its runs and its models stay as they are."""
    from longshore.projects import opening

    session: Session = context.obj
    closed = opening.close(session.home, project)
    left = _listed(opening.listing(session.home))
    session.output.document({"project": {"id": closed.id, "name": closed.name, "path": closed.path}, "projects": left})
    session.output.text(f"Closed {closed.name}. Its folder {closed.path} is untouched.")


@app.command(name="trust")
def trust_folder(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="a folder", readable=False)],
    revoke: Annotated[bool, typer.Option("--revoke", help="trust it no more")] = False,
) -> None:
    """Let a folder's code run: probes of its framework, and what is launched in the window. `run` trusts by itself."""
    from longshore.projects import trust

    session: Session = context.obj
    (trust.distrust if revoke else trust.trust)(session.home, path)
    trusted = trust.is_trusted(session.home, path)
    session.output.document({"path": str(path.expanduser().resolve()), "trusted": trusted})
    session.output.text(f"{path} is trusted now." if trusted else f"{path} is shown from its text alone now.")


@app.command()
def repair(
    context: typer.Context,
    project: Annotated[str, typer.Argument(help="name or path")],
    do: Annotated[str, typer.Option("--do", metavar="ID", help="mend this one; without it they are listed")] = "",
) -> None:
    """Show what keeps a project from running and can be mended; mend it."""
    from longshore.projects import opening

    session: Session = context.obj
    info = opening.repair(session.home, project, do) if do else opening.load(session.home, project)
    session.output.document({"repairs": [asdict(one) for one in info.repairs]})
    session.output.table(
        ("id", "problem", "what it does"),
        ((one.id, one.problem, one.effect) for one in info.repairs),
        empty="There is nothing to mend.",
    )
