"""Which process a number means: a pid is used again, a pid with the moment of its start is not.

Not the wall-clock start time that psutil computes: that moves when the clock is set.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def mark(pid: int) -> str:
    """Give a text that no other process will ever have with this pid; empty where there is no such process.

    A dead process that nobody has waited for counts as gone.
    """
    if sys.platform == "linux":
        return _linux_mark(pid)
    if sys.platform == "win32":
        from longshore.jobs.supervisor import winapi

        return winapi.mark(pid)
    return _ps_mark(pid)


def is_alive(pid: int | None, its_mark: str | None) -> bool:
    """Tell whether the process that had this pid and mark still runs."""
    return bool(pid and its_mark) and mark(int(pid or 0)) == its_mark


def is_dead_child(pid: int, its_mark: str) -> bool:
    """Tell whether the process that had this pid and mark is dead and waits for its parent's notice (Linux)."""
    fields = _fields(pid)
    return bool(fields) and fields[0] == b"Z" and _mark_of(fields) == its_mark


def parse_stat(stat: bytes) -> list[bytes]:
    """Split `/proc/<pid>/stat` into its fields from the third on; the second, a name, may hold anything."""
    return stat[stat.rindex(b")") + 2 :].split()


def _linux_mark(pid: int) -> str:
    fields = _fields(pid)
    return "" if not fields or fields[0] in (b"Z", b"X") else _mark_of(fields)


def _fields(pid: int) -> list[bytes]:
    try:
        return parse_stat(Path(f"/proc/{pid}/stat").read_bytes())
    except (OSError, ValueError):
        return []


def _mark_of(fields: list[bytes]) -> str:
    return f"{_boot()}:{fields[19].decode()}"


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()[:8]
    except OSError:
        return "boot"


def _ps_mark(pid: int) -> str:
    result = subprocess.run(
        ["ps", "-o", "state=,lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
    )
    state, _, started = result.stdout.strip().partition(" ")
    return "" if state.startswith("Z") else " ".join(started.split())
