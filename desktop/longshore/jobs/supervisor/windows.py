"""A job as a process tree of a Windows computer, held together by a job object."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from longshore.jobs.supervisor import backend, files, identity, waiter, winapi
from longshore.jobs.supervisor.backend import Exit, NotStarted

if sys.platform == "win32":

    class WindowsBackend:
        """A local command in a job object and a process group of its own.

        No waiter is needed: whoever holds a handle learns the exit code, so an adopting supervisor learns it too.
        """

        def __init__(self, document: dict[str, Any], folder: Path) -> None:
            self._document, self._folder = document, folder
            self._name = f"longshore-{document.get('job_id') or folder.name}"
            self._pid = 0
            self._handle: int | None = None
            self._job: int | None = None
            self._before: tuple[float, float] | None = None

        def start(self) -> dict[str, Any]:
            """Start the command."""
            command = waiter.Command(self._document["command"], self._document["cwd"], self._document["env"])
            log = files.open_log(self._folder)
            try:
                child = subprocess.Popen(
                    list(command.argv),
                    cwd=command.cwd,
                    env=dict(command.env),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
                )
            except (OSError, ValueError) as error:
                raise NotStarted(waiter.why_not(error, command)) from error
            finally:
                os.close(log)
            record = {"pid": child.pid, "mark": identity.mark(child.pid), "started_at": time.time()}
            self._pid, self._handle = child.pid, winapi.open_process(child.pid)
            if self._handle is not None:
                self._job = winapi.make_job(
                    self._name,
                    self._handle,
                    cpus=self._document.get("cpus"),
                    cores=os.cpu_count() or 1,
                    memory_bytes=self._document.get("memory_bytes"),
                )
            files.write_json(self._folder / files.CHILD, record)
            return record

        def adopt(self, record: dict[str, Any]) -> None:
            """Open what a dead supervisor started."""
            found = record if record.get("pid") else files.read_json(self._folder / files.CHILD)
            if found is not None and identity.is_alive(found["pid"], found["mark"]):
                self._pid, self._handle = int(found["pid"]), winapi.open_process(int(found["pid"]))
                self._job = winapi.open_job(self._name)

        def wait(self, timeout_s: float) -> Exit | None:
            """Wait for the end of the first process."""
            if self._handle is None:
                return Exit(None, backend.LOST, "Its process is gone and left no exit status.")
            code = winapi.wait(self._handle, timeout_s)
            return None if code is None else Exit(code)

        def stop(self, *, force: bool) -> None:
            """Send Ctrl+Break, or end the whole job object."""
            if not force:
                winapi.break_politely(self._pid)
            elif self._job is not None:
                winapi.terminate_job(self._job)
            else:
                subprocess.run(["taskkill", "/T", "/F", "/PID", str(self._pid)], capture_output=True, check=False)

        def sample(self) -> tuple[float, int] | None:
            """Ask the job object, which counts ended processes too."""
            usage = winapi.job_usage(self._job) if self._job is not None else None
            if usage is None:
                return None
            before, self._before = self._before, (time.monotonic(), usage[0])
            if before is None or self._before[0] <= before[0]:
                return None
            return 100.0 * (usage[0] - before[1]) / (self._before[0] - before[0]), usage[1]

        def close(self) -> None:
            """End what the job left running."""
            if self._job is not None:
                winapi.terminate_job(self._job)
                winapi.close(self._job)
            if self._handle is not None:
                winapi.close(self._handle)
