"""The parent of a local job's first process: it waits and writes the exit status, and does nothing else (POSIX).

It is forked from the supervisor, and stays when the supervisor is killed: only a parent can learn an exit status.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from longshore.jobs.supervisor import files, identity


@dataclass(frozen=True)
class Command:
    """What the waiter starts, and inside which limits."""

    argv: Sequence[str]
    cwd: str
    env: Mapping[str, str]
    cores: Sequence[int] = ()
    memory_bytes: int | None = None


def fork(command: Command, folder: Path, close: Sequence[int]) -> int:
    """Fork the waiter and give the descriptor on which it reports, one JSON line each: the start, then the end.

    `close` are descriptors that must not live on in it, as the supervisor's lock.
    """
    reports, report = os.pipe()
    if os.fork() == 0:
        status = 1
        try:
            os.setsid()
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            os.close(reports)
            for descriptor in close:
                os.close(descriptor)
            status = _run(command, folder, report)
        finally:
            os._exit(status)
    os.close(report)
    return reports


def _run(command: Command, folder: Path, report: int) -> int:
    try:
        child = _start(command, folder)
    except (OSError, ValueError) as error:
        _tell(report, {"error": why_not(error, command)})
        return 1
    record = {
        "pid": child.pid,
        "mark": identity.mark(child.pid),
        "started_at": time.time(),
        "waiter": os.getpid(),
        "waiter_mark": identity.mark(os.getpid()),
    }
    with contextlib.suppress(OSError):
        files.write_json(folder / files.CHILD, record)
    _tell(report, record)
    code = child.wait()
    ended = {"code": code, "ended_at": time.time()}
    with contextlib.suppress(OSError):
        files.write_json(folder / files.EXIT, ended)
    _tell(report, ended)
    return 0


def _start(command: Command, folder: Path) -> subprocess.Popen[bytes]:
    _limit(command)
    log = files.open_log(folder)
    try:
        return subprocess.Popen(
            list(command.argv),
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)


def _limit(command: Command) -> None:
    """Limit this process, since what it starts inherits that."""
    if sys.platform == "linux" and command.cores:
        os.sched_setaffinity(0, command.cores)
    if sys.platform == "linux" and command.memory_bytes:
        import resource

        # Private writable memory; RLIMIT_AS would count what is only reserved, gigabytes for some libraries.
        resource.setrlimit(resource.RLIMIT_DATA, (command.memory_bytes, command.memory_bytes))


def _tell(report: int, document: dict[str, Any]) -> None:
    with contextlib.suppress(OSError):  # the supervisor is gone; the files say it all
        os.write(report, json.dumps(document).encode() + b"\n")


def why_not(error: Exception, command: Command) -> str:
    """Say in one sentence why the command could not be started."""
    if isinstance(error, FileNotFoundError) and not Path(command.cwd).is_dir():
        return f"The project folder {command.cwd} is not there any more."
    if isinstance(error, FileNotFoundError):
        return f"The program {command.argv[0]} was not found."
    if isinstance(error, PermissionError):
        return f"The program {command.argv[0]} may not be executed."
    return f"{command.argv[0]} could not be started: {error}."
