"""The processes of a job: everything that its first process started, also what moved to another session."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from longshore.jobs.supervisor.identity import parse_stat

# In the environment of every process of a job: finds those that left their parent and their session.
MARKER = "LONGSHORE_JOB"


@dataclass(frozen=True)
class Entry:
    """One process of this computer, now."""

    pid: int
    parent: int
    session: int
    cpu_s: float
    memory_bytes: int


def processes() -> dict[int, Entry]:
    """Give every living process of this computer (POSIX)."""
    entries = _from_proc() if sys.platform == "linux" else _from_ps(_ps())
    return {entry.pid: entry for entry in entries}


def members(root: int, job_id: str = "") -> list[Entry]:
    """Give the processes of the job whose first process is or was `root`, without zombies.

    With `job_id`, also those that only their environment gives away (Linux); that costs some milliseconds.
    """
    return pick(processes(), root, _marked(job_id) if job_id and sys.platform == "linux" else ())


def pick(table: dict[int, Entry], root: int, marked: Iterable[int] = ()) -> list[Entry]:
    """Choose root, its descendants, its session, and what is marked with the descendants of these."""
    chosen = {pid for pid, entry in table.items() if pid == root or entry.session == root}
    chosen |= {pid for pid in marked if pid in table}
    while True:
        more = {pid for pid, entry in table.items() if entry.parent in chosen} - chosen
        if not more:
            return [table[pid] for pid in sorted(chosen)]
        chosen |= more


def signal_all(entries: Iterable[Entry], number: int) -> None:
    """Send a signal to each; one that is gone meanwhile is passed over."""
    for entry in entries:
        if entry.pid > 1 and entry.pid != os.getpid():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(entry.pid, number)


def end(entries: Iterable[Entry], *, force: bool) -> None:
    """Ask processes to end, or end them."""
    signal_all(entries, signal.SIGKILL if force and sys.platform != "win32" else signal.SIGTERM)


def _from_proc() -> Iterable[Entry]:
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    for name in os.listdir("/proc"):  # noqa: PTH208 - pathlib would be three times slower
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as stat:  # noqa: PTH123
                fields = parse_stat(stat.read())
        except (OSError, ValueError):
            continue
        if fields[0] in (b"Z", b"X"):
            continue
        cpu = (int(fields[11]) + int(fields[12])) / tick
        yield Entry(int(name), int(fields[1]), int(fields[3]), cpu, int(fields[21]) * page)


def _marked(job_id: str) -> list[int]:
    needle = f"{MARKER}={job_id}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if needle in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return found


def _ps() -> str:
    return subprocess.run(
        ["ps", "-axo", "pid=,ppid=,sess=,pgid=,rss=,state=,time="], capture_output=True, text=True, check=False
    ).stdout


def _from_ps(output: str) -> Iterable[Entry]:
    for line in output.splitlines():
        fields = line.split()
        if len(fields) == 7 and not fields[5].startswith("Z"):
            # macOS prints 0 for the session; the group is the next best thing, since a job leads its own.
            session = int(fields[2], 16) or int(fields[3])
            yield Entry(int(fields[0]), int(fields[1]), session, cpu_seconds(fields[6]), int(fields[4]) * 1024)


def cpu_seconds(text: str) -> float:
    """Read ps's CPU time, such as "1:02.50" or "2-03:04:05"."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in rest.split(":"):
        total = total * 60 + float(part)
    return total + 86400 * int(days or 0)
