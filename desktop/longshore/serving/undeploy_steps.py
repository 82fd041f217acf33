"""The steps by which a deployment ends: route, containers, forget."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from longshore.errors import LongshoreError, Unavailable
from longshore.progress import CancelToken, Progress
from longshore.serving import images, proxy, replicas, tags
from longshore.serving.intent import Intent, JobLog
from longshore.settings import Home
from longshore.store import deployments as rows
from longshore.store import jobs
from longshore.store.records import ACTIVE_STATES, Job

_EARLIER_TIMEOUT_S = 60.0
_GRACE_S = 10.0


def route(home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Close the port: remove the proxy, once a deployment under way has been stopped."""
    from longshore.containers.engine import find

    intent = Intent.of(job)
    JobLog(job, progress).stage(0.1, f"Closing the port of {intent.deployment}")
    _wait_for(home, str((intent.before or {}).get("job_id") or ""), cancel)
    # That job's end wrote its own state.
    rows.put(home, intent.deployment, state="stopping", detail="It is being stopped.", job_id=job.id)
    proxy.remove(find(home), home, intent.deployment)
    return {}


def _wait_for(home: Home, earlier: str, cancel: CancelToken) -> None:
    deadline = time.monotonic() + _EARLIER_TIMEOUT_S
    while earlier and _is_active(home, earlier):
        cancel.check()
        if time.monotonic() > deadline:
            raise Unavailable("The deployment under way does not stop.", hint="Try again in a minute.")
        time.sleep(0.05)


def _is_active(home: Home, job_id: str) -> bool:
    with contextlib.suppress(LongshoreError):
        return jobs.get(home, job_id).state in ACTIVE_STATES
    return False


def containers(
    home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken
) -> dict[str, Any]:
    """Remove the replicas and the networks."""
    from longshore.containers.engine import find

    intent = Intent.of(job)
    JobLog(job, progress).stage(0.4, f"Stopping the replicas of {intent.deployment}")
    engine = find(home)
    replicas.remove(engine, replicas.of_deployment(engine, home, intent.deployment), grace_s=_GRACE_S)
    proxy.remove_networks(engine, home, intent.deployment)
    kept = {row.image_id for row in rows.listing(home) if row.name != intent.deployment}
    images.remove_unused(engine, home, intent.model, kept)
    return {}


def forget(home: Home, job: Job, known: Mapping[str, Any], progress: Progress, cancel: CancelToken) -> dict[str, Any]:
    """Tell the registry, and forget the deployment."""
    intent, log = Intent.of(job), JobLog(job, progress)
    log.stage(0.9, f"Forgetting {intent.deployment}")
    try:
        tags.not_served(home, job.workspace, intent.model, intent.version, intent.deployment)
    except LongshoreError as error:
        log.line(f"The registry could not be told: {error.reason}")
    rows.remove(home, intent.deployment)
    log.stage(1.0, f"{intent.deployment} is stopped")
    return {}


def take_back(home: Home, job: Job, step: str, error: LongshoreError) -> None:
    """Say on the row why it could not be stopped; what is gone stays gone, and another try goes on from there."""
    intent = Intent.of(job)
    rows.put(
        home,
        intent.deployment,
        state="failed",
        error={**error.as_dict(), "step": step},
        detail=f"{intent.deployment} could not be stopped: {error.reason}",
    )
