"""How a deployment is right now: its replicas, what they use, what they say."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound
from longshore.serving import names, proxy, replicas
from longshore.settings import Home
from longshore.store import deployments as rows
from longshore.store import jobs
from longshore.store.records import Deployment

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo


@dataclass(frozen=True)
class ReplicaStatus:
    """One container of a deployment."""

    name: str
    model: str  # NAME/3
    state: str  # the engine's word: running, exited, ...
    health: str  # starting, healthy, unhealthy, none
    cpu_percent: float  # 100 is one core
    memory_bytes: int
    memory_limit_bytes: int
    started_at: datetime | None = None  # of a replica that runs


@dataclass(frozen=True)
class Status:
    """A deployment with what the engine knows of it now."""

    deployment: Deployment
    answers: bool  # /ping at its port answers 200
    proxy_state: str  # the engine's word; empty where there is none
    replicas: tuple[ReplicaStatus, ...]


def status(home: Home, name: str) -> Status:
    """Look at a deployment now. Raises: NotFound; Unavailable without an engine."""
    from longshore.containers.engine import find

    row = rows.get(home, name)
    engine = find(home)
    fronting = proxy.of_deployment(engine, home, name)
    found = replicas.of_deployment(engine, home, name)
    return Status(
        deployment=row,
        answers=bool(row.url) and proxy.serving(row.url) is not None,
        proxy_state=fronting[0].state if fronting else "",
        replicas=tuple(_replica(engine, container) for container in found),
    )


def _replica(engine: Engine, container: ContainerInfo) -> ReplicaStatus:
    from longshore.containers import run

    cpu, memory, limit = 0.0, 0, 0
    if container.running:
        with contextlib.suppress(LongshoreError):
            used = run.stats(engine, container.id)
            cpu, memory, limit = used.cpu_percent, used.memory_bytes, used.memory_limit_bytes
    model = str(container.labels.get(names.MODEL, ""))
    started = container.started_at if container.running else None
    return ReplicaStatus(container.name, model, container.state, container.health, cpu, memory, limit, started)


def logs(home: Home, name: str, tail: int = 200) -> str:
    """Give the last lines of a deployment: of its last job, then of its replicas. Raises: NotFound."""
    row = rows.get(home, name)
    parts = [_job_log(home, row, tail)]
    with contextlib.suppress(LongshoreError):
        parts += _replica_logs(home, name, tail)
    lines = "\n".join(part.rstrip("\n") for part in parts if part.strip()).splitlines()
    return "\n".join(lines[-tail:])


def _job_log(home: Home, row: Deployment, tail: int) -> str:
    try:
        file = Path(jobs.get(home, row.job_id or "").folder) / "log"
        with file.open("rb") as log:
            # A build's log may be long, a page shows its end.
            log.seek(max(0, file.stat().st_size - tail * 400))
            return log.read().decode("utf-8", "replace")
    except (NotFound, OSError):
        return ""


def _replica_logs(home: Home, name: str, tail: int) -> list[str]:
    from longshore.containers import run
    from longshore.containers.engine import find

    engine = find(home)
    found = sorted(replicas.of_deployment(engine, home, name), key=lambda container: container.name)
    return [run.logs(engine, container.id, tail=tail) for container in found]
