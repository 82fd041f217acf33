"""Reads the head of a Parquet file in a process of its own: a damaged file can end the process that reads it.

Arrow throws through its bindings for some of what a file may say, which aborts the process; and a page may take all
memory. The process has limits, no credentials and no network: it asks its parent for each piece of the file.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import IO, Any

from longshore.errors import Invalid, LongshoreError
from longshore.settings import self_command
from longshore.tracking.content.table import Column, Table

COMMAND = "parquet-head"
_TIME_S = 30
_MEMORY_BYTES = 4 << 30
# More than two hundred rows of a hundred short cells.
_ANSWER_BYTES = 64 << 20
_LENGTH = struct.Struct("<q")


def read(read_range: Callable[[int, int], bytes], size_bytes: int) -> Table:
    """Read the head of a Parquet file. Raises: Invalid for what can't be read, and what `read_range` raises."""
    process = subprocess.Popen(
        self_command(COMMAND, str(size_bytes)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    limit = threading.Timer(_TIME_S, process.kill)
    limit.daemon = True
    limit.start()
    try:
        answer = _serve(process, read_range)
    finally:
        limit.cancel()
        process.kill()
        with contextlib.suppress(OSError):  # what was not written yet finds nobody
            process.__exit__(None, None, None)
    return _table(answer)


def _serve(process: subprocess.Popen[bytes], read_range: Callable[[int, int], bytes]) -> dict[str, Any]:
    """Answer the process's questions for pieces until it gives its result."""
    assert process.stdout is not None and process.stdin is not None
    while line := process.stdout.readline(_ANSWER_BYTES):
        try:
            said = json.loads(line)
        except ValueError:
            break
        if "range" not in said:
            return dict(said)
        data = read_range(*map(int, said["range"]))
        try:
            process.stdin.write(_LENGTH.pack(len(data)) + data)
            process.stdin.flush()
        except OSError:
            break
    raise Invalid("This Parquet file is damaged.", hint="Download it to look closer.")


def _table(answer: dict[str, Any]) -> Table:
    if "refused" in answer:
        raise Invalid(answer["refused"], hint=answer.get("hint"))
    found = answer["table"]
    found["columns"] = tuple(Column(**each) for each in found["columns"])
    found["rows"] = tuple(map(tuple, found["rows"]))
    return Table(**found)


def report(arguments: Sequence[str]) -> int:
    """Be that process: write the table as JSON to standard output."""
    _limit_itself()
    from longshore.tracking.content import parquet

    def read_range(start: int, length: int) -> bytes:
        _say({"range": [start, length]})
        size = _LENGTH.unpack(_exactly(sys.stdin.buffer, _LENGTH.size))[0]
        return _exactly(sys.stdin.buffer, size)

    try:
        _say({"table": dataclasses.asdict(parquet.read(read_range, int(arguments[0])))})
    except LongshoreError as error:
        _say({"refused": error.reason, "hint": error.hint})
    return 0


def _exactly(source: IO[bytes], size: int) -> bytes:
    data = source.read(size)
    if len(data) < size:
        raise SystemExit(1)  # the parent is gone
    return data


def _say(document: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(document).encode() + b"\n")
    sys.stdout.buffer.flush()


def _limit_itself() -> None:
    try:
        import resource
    except ImportError:  # Windows: the pages are looked at before they are read
        return
    for kind, most in ((resource.RLIMIT_AS, _MEMORY_BYTES), (resource.RLIMIT_CPU, _TIME_S), (resource.RLIMIT_CORE, 0)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (most, most))
