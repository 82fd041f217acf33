"""The real engine behind a socket that can be cut: what a stopped engine looks like, without stopping everybody's."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path


class CutOffEngine:
    """Passes everything on to the engine until `cut`; then every connection breaks and no new one is taken."""

    def __init__(self, path: Path, engine: str = "/var/run/docker.sock") -> None:
        self.url = f"unix://{path}"
        self._path, self._engine = path, engine
        self._open: list[socket.socket] = []
        self._is_cut, self._lock = False, threading.Lock()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(32)
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._path.unlink(missing_ok=True)
        with self._lock:
            self._is_cut = True
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
                each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.socket(socket.AF_UNIX)
                with self._lock:
                    if self._is_cut:
                        near.close()
                        far.close()
                        return
                    self._open += [near, far]
                far.connect(self._engine)
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def cut_off_engine(folder: Path) -> Iterator[CutOffEngine]:
    found = CutOffEngine(folder / "engine.sock")
    yield found
    found.cut()
