"""A job as a process tree of this computer."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from longshore.jobs.supervisor import backend, files, identity, sample, tree, waiter
from longshore.jobs.supervisor.backend import Exit, NotStarted

# How long the exit status may come after the process itself has gone.
_STATUS_S = 1.0
# What the job left running may end by itself for this long, then is asked, then killed.
_LEFTOVERS_S = 1.0


class ProcessBackend:
    """A local command in a session of its own (POSIX)."""

    def __init__(self, document: dict[str, Any], folder: Path, private: Sequence[int] = ()) -> None:
        """`private` are descriptors that must not live on in the waiter, as the supervisor's lock."""
        self._document, self._folder, self._private = document, folder, private
        self._job_id = str(document.get("job_id") or folder.name)
        self._memory_bytes: int | None = document.get("memory_bytes")
        self._reports: int | None = None
        self._heard = b""
        self._pid, self._mark = 0, ""
        self._meter = sample.Meter()
        self._gone_at: float | None = None
        self._over_memory = False

    def start(self) -> dict[str, Any]:
        """Start the command."""
        command = waiter.Command(
            argv=self._document["command"],
            cwd=self._document["cwd"],
            env=self._document["env"],
            cores=self._document.get("cores") or (),
            memory_bytes=self._memory_bytes,
        )
        self._reports = waiter.fork(command, self._folder, self._private)
        report = self._report(timeout_s=30.0)
        if report is None or "error" in report:
            raise NotStarted((report or {}).get("error") or "The command could not be started.")
        self._take(report)
        return report

    def adopt(self, record: dict[str, Any]) -> None:
        """Watch a process that a dead supervisor started; its waiter, where that lives, still writes its exit status."""
        found = record if record.get("pid") else files.read_json(self._folder / files.CHILD)
        if found is not None:
            self._take(found)

    def _take(self, record: dict[str, Any]) -> None:
        self._pid, self._mark = int(record["pid"]), str(record["mark"])

    def wait(self, timeout_s: float) -> Exit | None:
        """Wait for the end of the first process."""
        if self._reports is None:
            return self._wait_for_another_ones_child(timeout_s)
        report = self._report(timeout_s)
        return None if report is None else self._exit(report.get("code"))

    def _exit(self, code: int | None) -> Exit:
        if self._over_memory:
            return Exit(code, backend.MEMORY, f"It took more than the {_size(self._memory_bytes)} that it may use.")
        if code is None:
            detail = "Its process is gone and left no exit status: it was killed, or the computer was restarted."
            return Exit(None, backend.LOST, detail)
        return Exit(code, backend.KILLED if code < 0 else backend.EXITED, killed_by(code))

    def _wait_for_another_ones_child(self, timeout_s: float) -> Exit | None:
        status = files.read_json(self._folder / files.EXIT)
        if status is not None:
            return self._exit(status.get("code"))
        if identity.is_alive(self._pid, self._mark):
            time.sleep(timeout_s)
            return None
        self._gone_at = self._gone_at or time.monotonic()
        if time.monotonic() - self._gone_at > _STATUS_S:
            return self._exit(None)
        time.sleep(min(timeout_s, 0.02))
        return None

    def _report(self, timeout_s: float) -> dict[str, Any] | None:
        """Give the waiter's next report; without one in time, or when the waiter is dead, None."""
        assert self._reports is not None
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._heard:
            ready, _, _ = select.select([self._reports], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            piece = os.read(self._reports, 65536)
            if not piece:
                os.close(self._reports)
                self._reports = None
                return None
            self._heard += piece
        line, _, self._heard = self._heard.partition(b"\n")
        report: dict[str, Any] = json.loads(line)
        return report

    def stop(self, *, force: bool) -> None:
        """Send SIGTERM to the job's processes, or SIGKILL."""
        tree.end(tree.members(self._pid, self._job_id), force=force)

    def sample(self) -> tuple[float, int] | None:
        """Measure the whole tree; one that takes too much memory is killed."""
        found = self._meter.read(tree.members(self._pid))
        if found is not None and self._memory_bytes and found[1] > self._memory_bytes:
            self._over_memory = True
            self.stop(force=True)
        return found

    def close(self) -> None:
        """End what the job left running, and forget the waiter."""
        for force in (None, False, True):
            left = tree.members(self._pid, self._job_id) if self._pid else []
            if not left:
                break
            if force is not None:
                tree.end(left, force=force)
            self._let_end(_LEFTOVERS_S)
        with contextlib.suppress(ChildProcessError, OSError):
            os.waitpid(-1, os.WNOHANG)

    def _let_end(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and tree.members(self._pid, self._job_id):
            time.sleep(0.02)


def killed_by(code: int) -> str:
    """Name the signal of a negative exit code, else nothing."""
    if code >= 0:
        return ""
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    return f"It was killed by the signal {name}."


def _size(size_bytes: int | None) -> str:
    return f"{(size_bytes or 0) / 1024**2:.0f} MB"
