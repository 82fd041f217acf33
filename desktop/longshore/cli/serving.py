"""Commands on deployments: deploy, predict, deployments, undeploy."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from longshore.cli.app import app
from longshore.cli.jobs import wait_for
from longshore.cli.session import Session, pairs
from longshore.errors import NotFound, WorkFailed, from_dict
from longshore.store.records import FINISHED, Deployment


@app.command()
def deploy(
    context: typer.Context,
    version: Annotated[str, typer.Argument(metavar="NAME@alias|NAME/V", help="model version")],
    name: Annotated[str | None, typer.Option(help="name of the deployment; the model's by default")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="port on 127.0.0.1; a free one by default")] = None,
    replicas: Annotated[int, typer.Option(min=1, max=16)] = 1,
    env: Annotated[list[str] | None, typer.Option(metavar="K=V")] = None,
    secret: Annotated[list[str] | None, typer.Option(metavar="NAME", help="secret from the keyring")] = None,
) -> None:
    """Serve a model version in Docker on this computer."""
    from longshore.serving import deploying
    from longshore.store import deployments as rows
    from longshore.store import jobs

    session: Session = context.obj
    session.client()  # the server must be up before the agent reads the model from it
    queued = deploying.deploy(
        session.home,
        version,
        name=name,
        port=port,
        replicas=replicas,
        env=pairs(env or [], "--env"),
        secrets=tuple(secret or ()),
        workspace=session.workspace,
    )
    session.output.message(f"Deploying {version} as {queued.name}")
    job = wait_for(session, jobs.get(session.home, queued.job_id or ""))
    deployed = rows.get(session.home, queued.name) if job.state == FINISHED else queued
    if job.state != FINISHED:
        raise from_dict(dict(job.error)) if job.error else WorkFailed(f"The deployment {queued.name} was {job.state}.")
    session.output.document({"deployment": as_document(deployed)})
    session.output.text(f"{deployed.name} serves {version} at {deployed.url}/invocations")


@app.command()
def predict(
    context: typer.Context,
    deployment: Annotated[str, typer.Argument(help="name of the deployment")],
    data: Annotated[str, typer.Option(metavar="FILE|-", help="CSV or JSON; - is standard input")],
) -> None:
    """Send rows to a deployment and print its answer."""
    from longshore.serving import predicting

    session: Session = context.obj
    body = _read(data)
    answer = predicting.predict(session.home, deployment, body, predicting.content_type_of(body, data))
    session.output.raw(answer.body if _is_json(answer.body) or not session.output.as_json else json.dumps(answer.body))
    if answer.status >= 400:
        session.output.message(f"The endpoint answered {answer.status}.")
        raise typer.Exit(1)


def _is_json(body: str) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _read(data: str) -> bytes:
    if data == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(data).read_bytes()
    except OSError as error:
        raise NotFound(f"{data} cannot be read: {error.strerror}.", hint="Give a CSV or JSON file, or -.") from error


@app.command()
def deployments(context: typer.Context) -> None:
    """List the deployments on this computer."""
    from longshore.store import deployments as rows

    session: Session = context.obj
    found = rows.listing(session.home)
    session.output.document({"deployments": [as_document(each) for each in found]})
    session.output.table(
        ("name", "state", "model version", "url", "detail"),
        ((each.name, each.state, f"{each.model_name}/{each.model_version}", each.url, each.detail) for each in found),
        empty="Nothing is deployed. Next: longshore deploy NAME@alias",
    )


@app.command()
def undeploy(context: typer.Context, deployment: Annotated[str, typer.Argument()]) -> None:
    """Stop a deployment and remove its containers. The model stays registered."""
    from longshore.serving import deploying
    from longshore.store import deployments as rows
    from longshore.store import jobs

    session: Session = context.obj
    queued = deploying.undeploy(session.home, deployment)
    job = wait_for(session, jobs.get(session.home, queued.job_id or ""))
    if job.state != FINISHED:
        raise from_dict(dict(job.error)) if job.error else WorkFailed(f"{deployment} was not stopped.")
    left = [as_document(each) for each in rows.listing(session.home)]
    session.output.document({"deployment": {"name": deployment, "state": "stopped"}, "deployments": left})
    session.output.text(f"Stopped {deployment}.")


def as_document(deployment: Deployment) -> dict[str, Any]:
    """Give a deployment as the contract's JSON."""
    return {
        "name": deployment.name,
        "url": deployment.url,
        "state": deployment.state,
        "detail": deployment.detail,
        "image": deployment.image,
        "image_id": deployment.image_id,
        "model_version": f"{deployment.model_name}/{deployment.model_version}",
        "serving_version": deployment.serving_version,
        "run_id": deployment.run_id,
        "replicas": deployment.replicas,
        "ready_s": deployment.ready_s,
        "error": deployment.error,
    }
