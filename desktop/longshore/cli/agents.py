"""Commands on the background agent: agent status|start|stop."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.session import SERVER_WAIT_S, Session
from longshore.progress import CancelToken

group = typer.Typer(help="The background process that runs jobs and the tracking server.", no_args_is_help=True)
app.add_typer(group, name="agent")


@group.command()
def status(context: typer.Context) -> None:
    """Tell whether the agent and the personal tracking server run."""
    session: Session = context.obj
    _show(session)


def _show(session: Session) -> None:
    document = status_document(session)
    session.output.document(document)
    server = document["server"]
    state = f"runs with pid {document['pid']}" if document["running"] else "does not run"
    session.output.text(f"The agent {state}; {document['jobs']} jobs wait or run.")
    healthy = "healthy" if server["healthy"] else server["state"]
    session.output.text(f"Tracking server: {healthy} {server['url']} {server['detail']}".rstrip())


def status_document(session: Session) -> dict[str, Any]:
    """Give the agent's state as the contract's JSON."""
    from longshore.store import jobs, processes
    from longshore.store.records import ACTIVE_STATES

    home = session.home
    running, agent, server = processes.agent_runs(home), processes.agent(home), processes.server(home)
    return {
        "running": running,
        "pid": agent.pid if agent and running else None,
        "jobs": len(jobs.listing(home, states=ACTIVE_STATES)),
        "server": {
            "url": server.url,
            "healthy": server.state == "healthy" and processes.is_same_process(server.pid, server.process_started),
            "state": server.state,
            "detail": server.detail,
        },
    }


@group.command()
def start(context: typer.Context) -> None:
    """Start the agent and wait until it and the tracking server are ready."""
    from longshore.store import processes
    from longshore.store.workspaces import PERSONAL
    from longshore.workspace.connection import connect

    session: Session = context.obj
    processes.ensure_agent(session.home)
    connect(session.home, PERSONAL, wait_s=SERVER_WAIT_S)
    _show(session)


@group.command()
def stop(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="end running jobs and deployments too")] = False,
) -> None:
    """End the agent and the tracking servers that it runs; jobs and deployments go on without --all."""
    from longshore.store import processes
    from longshore.workspace import databases, server

    session: Session = context.obj
    if everything:
        _end_work(session)
    processes.stop_agent(session.home)
    databases.stop_all(session.home)
    server.stop(session.home)
    _show(session)


def _end_work(session: Session) -> None:
    from longshore.jobs import launching
    from longshore.serving import deploying
    from longshore.store import deployments, jobs
    from longshore.store.records import ACTIVE_STATES

    active = [job.id for job in jobs.listing(session.home, states=ACTIVE_STATES)]
    for job_id in active:
        launching.stop(session.home, job_id)
    removed = [deploying.undeploy(session.home, each.name) for each in deployments.listing(session.home)]
    for job_id in active + [each.job_id for each in removed if each.job_id]:
        launching.wait(session.home, job_id, cancel=CancelToken())
