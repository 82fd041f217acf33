"""The steps of a deployment: image, container, health, switch, tidy; and taking back what failed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Cancelled, Invalid, LongshoreError
from longshore.progress import CancelToken, Progress, no_progress
from longshore.serving import images, leftovers, names, ports, proxy, replicas, source, tags
from longshore.serving.intent import Intent, JobLog
from longshore.settings import Home
from longshore.store import database
from longshore.store import deployments as rows
from longshore.store.records import Job

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo

# The personal server may be starting, after a reboot for instance.
_SERVER_WAIT_S = 90.0


def image(home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Build what is missing: the requirements, the version's own layer, the proxy."""
    from longshore.containers.engine import find
    from longshore.mlflow_rest import registry
    from longshore.workspace.connection import connect

    intent, log = Intent.of(job), JobLog(job, progress)
    log.stage(0.02, f"Reading {intent.reference}")
    rows.put(home, intent.deployment, state="building", detail=f"Building the image of {intent.reference}.")
    engine = find(home)
    with connect(home, job.workspace, wait_s=_SERVER_WAIT_S) as client, ThreadPoolExecutor(1) as beside:
        fronting = beside.submit(images.proxy, engine, home, log.line, cancel)
        wanted = registry.get_version(client, intent.model, intent.version)
        declared = source.declaration(client, wanted)
        log.stage(0.1, "Installing the model's requirements")
        base = images.dependencies(engine, home, declared, log.line, cancel)
        log.stage(0.5, f"Building the image of {intent.reference}")
        folder = Path(job.folder) / "model"
        built = images.version(engine, home, client, wanted, base, folder, log.line, cancel)
        return {"image": built.tag, "image_id": built.id, "proxy_image": fronting.result().id}


def container(
    home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken
) -> dict[str, Any]:
    """Start the replicas, and the proxy where there is none on that port yet."""
    from longshore.containers.engine import find

    intent = Intent.of(job)
    JobLog(job, progress).stage(0.6, f"Starting {intent.reference}")
    rows.put(
        home,
        intent.deployment,
        state="starting",
        detail=f"Starting {intent.reference}.",
        image=known["image"],
        image_id=known["image_id"],
    )
    engine = find(home)
    leftovers.sweep(engine, home, intent.deployment)
    started = replicas.start(engine, home, release(home, job, known))
    # While the replicas import their libraries, the proxy comes up.
    before = route_of(_others(replicas.of_deployment(engine, home, intent.deployment), job))
    name, port = _ensure_proxy(engine, home, intent, str(known["proxy_image"]), before)
    return {"replicas": list(started), "proxy": name, "port": port}


def release(home: Home, job: Job, known: Mapping[str, Any]) -> replicas.Release:
    """Give what a job's replicas are made from, with the secrets' values out of the keyring."""
    from longshore.secrets import named

    intent = Intent.of(job)
    return replicas.Release(
        deployment=intent.deployment,
        job_id=job.id,
        model=intent.reference,
        run_id=intent.run_id,
        image=str(known["image_id"]),
        count=intent.replicas,
        env=intent.env,
        secrets=named.values(home, intent.secrets),
    )


def _ensure_proxy(
    engine: Engine, home: Home, intent: Intent, image_id: str, route: proxy.Route | None
) -> tuple[str, int]:
    port = intent.port
    while True:
        try:
            return proxy.ensure(engine, home, intent.deployment, port, image_id, route), port
        except Invalid:
            # Somebody took the port that we had looked up; any other one is as good.
            if intent.port_given:
                raise
            port = ports.free(home, above=port)
            rows.put(home, intent.deployment, port=port, url=ports.url(home, port))


def health(home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Wait until each replica has loaded the model and answers."""
    from longshore.containers.engine import find

    intent = Intent.of(job)
    JobLog(job, progress).stage(0.7, f"Waiting for {intent.reference} to answer")
    replicas.wait(find(home), tuple(known["replicas"]), cancel)
    return {}


def switch(home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Send the requests to the new version from now on."""
    from longshore.containers.engine import find

    intent = Intent.of(job)
    JobLog(job, progress).stage(0.95, f"Switching to {intent.reference}")
    engine = find(home)
    aliases = tuple(names.alias(job.id, index) for index in range(intent.replicas))
    url = ports.url(home, int(known["port"]))
    proxy.switch(engine, str(known["proxy"]), url, proxy.Route(intent.reference, job.id, aliases), cancel)
    rows.put(
        home,
        intent.deployment,
        state="healthy",
        detail="",
        error=None,
        serving_version=intent.version,
        image=known["image"],
        image_id=known["image_id"],
        port=int(known["port"]),
        url=url,
        ready_s=(database.now() - job.created_at).total_seconds(),
    )
    return {}


def tidy(home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Let the former version finish and remove it; tell the registry. What can't be tidied now fails nothing."""
    intent, log = Intent.of(job), JobLog(job, progress)
    log.stage(0.97, "Letting the former version finish" if intent.before else "Telling the registry")
    problems = []
    with ThreadPoolExecutor(1) as beside:
        told = beside.submit(_tell_registry, home, job)
        try:
            _remove_former(home, job, str(known["proxy"]))
        except LongshoreError as error:
            problems.append(f"The former version could not be removed: {error.reason}")
        try:
            told.result()
        except LongshoreError as error:
            problems.append(f"The registry could not be told: {error.reason}")
    for problem in problems:
        log.line(problem)
    log.stage(1.0, f"{intent.deployment} serves {intent.reference}")
    return {"problems": problems}


def _tell_registry(home: Home, job: Job) -> None:
    intent = Intent.of(job)
    tags.served(home, job.workspace, intent.model, intent.version, rows.get(home, intent.deployment))
    if intent.before is None:
        return
    workspace, model, version = (str(intent.before[key]) for key in ("workspace", "model_name", "serving_version"))
    if (workspace, model, version) != (job.workspace, intent.model, intent.version):
        tags.not_served(home, workspace, model, version, intent.deployment)


def _remove_former(home: Home, job: Job, fronting: str) -> None:
    from longshore.containers.engine import find

    intent, engine = Intent.of(job), find(home)
    former = _others(replicas.of_deployment(engine, home, intent.deployment), job)
    proxy.remove(engine, home, intent.deployment, but=fronting)
    if former:
        proxy.drain(engine, fronting, CancelToken())
        replicas.remove(engine, former)
        kept = {row.image_id for row in rows.listing(home)}
        images.remove_unused(engine, home, intent.model, kept)


def _others(found: tuple[ContainerInfo, ...], job: Job) -> tuple[ContainerInfo, ...]:
    return tuple(container for container in found if container.labels.get(names.JOB) != job.id)


def route_of(found: tuple[ContainerInfo, ...]) -> proxy.Route | None:
    """Give the route to replicas that are there, None for none. All are of one release, but for moments in a switch."""
    if not found:
        return None
    newest = max(str(container.labels.get(names.JOB, "")) for container in found)
    same = [container for container in found if container.labels.get(names.JOB) == newest]
    indexes = sorted(int(container.name.rpartition("-")[2]) for container in same)
    aliases = tuple(names.alias(newest, index) for index in indexes)
    return proxy.Route(str(same[0].labels.get(names.MODEL, "")), newest, aliases)


def take_back(home: Home, job: Job, step: str, error: LongshoreError) -> None:
    """Remove what a failed deployment half made; the version that served before goes on serving."""
    intent = Intent.of(job)
    JobLog(job, no_progress).line(error.reason + (f"\n{error.details}" if error.details else ""))
    # An engine that went away can't be tidied; `watching` removes what is left once it is back.
    with contextlib.suppress(LongshoreError):
        _take_back_containers(home, job, intent, switched=step == "switch")
    stopped = isinstance(error, Cancelled)
    changes: dict[str, Any] = {
        "state": "failed",
        "error": {**error.as_dict(), "step": step},
        "detail": f"{intent.reference} could not be deployed: {error.reason}",
    }
    if stopped:
        changes = {"state": "stopped", "error": None, "detail": f"{intent.reference} was stopped before it served."}
    if intent.before:
        serves = names.version_reference(intent.before["model_name"], intent.before["serving_version"])
        changes |= {**intent.before, "detail": f"{changes['detail']} {serves} still serves."}
        changes |= {"state": "healthy"} if stopped else {}
    rows.put(home, intent.deployment, **changes)


def _take_back_containers(home: Home, job: Job, intent: Intent, *, switched: bool) -> None:
    from longshore.containers.engine import find

    engine = find(home, fresh=True)
    found = replicas.of_deployment(engine, home, intent.deployment)
    others = _others(found, job)
    if intent.before is None:
        proxy.remove(engine, home, intent.deployment)
    else:
        kept = names.proxy(home, intent.deployment, int(intent.before["port"]))
        if switched and (route := route_of(others)):
            proxy.switch(engine, kept, str(intent.before["url"]), route, CancelToken())
        proxy.remove(engine, home, intent.deployment, but=kept)
    replicas.remove(engine, tuple(container for container in found if container not in others), grace_s=1)
    if intent.before is None:
        proxy.remove_networks(engine, home, intent.deployment)
