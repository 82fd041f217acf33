"""The datums of Pachyderm pipelines: what became of each, its log, doing it again."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from longshore.cli.app import app
from longshore.cli.jobs import as_document, wait_for
from longshore.cli.output import seconds
from longshore.cli.session import Session, pairs
from longshore.errors import Invalid, NotFound
from longshore.store.records import FINISHED

if TYPE_CHECKING:
    from longshore.pipelines.pachyderm.work import DatumRow, Work
    from longshore.projects.model import ProjectInfo
    from longshore.store.records import Job


@app.command()
def datums(
    context: typer.Context,
    project: Annotated[str, typer.Argument(help="name or path")],
    step: Annotated[str, typer.Argument(help="of this pipeline alone")] = "",
    name: Annotated[str | None, typer.Option("--name", help="which specs; else the first")] = None,
    datum: Annotated[
        str, typer.Option("--datum", help="this one alone, by the beginning of its id; with its log")
    ] = "",
    retry: Annotated[bool, typer.Option("--retry", help="run what failed, or the datum that is named, again")] = False,
    repo: Annotated[list[str] | None, typer.Option("--repo", help="REPO=FOLDER, kept: where a repo's data lie")] = None,
    detach: Annotated[bool, typer.Option("--detach", help="do not wait for its end")] = False,
) -> None:
    """List the datums of Pachyderm pipelines with state, time, inputs and log; run failed ones again."""
    from longshore.pipelines.pachyderm import repos
    from longshore.pipelines.pachyderm.work import Work
    from longshore.projects import opening

    session: Session = context.obj
    info = opening.load(session.home, project)
    for repo_name, folder in pairs(repo or [], "--repo").items():
        repos.name_folder(session.home, Path(info.path), repo_name, Path(folder).expanduser().absolute())
    found = next((one for one in info.pipelines if one.framework == "pachyderm" and name in (None, one.name)), None)
    if found is None:
        raise NotFound(f"{info.name} has no Pachyderm pipelines{f' {name!r}' if name else ''}.")
    work = Work(session.home, Path(info.path), found.name)
    rows = _chosen(work, step, datum)
    job = None
    if retry:
        job = _run_again(session, info, work, rows, only=step, named=bool(datum))
        if not detach:
            job = wait_for(session, job, on_line=session.output.message)
            rows = _chosen(work, step, datum)
    session.output.document({
        "pipeline": found.name,
        "datums": [asdict(row) for row in rows],
        "job": as_document(job) if job else None,
    })  # fmt: skip
    session.output.table(
        ("pipeline", "datum", "state", "seconds", "tries", "inputs", "log"),
        ([row.step, row.id[:8], row.state, seconds(row.seconds), row.tries or "", row.inputs, row.log] for row in rows),
        empty="There are no datums: the repos are empty, or nothing in them is what the globs mean.",
    )
    if datum and not session.options.as_json and rows[0].log:
        with Path(rows[0].log).open("rb") as log:
            session.output.text(log.read(4 << 20).decode("utf-8", "replace"))
    if job is not None and job.ended and job.state != FINISHED:
        raise typer.Exit(1)


def _chosen(work: Work, step: str, datum: str) -> list[DatumRow]:
    """Give the rows that are meant. Raises: NotFound, Invalid."""
    rows = [row for row in work.rows(step) if row.id.startswith(datum)]
    if datum and not rows:
        raise NotFound(f"There is no datum {datum!r}.", hint="Its inputs may have changed: list the datums again.")
    if datum and len(rows) > 1:
        raise Invalid(f"{len(rows)} datums begin with {datum!r}.", hint="Give more of its id, or its pipeline.")
    return rows


def _run_again(session: Session, info: ProjectInfo, work: Work, rows: list[DatumRow], *, only: str, named: bool) -> Job:
    from longshore.pipelines import running
    from longshore.projects import opening
    from longshore.projects.pipeline import Selection

    again = [row for row in rows if named or row.state == "failed"]
    if not again:
        raise Invalid("No datum has failed.", hint="Name one with --datum to run it again nevertheless.")
    pipeline = opening.pipeline(info, work.name)
    assert pipeline is not None
    with work.alone():
        for row in again:
            work.forget(row.step, row.id)
    # What comes after takes up what is new; all else is skipped.
    steps = {row.step for row in again}
    selection = Selection(only=only) if only else Selection(start=steps.pop()) if len(steps) == 1 else Selection()
    return running.launch(session.home, info, pipeline, selection, workspace=session.workspace, trusting=True)
