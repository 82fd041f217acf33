"""Containers: creating, starting, stopping, looking into, and moving files in and out."""

from __future__ import annotations

import contextlib
import io
import tarfile
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from longshore.containers.engine import Engine
from longshore.containers.translation import checked, speaking
from longshore.errors import Conflict, NotFound
from longshore.settings import Home

HOME_LABEL = "longshore.home"


@dataclass(frozen=True)
class HealthCheck:
    """How the engine finds out whether a container is healthy."""

    test: tuple[str, ...]
    interval_s: float = 5.0
    timeout_s: float = 3.0
    retries: int = 3
    start_period_s: float = 30.0


@dataclass(frozen=True)
class ContainerSpec:
    """What a container is made from. `env` is visible to everybody who may ask the engine: no secret belongs there."""

    image: str
    command: tuple[str, ...] | None = None
    name: str = ""
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    workdir: str = ""
    cpus: float | None = None
    memory_bytes: int | None = None
    gpu_ids: tuple[str, ...] = ()
    shm_bytes: int | None = None
    pids: int | None = None
    # Port inside -> address and port here.
    ports: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    network: str = ""
    aliases: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    dns: tuple[str, ...] = ()  # where names outside its networks are asked for; the engine's by default
    volumes: Mapping[str, str] = field(default_factory=dict)  # source here -> "path in there[:ro]"
    own_volumes: tuple[str, ...] = ()  # paths in there; removed with the container
    tmpfs: Mapping[str, str] = field(default_factory=dict)  # path -> options
    healthcheck: HealthCheck | None = None
    restart: str = ""  # "", always, unless-stopped, on-failure
    read_only: bool = False
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ("no-new-privileges",)
    init: bool = False  # a first process that passes signals on and buries the dead
    takes_input: bool = False  # standard input, from one connection, then closed
    stop_signal: str = ""
    log_max_bytes: int | None = None


@dataclass(frozen=True)
class ContainerInfo:
    """A container as the engine describes it now."""

    id: str
    name: str
    image: str
    image_id: str
    state: str  # created, running, paused, restarting, removing, exited, dead
    health: str  # none, starting, healthy, unhealthy
    exit_code: int | None
    oom_killed: bool
    error: str
    labels: Mapping[str, str]
    ports: Mapping[int, int]  # port inside -> port here
    addresses: Mapping[str, str]  # network -> address
    started_at: datetime | None
    finished_at: datetime | None
    health_log: str = ""

    @property
    def running(self) -> bool:
        """Tell whether its process lives."""
        return self.state in ("running", "paused", "restarting")


@dataclass(frozen=True)
class Stats:
    """What a container uses now; 100 percent is one core."""

    cpu_percent: float
    memory_bytes: int
    memory_limit_bytes: int


def create(engine: Engine, spec: ContainerSpec) -> ContainerInfo:
    """Make a container without starting it.

    Raises: NotFound if the image is missing; Conflict if the name is taken.
    """
    with speaking(f"create a container of {spec.image}"):
        created = engine.api.create_container_from_config(_config(engine, spec), name=spec.name or None)
    return inspect(engine, str(created["Id"]))


def _config(engine: Engine, spec: ContainerSpec) -> dict[str, Any]:
    """Give the container as the engine's API writes it; the SDK's own builder would ask the engine more often."""
    config: dict[str, Any] = {
        "Image": spec.image,
        "Env": [f"{name}={value}" for name, value in spec.env.items()],
        "Labels": dict(spec.labels),
        "User": spec.user,
        "WorkingDir": spec.workdir,
        "ExposedPorts": {f"{port}/tcp": {} for port in spec.ports},
        "Volumes": {path: {} for path in spec.own_volumes},
        "HostConfig": _host_config(spec),
    }
    if spec.command is not None:
        config["Cmd"] = list(spec.command)
    if spec.entrypoint is not None:
        config["Entrypoint"] = list(spec.entrypoint)
    if spec.takes_input:
        config |= {"OpenStdin": True, "StdinOnce": True, "AttachStdin": True}
    if spec.stop_signal:
        config["StopSignal"] = spec.stop_signal
    if spec.healthcheck:
        config["Healthcheck"] = _healthcheck(spec.healthcheck)
    if spec.network:
        config["NetworkingConfig"] = {"EndpointsConfig": {spec.network: {"Aliases": list(spec.aliases)}}}
    return config


def _host_config(spec: ContainerSpec) -> dict[str, Any]:
    host: dict[str, Any] = {
        "PortBindings": {
            f"{inside}/tcp": [{"HostIp": address, "HostPort": str(port)}]
            for inside, (address, port) in spec.ports.items()
        },
        "ExtraHosts": list(spec.extra_hosts),
        "Dns": list(spec.dns),
        "Binds": [f"{source}:{target}" for source, target in spec.volumes.items()],
        "Tmpfs": dict(spec.tmpfs),
        "ReadonlyRootfs": spec.read_only,
        "CapDrop": list(spec.cap_drop),
        "SecurityOpt": list(spec.security_opt),
        "Init": spec.init,
    }
    optional: dict[str, Any] = {
        "NanoCpus": int(spec.cpus * 1e9) if spec.cpus else None,
        "Memory": spec.memory_bytes,
        # Without this a process beyond its limit swaps for minutes instead of being told.
        "MemorySwap": spec.memory_bytes,
        "ShmSize": spec.shm_bytes,
        "PidsLimit": spec.pids,
        "NetworkMode": spec.network or None,
        "RestartPolicy": {"Name": spec.restart} if spec.restart else None,
        "DeviceRequests": [{"DeviceIDs": list(spec.gpu_ids), "Capabilities": [["gpu"]]}] if spec.gpu_ids else None,
        "LogConfig": _log_config(spec.log_max_bytes),
    }
    return host | {key: value for key, value in optional.items() if value is not None}


def _log_config(max_bytes: int | None) -> dict[str, Any] | None:
    if max_bytes is None:
        return None
    return {"Type": "json-file", "Config": {"max-size": str(max_bytes), "max-file": "2"}}


def _healthcheck(check: HealthCheck) -> dict[str, Any]:
    return {
        "Test": list(check.test),
        "Interval": int(check.interval_s * 1e9),
        "Timeout": int(check.timeout_s * 1e9),
        "Retries": check.retries,
        "StartPeriod": int(check.start_period_s * 1e9),
    }


def start(engine: Engine, reference: str) -> None:
    """Start a container; one that runs already is no failure.

    Raises: Conflict if a port that it publishes is taken.
    """
    with speaking(f"start the container {reference}"):
        engine.api.start(reference)


def stop(engine: Engine, reference: str, *, grace_s: float = 10.0) -> None:
    """Ask a container to end and kill it after `grace_s` seconds; one that is gone is no failure."""
    with contextlib.suppress(NotFound), speaking(f"stop the container {reference}"):
        engine.api.stop(reference, timeout=max(0, round(grace_s)))


def kill(engine: Engine, reference: str, *, signal: str = "SIGKILL") -> None:
    """Send a signal to a container; one that does not run any more is no failure."""
    with contextlib.suppress(NotFound, Conflict), speaking(f"signal the container {reference}"):
        engine.api.kill(reference, signal=signal)


def remove(engine: Engine, reference: str, *, force: bool = True) -> None:
    """Remove a container and its own volumes; one that is gone is no failure."""
    try:
        with contextlib.suppress(NotFound), speaking(f"remove the container {reference}"):
            engine.api.remove_container(reference, force=force, v=True)
    except Conflict as error:
        if "already in progress" not in error.reason:
            raise


def rename(engine: Engine, reference: str, name: str) -> None:
    """Give a container another name."""
    with speaking(f"rename the container {reference}"):
        engine.api.rename(reference, name)


def inspect(engine: Engine, reference: str) -> ContainerInfo:
    """Describe a container by its id or name.

    Raises: NotFound.
    """
    with speaking(f"look at the container {reference}"):
        found = engine.api.inspect_container(reference)
    state = found.get("State") or {}
    health = state.get("Health") or {}
    config = found.get("Config") or {}
    networks = (found.get("NetworkSettings") or {}).get("Networks") or {}
    status = str(state.get("Status") or "")
    checks = health.get("Log") or ()
    return ContainerInfo(
        id=str(found["Id"]),
        name=str(found.get("Name") or "").lstrip("/"),
        image=str(config.get("Image") or ""),
        image_id=str(found.get("Image") or ""),
        state=status,
        health=str(health.get("Status") or "none"),
        exit_code=int(state.get("ExitCode") or 0) if status in ("exited", "dead") else None,
        oom_killed=bool(state.get("OOMKilled")),
        error=str(state.get("Error") or ""),
        labels=dict(config.get("Labels") or {}),
        ports=_published(found),
        addresses={name: str(entry.get("IPAddress") or "") for name, entry in networks.items()},
        started_at=_time(state.get("StartedAt")),
        finished_at=_time(state.get("FinishedAt")),
        health_log=str(checks[-1].get("Output") or "").strip() if checks else "",
    )


def _published(found: Mapping[str, Any]) -> dict[int, int]:
    bindings = (found.get("NetworkSettings") or {}).get("Ports") or {}
    return {
        int(inside.partition("/")[0]): int(entries[0]["HostPort"]) for inside, entries in bindings.items() if entries
    }


def _time(text: str | None) -> datetime | None:
    if not text or text.startswith("0001"):
        return None
    # The engine writes nanoseconds, Python reads microseconds.
    whole, _, fraction = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{whole}.{fraction[:6].ljust(6, '0')}+00:00")


def listing(engine: Engine, home: Home, labels: Mapping[str, str] | None = None) -> tuple[ContainerInfo, ...]:
    """Give this home's containers that carry the labels, running or not, newest first. Other homes' are never seen."""
    wanted = {HOME_LABEL: home.id, **(labels or {})}
    with speaking("list containers"):
        found = engine.api.containers(all=True, filters={"label": [f"{key}={value}" for key, value in wanted.items()]})
    infos: list[ContainerInfo] = []
    for entry in found:
        with contextlib.suppress(NotFound):  # removed meanwhile
            infos.append(inspect(engine, str(entry["Id"])))
    return tuple(infos)


def logs(engine: Engine, reference: str, *, tail: int | None = 200, since: datetime | None = None) -> str:
    """Give the last lines of a container's log, standard output and error in the order they came."""
    with speaking(f"read the log of the container {reference}"):
        raw = engine.api.logs(
            reference,
            stdout=True,
            stderr=True,
            tail="all" if tail is None else tail,
            since=since.timestamp() if since else None,
        )
    return bytes(raw).decode("utf-8", "replace")


_samples: dict[str, tuple[float, float]] = {}
_samples_lock = threading.Lock()


def stats(engine: Engine, reference: str) -> Stats:
    """Tell what a container uses. The processor's share is that since the last call, 0 at the first."""
    with speaking(f"measure the container {reference}"):
        url = f"{engine.api.base_url}/v{engine.api.api_version}/containers/{reference}/stats"
        found = checked(engine.api.get(url, params={"stream": "false", "one-shot": "true"}, timeout=20)).json()
    used = float(found["cpu_stats"]["cpu_usage"].get("total_usage") or 0)
    at = _time(found.get("read"))
    moment = at.timestamp() if at else 0.0
    with _samples_lock:
        before = _samples.get(reference)
        _samples[reference] = (used, moment)
    percent = 0.0
    if before and moment > before[1]:
        percent = max(0.0, (used - before[0]) / 1e9 / (moment - before[1]) * 100)
    memory = found.get("memory_stats") or {}
    return Stats(percent, _used_memory(memory), int(memory.get("limit") or 0))


def _used_memory(memory: Mapping[str, Any]) -> int:
    """Give memory without the page cache, as `docker stats` does."""
    detail = memory.get("stats") or {}
    cache = detail.get("total_inactive_file", detail.get("inactive_file", 0))
    return max(0, int(memory.get("usage") or 0) - int(cache or 0))


@dataclass(frozen=True)
class Answer:
    """What a command inside a container said."""

    exit_code: int
    output: bytes


def execute(
    engine: Engine,
    reference: str,
    command: Iterable[str],
    *,
    user: str = "",
    env: Mapping[str, str] | None = None,
) -> Answer:
    """Run a command inside a running container and wait for it. The engine shows `env` to nobody afterwards."""
    with speaking(f"run a command in the container {reference}"):
        made = engine.api.exec_create(reference, list(command), user=user, environment=dict(env or {}))
        output = engine.api.exec_start(made["Id"])
        found = engine.api.exec_inspect(made["Id"])
    return Answer(int(found.get("ExitCode") or 0), bytes(output or b""))


def processes(engine: Engine, reference: str) -> tuple[str, ...]:
    """Give the command lines of what runs inside a container."""
    with speaking(f"list the processes of the container {reference}"):
        found = engine.api.top(reference)
    return tuple(str(row[-1]) for row in found.get("Processes") or ())


def put_files(
    engine: Engine,
    reference: str,
    path: str,
    files: Mapping[str, bytes],
    *,
    mode: int = 0o644,
    uid: int = 0,
    gid: int = 0,
) -> None:
    """Write small files into an existing folder of a container, running or not."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.uid, entry.gid = len(content), mode, uid, gid
            archive.addfile(entry, io.BytesIO(content))
    put_archive(engine, reference, path, buffer.getvalue())


def put_archive(engine: Engine, reference: str, path: str, archive: bytes | Iterable[bytes] | Any) -> None:
    """Unpack a tar archive (bytes, or a binary file) into an existing folder of a container."""
    with speaking(f"copy files into the container {reference}"):
        engine.api.put_archive(reference, path, archive)
