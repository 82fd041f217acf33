"""The work behind a run's console: reading the log's end, what comes after it, its numbers, the whole of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Job
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.jobs.log import LogReader

# Behind by more than this, a reader goes to the end instead of showing all that came.
CATCH_UP_BYTES = 4 << 20
PIECE_BYTES = 256 << 10
TAIL_LINES = 2000
MOST_FOUND = 500
_CHUNK = 1 << 20


@dataclass(frozen=True)
class LogPiece:
    """New lines of a log; `skipped` lines before them are not shown."""

    lines: tuple[str, ...]
    partial: str
    skipped: int = 0


@dataclass(frozen=True, eq=False)
class OpenedLog:
    """A log with its last lines."""

    reader: LogReader
    lines: tuple[str, ...]
    partial: str
    read_bytes: int


@dataclass(frozen=True)
class Found:
    """A line of the whole log that holds what was searched for."""

    number: int
    line: str


def open_log(home: Home, job: Job) -> Work[OpenedLog]:
    """Give the work that opens a job's log and reads its end."""

    def work(_progress: Progress, _cancel: CancelToken) -> OpenedLog:
        from longshore.jobs.log import LogReader, without_colours
        from longshore.ui.widgets.log_text import KEPT_LINES

        reader = LogReader(home, job)
        lines = reader.tail(KEPT_LINES)
        return OpenedLog(reader, tuple(map(without_colours, lines)), without_colours(reader.partial), reader.read_bytes)

    return work


def count_lines(path: Path, start: int, end: int) -> Work[int]:
    """Give the work that counts the ends of lines between two places of a file; a gigabyte takes a second or two."""

    def work(_progress: Progress, cancel: CancelToken) -> int:
        return _count(path, start, end, cancel)

    return work


def _count(path: Path, start: int, end: int, cancel: CancelToken) -> int:
    found, left = 0, end - start
    try:
        with path.open("rb") as file:
            file.seek(start)
            while left > 0 and (piece := file.read(min(_CHUNK, left))):
                cancel.check()
                found += piece.count(b"\n")
                left -= len(piece)
    except OSError:
        return found
    return found


def read_log(reader: LogReader) -> Work[LogPiece]:
    """Give the work that reads what came since; after a burst it catches up with the end."""

    def work(_progress: Progress, cancel: CancelToken) -> LogPiece:
        from longshore.jobs.log import without_colours

        skipped = 0
        if reader.behind_bytes > CATCH_UP_BYTES:
            before = reader.read_bytes
            lines = reader.tail(TAIL_LINES)
            skipped = max(0, _count(reader.path, before, reader.read_bytes, cancel) - len(lines))
        else:
            lines = reader.read_new(PIECE_BYTES)
        return LogPiece(tuple(map(without_colours, lines)), without_colours(reader.partial), skipped)

    return work


def search_log(home: Home, job: Job, text: str) -> Work[tuple[Found, ...]]:
    """Give the work that searches the whole log from its beginning."""

    def work(progress: Progress, cancel: CancelToken) -> tuple[Found, ...]:
        from longshore.jobs.log import LogReader, without_colours

        hits = LogReader(home, job).search(text, MOST_FOUND, progress=progress, cancel=cancel)
        return tuple(Found(hit.number, without_colours(hit.line)) for hit in hits)

    return work


def save_log(home: Home, job: Job, file: str) -> Work[str]:
    """Give the work that writes the log, masked, to a file, and gives the file."""

    def work(progress: Progress, cancel: CancelToken) -> str:
        from longshore.jobs.log import LogReader

        reader = LogReader(home, job)
        try:
            with Path(file).open("w", encoding="utf-8", newline="\n") as saved:
                _copy(reader, saved, progress, cancel)
        except OSError as error:
            from longshore.errors import WorkFailed

            raise WorkFailed(f"The log could not be saved: {error}.", hint="Choose another place.") from error
        return file

    return work


def _copy(reader: LogReader, saved: TextIO, progress: Progress, cancel: CancelToken) -> None:
    # What is written meanwhile is not waited for.
    whole, before = reader.size_bytes, -1
    while before < reader.read_bytes <= whole:
        cancel.check()
        before = reader.read_bytes
        saved.writelines(f"{line}\n" for line in reader.read_new())
        progress(min(1.0, reader.read_bytes / max(1, whole)), "")
    saved.write(reader.partial)
