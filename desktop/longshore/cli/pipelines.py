"""Commands on pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.jobs import as_document, wait_for
from longshore.cli.session import Session, pairs
from longshore.errors import from_dict
from longshore.store.records import FINISHED

if TYPE_CHECKING:
    from longshore.pipelines.state import PipelineState
    from longshore.projects.pipeline import Pipeline


@app.command()
def pipeline(
    context: typer.Context,
    project: Annotated[str, typer.Argument(help="name or path")],
    name: Annotated[str | None, typer.Option("--name", help="which pipeline; else the first")] = None,
    run: Annotated[bool, typer.Option("--run", help="run it")] = False,
    start: Annotated[str, typer.Option("--from", help="run from this step on")] = "",
    end: Annotated[str, typer.Option("--to", help="run up to this step")] = "",
    only: Annotated[str, typer.Option("--only", help="run this step alone")] = "",
    tag: Annotated[list[str] | None, typer.Option("--tag", help="run the steps with this tag")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on where the last run failed")] = False,
    parameter: Annotated[list[str] | None, typer.Option("-P", help="NAME=VALUE")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="do not wait for its end")] = False,
    form: Annotated[str, typer.Option("--format", metavar="svg", help="the graph as a picture")] = "",
) -> None:
    """Show the steps of a pipeline and how they stand; run all of it, or a part."""
    from longshore.errors import Invalid, NotFound
    from longshore.pipelines import running, state
    from longshore.projects import opening
    from longshore.projects.pipeline import Selection

    session: Session = context.obj
    if form not in ("", "svg"):
        raise Invalid(f"{form!r} is not a format.", hint="The only one is svg.")
    info = opening.load(session.home, project)
    found = opening.pipeline(info, name)
    if found is None:
        names = ", ".join(one.name for one in info.pipelines)
        raise NotFound(f"{info.name} has no pipeline{f' {name!r}' if name else ''}.", hint=names and f"It has {names}.")
    selection = Selection(only, start, end, tuple(tag or ()), resume)
    job = None
    if run or selection.asked:
        job = running.launch(session.home, info, found, selection, parameters=pairs(parameter or [], "-P"),
                             workspace=session.workspace, trusting=True)  # fmt: skip
        if not detach:
            job = wait_for(session, job, on_line=session.output.message)
    seen = state.of_job(job or state.last_job(session.home, info.id, found.name))
    if form:
        from longshore.pipelines.svg import to_svg

        session.output.document({"svg": to_svg(found, seen)})
        session.output.text(to_svg(found, seen))
        return
    session.output.document(_document(found, seen))
    session.output.table(
        ("step", "state", "after", "command"),
        ((step.name, seen.of(step.name).state, step.after, step.command) for step in found.steps),
        empty="It has no steps yet.",
    )
    if job is not None and job.ended and job.state != FINISHED:
        if job.error:
            session.output.error(from_dict(dict(job.error)))
        raise typer.Exit(1)


def _document(found: Pipeline, seen: PipelineState) -> dict[str, Any]:
    steps = [
        {
            "name": step.name,
            "state": seen.of(step.name).state,
            "deps": list(step.inputs),
            "outs": [*step.outputs, *step.metrics],
            "error": seen.of(step.name).error,
        }
        for step in found.steps
    ]
    return {
        "pipeline": found.name,
        "stages": steps,
        "edges": [list(edge) for edge in found.edges],
        "job": as_document(seen.job) if seen.job else None,
    }
