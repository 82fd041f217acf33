"""The forwarder: a job's own way to its workspace's tracking server, without the workspace's credential.

It lets in only requests that carry the job's token, names the server in the Host header as the server expects it, and
adds the real credential on the way out. Bodies stream both ways: an artifact may be larger than memory.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import cast
from urllib.parse import urlsplit

from longshore.jobs.supervisor.instructions import Forward
from longshore.jobs.supervisor.wire import Broken, Head, Line, Wire, body, framing, send_body

_CONNECT_S = 10.0
# A server that thinks for longer has hung; MLflow's own clients give up after 120 s.
_ANSWER_S = 600.0
_IDLE_S = 900.0
_MOST_CONNECTIONS = 128
# Fields that describe one connection, not the message.
_HOP = (
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
)


class ServerAway(Exception):
    """The tracking server can't be reached or does not answer; the text is for a person."""


class Forwarder:
    """Serves one job's requests on a socket that is bound and listens already."""

    def __init__(self, forward: Forward, listener: socket.socket) -> None:
        self._forward, self._listener = forward, listener
        self._route = Route(forward)
        self._problems: dict[str, int] = {}
        self._lock = threading.Lock()
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._closed = False
        self._thread = threading.Thread(target=self._accept, name="forwarder", daemon=True)

    def start(self) -> None:
        """Serve from now on, in threads; what was connected before has waited."""
        self._listener.setblocking(True)
        self._thread.start()

    def problems(self) -> list[str]:
        """Say in sentences what could not be sent on."""
        with self._lock:
            return [
                f"{reason} ({count} requests of the run were not sent on.)" for reason, count in self._problems.items()
            ]

    def close(self) -> None:
        """End it."""
        self._closed = True
        # A thread that waits in accept() is woken by shutting the socket down, not by closing it.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        with contextlib.suppress(OSError):
            self._listener.close()

    def _accept(self) -> None:
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                if self._closed:
                    return
                time.sleep(0.1)  # no descriptors left, or a client that was gone again
                continue
            self._free.acquire()
            threading.Thread(target=self._serve, args=(connection,), name="forward", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_IDLE_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            # A job that is killed in the middle of a request leaves a broken connection, which is nobody's concern.
            with contextlib.suppress(OSError):
                Conversation(Wire(cast(Line, connection)), self._forward.token, self._route, self._note).run()
        finally:
            connection.close()
            self._free.release()

    def _note(self, problem: str) -> None:
        with self._lock:
            self._problems[problem] = self._problems.get(problem, 0) + 1


class Route:
    """The way from here to the tracking server."""

    def __init__(self, forward: Forward) -> None:
        parts = urlsplit(forward.target)
        self.tls = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.tls else 80)
        self.base = parts.path.rstrip("/")
        self.netloc = parts.netloc.rpartition("@")[2]
        self.authorization = forward.authorization
        self._ca_file = forward.ca_file
        self._context: object = None

    def connect(self) -> Wire:
        """Connect. Raises: ServerAway."""
        try:
            plain = socket.create_connection((self.host, self.port), timeout=_CONNECT_S)
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = self._with_tls(plain) if self.tls else plain
        except OSError as error:
            raise ServerAway(f"The tracking server {self.netloc} cannot be reached: {error}.") from error
        line.settimeout(_ANSWER_S)
        return Wire(cast(Line, line))

    def _with_tls(self, plain: socket.socket) -> socket.socket:
        import ssl

        try:
            if self._context is None:
                self._context = ssl.create_default_context(cafile=self._ca_file or None)
            return cast(ssl.SSLContext, self._context).wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise

    def head(self, asked: Head) -> Head:
        """Give a request's head as the server is to see it."""
        method, path, _ = asked.first.split(" ", 2)
        dropped = (*_HOP, "host", "authorization", "expect", *_named_in_connection(asked))
        fields = [(name, value) for name, value in asked.fields if name.lower() not in dropped]
        fields.insert(0, ("Host", self.netloc))
        if self.authorization:
            fields.append(("Authorization", self.authorization))
        if framing(asked) == "chunked":
            fields.append(("Transfer-Encoding", "chunked"))
        return Head(f"{method} {self.base}{path} HTTP/1.1", [*fields, ("Connection", "keep-alive")])


def _named_in_connection(head: Head) -> list[str]:
    return [word.strip().lower() for word in head.get("connection").split(",") if word.strip()]


class Conversation:
    """One connection of the job: its requests, one after the other, over one kept connection to the server."""

    def __init__(self, client: Wire, token: str, route: Route, note: Callable[[str], None]) -> None:
        self._client, self._token, self._route, self._note = client, token, route, note
        self._server: Wire | None = None

    def run(self) -> None:
        """Serve until either side has enough."""
        try:
            while (asked := self._client.head()) is not None:
                if not self._serve(asked):
                    return
        except Broken as error:
            self._say(400, "bad_request", f"This request is damaged: {error}.")
        finally:
            self._forget_server()

    def _serve(self, asked: Head) -> bool:
        """Serve one request; True if the connection can be used for another."""
        parts = asked.first.split(" ")
        if len(parts) != 3 or not parts[1].startswith("/") or not parts[2].startswith("HTTP/1."):
            self._say(400, "bad_request", "This is not a request that can be sent on.")
            return False
        how = framing(asked)
        if not _is_let_in(asked, self._token):
            self._say(401, "unauthenticated", "This way to the tracking server belongs to another job.")
            return False
        if asked.has_token("expect", "100-continue"):
            self._client.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        try:
            answer = self._ask(asked, how)
        except ServerAway as error:
            self._note(str(error))
            self._say(502, "server_away", f"{error} Longshore sends nothing on until it is back.")
            return False
        keep = not asked.has_token("connection", "close") and parts[2] != "HTTP/1.0"
        return self._answer(answer, parts[0], keep=keep)

    def _ask(self, asked: Head, how: str) -> Head:
        server = self._connected()
        sent_all = True
        try:
            server.send(self._route.head(asked).encode())
            send_body(server, self._from_client(asked), chunked=how == "chunked")
        except _ClientGone:
            self._forget_server()
            raise
        except OSError:
            sent_all = False  # it may have answered before it had read all, as with "too large"
        try:
            answer = server.head()
            while answer is not None and answer.status < 200:
                answer = server.head()
        except OSError as error:
            self._forget_server()
            raise ServerAway(f"The tracking server {self._route.netloc} does not answer: {error}.") from error
        if answer is None:
            self._forget_server()
            raise ServerAway(f"The tracking server {self._route.netloc} closed the connection without an answer.")
        if not sent_all:
            answer.fields.append(("Connection", "close"))
        return answer

    def _from_client(self, asked: Head) -> Iterator[bytes]:
        try:
            yield from body(self._client, asked)
        except OSError as error:
            raise _ClientGone(str(error)) from error

    def _answer(self, answer: Head, method: str, *, keep: bool) -> bool:
        assert self._server is not None
        how = framing(answer, answer_to=method)
        server_keeps = how != "until close" and not answer.has_token("connection", "close")
        keep = keep and server_keeps
        dropped = (*_HOP, *_named_in_connection(answer))
        fields = [(name, value) for name, value in answer.fields if name.lower() not in dropped]
        if how == "chunked":
            fields.append(("Transfer-Encoding", "chunked"))
        fields.append(("Connection", "keep-alive" if keep else "close"))
        self._client.send(Head(answer.first, fields).encode())
        try:
            send_body(self._client, body(self._server, answer, answer_to=method), chunked=how == "chunked")
        except OSError:
            # Whichever side broke: the client sees that the body is not whole, because it ends before it should.
            self._forget_server()
            return False
        if not server_keeps:
            self._forget_server()
        return keep

    def _connected(self) -> Wire:
        if self._server is not None and _was_closed(self._server):
            self._forget_server()
        if self._server is None:
            self._server = self._route.connect()
        return self._server

    def _forget_server(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _say(self, status: int, code: str, message: str) -> None:
        content = json.dumps({"error_code": code.upper(), "message": message}).encode()
        phrase = {400: "Bad Request", 401: "Unauthorized", 502: "Bad Gateway"}[status]
        fields = [("Content-Type", "application/json"), ("Content-Length", str(len(content))), ("Connection", "close")]
        with contextlib.suppress(OSError):
            self._client.send(Head(f"HTTP/1.1 {status} {phrase}", fields).encode() + content)
            self._drain()

    def _drain(self) -> None:
        """Read what the client still sends for a moment: closing at once would throw our answer away with it."""
        line = cast(socket.socket, self._client.line)
        line.shutdown(socket.SHUT_WR)
        line.settimeout(2.0)
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline and line.recv(1 << 16):
            pass


class _ClientGone(OSError):
    """The job closed its side in the middle of a request."""


def _is_let_in(asked: Head, token: str) -> bool:
    import hmac

    scheme, _, given = asked.get("authorization").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _was_closed(wire: Wire) -> bool:
    """Tell whether a kept connection was closed by the server: nothing is expected on it, so anything to read is an end."""
    if wire.has_unread:
        return True
    with contextlib.suppress(OSError, ValueError):
        ready, _, _ = select.select([cast(socket.socket, wire.line)], [], [], 0)
        return bool(ready)
    return True
