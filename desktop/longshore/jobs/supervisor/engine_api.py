"""The Docker engine's API as a supervisor needs it: over a Unix socket, TCP with or without TLS, a Windows pipe."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from typing import Any, cast

from longshore.jobs.supervisor.wire import Broken, Head, Line, Wire, body

_CONNECT_S = 10.0
# Known by every engine since 2019; newer engines still speak it.
_VERSION = "v1.41"


class Refused(Exception):
    """The engine answered, with a status that says no."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class EngineApi:
    """Calls to one engine, each on a connection of its own, from any thread. An engine that is gone raises OSError."""

    def __init__(self, endpoint: dict[str, Any]) -> None:
        self._endpoint = endpoint

    def call(self, method: str, path: str, *, timeout_s: float | None = 30.0) -> Any:
        """Call and give the answer's JSON, or its text. Raises: Refused, OSError."""
        with self._request(method, path, timeout_s) as (wire, head):
            content = b"".join(body(wire, head, answer_to=method))
        if head.status >= 400:
            raise Refused(head.status, _message(content))
        with contextlib.suppress(ValueError):
            return json.loads(content)
        return content.decode("utf-8", "replace")

    @contextlib.contextmanager
    def stream(self, path: str) -> Iterator[Iterator[bytes]]:
        """Give the pieces of an answer that comes as long as a container runs."""
        with self._request("GET", path, None) as (wire, head):
            pieces = body(wire, head, answer_to="GET")
            if head.status >= 400:
                raise Refused(head.status, _message(b"".join(pieces)))
            yield pieces

    def attach_input(self, container: str) -> Wire:
        """Give a connection whose bytes become the container's standard input; closing it ends the input."""
        wire = Wire(_connect(self._endpoint))
        try:
            # An answer is a 101 at once; only a request that upgrades lets the engine take more bytes afterwards.
            fields = [*_FIELDS, ("Connection", "Upgrade"), ("Upgrade", "tcp"), ("Content-Length", "0")]
            target = f"/{_VERSION}/containers/{container}/attach?stream=1&stdin=1"
            wire.send(Head(f"POST {target} HTTP/1.1", fields).encode())
            head = _answer(wire)
            if head.status not in (101, 200):
                raise Refused(head.status, _message(b"".join(body(wire, head, answer_to="POST"))))
        except BaseException:
            wire.close()
            raise
        wire.line.settimeout(30.0)
        return wire

    @contextlib.contextmanager
    def _request(self, method: str, path: str, timeout_s: float | None) -> Iterator[tuple[Wire, Head]]:
        wire = Wire(_connect(self._endpoint))
        try:
            fields = [*_FIELDS, ("Connection", "close")]
            if method != "GET":
                fields.append(("Content-Length", "0"))
            wire.line.settimeout(timeout_s)
            wire.send(Head(f"{method} /{_VERSION}{path} HTTP/1.1", fields).encode())
            yield wire, _answer(wire)
        finally:
            wire.close()


_FIELDS = [("Host", "docker"), ("User-Agent", "longshore")]


def _answer(wire: Wire) -> Head:
    head = wire.head()
    if head is None:
        raise Broken("the Docker engine closed the connection")
    return head


def _message(content: bytes) -> str:
    with contextlib.suppress(ValueError, KeyError, TypeError):
        return str(json.loads(content)["message"])
    return content.decode("utf-8", "replace").strip() or "no reason was given"


def _connect(endpoint: dict[str, Any]) -> Line:
    kind, address = str(endpoint["kind"]), str(endpoint["address"])
    if kind == "npipe":
        return _Pipe(address)
    if kind == "unix":
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            unix.settimeout(_CONNECT_S)
            unix.connect(address)
        except BaseException:
            unix.close()
            raise
        return cast(Line, unix)
    if kind != "tcp":
        raise OSError(f"a supervisor cannot reach an engine through {kind}")
    host, _, port = address.rpartition(":")
    plain = socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S)
    return cast(Line, _with_tls(plain, endpoint, host) if endpoint.get("ca") or endpoint.get("cert") else plain)


def _with_tls(plain: socket.socket, endpoint: dict[str, Any], host: str) -> socket.socket:
    import ssl

    context = ssl.create_default_context(cafile=endpoint.get("ca") or None)
    if not endpoint.get("verify", True):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if endpoint.get("cert"):
        context.load_cert_chain(endpoint["cert"], endpoint.get("key") or None)
    return context.wrap_socket(plain, server_hostname=host.strip("[]"))


class _Pipe:
    """A Windows named pipe as a socket; it has no time limits."""

    def __init__(self, address: str) -> None:
        self._file = open(address.replace("/", "\\"), "r+b", buffering=0)  # noqa: PTH123, SIM115 - not a file

    def recv(self, size: int, /) -> bytes:
        try:
            return self._file.read(size) or b""
        except BrokenPipeError:
            return b""

    def sendall(self, data: bytes, /) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def settimeout(self, seconds: float | None, /) -> None:
        """Do nothing: reads end when the engine answers or goes."""

    def close(self) -> None:
        self._file.close()
