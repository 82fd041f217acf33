"""Learning the exit status of a job whose supervisor and waiter were both killed (Linux).

Its process is then a child of the agent, which asked the system for that.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

from longshore.jobs.supervisor import files, identity

_PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans() -> None:
    """Make this process the parent of what its dead descendants leave behind."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def reap(folder: Path) -> None:
    """Take note of how a job's process ended, where it is ours by now, and let the dead ones go."""
    child = files.read_json(folder / files.CHILD)
    if child is None or sys.platform != "linux":
        return
    _wait_for(int(child.get("waiter") or 0), str(child.get("waiter_mark")))
    code = _wait_for(int(child["pid"]), str(child["mark"]))
    if code is not None and not (folder / files.EXIT).exists():
        with contextlib.suppress(OSError):
            files.write_json(folder / files.EXIT, {"code": code, "ended_at": time.time()})


def _wait_for(pid: int, mark: str) -> int | None:
    # Looked at first: another child of ours may have the number by now, and its status is another one's.
    if not pid or not identity.is_dead_child(pid, mark):
        return None
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if found else None
