"""Writing down that a version is to be served, or no more; the agent does the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, LongshoreError, NotFound, Unavailable
from longshore.jobs import agent_call
from longshore.jobs.launching import check_variables
from longshore.serving import names, ports, proxy
from longshore.serving.intent import Intent, remembered
from longshore.serving.steps import step_names
from longshore.settings import Home, load_settings
from longshore.store import deployments as rows
from longshore.store import jobs, processes, projects, workspaces
from longshore.store.records import ACTIVE_STATES, Deployment, Job

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.registry.models import VersionInfo

MOST_REPLICAS = 16


def deploy(
    home: Home,
    reference: str,
    *,
    name: str | None = None,
    port: int | None = None,
    replicas: int = 1,
    env: Mapping[str, str] | None = None,
    secrets: Iterable[str] = (),
    workspace: str | None = None,
) -> Deployment:
    """Queue that a model version (NAME/3 or NAME@alias) is served under a name, instead of what it served before.

    Everything that can be known beforehand is checked here, before anything is made.
    Raises: Invalid (name, port, replicas, variable, a model without a signature), NotFound (model, secret), Conflict (it is being
    deployed), Unavailable (no engine, no server, no agent).
    """
    if not 1 <= replicas <= MOST_REPLICAS:
        raise Invalid(f"{replicas} replicas can't be started.", hint=f"Choose 1 to {MOST_REPLICAS}.")
    check_variables(env or ())
    from longshore.secrets import named

    wanted_secrets = tuple(dict.fromkeys(secrets))
    named.values(home, wanted_secrets)
    _check_engine(home)
    from longshore.registry import models
    from longshore.workspace.connection import connect

    known = workspaces.get(home, workspace)
    with connect(home, known.name, wait_s=30.0) as client:
        version = models.version(client, reference)
        _check(version)
        project = _project(home, client, version.run_id)
    deployment = names.checked(name) if name else names.slug(version.name)
    row = _present(home, deployment)
    chosen = _port(home, deployment, port, row)
    intent = Intent(
        deployment=deployment,
        model=version.name,
        version=version.version,
        run_id=version.run_id,
        port=chosen,
        port_given=port is not None or (row is not None and bool(row.serving_version)),
        replicas=replicas,
        env=dict(env or {}),
        secrets=wanted_secrets,
        before=remembered(row) if row else None,
    )
    return _queue(home, intent, known.name, project)


def _queue(home: Home, intent: Intent, workspace: str, project_id: str | None) -> Deployment:
    agent_call.prepare(home)
    job = _add_job(home, "deploy", f"Deploy {intent.reference}", intent, workspace, project_id)
    found = rows.put(
        home,
        intent.deployment,
        workspace=workspace,
        project_id=project_id,
        model_name=intent.model,
        model_version=intent.version,
        run_id=intent.run_id,
        state="queued",
        detail=f"{intent.reference} waits for its turn.",
        port=intent.port,
        url=ports.url(home, intent.port),
        replicas=intent.replicas,
        env=dict(intent.env),
        secrets=intent.secrets,
        job_id=job.id,
        error=None,
        ready_s=None,
    )
    processes.wake(home)
    return found


def _add_job(home: Home, kind: str, title: str, intent: Intent, workspace: str, project_id: str | None) -> Job:
    return jobs.add(
        home,
        kind=kind,
        title=title,
        spec=intent.to_json(),
        workspace=workspace,
        target="docker",
        project_id=project_id,
        # It waits for the engine; what is computed is computed there.
        cpus=0.0,
        steps=step_names(kind),
    )


def _check_engine(home: Home) -> None:
    from longshore.containers.engine import find

    # Asked anew: who clicks again has perhaps just started it.
    engine = find(home, fresh=True)
    if not engine.is_local:
        raise Unavailable(
            f"The Docker engine {engine.url} is on another computer; its ports can't be reached at this one.",
            hint="Choose an engine on this computer (setting docker_host, or `docker context use default`).",
        )


def _check(version: VersionInfo) -> None:
    if version.status != "READY":
        raise Invalid(
            f"{version.reference} is not ready ({version.status}).", hint="Wait for its upload, or register it again."
        )
    if version.problem:
        raise Unavailable(
            f"The files of {version.reference} can't be read: {version.problem}", hint="Register the model again."
        )
    if version.signature is None:
        raise Invalid(
            f"{version.reference} has no signature, so nobody knows which columns it needs.",
            hint="Log the model with signature=infer_signature(inputs, outputs) or input_example=..., register that "
            "run's model, and deploy its new version.",
        )


def _project(home: Home, client: Client, run_id: str) -> str | None:
    """Give the project that a run belongs to, where this computer knows it."""
    from longshore.mlflow_rest import runs

    if not run_id:
        return None
    try:
        named = runs.get(client, run_id).tags.get("longshore.project", "")
    except NotFound:
        return None
    return next((project.id for project in projects.listing(home) if project.name == named), None)


def _present(home: Home, deployment: str) -> Deployment | None:
    """Give the deployment of this name, None for a new one. Raises: Conflict while it is being changed."""
    try:
        row = rows.get(home, deployment)
    except NotFound:
        return None
    if _active(home, row):
        raise Conflict(
            f"{deployment} is being changed right now ({row.detail or row.state})",
            hint="Wait until that is done, or stop it, then deploy again.",
        )
    return row


def _active(home: Home, row: Deployment) -> bool:
    try:
        return row.job_id is not None and jobs.get(home, row.job_id).state in ACTIVE_STATES
    except LongshoreError:
        return False


def _port(home: Home, deployment: str, wanted: int | None, row: Deployment | None) -> int:
    """Choose the port: the wanted one, the one it had, or a free one. Raises: Invalid if it is taken."""
    address = load_settings(home).bind_address
    serves = row is not None and bool(row.serving_version)
    if wanted is None:
        if row and row.port and (serves or ports.is_free(address, row.port)):
            return row.port
        return ports.free(home)
    for other in rows.listing(home):
        if other.port == wanted and other.name != deployment:
            raise proxy.port_taken(wanted, f"the deployment {other.name}")
    own = serves and row is not None and row.port == wanted
    if not own and not ports.is_free(address, wanted):
        raise proxy.port_taken(wanted)
    return wanted


def undeploy(home: Home, name: str) -> Deployment:
    """Queue that a deployment ends: port, containers and row go; the model stays registered.

    A version that is just being deployed is stopped first. Raises: NotFound, Unavailable (no agent).
    """
    row = rows.get(home, name)
    if row.job_id and _active(home, row):
        active = jobs.get(home, row.job_id)
        if active.kind == "undeploy":
            return row
        jobs.update(home, active.id, stop_requested=True)
    agent_call.prepare(home)
    intent = Intent(
        deployment=name,
        model=row.model_name,
        version=row.model_version,
        run_id=row.run_id,
        port=row.port or 0,
        port_given=True,
        replicas=row.replicas,
        before={**(remembered(row) or {}), "job_id": row.job_id},
    )
    job = _add_job(home, "undeploy", f"Stop {name}", intent, row.workspace, row.project_id)
    found = rows.put(home, name, state="stopping", detail="It is being stopped.", job_id=job.id)
    processes.wake(home)
    return found
