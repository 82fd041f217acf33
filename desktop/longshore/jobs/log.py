"""Reading a job's log: masked, whatever bytes are in it, in bounded memory however long it is."""

from __future__ import annotations

import copy
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.jobs import masking
from longshore.jobs.supervisor import files
from longshore.progress import CancelToken, Progress, no_progress
from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.secrets.mask import StreamMasker
    from longshore.store.records import Job

_CHUNK = 1 << 20
# A line without an end is given in pieces of this size, so that a gigabyte of dots needs no gigabyte of memory.
_LONGEST_LINE = 1 << 16
_TAIL_LIMIT = 8 << 20
_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?")


@dataclass(frozen=True)
class Hit:
    """One line that a search found; numbers start at 1."""

    number: int
    line: str


class LogReader:
    """Reads one job's log from its beginning, piece by piece. Not safe for several threads at once.

    Raises, on construction: Unavailable where the job's secrets can't be read, so that nothing is shown unmasked.
    """

    def __init__(self, home: Home, job: Job) -> None:
        self._folder = Path(job.folder)
        self._ended = job.ended
        self._values = masking.values_for_log(home, self._folder, job.spec)
        self._rewind()

    def _rewind(self) -> None:
        self._offset = self._given = self._file = 0
        self._pending = b""
        self._stream: StreamMasker | None = None
        if self._values:
            from longshore.secrets.mask import StreamMasker

            self._stream = StreamMasker(self._values)

    @property
    def path(self) -> Path:
        """The raw file."""
        return self._folder / files.LOG

    @property
    def size_bytes(self) -> int:
        """How long the log is now."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def read_bytes(self) -> int:
        """How far the log was read."""
        return self._offset

    @property
    def behind_bytes(self) -> int:
        """How much was written and not read yet; after a burst, `tail` catches up."""
        return max(0, self.size_bytes - self._offset)

    @property
    def partial(self) -> str:
        """The line that has no end yet, such as a progress bar's."""
        return _decoded(self._pending)

    def read_new(self, most_bytes: int = _CHUNK) -> list[str]:
        """Give the lines that came since the last call, from at most so many bytes; nothing new: an empty list.

        Once the job has ended, the last call also gives a last line without its end.
        """
        ended = self._is_ended()  # asked before reading: what was written up to the end is then read
        piece = self._read(most_bytes)
        if not piece:
            return self._rest() if ended else []
        return self._split(self._masked(piece))

    def _is_ended(self) -> bool:
        return self._ended or (self._folder / files.STATUS).exists()

    def _read(self, most_bytes: int) -> bytes:
        try:
            with self.path.open("rb") as log:
                self._notice_rewriting(os.fstat(log.fileno()).st_ino)
                log.seek(self._offset)
                piece = log.read(most_bytes)
        except OSError:
            return b""
        self._offset += len(piece)
        return piece

    def _notice_rewriting(self, file: int) -> None:
        """Go on in the masked log where the job's end put it in place of the raw one."""
        if self._file and file != self._file and self._stream is not None:
            # It holds what the mask gave so far, byte for byte.
            self._offset, self._stream, self._values = self._given, None, ()
        self._file = file

    def _masked(self, data: bytes) -> bytes:
        found = self._stream.feed(data) if self._stream else data
        self._given += len(found)
        return found

    def _rest(self) -> list[str]:
        rest = self._pending + (self._stream.flush() if self._stream else b"")
        self._pending = b""
        return [_decoded(rest)] if rest else []

    def _split(self, data: bytes) -> list[str]:
        lines = (self._pending + data).split(b"\n")
        self._pending = lines.pop()
        found = [_decoded(line) for line in lines]
        while len(self._pending) > _LONGEST_LINE:
            found.append(_decoded(self._pending[:_LONGEST_LINE]))
            self._pending = self._pending[_LONGEST_LINE:]
        return found

    def tail(self, count: int) -> list[str]:
        """Give the last lines, from the last 8 MB at most, and go on reading behind them."""
        size = self.size_bytes
        start = max(0, size - _TAIL_LIMIT)
        self._rewind()
        self._offset = self._given = start
        lines: list[str] = []
        while self._offset < size:
            before = self._offset
            # Past the limit the count would grow again with a log that grows faster than it is read.
            lines = (lines + self.read_new(min(_CHUNK, size - self._offset)))[-count - 1 :]
            if self._offset == before:
                break
        if start and lines:
            lines = lines[1:]  # the first one was cut
        return lines[-count:] if count else []

    def search(
        self, text: str, limit: int = 200, *, progress: Progress = no_progress, cancel: CancelToken | None = None
    ) -> list[Hit]:
        """Find lines that hold a text, whatever its case, from the beginning of the log. Raises: Cancelled."""
        wanted, number, whole = text.lower(), 0, self.size_bytes
        hits: list[Hit] = []
        reader = copy.copy(self)
        reader._ended = True
        reader._rewind()
        before = -1
        while len(hits) < limit:
            lines = reader.read_new()
            # A piece may hold no end of a line.
            if not lines and reader.read_bytes == before:
                break
            before = reader.read_bytes
            progress(min(1.0, before / max(1, whole)), "")
            if cancel is not None:
                cancel.check()
            for line in lines:
                number += 1
                if wanted in line.lower():
                    hits.append(Hit(number, line))
        return hits[:limit]


def without_colours(line: str) -> str:
    """Take terminal escapes out of a line."""
    return _COLOURS.sub("", line)


def _decoded(line: bytes) -> str:
    # A progress bar writes the same line again and again: only its last state counts, as on a terminal.
    text = line.decode("utf-8", "replace").rstrip("\r")
    return text[text.rfind("\r") + 1 :]


def last_lines(home: Home, job: Job, count: int) -> list[str]:
    """Give the end of a job's log, without escapes: the decisive lines of a failure."""
    return [without_colours(line) for line in LogReader(home, job).tail(count)]


def excerpt(source: Path, *, head_bytes: int, tail_bytes: int) -> bytes:
    """Give a log's beginning and end with a note between them, whole where it is short enough.

    Cut at ends of lines, so that no half of a secret escapes the mask.
    """
    size = source.stat().st_size
    with source.open("rb") as log:
        if size <= head_bytes + tail_bytes:
            return log.read(head_bytes + tail_bytes)
        head = log.read(head_bytes)
        log.seek(size - tail_bytes, os.SEEK_SET)
        tail = log.read(tail_bytes)
    head = head[: head.rfind(b"\n") + 1]
    tail = tail[tail.find(b"\n") + 1 :]
    left_out = size - len(head) - len(tail)
    note = f"[longshore] {left_out} bytes ({left_out / 1024**2:.1f} MB) are left out here; the job's folder has the whole log.\n"
    return head + note.encode() + tail
