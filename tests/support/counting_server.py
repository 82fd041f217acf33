"""A door in front of the tests' tracking server that counts what is asked, and answers 500 or later where it is told to."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Counter:
    """The address to use instead of the server's, and the paths that were asked for there."""

    url: str
    asked: list[str] = field(default_factory=list)
    broken: bool = False
    # Requests wait while it is not set.
    answering: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def counting_server(server: str) -> Iterator[Counter]:
    """Let requests through and count them."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            counter.asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            counter.answering.wait(30)
            status, content = (500, b"") if counter.broken else self._answer(body)
            with contextlib.suppress(ConnectionError):  # nobody waits for it any more
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def _answer(self, body: bytes) -> tuple[int, bytes]:
            kind = self.headers.get("Content-Type") or "application/json"
            request = urllib.request.Request(
                server + self.path, data=body or None, headers={"Content-Type": kind}, method=self.command
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                return error.code, error.read()

        do_GET = do_PUT = do_POST

        def log_message(self, *_words: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    counter = Counter(f"http://127.0.0.1:{listening.server_port}")
    counter.answering.set()
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield counter
    finally:
        counter.answering.set()
        listening.shutdown()
        listening.server_close()
        thread.join()
