"""Finding the Docker engine and saying, with a fix, why there is none."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import socket
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.containers.endpoints import Endpoint, candidates
from longshore.containers.translation import speaking
from longshore.errors import Invalid, LongshoreError, Unavailable, from_dict
from longshore.settings import Home, load_settings

if TYPE_CHECKING:
    import docker

PING_TIMEOUT_S = 5
REQUEST_TIMEOUT_S = 60
# How long an answer of the engine, good or bad, is taken as still true.
FRESH_S = 3.0


@dataclass(frozen=True)
class EngineStatus:
    """What `doctor` and the status bar say about Docker."""

    ok: bool
    version: str
    detail: str
    fix: str
    endpoint: str


@dataclass(frozen=True)
class HostRoute:
    """How a container reaches this computer: where to listen here, and the name to use in there."""

    listen: str
    address: str
    # Host names that a container must be given ("host.docker.internal:host-gateway"); empty where the engine knows it.
    extra_hosts: tuple[str, ...] = ()


class Engine:
    """A reachable Docker engine. Safe from any thread."""

    def __init__(self, endpoint: Endpoint, api: docker.APIClient) -> None:
        self._endpoint = endpoint
        # The SDK's low-level client; the library's type stubs know only half of it.
        self.api: Any = api

    @property
    def endpoint(self) -> dict[str, Any]:
        """Where the engine is, for a job's supervisor: kind, address and TLS files."""
        return self._endpoint.as_dict()

    @property
    def url(self) -> str:
        """The engine's address as DOCKER_HOST writes it."""
        return self._endpoint.url

    @property
    def is_local(self) -> bool:
        """Tell whether the engine is on this computer."""
        return self._endpoint.is_local

    @functools.cached_property
    def info(self) -> dict[str, Any]:
        """The engine's description of itself, asked once."""
        with speaking("ask the Docker engine what it is"):
            return dict(self.api.info())

    @functools.cached_property
    def version(self) -> str:
        """The engine's version."""
        return str(self.info.get("ServerVersion", ""))

    @functools.cached_property
    def runs_in_a_machine(self) -> bool:
        """Tell whether containers run in a virtual machine, as with Docker Desktop, Colima or Rancher Desktop."""
        if sys.platform != "linux":
            return True
        return "desktop" in str(self.info.get("OperatingSystem", "")).lower()

    def gateway(self) -> str:
        """Give the name or address under which a container reaches this computer."""
        return self.host_route().address

    def host_route(self) -> HostRoute:
        """Tell how a container reaches this computer.

        Raises: Unavailable for an engine on another computer, from where nothing leads back.
        """
        if not self.is_local:
            raise Unavailable(
                f"The Docker engine {self.url} is on another computer; its containers cannot reach this one.",
                hint="Choose an engine on this computer (setting docker_host, or `docker context use default`).",
            )
        return self._route

    @functools.cached_property
    def _route(self) -> HostRoute:
        if self.runs_in_a_machine:
            return HostRoute("127.0.0.1", "host.docker.internal")
        if any("rootless" in str(option) for option in self.info.get("SecurityOptions") or ()):
            # The bridge lies in a network namespace of its own there; 10.0.2.2 is this computer's loopback as the
            # engine's user-space network shows it, once it is started with host loopback allowed.
            return HostRoute("127.0.0.1", "10.0.2.2")
        with speaking("ask for the engine's bridge network"):
            found = self.api.inspect_network("bridge")
        entries = (found.get("IPAM") or {}).get("Config") or ()
        address = next((gateway for entry in entries if _is_ours(gateway := _gateway_of(entry))), "")
        if not address:
            raise Unavailable(
                "The Docker engine has no bridge network that leads to this computer.",
                hint="Start the engine with its default bridge (without --bridge=none).",
            )
        return HostRoute(address, address)

    def close(self) -> None:
        """Close the connections; a later call opens new ones."""
        self.api.close()


def _gateway_of(entry: dict[str, Any]) -> str:
    if entry.get("Gateway"):
        return str(entry["Gateway"])
    # An engine that was never told a gateway names none and takes the subnet's first address.
    return str(next(ipaddress.ip_network(str(entry.get("Subnet") or "0.0.0.0/32"), strict=False).hosts(), ""))


def _is_ours(address: str) -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.bind((address, 0))
        return True
    return False


_lock = threading.Lock()
_engines: dict[Endpoint, tuple[Engine, float]] = {}
_failures: dict[str, tuple[LongshoreError, float]] = {}


def find(home: Home, *, fresh: bool = False) -> Engine:
    """Give the engine to use: the setting, DOCKER_HOST, the current context, or a known socket.

    An answer is taken as true for some seconds; `fresh` asks again.
    Raises: Unavailable with the reason and the fix.
    """
    docker_host = load_settings(home).docker_host
    with _lock:
        failed = _failures.get(docker_host)
        if failed and not fresh and time.monotonic() - failed[1] < FRESH_S:
            raise from_dict(failed[0].as_dict())
        try:
            engine = _first_that_answers(candidates(docker_host), fresh=fresh)
        except Invalid as error:
            raise Unavailable(error.reason, hint=error.hint) from error
        except Unavailable as error:
            _failures[docker_host] = (error, time.monotonic())
            raise
        _failures.pop(docker_host, None)
        return engine


def _first_that_answers(endpoints: tuple[Endpoint, ...], *, fresh: bool) -> Engine:
    if not endpoints:
        raise Unavailable("No Docker engine was found on this computer.", hint=_install_hint())
    problems: list[Unavailable] = []
    for endpoint in endpoints:
        try:
            return _reach(endpoint, fresh=fresh)
        except Unavailable as error:
            problems.append(error)
    raise problems[0]


def _reach(endpoint: Endpoint, *, fresh: bool) -> Engine:
    known = _engines.get(endpoint)
    if known and not fresh and time.monotonic() - known[1] < FRESH_S:
        return known[0]
    import requests
    from docker.errors import DockerException

    try:
        engine = known[0] if known else _connect(endpoint)
        _ping(engine.api)
    except (DockerException, requests.exceptions.RequestException, OSError) as error:
        if gone := _engines.pop(endpoint, None):
            gone[0].close()
        raise _unreachable(endpoint, error) from error
    _engines[endpoint] = (engine, time.monotonic())
    return engine


def _connect(endpoint: Endpoint) -> Engine:
    import docker

    tls: Any = False
    if endpoint.tls:
        client_cert = (endpoint.cert, endpoint.key) if endpoint.cert and endpoint.key else None
        tls = docker.tls.TLSConfig(client_cert=client_cert, ca_cert=endpoint.ca or None, verify=endpoint.verify)
    api = docker.APIClient(
        base_url=endpoint.url,
        tls=tls,
        version="auto",
        timeout=PING_TIMEOUT_S,
        use_ssh_client=endpoint.kind == "ssh",
    )
    api.timeout = REQUEST_TIMEOUT_S
    return Engine(endpoint, api)


def _ping(api: docker.APIClient) -> None:
    response = api.get(f"{api.base_url}/_ping", timeout=PING_TIMEOUT_S)
    response.raise_for_status()


def _unreachable(endpoint: Endpoint, error: Exception) -> Unavailable:
    where = f"{endpoint.source} ({endpoint.url})"
    said = str(error)
    if "Permission denied" in said or "PermissionError" in said:
        return Unavailable(
            f"Docker is there, but this user may not use it: {where}.",
            hint="Run `sudo usermod -aG docker $USER`, sign out and in again."
            if sys.platform == "linux"
            else "Ask an administrator for the right to use Docker.",
            details=said,
        )
    if endpoint.kind == "unix" and not Path(endpoint.address).exists():
        return Unavailable(f"No Docker engine listens at {where}.", hint=_start_hint(), details=said)
    return Unavailable(f"The Docker engine does not answer: {where}.", hint=_start_hint(), details=said)


def _install_hint() -> str:
    if sys.platform == "linux":
        return "Install it (Debian and Ubuntu: `sudo apt install docker.io`) and start it with `sudo systemctl start docker`."
    return "Install Docker Desktop, Rancher Desktop or Colima, and start it."


def _start_hint() -> str:
    if sys.platform == "linux":
        return "Start it with `sudo systemctl start docker`, or choose another engine in the settings (docker_host)."
    return "Start Docker Desktop, or choose another engine in the settings (docker_host)."


def status(home: Home) -> EngineStatus:
    """Tell whether Docker can be used, and if not, why and what to do. Never raises for a missing engine."""
    try:
        engine = find(home)
        version = engine.version
    except LongshoreError as error:
        return EngineStatus(ok=False, version="", detail=error.reason, fix=error.hint or "", endpoint="")
    system = str(engine.info.get("OperatingSystem", "")).strip()
    return EngineStatus(ok=True, version=version, detail=f"Docker {version} ({system})", fix="", endpoint=engine.url)
