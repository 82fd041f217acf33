"""The proxy: HAProxy in a container of its own, the only thing that publishes a deployment's port.

It is there from the first deployment. A switch writes its configuration and has it reloaded: the new worker takes over
the listening socket, the old one finishes what it has begun, and no request is lost.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from longshore.errors import Conflict, Invalid, LongshoreError, NotFound, WorkFailed
from longshore.progress import CancelToken
from longshore.serving import names
from longshore.settings import Home, load_settings

if TYPE_CHECKING:
    from longshore.containers.engine import Engine
    from longshore.containers.run import ContainerInfo, ContainerSpec

VERSION_HEADER, RELEASE_HEADER = "X-Longshore-Version", "X-Longshore-Release"
SWITCH_TIMEOUT_S = 15.0
# Longest wait for requests and idle connections that still go through the former worker.
DRAIN_TIMEOUT_S = 60.0
KEEP_ALIVE_S = 10
_FOLDER = "/usr/local/etc/longshore"
_MEMORY_BYTES = 256 * 1024**2
_CLOSED = {
    # Proxies neither talk to each other nor reach anything beyond this computer.
    "com.docker.network.bridge.enable_icc": "false",
    "com.docker.network.bridge.enable_ip_masquerade": "false",
}

_CONFIG = """\
global
    log stdout format raw local0 notice
    maxconn 4000
    hard-stop-after 10m
    stats socket /tmp/admin.sock mode 600 level admin expose-fd listeners

defaults
    mode http
    log global
    option dontlognull
    # A worker that was replaced answers one more request on an idle connection and says that it closes it.
    option idle-close-on-response
    option redispatch
    retries 3
    retry-on conn-failure empty-response
    timeout connect 2s
    timeout queue 30s
    timeout client 10m
    timeout server 10m
    timeout http-request 30s
    timeout http-keep-alive {keep_alive}s

resolvers engine
    parse-resolv-conf
    resolve_retries 3
    timeout resolve 1s
    hold valid 2s

frontend endpoint
    bind :{port}
    http-error status 503 content-type application/json string "{unavailable}"
{route}
"""
_SERVING = """\
    http-response set-header {version_header} "{version}"
    http-response set-header {release_header} "{release}"
    default_backend replicas

backend replicas
    balance leastconn
    http-error status 503 content-type application/json string "{unavailable}"
    option httpchk GET /ping
    default-server check inter 2s fastinter 250ms downinter 500ms fall 3 rise 1 resolvers engine init-addr libc,none resolve-prefer ipv4
{servers}
"""
_NOTHING_YET = """\
    http-request return status 503 content-type application/json string "{unavailable}"
"""
_UNAVAILABLE = '{\\"error_code\\":\\"TEMPORARILY_UNAVAILABLE\\",\\"message\\":\\"No replica of the model answers.\\"}'


@dataclass(frozen=True)
class Route:
    """Where the requests go."""

    model: str  # NAME/3
    release: str  # id of the job that brought it up
    aliases: tuple[str, ...]


def configuration(route: Route | None) -> str:
    """Write HAProxy's configuration; None: nothing serves yet."""
    if route is None:
        inner = _NOTHING_YET.format(unavailable=_UNAVAILABLE)
    else:
        # A percent sign begins a variable there.
        version = quote(route.model, safe="/").replace("%", "%%")
        servers = "\n".join(f"    server r{index} {alias}:{names.PORT}" for index, alias in enumerate(route.aliases))
        inner = _SERVING.format(
            version_header=VERSION_HEADER,
            version=version,
            release_header=RELEASE_HEADER,
            release=route.release,
            servers=servers,
            unavailable=_UNAVAILABLE,
        )
    return _CONFIG.format(keep_alive=KEEP_ALIVE_S, port=names.PORT, unavailable=_UNAVAILABLE, route=inner)


def ensure(engine: Engine, home: Home, deployment: str, port: int, image: str, route: Route | None) -> str:
    """Give the name of the running proxy on this port, made where it is missing.

    `route` is what a new one begins with. Raises: Invalid if the port is taken.
    """
    from longshore.containers import networks, run

    name = names.proxy(home, deployment, port)
    try:
        found = run.inspect(engine, name)
    except NotFound:
        outer = names.outer_network(home)
        networks.ensure(engine, outer, names.labels(home, names.NETWORK), options=_CLOSED)
        found = run.create(engine, _spec(home, deployment, port, image))
        networks.connect(engine, found.id, names.inner_network(home, deployment))
        write(engine, name, route)
    if not found.running:
        try:
            run.start(engine, name)
        except Conflict as error:
            run.remove(engine, name)
            raise port_taken(port) from error
    return name


def port_taken(port: int, by: str = "another program") -> Invalid:
    """Say that a port can't be used."""
    return Invalid(f"Port {port} is used by {by}.", hint="Choose another with --port, or stop what uses it.")


def _spec(home: Home, deployment: str, port: int, image: str) -> ContainerSpec:
    from longshore.containers.run import ContainerSpec

    return ContainerSpec(
        image=image,
        command=("haproxy", "-W", "-db", "-f", f"{_FOLDER}/haproxy.cfg"),
        entrypoint=(),
        name=names.proxy(home, deployment, port),
        labels=names.labels(home, names.PROXY, deployment=deployment),
        user=names.USER,
        memory_bytes=_MEMORY_BYTES,
        pids=64,
        ports={names.PORT: (load_settings(home).bind_address, port)},
        network=names.outer_network(home),
        own_volumes=(_FOLDER,),
        tmpfs={"/tmp": "size=1m,mode=1777"},
        restart="unless-stopped",
        read_only=True,
        cap_drop=("ALL",),
        log_max_bytes=1024**2,
    )


def write(engine: Engine, name: str, route: Route | None) -> None:
    """Write the configuration; it holds from the next reload or start on."""
    from longshore.containers import run

    run.put_files(engine, name, _FOLDER, {"haproxy.cfg": configuration(route).encode()})


def switch(engine: Engine, name: str, url: str, route: Route, cancel: CancelToken) -> None:
    """Send the requests to another release from now on, without losing one.

    Raises: WorkFailed if the proxy does not take it over; Cancelled.
    """
    from longshore.containers import run

    write(engine, name, route)
    run.kill(engine, name, signal="SIGUSR2")
    deadline = time.monotonic() + SWITCH_TIMEOUT_S
    while serving(url) != route.release:
        cancel.check()
        if time.monotonic() > deadline:
            raise WorkFailed(
                "The proxy did not switch to the new version.",
                hint="See the proxy's log; deploy again once it is mended.",
                details="\n".join(run.logs(engine, name, tail=20).splitlines()[-6:]),
            )
        time.sleep(0.03)


def serving(url: str, *, timeout_s: float = 2.0) -> str | None:
    """Give the release that answers /ping with 200 at this URL, None where nothing healthy answers."""
    import httpx

    try:
        # A connection of its own each time: one that is kept would stay with the former worker.
        answer = httpx.get(f"{url}/ping", timeout=timeout_s, trust_env=False, headers={"Connection": "close"})
    except httpx.HTTPError:
        return None
    return answer.headers.get(RELEASE_HEADER, "") if answer.status_code == httpx.codes.OK else None


def drain(engine: Engine, name: str, cancel: CancelToken, *, timeout_s: float = DRAIN_TIMEOUT_S) -> None:
    """Wait until the worker that a switch replaced has ended, with all that it was answering."""
    from longshore.containers import run

    deadline = time.monotonic() + timeout_s
    # The master and the present worker stay.
    while len(_haproxies(run.processes(engine, name))) > 2 and time.monotonic() < deadline:
        if cancel.wait(0.1):
            return


def _haproxies(commands: Iterable[str]) -> list[str]:
    return [command for command in commands if "haproxy" in command]


def of_deployment(engine: Engine, home: Home, deployment: str) -> tuple[ContainerInfo, ...]:
    """Give the proxy of a deployment, and for moments while its port changes two."""
    from longshore.containers import run

    return run.listing(engine, home, {names.KIND: names.PROXY, names.DEPLOYMENT: deployment})


def remove(engine: Engine, home: Home, deployment: str, *, but: str = "") -> None:
    """Remove a deployment's proxies, but the one of that name."""
    from longshore.containers import run

    for container in of_deployment(engine, home, deployment):
        if container.name != but:
            run.remove(engine, container.id)


def remove_networks(engine: Engine, home: Home, deployment: str) -> None:
    """Remove a deployment's network, and the proxies' where no other proxy is in it."""
    from longshore.containers import networks

    for name in (names.inner_network(home, deployment), names.outer_network(home)):
        try:
            networks.remove(engine, name)
        except LongshoreError:
            # Somebody is still in it.
            continue
