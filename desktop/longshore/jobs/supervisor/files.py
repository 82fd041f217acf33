"""The small files of a job's folder, written so that a reader sees the old or the new content, on a full disk too."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from pathlib import Path
from typing import Any

LOG = "log"
SUPERVISOR = "supervisor.json"
CHILD = "child.json"
EXIT = "exit.json"
STATUS = "status.json"
SAMPLES = "samples.jsonl"
HEARTBEAT = "heartbeat"
STOP = "stop"
LOCK = "supervisor.lock"
SUPERVISOR_LOG = "supervisor.log"
# What the steps of a pipeline told, and how much of it MLflow knows already.
EVENTS, STEPS = "events.jsonl", "steps.json"
# Space that is given back when the disk is full, so that a job can still say how it ended.
RESERVE = "reserve"
_RESERVE_BYTES = 128 * 1024
_FULL = (errno.ENOSPC, errno.EDQUOT)


def reserve(folder: Path) -> None:
    """Put space aside for the job's last words."""
    with contextlib.suppress(OSError):
        (folder / RESERVE).write_bytes(bytes(_RESERVE_BYTES))


def write_json(file: Path, document: dict[str, Any]) -> None:
    """Write a document, whole or not at all, out of the reserve where the disk is full."""
    try:
        _replace(file, document)
    except OSError as error:
        if not is_full(error):
            raise
        with contextlib.suppress(OSError):
            (file.parent / RESERVE).unlink()
        _replace(file, document)


def _replace(file: Path, document: dict[str, Any]) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as output:
            json.dump(document, output)
        os.replace(fresh, file)  # noqa: PTH105 - os is loaded anyway
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def read_json(file: Path) -> dict[str, Any] | None:
    """Read a document; None where it is missing or was damaged."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def request_stop(folder: Path, how: str) -> None:
    """Leave a request to end for the supervisor, out of the reserve where the disk is full. Raises: OSError."""
    try:
        (folder / STOP).write_text(how, "ascii")
    except OSError as error:
        if not is_full(error):
            raise
        with contextlib.suppress(OSError):
            (folder / RESERVE).unlink()
        (folder / STOP).write_text(how, "ascii")


def is_full(error: OSError) -> bool:
    """Tell whether this is a full disk or a used-up quota."""
    return error.errno in _FULL


def disk_is_full(folder: Path) -> bool:
    """Tell whether the disk was full since `reserve`, or the next line of a log would find no room."""
    if not (folder / RESERVE).exists():  # somebody needed it
        return True
    probe = folder / f".probe.{os.getpid()}"
    try:
        probe.write_bytes(bytes(8192))
    except OSError as error:
        return is_full(error)
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()
    return False


def open_log(folder: Path) -> int:
    """Open the job's log for appending, readable by its owner alone; gives a descriptor."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    return os.open(folder / LOG, flags, 0o600)


def note(folder: Path, sentence: str) -> None:
    """Add a line of ours to the job's log; lost where the disk is full."""
    with contextlib.suppress(OSError):
        descriptor = open_log(folder)
        try:
            os.write(descriptor, f"[longshore] {sentence}\n".encode())
        finally:
            os.close(descriptor)
