"""A door in front of the tests' tracking server that holds back the requests whose body has a word, until it is opened."""

from __future__ import annotations

import contextlib
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Door:
    """The address to use instead of the server's, and what is held back there."""

    url: str
    word: bytes
    held: list[str] = field(default_factory=list)
    opened: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def door_before(server: str, word: str) -> Iterator[Door]:
    """Let every request through but those with this word."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if door.word in body:
                door.held.append(self.path)
                door.opened.wait(30)
            kind = self.headers.get("Content-Type") or "application/json"
            request = urllib.request.Request(
                server + self.path, data=body or None, headers={"Content-Type": kind}, method=self.command
            )
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    status, content = answer.status, answer.read()
            except urllib.error.HTTPError as error:
                status, content = error.code, error.read()
            with contextlib.suppress(ConnectionError):  # nobody waits for it any more
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_words: object) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    door = Door(f"http://127.0.0.1:{listening.server_port}", word.encode())
    thread = threading.Thread(target=listening.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.opened.set()
        listening.shutdown()
        listening.server_close()
        thread.join()
