"""Brings what a container prints into the job's log: nothing lost, nothing twice, whoever is killed in between."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from longshore.jobs.supervisor import files
from longshore.jobs.supervisor.engine_api import EngineApi, Refused
from longshore.jobs.supervisor.wire import Broken

# How many bytes of the container's output are in the log, and where the log ended then.
POSITION = "log.position"
_AGAIN_S = 0.5
# A log longer than this is not read a second time at the end: its last lines are compared instead.
_SHORT_BYTES = 4 << 20
_RECENT_BYTES = 1 << 20
_COMPARED_LINES = 50
# How long a full disk may stay full after the job's end.
_FULL_S = 10.0


class ContainerLog:
    """Follows one container's output into the job's log, in a thread of its own.

    The engine keeps all that was printed and gives it from the start, so a place in it is a number of bytes. That
    number is written down after each write; the one write that a kill may have cut off is found again by comparing.
    """

    def __init__(self, api: EngineApi, container: str, folder: Path) -> None:
        self._api, self._container, self._folder = api, container, folder
        self._written = 0
        self._recent = bytearray()
        self._ended = threading.Event()
        self._lost = False
        self._log = self._position = -1
        self._thread = threading.Thread(target=self._run, name="container log", daemon=True)

    def start(self) -> None:
        """Follow from now on, from the first byte that is not in the log yet."""
        self._thread.start()

    def end(self, timeout_s: float) -> bool:
        """Say that the container has ended; True once everything that it printed is in the log."""
        self._ended.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def is_whole(self) -> bool:
        """Tell whether all that was printed is in the log."""
        return not self._lost

    def _run(self) -> None:
        self._log = files.open_log(self._folder)
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        self._position = os.open(self._folder / POSITION, flags, 0o600)
        try:
            self._recover()
            while not self._follow():
                self._ended.wait(_AGAIN_S)
        except _GivenUp:
            self._lost = True
        finally:
            os.close(self._log)
            os.close(self._position)

    def _follow(self) -> bool:
        """Follow until the container's output ends; True if that is all there will ever be."""
        over = self._ended.is_set()
        try:
            if not (over and self._has_the_end()):
                self._copy(follow=not over)
        except Refused as error:
            if error.status == 404:
                raise _GivenUp from error
            return False
        except OSError as error:
            if over:  # the engine is gone together with the container
                raise _GivenUp from error
            return False
        # A stream that ended says that the container has, but the last lines may have come a moment too late for it:
        # they are read once more when the end is certain.
        return over

    def _copy(self, *, follow: bool) -> None:
        path = f"/containers/{self._container}/logs?stdout=1&stderr=1&follow={int(follow)}"
        with self._api.stream(path) as pieces:
            skip = self._written
            self._recent.clear()
            for piece in demultiplexed(pieces):
                self._remember(piece)
                if skip >= len(piece):
                    skip -= len(piece)
                    continue
                self._write(piece[skip:])
                skip = 0

    def _has_the_end(self) -> bool:
        """Tell whether the last lines that the engine knows are those that were brought in."""
        if self._written < _SHORT_BYTES:
            return False
        path = f"/containers/{self._container}/logs?stdout=1&stderr=1&tail={_COMPARED_LINES}"
        with self._api.stream(path) as pieces:
            return self._recent.endswith(b"".join(demultiplexed(pieces)))

    def _remember(self, piece: bytes) -> None:
        self._recent += piece
        if len(self._recent) > 2 * _RECENT_BYTES:
            del self._recent[:-_RECENT_BYTES]

    def _write(self, piece: bytes) -> None:
        view = memoryview(piece)
        full_since: float | None = None
        while view:
            try:
                count = os.write(self._log, view)
            except OSError as error:
                if not files.is_full(error):
                    raise _GivenUp from error
                full_since = full_since or time.monotonic()
                if self._ended.is_set() and time.monotonic() - full_since > _FULL_S:
                    raise _GivenUp from error
                time.sleep(_AGAIN_S)
                continue
            view = view[count:]
            self._written += count
            self._note_position()

    def _note_position(self) -> None:
        size = os.fstat(self._log).st_size
        with contextlib.suppress(OSError):
            os.lseek(self._position, 0, os.SEEK_SET)
            os.write(self._position, b"%020d %020d\n" % (self._written, size))

    def _recover(self) -> None:
        """Find out how much a killed supervisor had brought in."""
        found = os.read(self._position, 64).split()
        if len(found) != 2:
            return
        self._written, size = int(found[0]), int(found[1])
        with (self._folder / files.LOG).open("rb") as log:
            log.seek(size)
            rest = log.read(1 << 20)
        if rest:
            self._written += self._brought_in_before_the_kill(rest)

    def _brought_in_before_the_kill(self, rest: bytes) -> int:
        """Count the bytes after the noted place that are the container's; others are notes of ours."""
        path = f"/containers/{self._container}/logs?stdout=1&stderr=1&follow=0"
        ahead = bytearray()
        with contextlib.suppress(Refused, OSError), self._api.stream(path) as pieces:
            skip = self._written
            for piece in demultiplexed(pieces):
                ahead += piece[skip:]
                skip = max(0, skip - len(piece))
                if len(ahead) >= len(rest):
                    break
        same = zip(ahead, rest, strict=False)
        return next((at for at, (one, other) in enumerate(same) if one != other), min(len(ahead), len(rest)))


class _GivenUp(Exception):
    """No more of the output can be brought in."""


def demultiplexed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Give the output itself out of the engine's frames (8 bytes: stream, 0, 0, 0, length), joined per received piece.

    Raises: Broken if the stream ends inside a frame.
    """
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        ready, at = bytearray(), 0
        while len(buffer) - at >= 8:
            end = at + 8 + int.from_bytes(buffer[at + 4 : at + 8], "big")
            if len(buffer) < end:
                break
            ready += buffer[at + 8 : end]
            at = end
        del buffer[:at]
        if ready:
            yield bytes(ready)
    if buffer:
        raise Broken("the container's log ended in the middle of a line")
