"""The agent's watch over what serves: notices what is down, says so on the row, and brings it back."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.serving import deploy_steps, images, leftovers, names, ports, proxy, replicas
from longshore.settings import Home
from longshore.store import deployments as rows
from longshore.store import jobs
from longshore.store.records import ACTIVE_STATES, Deployment, Job

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo

# Between two attempts to bring a deployment back; a model that can't be loaded must not keep the machine busy.
_MEND_EVERY_S = 15.0
_SWEEP_EVERY_S = 60.0
_mended: dict[tuple[Path, str], float] = {}
_swept: dict[Path, float] = {}


def watch(home: Home) -> None:
    """Bring every deployment's row up to date; called every few seconds, one small request each. Never raises."""
    listed = rows.listing(home)
    for row in listed:
        if row.serving_version and not _is_changing(home, row):
            _look_after(home, row)
    if listed and _due(_swept, home.path, _SWEEP_EVERY_S):
        _sweep(home)


def _sweep(home: Home) -> None:
    from longshore.containers.engine import find

    # Without an engine there is nothing to sweep; the next time will do.
    with contextlib.suppress(LongshoreError):
        leftovers.sweep(find(home), home)


def _look_after(home: Home, row: Deployment) -> None:
    if proxy.serving(row.url) is not None:
        _say(home, row, "healthy", "")
        return
    try:
        reason = _mend(home, row)
    except LongshoreError as error:
        reason = error.reason
    if proxy.serving(row.url) is None:
        _say(home, row, "unhealthy", reason)


def _say(home: Home, row: Deployment, state: str, detail: str) -> None:
    """Write the state where it is new. A failed later version stays told while the former one serves."""
    if row.state == "failed" and state == "healthy":
        return
    if (row.state, row.detail) != (state, detail) and not _is_changing(home, rows.get(home, row.name)):
        rows.put(home, row.name, state=state, detail=detail)


def _is_changing(home: Home, row: Deployment) -> bool:
    job = _job(home, row)
    return job is not None and job.state in ACTIVE_STATES


def _job(home: Home, row: Deployment) -> Job | None:
    try:
        return jobs.get(home, row.job_id or "")
    except LongshoreError:
        return None


def _mend(home: Home, row: Deployment) -> str:
    """Start what stands still, make again what is gone, and say what was found."""
    from longshore.containers.engine import find

    engine = find(home)
    leftovers.sweep(engine, home, row.name)
    found = replicas.of_deployment(engine, home, row.name)
    fronting = proxy.of_deployment(engine, home, row.name)
    reason = _reason(found, fronting, row)
    if _due(_mended, (home.path, row.name), _MEND_EVERY_S):
        _bring_back(engine, home, row, found)
    return reason


def _reason(found: tuple[ContainerInfo, ...], fronting: tuple[ContainerInfo, ...], row: Deployment) -> str:
    if not fronting:
        return "Its proxy's container is gone; it is being made again."
    if not fronting[0].running:
        return "Its proxy's container stands still; it is being started again."
    up = [container for container in found if container.state == "running"]
    if len(up) < row.replicas:
        ended = next((container for container in found if container not in up), None)
        how = "was ended for want of memory" if ended and ended.oom_killed else "is down"
        return f"{row.replicas - len(up)} of {row.replicas} replicas {how}; it is being brought back."
    sick = next((container for container in up if container.health == "unhealthy"), None)
    return f"Its replicas do not answer. {sick.health_log if sick else ''}".strip()


def _bring_back(engine: Engine, home: Home, row: Deployment, found: tuple[ContainerInfo, ...]) -> None:
    release = _release(home, row, found)
    started = replicas.start(engine, home, release)
    for name in started:
        _deliver(engine, name, release)
    route = proxy.Route(release.model, release.job_id, release.aliases)
    image = images.proxy(engine, home, lambda line: None, CancelToken())
    port = row.port or ports.free(home)
    proxy.write(engine, proxy.ensure(engine, home, row.name, port, image.id, route), route)


def _deliver(engine: Engine, name: str, release: replicas.Release) -> None:
    """Hand the secrets over again: the engine may have started the replica anew, and they were in its memory alone."""
    from longshore.containers import run

    if release.secrets and run.inspect(engine, name).health != "healthy":
        replicas.deliver(engine, name, release.secrets)


def _release(home: Home, row: Deployment, found: tuple[ContainerInfo, ...]) -> replicas.Release:
    """Give what the serving replicas are made from. The row's own fields are those of the serving version."""
    from longshore.secrets import named

    route = deploy_steps.route_of(found)
    return replicas.Release(
        deployment=row.name,
        job_id=route.release if route else jobs.new_id(),
        model=names.version_reference(row.model_name, row.serving_version),
        run_id=row.run_id,
        image=row.image_id,
        count=row.replicas,
        env=row.env,
        secrets=named.values(home, row.secrets),
    )


def _due(at: dict[Any, float], key: Any, every_s: float) -> bool:
    now = time.monotonic()
    if now - at.get(key, -every_s) < every_s:
        return False
    at[key] = now
    return True
