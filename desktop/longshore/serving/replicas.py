"""Replicas: the containers of one model version.

Model files are hostile until proven otherwise: nobody's user, no capability, nothing writable but a folder in memory,
bounded memory and processes, and a network of the deployment's own without a way out.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound, WorkFailed
from longshore.progress import CancelToken
from longshore.serving import names
from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo, ContainerSpec

MEMORY_BYTES = 4 * 1024**3
PROCESSES = 512
LOG_BYTES = 20 * 1024**2
# A big model loads for long; the log shows what it does meanwhile, and stopping the job ends the wait.
START_TIMEOUT_S = 900.0
STOP_GRACE_S = 60.0
_PYTHON = "/opt/model/bin/python"
_ISOLATED = {
    # Neither the host nor anything beyond it has an address on that network.
    "com.docker.network.bridge.inhibit_ipv4": "true"
}
_TRACEBACK_NOISE = ("  ", "Traceback", "INFO:", "During handling", "The above exception", "^", "longshore:")


@dataclass(frozen=True)
class Release:
    """One version brought up by one job: what its replicas are made from."""

    deployment: str
    job_id: str
    model: str  # NAME/3
    run_id: str
    image: str
    count: int
    env: Mapping[str, str] = field(default_factory=dict)
    # Values by name. They reach the memory of the replicas alone, never the engine's description of them.
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The names under which the proxy finds the replicas."""
        return tuple(names.alias(self.job_id, index) for index in range(self.count))


def start(engine: Engine, home: Home, release: Release) -> tuple[str, ...]:
    """Start the replicas that do not run yet and give the names of all of them."""
    from longshore.containers import networks

    network = names.inner_network(home, release.deployment)
    labels = names.labels(home, names.NETWORK, deployment=release.deployment)
    networks.ensure(engine, network, labels, internal=True, options=_ISOLATED)
    return tuple(_start_one(engine, home, release, index) for index in range(release.count))


def _start_one(engine: Engine, home: Home, release: Release, index: int) -> str:
    from longshore.containers import run

    name = names.replica(home, release.deployment, release.job_id, index)
    try:
        found = run.inspect(engine, name)
    except NotFound:
        found = run.create(engine, _spec(home, release, index))
    if not found.running:
        run.start(engine, found.id)
        deliver(engine, name, release.secrets)
    return name


def _spec(home: Home, release: Release, index: int) -> ContainerSpec:
    from longshore.containers.run import ContainerSpec

    waits = {"LONGSHORE_AWAITS_SECRETS": "1"} if release.secrets else {}
    return ContainerSpec(
        image=release.image,
        name=names.replica(home, release.deployment, release.job_id, index),
        env={**release.env, **waits},
        labels=names.labels(
            home,
            names.REPLICA,
            deployment=release.deployment,
            job=release.job_id,
            model=release.model,
            run=release.run_id,
        ),
        user=names.USER,
        memory_bytes=MEMORY_BYTES,
        pids=PROCESSES,
        network=names.inner_network(home, release.deployment),
        aliases=(names.alias(release.job_id, index),),
        # The engine would ask the outside's name servers on the replica's behalf: a way out for data.
        dns=("127.0.0.1",),
        tmpfs={"/tmp": "size=512m,mode=1777"},
        restart="unless-stopped",
        read_only=True,
        cap_drop=("ALL",),
        init=True,
        log_max_bytes=LOG_BYTES,
    )


def deliver(engine: Engine, name: str, secrets: Mapping[str, str]) -> None:
    """Hand the secrets to a replica that waits for them; in memory only, on both sides."""
    from longshore.containers import run

    if secrets:
        command = (_PYTHON, "-I", "/opt/longshore/receive.py")
        answer = run.execute(engine, name, command, env={"LONGSHORE_SECRETS": json.dumps(dict(secrets))})
        if answer.exit_code != 0:
            raise WorkFailed(f"The secrets could not be handed to {name}.", details=_text(answer.output))


def wait(engine: Engine, replicas: tuple[str, ...], cancel: CancelToken, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Wait until every replica answers /ping.

    Raises: WorkFailed with the decisive lines of its log; Cancelled.
    """
    deadline = time.monotonic() + timeout_s
    for name in replicas:
        while not _answers(engine, name):
            cancel.check()
            if time.monotonic() > deadline:
                raise WorkFailed(
                    f"The model did not answer /ping within {timeout_s:.0f} seconds.",
                    hint="See what its log says it waits for; the deployment's page shows it.",
                    details=decisive(engine, name),
                )


def _answers(engine: Engine, name: str) -> bool:
    """Ask one replica, from inside, for at most a second. Raises: WorkFailed if it is down."""
    from longshore.containers import run

    try:
        command = (_PYTHON, "-I", "-S", "/opt/longshore/health.py", "1")
        if run.execute(engine, name, command).exit_code == 0:
            return True
    except LongshoreError:
        # It ended between two looks; what follows says how.
        pass
    _check_up(engine, run.inspect(engine, name))
    return False


def _check_up(engine: Engine, found: ContainerInfo) -> None:
    from longshore.containers import run

    if found.state == "running" and not _restarted(found):
        return
    lines = decisive(engine, found.name)
    if found.oom_killed:
        reason = f"The model needed more than {MEMORY_BYTES // 1024**3} GB of memory and was ended."
        hint = "Deploy a smaller model, or load less at its start."
    else:
        last = lines.splitlines()[-1] if lines else f"its server ended with exit status {found.exit_code}"
        reason = f"The model could not be loaded: {last}"
        hint = "Log the model again with the pip_requirements and code that it needs, then deploy that version."
    run.stop(engine, found.name, grace_s=0)
    raise WorkFailed(reason, hint=hint, details=lines)


def _restarted(found: ContainerInfo) -> bool:
    # The engine starts a replica again that ended; its earlier end shows in `finished_at`.
    return found.finished_at is not None


def decisive(engine: Engine, name: str) -> str:
    """Give the lines of a replica's log that say why it failed, the most telling one last."""
    from longshore.containers import run

    try:
        lines = [line.rstrip() for line in run.logs(engine, name, tail=200).splitlines() if line.strip()]
    except LongshoreError:
        return ""
    telling = [line for line in lines if not line.startswith(_TRACEBACK_NOISE)]
    return "\n".join((telling or lines)[-6:])


def of_deployment(engine: Engine, home: Home, deployment: str) -> tuple[ContainerInfo, ...]:
    """Give all replicas of a deployment, of whatever version."""
    from longshore.containers import run

    return run.listing(engine, home, {names.KIND: names.REPLICA, names.DEPLOYMENT: deployment})


def remove(engine: Engine, found: tuple[ContainerInfo, ...], *, grace_s: float = STOP_GRACE_S) -> None:
    """End replicas, each after the requests that it is answering, and remove them."""
    from longshore.containers import run

    for container in found:
        run.stop(engine, container.id, grace_s=grace_s)
        run.remove(engine, container.id)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").strip()
