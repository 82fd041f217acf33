"""The agent and the tracking servers of a home: their rows, starting the agent, waking it.

Whoever writes an intent calls `ensure_agent` and `wake`; losing the wake-up costs one poll interval, never the intent.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

from sqlmodel import select

from longshore import __version__
from longshore.errors import Unavailable
from longshore.settings import Home, self_command
from longshore.store import records
from longshore.store.database import now, reading, writing
from longshore.store.tables import AgentRow, ServerRow

HEARTBEAT_S = 1.0
# An agent whose heartbeat is older than this is gone or hangs.
STALE_AFTER_S = 10.0
START_TIMEOUT_S = 10.0
# What may be said through the wake-up; UNLOCK is followed by the vault's passphrase.
WAKE, STOP, UNLOCK = "wake", "stop", "unlock "
_HEARD_S = 5.0
# How long a database's server goes on after somebody asked for it last.
SERVER_LEASE_S = 600.0
_ASKED_AGAIN_S = 60.0


def agent(home: Home) -> records.Agent | None:
    """Give the agent's last word about itself, None if there was never one."""
    with reading(home) as session:
        row = session.get(AgentRow, 1)
        if row is None:
            return None
        found = records.Agent(**row.model_dump(exclude={"id"}))
    # An agent of an older app beats in its row.
    return replace(found, heartbeat_at=max(found.heartbeat_at, _beaten_at(home) or found.heartbeat_at))


def put_agent(home: Home, **changes: Any) -> None:
    """Write the agent's row; only the agent does."""
    with writing(home) as session:
        row = session.get(AgentRow, 1) or AgentRow(pid=0, process_started=0.0, state="starting", app_version="")
        for name, value in changes.items():
            setattr(row, name, value)
        row.heartbeat_at = now()
        session.add(row)


def beat(home: Home) -> None:
    """Say that the agent lives; only the agent does, every `HEARTBEAT_S`.

    In a file's time, not in a row: a commit each second would let every window look for what changed.
    """
    try:
        _heartbeat(home).touch()
    except OSError as error:
        raise Unavailable(
            f"The agent cannot write {_heartbeat(home)}: {error}.",
            hint="Free disk space, or look at the folder's rights.",
        ) from error


def _beaten_at(home: Home) -> datetime | None:
    try:
        return datetime.fromtimestamp(_heartbeat(home).stat().st_mtime, UTC)
    except OSError:
        return None


def _heartbeat(home: Home) -> Path:
    return home.database.with_name("agent.heartbeat")


def agent_runs(home: Home) -> bool:
    """Tell whether an agent is ready and its heart beats."""
    found = agent(home)
    return (
        found is not None
        and found.state == "ready"
        and now() - found.heartbeat_at < timedelta(seconds=STALE_AFTER_S)
        and is_same_process(found.pid, found.process_started)
    )


def is_same_process(pid: int | None, started: float | None) -> bool:
    """Tell whether the process that had this pid and start time still lives."""
    import psutil

    if pid is None or started is None:
        return False
    try:
        process = psutil.Process(pid)
        return abs(process.create_time() - started) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def server(home: Home, workspace: str = records.PERSONAL) -> records.Server:
    """Give a workspace's tracking server as the agent that runs it last saw it."""
    return servers(home).get(workspace) or records.Server(None, None, None, "stopped", "It was never started.", now())


def servers(home: Home) -> dict[str, records.Server]:
    """Give the tracking servers that this home's agent started at some time, by workspace."""
    with reading(home) as session:
        return {row.workspace: _server(row) for row in session.exec(select(ServerRow)).all()}


def put_server(home: Home, workspace: str = records.PERSONAL, **changes: Any) -> records.Server:
    """Write a server's row; only the agent does."""
    with writing(home) as session:
        row = session.get(ServerRow, workspace) or ServerRow(workspace=workspace)
        for name, value in changes.items():
            setattr(row, name, value)
        row.checked_at = now()
        session.add(row)
        return _server(row)


def forget_server(home: Home, workspace: str) -> None:
    """Delete the row of a server whose workspace was removed."""
    with writing(home) as session:
        if (row := session.get(ServerRow, workspace)) is not None:
            session.delete(row)


def ask_for_server(home: Home, workspace: str) -> None:
    """Let the agent know that somebody wants to reach a server, so that it runs for `SERVER_LEASE_S` from now on."""
    asked_at = server(home, workspace).asked_at
    # Asked with each request: a write each time would wake every window for nothing.
    if asked_at is not None and now() - asked_at < timedelta(seconds=_ASKED_AGAIN_S):
        return
    with writing(home) as session:
        row = session.get(ServerRow, workspace) or ServerRow(workspace=workspace, checked_at=now())
        row.asked_at = now()
        session.add(row)


def _server(row: ServerRow) -> records.Server:
    return records.Server(**row.model_dump(exclude={"workspace"}))


def ensure_agent(home: Home, *, timeout_s: float = START_TIMEOUT_S) -> None:
    """Start the agent where none runs and wait until its heart beats; one of an older app is replaced.

    Raises: Unavailable with the tail of the agent's log.
    """
    if agent_runs(home):
        if not _is_older(agent(home)):
            return
        stop_agent(home)
    log = home.logs / "agent.log"
    process = _spawn_agent(home, log)
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if agent_runs(home):
            return
        # Exit status 0 means that another agent was there first; its heartbeat is on its way.
        if process.poll() not in (None, 0):
            break
        time.sleep(0.03)
    raise Unavailable(
        "The background agent did not start.",
        hint=f"Its log is {log}. `longshore doctor` tells what is missing.",
        details=_tail(log),
    )


def _is_older(found: records.Agent | None) -> bool:
    numbers = _numbers(found.app_version) if found else ()
    return bool(numbers) and numbers < _numbers(__version__)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


class _Outliving(subprocess.Popen[bytes]):
    """A process that is meant to outlive this one: Python need not warn when its object goes."""

    def __del__(self) -> None:
        super().__del__(_warn=lambda *_, **__: None)  # type: ignore[call-arg]


def _spawn_agent(home: Home, log: Path) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW
        detached = {"creationflags": flags}
    with log.open("ab") as output:
        return _Outliving(
            self_command("agent", "serve", "--home", str(home.path)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=home.path,
            **detached,
        )


def _tail(file: Path, size: int = 2000) -> str:
    try:
        return file.read_bytes()[-size:].decode("utf-8", "replace")
    except OSError:
        return ""


def wake_key(home: Home) -> bytes:
    """Give the key of the wake-up, readable by the owner alone; made on first use."""
    file = home.path / "wake.key"
    try:
        return file.read_bytes()
    except FileNotFoundError:
        fresh = home.path / f"wake.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as output:
            output.write(secrets.token_bytes(32))
        with contextlib.suppress(OSError):
            os.link(fresh, file)
        if not file.exists():
            fresh.replace(file)
        fresh.unlink(missing_ok=True)
        return file.read_bytes()


def wake(home: Home, message: str = WAKE) -> None:
    """Make the agent look at its rows now, or end with `STOP`; without effect where none listens."""
    found = agent(home)
    if found is None or not found.wake_port or found.state != "ready":
        return
    with (
        contextlib.suppress(OSError, EOFError, AuthenticationError),
        Client(("127.0.0.1", found.wake_port), authkey=wake_key(home)) as connection,
    ):
        connection.send(message)
        if message.startswith(UNLOCK):
            connection.poll(_HEARD_S)  # it hangs up once it has unlocked: what is queued next finds it open


def stop_agent(home: Home, *, timeout_s: float = 20.0) -> None:
    """Ask the agent to end and wait for it; jobs, deployments and the tracking server are left as they are.

    Raises: Unavailable if it does not end.
    """
    found = agent(home)
    deadline = time.monotonic() + timeout_s
    wake(home, STOP)
    while found is not None and is_same_process(found.pid, found.process_started):
        if time.monotonic() > deadline:
            raise Unavailable(f"The agent (pid {found.pid}) does not end.", hint="End the process; no job is lost.")
        time.sleep(0.05)
