"""Commands on what is out of sight: trash, delete, restore, purge, archive, house."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.jobs import as_document as job_document
from longshore.cli.jobs import wait_for
from longshore.cli.session import Session
from longshore.errors import Invalid, WorkFailed, from_dict
from longshore.store.records import FINISHED

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.policies.deleting import Outcome, PurgePlan, Refusal

_RUNS = Annotated[list[str], typer.Argument(metavar="RUN...", help="ids, or unique prefixes of 6 or more")]


@app.command()
def trash(
    context: typer.Context,
    project: Annotated[str | None, typer.Argument(help="name or path; all experiments without")] = None,
) -> None:
    """List the runs and experiments in the trash."""
    from longshore.tracking import trash as rooms

    session: Session = context.obj
    client = session.client()
    name = _project_name(session, project)
    found = rooms.listing(client, name)
    experiments = [one for one in rooms.experiments_anywhere(client, name) if one.lifecycle == "deleted"]
    session.output.document(
        {
            "runs": [
                {
                    "run_id": row.run_id,
                    "name": row.name,
                    "experiment": row.experiment,
                    "status": row.status,
                    "start_time": row.start_time,
                }
                for row in found
            ],
            "experiments": [{"experiment_id": one.id, "name": one.name} for one in experiments],
        }
    )
    session.output.table(
        ("run", "name", "experiment", "status", "started"),
        ((row.run_id[:8], row.name, row.experiment, row.status, row.start_time) for row in found),
        empty="No run is in the trash.",
    )
    for one in experiments:
        session.output.text(f"experiment:{one.name}")


@app.command()
def delete(context: typer.Context, run: _RUNS) -> None:
    """Move runs (or empty experiments, as experiment:NAME) to the trash. What an alias or a deployment needs stays."""
    from longshore.policies import deleting
    from longshore.tracking import empty_experiments

    session: Session = context.obj
    client = session.client()
    runs, experiments = _sorted_out(client, run)
    outcome = deleting.delete(session.home, client, session.workspace, runs) if runs else _nothing()
    deleted = [empty_experiments.delete(client, name).name for name in experiments]
    _tell(session, "deleted", "Moved to the trash", outcome, deleted)


@app.command()
def restore(context: typer.Context, run: _RUNS) -> None:
    """Bring runs (or experiments, as experiment:NAME, with all their runs) back from the trash."""
    from longshore.policies import deleting
    from longshore.tracking import empty_experiments

    session: Session = context.obj
    client = session.client()
    runs, experiments = _sorted_out(client, run)
    # First the experiments: runs in them come back only after.
    restored = [empty_experiments.restore(client, name).name for name in experiments]
    _tell(session, "restored", "Restored", deleting.restore(client, runs), restored)


@app.command()
def archive(
    context: typer.Context,
    run: _RUNS,
    undo: Annotated[bool, typer.Option("--undo", help="bring them back into the tables")] = False,
) -> None:
    """Take runs out of the tables; a filter on tags.`longshore.archived` shows them."""
    from longshore.policies import deleting

    session: Session = context.obj
    client = session.client()
    runs, experiments = _sorted_out(client, run)
    if experiments:
        raise Invalid("Only runs are archived.", hint="longshore archive RUN...")
    key, words = ("unarchived", "Back in the tables") if undo else ("archived", "Archived")
    _tell(session, key, words, deleting.archive(client, runs, undo=undo), [])


@app.command()
def purge(
    context: typer.Context,
    run: Annotated[list[str] | None, typer.Argument(metavar="RUN...", help="ids, or unique prefixes")] = None,
    everything: Annotated[bool, typer.Option("--all", help="all runs in the trash")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> None:
    """Delete runs that are in the trash for good, with their artifacts and models. It cannot be undone."""
    from longshore.policies import deleting
    from longshore.tracking import trash as rooms

    session: Session = context.obj
    if bool(run) == everything:
        raise Invalid("Name runs, or everything in the trash.", hint="longshore purge RUN... | longshore purge --all")
    client = session.client()
    ids = [row.run_id for row in rooms.listing(client)] if everything else _sorted_out(client, run or [])[0]
    plan = deleting.plan_purge(session.home, client, session.workspace, ids)
    _tell_plan(session, plan)
    if plan.runs and not yes:
        _ask(plan)
    if not plan.runs:
        _purged(session, {"purged": [], "left": plan.refused, "expected_bytes": 0, "freed_bytes": 0, "job": None})
        return
    queued = deleting.purge(session.home, session.workspace, [one.run_id for one in plan.runs])
    job = wait_for(session, queued)
    result = deleting.result(session.home, job)
    if result is None or job.state != FINISHED:
        raise from_dict(dict(job.error)) if job.error else WorkFailed(f"The purge was {job.state}.")
    left = (*plan.refused, *result.left)
    _purged(session, {**result.as_dict(), "left": left, "job": job_document(job)})


def _tell_plan(session: Session, plan: PurgePlan) -> None:
    from longshore.cli.output import size

    count = len(plan.runs)
    if count:
        session.output.message(f"This frees {size(plan.size_bytes)}: {count:,} {'run' if count == 1 else 'runs'}.")
    if plan.versions:
        session.output.message(f"These registered versions lose their files: {', '.join(plan.versions)}.")


def _ask(plan: PurgePlan) -> None:
    if not sys.stdin.isatty():
        raise Invalid("Deleting for good cannot be undone.", hint="Add --yes where nobody can be asked.")
    typer.confirm(f"Delete {len(plan.runs):,} runs for good?", abort=True, err=True)


def _purged(session: Session, document: dict[str, Any]) -> None:
    from longshore.cli.output import size

    session.output.document(document)
    count = len(document["purged"])
    words = f"Deleted {count:,} {'run' if count == 1 else 'runs'} for good, {size(document['freed_bytes'])} are free."
    session.output.text(words if count else "Nothing was deleted.")
    left: Sequence[Refusal] = document["left"]
    for one in left:
        session.output.text(f"{one.run_id[:8]} {one.name} stays: {one.reason}")
    if left:
        raise typer.Exit(1)


def _tell(session: Session, key: str, words: str, outcome: Outcome, experiments: Sequence[str]) -> None:
    session.output.document({key: outcome.done, "refused": outcome.refused, "experiments": experiments})
    for name in experiments:
        session.output.text(f"{words}: experiment {name}.")
    if outcome.done:
        count = len(outcome.done)
        session.output.text(f"{words}: {count:,} {'run' if count == 1 else 'runs'}.")
    for one in outcome.refused:
        session.output.text(f"{one.run_id[:8]} {one.name} stays as it is: {one.reason}")
    if outcome.refused:
        raise typer.Exit(1)


def _nothing() -> Outcome:
    from longshore.policies.deleting import Outcome

    return Outcome((), ())


def _sorted_out(client: Client, references: Sequence[str]) -> tuple[list[str], list[str]]:
    """Tell runs, by id, from experiments, by name. Raises: NotFound, Invalid."""
    from longshore.tracking import trash as rooms
    from longshore.tracking.empty_experiments import PREFIX

    experiments = [one.removeprefix(PREFIX) for one in references if one.startswith(PREFIX)]
    runs = [rooms.resolve(client, one) for one in references if not one.startswith(PREFIX)]
    return runs, experiments


def _project_name(session: Session, project: str | None) -> str | None:
    from longshore.projects import opening

    return opening.load(session.home, project).name if project else None


@app.command()
def house(
    context: typer.Context,
    project: Annotated[str | None, typer.Argument(help="name or path; the whole workspace without")] = None,
    limit: Annotated[int, typer.Option(min=1, help="how many of each at most")] = 20,
    least: Annotated[str, typer.Option(metavar="SIZE", help="duplicates from this size on, such as 1m")] = "64k",
    download: Annotated[
        bool, typer.Option("--download", help="on a team's server: download what may be duplicate, to compare it")
    ] = False,
) -> None:
    """Find what takes room: the biggest runs, artifacts that are there twice, empty experiments."""
    from longshore.cli.output import size
    from longshore.jobs.sizes import size_bytes
    from longshore.tracking import duplicates, empty_experiments, sizes
    from longshore.tracking.artifact_files import own_store

    session: Session = context.obj
    client, name = session.client(), _project_name(session, project)
    store = own_store(session.home, session.workspace)
    biggest = sizes.biggest(client, store, project=name, limit=limit)
    empty = empty_experiments.empty_experiments(client, project=name)
    groups = None
    if store is not None or download:
        groups = duplicates.duplicates(client, store, project=name, least_bytes=size_bytes(least))
    session.output.document(
        {
            "biggest": biggest,
            "duplicates": None if groups is None else [_group(group) for group in groups[:limit]],
            "saved_bytes": None if groups is None else sum(group.saved_bytes for group in groups),
            "empty_experiments": [{"experiment_id": one.id, "name": one.name} for one in empty],
        }
    )
    session.output.table(
        ("run", "name", "experiment", "size", ""),
        (
            (one.run_id[:8], one.name, one.experiment, size(one.size_bytes), "in the trash" if one.in_trash else "")
            for one in biggest
        ),
        empty="No run has artifacts.",
    )
    if groups is None:
        session.output.text("Duplicates are not looked for on a team's server: --download compares them by content.")
    else:
        session.output.table(
            ("duplicate", "copies", "each", "would save"),
            (
                (group.files[0].path, len(group.files), size(group.size_bytes), size(group.saved_bytes))
                for group in groups[:limit]
            ),
            empty="No artifact is there twice.",
        )
    session.output.table(
        ("empty experiment",), ((f"experiment:{one.name}",) for one in empty), empty="No experiment is empty."
    )


def _group(group: Any) -> dict[str, Any]:
    return {
        "hash": group.hash,
        "size_bytes": group.size_bytes,
        "saved_bytes": group.saved_bytes,
        "files": [{"run_id": one.run_id, "model_id": one.model_id, "path": one.path} for one in group.files],
    }
