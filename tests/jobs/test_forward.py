"""The forwarder, between a real client and a real server."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from longshore.jobs.supervisor.forward import Forwarder
from longshore.jobs.supervisor.instructions import Forward

TOKEN = "the-token-of-this-job"


@dataclass
class Server:
    """A server that answers with what it was asked."""

    port: int
    heads: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server(0)

    class Echo(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            found.heads.append(dict(self.headers.items()))
            digest, size = hashlib.md5(), 0
            for piece in self._body():
                digest.update(piece)
                size += len(piece)
            if self.path == "/large":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for _ in range(64):
                    self.wfile.write(b"40000\r\n" + bytes(0x40000) + b"\r\n")
                self.wfile.write(b"0\r\n\r\n")
                return
            content = json.dumps({"path": self.path, "size": size, "md5": digest.hexdigest()}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _body(self) -> Iterator[bytes]:
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    yield self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                left = int(self.headers.get("Content-Length") or 0)
                while left:
                    piece = self.rfile.read(min(left, 1 << 16))
                    left -= len(piece)
                    yield piece

        do_GET = do_POST = do_PUT = _answer

        def log_message(self, *arguments: object) -> None:
            pass

    real = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    found.port = real.server_address[1]
    thread = threading.Thread(target=real.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    real.shutdown()
    real.server_close()
    thread.join()


@contextlib.contextmanager
def forwarding(target: str, authorization: str = "") -> Iterator[tuple[Forwarder, str]]:
    listener = socket.create_server(("127.0.0.1", 0))
    forwarder = Forwarder(Forward(target=target, token=TOKEN, authorization=authorization, ca_file=""), listener)
    forwarder.start()
    yield forwarder, f"http://127.0.0.1:{listener.getsockname()[1]}"
    forwarder.close()


def ask(url: str, method: str = "GET", token: str = TOKEN, **options: object) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.request(method, url, headers=headers, timeout=20, trust_env=False, **options)  # type: ignore[arg-type]


def test_that_only_the_jobs_own_token_is_let_in(server: Server) -> None:
    with forwarding(f"http://127.0.0.1:{server.port}") as (_, url):
        assert ask(f"{url}/api", token="").status_code == 401
        assert ask(f"{url}/api", token="another").status_code == 401
        assert server.heads == []
        assert ask(f"{url}/api").status_code == 200


def test_that_the_server_sees_its_own_name_and_the_real_credential_and_never_the_jobs_token(server: Server) -> None:
    with forwarding(f"http://127.0.0.1:{server.port}/base", "Basic cmVhbDpvbmU=") as (_, url):
        assert ask(f"{url}/api/2.0?x=1").json()["path"] == "/base/api/2.0?x=1"
    assert server.heads[0]["Host"] == f"127.0.0.1:{server.port}"
    assert server.heads[0]["Authorization"] == "Basic cmVhbDpvbmU="
    assert TOKEN not in json.dumps(server.heads)


@pytest.mark.parametrize("chunked", [False, True])
def test_that_a_large_upload_arrives_as_it_was_sent(server: Server, chunked: bool) -> None:
    data = bytes(range(256)) * 40_000

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 70_001):
            yield data[start : start + 70_001]

    with forwarding(f"http://127.0.0.1:{server.port}") as (_, url):
        found = ask(f"{url}/up", "PUT", content=pieces() if chunked else data).json()
    assert (found["size"], found["md5"]) == (len(data), hashlib.md5(data).hexdigest())


def test_that_a_large_download_streams_through(server: Server) -> None:
    with forwarding(f"http://127.0.0.1:{server.port}") as (_, url):
        assert len(ask(f"{url}/large").content) == 64 * 0x40000


def test_that_a_server_that_is_away_is_said_in_words_and_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with forwarding(f"http://127.0.0.1:{port}") as (forwarder, url):
        answer = ask(f"{url}/api")
        assert answer.status_code == 502
        assert "cannot be reached" in answer.json()["message"]
        assert "1 requests" in forwarder.problems()[0] or "1 request" in forwarder.problems()[0]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET http://other/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET / HTTP/1.1\r\n Folded: x\r\n\r\n",
        b"nonsense\r\n\r\n",
    ],
)
def test_that_a_request_that_two_servers_could_read_in_two_ways_is_refused(
    server: Server, request_bytes: bytes
) -> None:
    with_token = request_bytes.replace(b"HTTP/1.1\r\n", f"HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n".encode(), 1)
    with (
        forwarding(f"http://127.0.0.1:{server.port}") as (_, url),
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=10) as line,
    ):
        line.sendall(with_token)
        assert line.recv(100).startswith(b"HTTP/1.1 400")
    assert server.heads == []


def test_that_one_connection_serves_many_requests(server: Server) -> None:
    with forwarding(f"http://127.0.0.1:{server.port}") as (_, url), httpx.Client(trust_env=False) as client:
        for number in range(20):
            headers = {"Authorization": f"Bearer {TOKEN}"}
            assert client.get(f"{url}/{number}", headers=headers).json()["path"] == f"/{number}"
