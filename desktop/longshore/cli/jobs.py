"""Commands on the queue: run, jobs, logs, stop, move."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.output import seconds
from longshore.cli.session import Session, pairs
from longshore.errors import Invalid, from_dict
from longshore.jobs.sizes import size_bytes
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store.records import FINISHED, Job

if TYPE_CHECKING:
    from longshore.jobs.code_state import CodeState


@app.command()
def run(
    context: typer.Context,
    project: Annotated[str, typer.Argument(help="name or path of the project")],
    entry: Annotated[
        str | None, typer.Argument(help="entry point; may be left out where there is one, or a `main`")
    ] = None,
    parameter: Annotated[list[str] | None, typer.Option("--parameter", "-P", metavar="K=V")] = None,
    target: Annotated[str, typer.Option(help="local or docker")] = "local",
    experiment: Annotated[str | None, typer.Option(help="MLflow experiment; the project's own by default")] = None,
    name: Annotated[str | None, typer.Option(help="name of the run")] = None,
    env: Annotated[list[str] | None, typer.Option(metavar="K=V", help="environment variable")] = None,
    secret: Annotated[list[str] | None, typer.Option(metavar="NAME", help="secret from the keyring")] = None,
    image: Annotated[str | None, typer.Option(help="container image instead of the built one")] = None,
    cpus: Annotated[float | None, typer.Option(help="cores that it may use; no limit without", min=0.1)] = None,
    memory: Annotated[str | None, typer.Option(help="memory that it may use, such as 2g")] = None,
    gpus: Annotated[int, typer.Option(min=0)] = 0,
    timeout: Annotated[float | None, typer.Option(metavar="S", help="seconds before it is stopped", min=0.1)] = None,
    retries: Annotated[int, typer.Option(min=0, help="how often it is tried again when it fails")] = 0,
    code_of: Annotated[
        str | None, typer.Option(metavar="RUN", help="start from the code that this run, or job, was made from")
    ] = None,
    python: Annotated[str, typer.Option(help="version or path of another Python than the project's")] = "",
    as_of: Annotated[
        str,
        typer.Option(metavar="DAY", help="no package newer than this day (2022-09-30), or `commit`: the last one's"),
    ] = "",
    detach: Annotated[bool, typer.Option("--detach", help="do not wait for its end")] = False,
) -> None:
    """Launch an entry point and wait for its end, with its log on standard error."""
    from longshore.jobs import launching

    session: Session = context.obj
    job = launching.launch(
        session.home,
        project,
        entry,
        parameters=pairs(parameter or [], "-P"),
        workspace=session.workspace,
        target=target,
        experiment=experiment,
        run_name=name,
        env=pairs(env or [], "--env"),
        secrets=tuple(secret or ()),
        image=image,
        cpus=cpus,
        memory_bytes=size_bytes(memory) if memory else None,
        gpus=gpus,
        timeout_s=timeout,
        retries=retries,
        code=_code_of(session, project, code_of) if code_of else None,
        trusting=True,
        python=python,
        as_of=day_of(session, project, as_of),
    )
    if not detach:
        job = wait_for(session, job, on_line=session.output.message)
    session.output.document({"job": as_document(job)})
    session.output.text(_sentence(job))
    if job.ended and job.state != FINISHED:
        if job.error:
            session.output.error(from_dict(dict(job.error)))
        raise typer.Exit(1)


def day_of(session: Session, project: str, given: str) -> str:
    """Give the day that `--as-of` means. Raises: Invalid where `commit` is given and there is none."""
    if given != "commit":
        return given
    from longshore.projects import opening, time_travel

    day = time_travel.last_commit_day(Path(opening.load(session.home, project).path))
    if day is None:
        raise Invalid(f"{project} has no commit to take the day of.", hint="Give a day, such as 2022-09-30.")
    return day.isoformat()


def _code_of(session: Session, project: str, reference: str) -> CodeState:
    from longshore.jobs import code_state
    from longshore.projects import opening

    path = Path(opening.load(session.home, project).path)
    found = code_state.of_reference(session.home, session.workspace, reference, path)
    session.output.message(f"It starts from {found.words}. {found.why_not}".strip())
    return found


def _sentence(job: Job) -> str:
    runs = f", runs {', '.join(job.run_ids)}" if job.run_ids else ""
    took = f" after {seconds(job.duration_s)}" if job.duration_s is not None else ""
    return f"{job.title}: {job.state}{took}, job {job.id}{runs}"


def wait_for(session: Session, job: Job, *, on_line: Callable[[str], None] | None = None) -> Job:
    """Wait for a job's end. The first Ctrl+C stops the job, the second one detaches (exit status 130)."""
    from longshore.jobs import launching

    try:
        return launching.wait(session.home, job.id, cancel=CancelToken(), on_line=on_line)
    except KeyboardInterrupt:
        session.output.message(f"Stopping {job.title}; press Ctrl+C again to leave it to itself.")
        launching.stop(session.home, job.id)
        launching.wait(session.home, job.id, cancel=CancelToken(), on_line=on_line)
        raise typer.Exit(130) from None


@app.command()
def jobs(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="how many at most")] = 50,
) -> None:
    """List the queue and its history."""
    from longshore.store import jobs as rows

    session: Session = context.obj
    found = rows.listing(session.home, limit=limit)
    session.output.document({"jobs": [as_document(job) for job in found]})
    session.output.table(
        ("job", "what", "state", "target", "started", "took", "runs"),
        (
            (job.id, job.title, job.state, job.target, job.started_at, seconds(job.duration_s), job.run_ids)
            for job in found
        ),
        empty="Nothing was launched yet. Next: longshore run PROJECT",
    )


@app.command()
def logs(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="id of the job")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="go on until the job ends")] = False,
) -> None:
    """Print a job's log, secrets masked."""
    from longshore.store import jobs as rows

    session: Session = context.obj
    found = rows.get(session.home, job)
    lines: list[str] = []
    with contextlib.suppress(BrokenPipeError):
        _each_line(session.home, found, lines.append if session.output.as_json else session.output.text, follow=follow)
    session.output.document({"jobs": [as_document(rows.get(session.home, found.id))], "lines": lines})


def _each_line(home: Home, job: Job, show: Callable[[str], None], *, follow: bool) -> None:
    from longshore.jobs import launching
    from longshore.jobs.log import LogReader

    if follow:
        launching.wait(home, job.id, cancel=CancelToken(), on_line=show)
        return
    reader = LogReader(home, job)
    while lines := reader.read_new():
        for line in lines:
            show(line)


@app.command()
def stop(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="id of the job")],
    force: Annotated[bool, typer.Option("--force", help="kill at once, without asking first")] = False,
) -> None:
    """Ask a job to stop; its whole process tree is killed after a grace period."""
    from longshore.jobs import launching

    session: Session = context.obj
    launching.stop(session.home, job, force=force)
    ended = launching.wait(session.home, job, cancel=CancelToken())
    session.output.document({"job": as_document(ended), "jobs": [as_document(ended)]})
    session.output.text(_sentence(ended))


@app.command()
def move(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="id of a waiting job")],
    before: Annotated[str | None, typer.Option(help="id of the job that it goes before; last without")] = None,
) -> None:
    """Reorder the queue."""
    from longshore.store import jobs as rows

    session: Session = context.obj
    moved = rows.get(session.home, job)
    rows.move(session.home, moved.id, before=rows.get(session.home, before).id if before else None)
    session.output.document({"jobs": [as_document(each) for each in rows.listing(session.home, states=("queued",))]})
    session.output.text(f"Moved {moved.title}.")


def as_document(job: Job) -> dict[str, Any]:
    """Give a job as the contract's JSON."""
    return {
        "id": job.id,
        "kind": job.kind,
        "title": job.title,
        "state": job.state,
        "detail": job.detail,
        "exit_code": job.exit_code,
        "run_ids": job.run_ids,
        "target": job.target,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "duration_s": job.duration_s,
        "folder": job.folder,
        "error": job.error,
    }
