"""Starting a supervisor: in two phases, so that Python's own start overlaps with what the agent still prepares."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

import longshore
from longshore.jobs.supervisor import files, identity
from longshore.jobs.supervisor.instructions import Instructions
from longshore.settings import Home, self_command


class Spawned:
    """A supervisor's process that waits for its instructions."""

    def __init__(self, process: subprocess.Popen[bytes], listener: socket.socket | None) -> None:
        self.process, self._listener = process, listener

    def instruct(self, told: Instructions) -> None:
        """Give it its job; from here on it needs nobody.

        Raises: BrokenPipeError if it died meanwhile.
        """
        assert self.process.stdin is not None
        if self._listener is not None and told.forward is not None:
            told = dataclasses.replace(told, forward=dataclasses.replace(told.forward, **self._handed_over()))
            self._listener.close()
        with self.process.stdin as instructions:
            instructions.write(told.to_bytes())

    def _handed_over(self) -> dict[str, Any]:
        assert self._listener is not None
        if sys.platform == "win32":
            return {"share": base64.b64encode(self._listener.share(self.process.pid)).decode("ascii")}
        return {"fd": self._listener.fileno()}

    def dismiss(self) -> None:
        """Send it away without a job."""
        if self._listener is not None:
            self._listener.close()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=5)


def make_folder(folder: Path) -> None:
    """Make a job's folder and its log, for the owner alone."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(files.open_log(folder))


def spawn(folder: Path, listener: socket.socket | None = None) -> Spawned:
    """Start a supervisor for the job of this folder; it does nothing before `instruct`.

    `listener` is handed over to it: a socket that it forwards from.
    """
    with (folder / files.SUPERVISOR_LOG).open("ab") as output:
        return _started(folder, output, listener)


def _started(cwd: Path, output: IO[bytes] | int, listener: socket.socket | None = None) -> Spawned:
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        # A console of its own, unseen: Ctrl+Break, the polite stop, travels by console.
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    elif listener is not None:
        options["pass_fds"] = (listener.fileno(),)
    process = subprocess.Popen(_command(cwd), stdin=subprocess.PIPE, stdout=output, stderr=output, cwd=cwd, **options)
    return Spawned(process, listener)


class Spare:
    """One supervisor that has started already and waits for a job; it ends with the agent. Safe from any thread."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._waiting: Spawned | None = None

    def keep(self) -> None:
        """See to it that there is one. It costs a process's start, so not while a job is being started."""
        with self._lock:
            if self._waiting is None or self._waiting.process.poll() is not None:
                self._waiting = _started(self._home.path, subprocess.DEVNULL)

    def take(self) -> Spawned | None:
        """Give it away, None where there is none."""
        with self._lock:
            taken, self._waiting = self._waiting, None
        return taken if taken is not None and taken.process.poll() is None else None


def _command(folder: Path) -> list[str]:
    # The folder is there for people who look at a list of processes.
    if getattr(sys, "frozen", False):
        return self_command("supervise", str(folder))
    # Isolated and without site: nothing of the environment is loaded, which halves the start.
    root = str(Path(longshore.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {root!r}); from longshore.jobs.supervisor.__main__ import main; sys.exit(main())"
    return [sys.executable, "-I", "-S", "-c", code, str(folder)]


def supervisor_lives(folder: Path) -> bool:
    """Tell whether the supervisor that wrote into this folder still runs."""
    found = files.read_json(folder / files.SUPERVISOR)
    return found is not None and identity.is_alive(found.get("pid"), found.get("mark"))


def tail_of_log(folder: Path, size: int = 2000) -> str:
    """Give the end of what the supervisor itself said, for an error's details."""
    try:
        return (folder / files.SUPERVISOR_LOG).read_bytes()[-size:].decode("utf-8", "replace")
    except OSError:
        return ""
