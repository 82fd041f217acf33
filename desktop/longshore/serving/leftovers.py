"""Replicas that a failed deployment left behind, for instance because the engine was gone when it failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.serving import names, replicas
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import FAILED, STOPPED

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo


def sweep(engine: Engine, home: Home, deployment: str = "") -> None:
    """Remove them, of one deployment or of all."""
    from longshore.containers import run

    wanted = {names.KIND: names.REPLICA} | ({names.DEPLOYMENT: deployment} if deployment else {})
    left = tuple(found for found in run.listing(engine, home, wanted) if _is_left_over(home, found))
    replicas.remove(engine, left, grace_s=1)


def _is_left_over(home: Home, container: ContainerInfo) -> bool:
    try:
        # A job that failed or was stopped took its route back: its replicas serve nobody.
        return jobs.get(home, str(container.labels.get(names.JOB, ""))).state in (FAILED, STOPPED)
    except NotFound:
        return False
