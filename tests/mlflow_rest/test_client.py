"""Signing in, and what a person reads when the server does not do as hoped."""

from __future__ import annotations

import http.server
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from longshore.errors import Conflict, Invalid, NotAllowed, NotFound, Unavailable
from longshore.mlflow_rest import experiments
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.credential import Basic, Token
from tests.support.closed_port import closed_port

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def web_server(answer: Answer) -> Iterator[str]:
    """Some web server that is no MLflow, or one that misbehaves on purpose."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(status: int, body: str = "", **headers: str) -> Answer:
    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body.encode())

    return answer


def test_that_the_server_tells_its_version_and_health(client: Client) -> None:
    assert client.version().startswith("3.")
    assert client.healthy()
    client.check_sign_in()


def test_that_a_server_that_is_not_there_is_named_with_what_to_do() -> None:
    with closed_port() as port, Client(f"http://127.0.0.1:{port}") as client:
        assert not client.healthy()
        with pytest.raises(Unavailable, match="cannot be reached") as caught:
            client.version()
    assert caught.value.hint


def test_that_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        started = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with Client(url, timeout_s=0.3) as client, pytest.raises(Unavailable, match="did not answer in time"):
            client.version()
        assert time.monotonic() - started < 3


def test_that_a_read_survives_a_server_that_fails_once() -> None:
    calls: list[str] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        calls.append(request.path)
        says(503 if len(calls) == 1 else 200, '{"experiments": []}')(request)

    with web_server(answer) as url, Client(url) as client:
        assert experiments.listing(client) == ()
    assert len(calls) == 2


def test_that_a_write_is_never_sent_twice() -> None:
    calls: list[str] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        calls.append(request.path)
        says(503, "later")(request)

    with web_server(answer) as url, Client(url) as client, pytest.raises(Unavailable, match="503"):
        experiments.set_tag(client, "1", "a", "b")
    assert len(calls) == 1


def test_that_a_web_page_is_not_taken_for_an_mlflow_server() -> None:
    refused = pytest.raises(Unavailable, match="does not answer like an MLflow server")
    with web_server(says(200, "<html>hello</html>")) as url, Client(url) as client, refused:
        client.check_sign_in()


def test_that_an_address_without_an_mlflow_server_says_so() -> None:
    refused = pytest.raises(NotFound, match="does not know /api")
    with web_server(says(404, "nothing here")) as url, Client(url) as client, refused:
        client.check_sign_in()


def test_that_a_credential_is_not_carried_to_another_address() -> None:
    seen: list[str | None] = []

    def elsewhere(request: http.server.BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get("Authorization"))
        says(200, "{}")(request)

    refused = pytest.raises(Unavailable, match="sends elsewhere")
    with web_server(elsewhere) as other, web_server(says(302, Location=other)) as url:  # noqa: SIM117
        with Client(url, credential=Token("s3cret")) as client, refused:
            client.check_sign_in()
    assert seen == []


@pytest.mark.parametrize(
    ("credential", "header"), [(Basic("ada", "pä:ss"), "Basic YWRhOnDDpDpzcw=="), (Token("t0ken"), "Bearer t0ken")]
)
def test_that_the_server_gets_the_credential(credential: Basic | Token, header: str) -> None:
    seen: list[str | None] = []

    def answer(request: http.server.BaseHTTPRequestHandler) -> None:
        seen.append(request.headers.get("Authorization"))
        says(200, '{"experiments": []}')(request)

    with web_server(answer) as url, Client(url, credential=credential) as client:
        client.check_sign_in()
    assert seen == [header]


def test_that_a_refused_sign_in_names_no_secret() -> None:
    credential = Basic("ada", "s3cret")
    with web_server(says(401, "No.")) as url, Client(url, credential=credential) as client:
        with pytest.raises(NotAllowed) as caught:
            client.check_sign_in()
        assert repr(client.credential) == "Basic(username='ada')"
    told = f"{caught.value.as_dict()} {client.credential!r}"
    assert "refuses the sign-in" in told
    assert "s3cret" not in told


def test_that_loopback_is_never_asked_through_a_proxy(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with Client(client.url) as other:
        assert other.healthy()


@pytest.mark.parametrize("url", ["", "mlflow", "ftp://host", "http://", "http://ada:pw@host", "http://[::1"])
def test_that_what_is_no_address_is_refused_beside_the_field(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        Client(url)
    assert caught.value.hint


def test_that_a_missing_certificate_bundle_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/bundle.pem")
    with pytest.raises(Unavailable, match=r"bundle\.pem"):
        Client("https://localhost")


def test_that_a_taken_name_is_a_conflict_told_without_sql(client: Client) -> None:
    name = f"taken-{uuid.uuid4().hex}"
    experiments.create(client, name)
    with pytest.raises(Conflict) as caught:
        experiments.create(client, name)
    assert name in caught.value.reason
    assert "INSERT" not in caught.value.reason


def test_that_a_client_serves_many_threads(client: Client) -> None:
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(client.version())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
