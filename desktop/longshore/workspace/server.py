"""The personal workspace's tracking server: started, adopted, watched and stopped by the agent.

The server is the stock MLflow server in a session of its own: it outlives the agent, and the next agent adopts it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.errors import Unavailable
from longshore.settings import Home, self_command
from longshore.store import processes
from longshore.store.records import Server
from longshore.workspace.tracking_process import (
    ALREADY_SERVED,
    DATABASE,
    IDENTITY_FILE,
    PORT_TAKEN,
    environment,
)

STOPPED, STARTING, HEALTHY, FAILED = "stopped", "starting", "healthy", "failed"
# Below the ports that systems give to outgoing connections, so that ours is still free after a restart.
_PORTS = range(21_000, 32_000)
_START_LIMIT_S = 120.0
# A server that computes a long search answers late: only a much longer silence is taken for a hang.
_SILENCE_LIMIT_S = 120.0
_PROBE_S = 1.0
_STOP_S = 8.0
_RELEASE_S = 1.0
_BACK_OFF_S = (0.0, 1.0, 2.0, 5.0, 15.0, 60.0)
# One that was healthy for this long starts again with a clean slate.
_STEADY_S = 60.0
_LOG_LIMIT_BYTES = 5_000_000
_ANALYZE_EVERY_S = 24 * 3600.0


def start(home: Home) -> Server:
    """Start the server and give its row at once, in the state `starting`; `check` tells when it is healthy.

    Raises: Unavailable if its process can't be started.
    """
    if (running := adopt(home)) is not None:
        return running
    home.tracking.mkdir(mode=0o700, parents=True, exist_ok=True)
    memory = _memory(home)
    if memory.process is not None:  # a killed one holds its port until it is reaped
        with contextlib.suppress(subprocess.TimeoutExpired):
            memory.process.wait(timeout=_RELEASE_S)
    wanted = processes.server(home).port
    port = wanted if wanted and _becomes_free(wanted) else _free_port(wanted)
    process = _spawn(home, port)
    detail = "It is starting."
    if wanted and port != wanted:
        detail = f"Port {wanted} is taken by another program; it is starting at port {port} from now on."
    import psutil

    try:
        started = psutil.Process(process.pid).create_time()
    except psutil.Error:
        started = time.time()
    memory.process, memory.started_at, memory.answered_at, memory.note = process, time.monotonic(), None, detail
    return processes.put_server(
        home, pid=process.pid, process_started=started, port=port, state=STARTING, detail=detail
    )


def adopt(home: Home) -> Server | None:
    """Take over a server that runs already, started by an earlier agent; None where none runs."""
    row = processes.server(home)
    if processes.is_same_process(row.pid, row.process_started):
        return row
    try:
        identity = json.loads((home.tracking / IDENTITY_FILE).read_text("utf-8"))
        pid, started, port = int(identity["pid"]), float(identity["process_started"]), int(identity["port"])
    except (OSError, ValueError, KeyError):
        return None
    if not processes.is_same_process(pid, started):
        return None
    return processes.put_server(
        home, pid=pid, process_started=started, port=port, state=STARTING, detail="It was running already."
    )


def check(home: Home) -> Server:
    """Look at the server, write what changed, and give the row. Takes at most a second or so; starts nothing."""
    row = processes.server(home)
    if row.state == STOPPED:
        return row
    memory = _memory(home)
    exit_code = memory.process.poll() if memory.process is not None else None
    if not processes.is_same_process(row.pid, row.process_started):
        return _write(home, row, pid=None, process_started=None, state=FAILED, detail=_why(home, exit_code))
    if answers(row.url):
        memory.answered_at = time.monotonic()
        note = memory.note.replace("it is starting at", "it serves at") if "taken" in memory.note else ""
        return _write(home, row, state=HEALTHY, detail=note)
    silent_s = time.monotonic() - (memory.answered_at or memory.started_at)
    if silent_s > (_SILENCE_LIMIT_S if row.state == HEALTHY else _START_LIMIT_S):
        _end(row)
        detail = f"It did not answer for {silent_s:.0f} s and was ended."
        return _write(home, row, pid=None, process_started=None, state=FAILED, detail=detail)
    if row.state == HEALTHY and silent_s > 5:
        return _write(home, row, detail="It is busy and answers late.")
    return row


def ensure(home: Home) -> Server:
    """Keep the server up: adopt, check, and start it again after a crash, later each time. The agent calls this often."""
    memory = _memory(home)
    with memory.lock:
        return processes.server(home) if memory.held else _ensure(home, memory)


def _ensure(home: Home, memory: _Memory) -> Server:
    row = processes.server(home)
    if row.state == STOPPED or (row.pid is None and memory.failures == 0):
        row = adopt(home) or row
    if row.pid is not None:
        row = check(home)
    if row.pid is not None:
        if row.state == HEALTHY and time.monotonic() - memory.started_at > _STEADY_S:
            memory.failures = 0
        return row
    return _start_after_back_off(home, row, memory)


def _start_after_back_off(home: Home, row: Server, memory: _Memory) -> Server:
    if memory.next_start_at is None:
        wait_s = _BACK_OFF_S[min(memory.failures, len(_BACK_OFF_S) - 1)]
        memory.next_start_at = time.monotonic() + wait_s
        memory.failures += 1
        if wait_s:
            row = _write(home, row, detail=f"{row.detail} It is started again in {wait_s:.0f} s.")
    if time.monotonic() < memory.next_start_at:
        return row
    memory.next_start_at = None
    try:
        return start(home)
    except Unavailable as error:
        return _write(home, row, state=FAILED, detail=error.reason)


def stop(home: Home) -> Server:
    """End the server: in-flight requests get a few seconds. Its port is kept for the next start."""
    row = adopt(home) or processes.server(home)
    if row.pid is not None:
        _end(row)
    memory = _memory(home)
    if memory.process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            memory.process.wait(timeout=1)
    memory.process, memory.failures, memory.next_start_at = None, 0, None
    return _write(home, row, pid=None, process_started=None, state=STOPPED, detail="It was stopped.")


@contextlib.contextmanager
def held_down(home: Home, why: str) -> Iterator[None]:
    """Stop the server for what needs its database alone; afterwards `ensure` starts it again.

    Only this process is told: an agent that is killed meanwhile takes the hold with it, and the next one starts the server.
    """
    memory = _memory(home)
    with memory.lock:  # `ensure` may be about to start it
        memory.held = True
        try:
            _write(home, stop(home), detail=why)
        except BaseException:
            memory.held = False
            raise
    try:
        yield
    finally:
        memory.held = False


def answers(url: str) -> bool:
    """Tell whether a server answers its health check within a second."""
    import http.client

    if not url:
        return False
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=_PROBE_S)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def analyze(home: Home) -> bool:
    """Give SQLite the statistics that keep sorted pages quick; at most daily, or when the file has doubled.

    MLflow never does it, and a page of 10,000 runs sorted by a metric takes 6 s without, 0.1 s with.
    Returns whether it was done.
    """
    database, stamp = home.tracking / DATABASE, home.tracking / "analyzed.json"
    try:
        size = database.stat().st_size + _size(database.with_name(f"{DATABASE}-wal"))
    except OSError:
        return False
    with contextlib.suppress(OSError, ValueError, KeyError):
        last = json.loads(stamp.read_text("utf-8"))
        if time.time() - last["at"] < _ANALYZE_EVERY_S and size < 2 * last["size"]:
            return False
    try:
        _analyze(database)
    except sqlite3.OperationalError:  # the server holds the write lock for long, or has not made its tables
        return False
    stamp.write_text(json.dumps({"at": time.time(), "size": size}), "utf-8")
    return True


def _analyze(database: Path) -> None:
    with contextlib.closing(sqlite3.connect(database, timeout=2, isolation_level=None)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            raise sqlite3.OperationalError("no such table: runs")
        connection.execute("BEGIN IMMEDIATE")
        # A new table moves the schema's cookie, at which the server's open connections read the statistics too.
        connection.execute("DROP TABLE IF EXISTS sqlite_stat1")
        connection.execute("ANALYZE")
        connection.execute("COMMIT")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


@dataclass
class _Memory:
    """What this process knows of the server beyond its row."""

    started_at: float
    process: subprocess.Popen[bytes] | None = None
    answered_at: float | None = None
    failures: int = 0
    next_start_at: float | None = None
    note: str = ""
    # Somebody needs the database alone: the server is not started meanwhile.
    held: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)


_memories: dict[Path, _Memory] = {}


def _memory(home: Home) -> _Memory:
    return _memories.setdefault(home.path, _Memory(started_at=time.monotonic()))


def _write(home: Home, row: Server, **changes: Any) -> Server:
    """Write what differs; a write without a change would wake every window for nothing."""
    if all(getattr(row, name) == value for name, value in changes.items()):
        return row
    return processes.put_server(home, **changes)


def _spawn(home: Home, port: int) -> subprocess.Popen[bytes]:
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = home.logs / "server.log"
    if _size(log) > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW
        detached = {"creationflags": flags}
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                self_command("tracking-server", "--folder", str(home.tracking), "--port", str(port)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=home.tracking,
                env=environment(home.tracking, dict(os.environ)),
                **detached,
            )
    except OSError as error:
        raise Unavailable(
            f"The tracking server cannot be started: {error}.", hint="Free disk space or memory, then try again."
        ) from error


def _end(row: Server) -> None:
    """Ask the process to end, then kill it."""
    import psutil

    if not processes.is_same_process(row.pid, row.process_started):
        return
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(row.pid)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=_STOP_S)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(timeout=2)


def _why(home: Home, exit_code: int | None) -> str:
    """Say why the server is not there, from its exit status and the last line of its log."""
    if exit_code == PORT_TAKEN:
        return "Its port was taken by another program."
    if exit_code == ALREADY_SERVED:
        return "Another process serves this home's tracking folder."
    last = _last_line(home.logs / "server.log")
    if exit_code is not None and exit_code < 0:
        return f"It was killed (signal {-exit_code})."
    return f"It ended{f' with status {exit_code}' if exit_code else ''}." + (f" Its log ends: {last}" if last else "")


def _last_line(log: Path, size: int = 4000) -> str:
    try:
        lines = log.read_bytes()[-size:].decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there it would let us share a port with another program
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _becomes_free(port: int) -> bool:
    """Wait a moment: a killed server's socket lives a little longer than its process."""
    deadline = time.monotonic() + _RELEASE_S
    while not (free := _is_free(port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return free


def _free_port(after: int | None) -> int:
    """Give the next free port: after the one that was wanted, or from a random place."""
    first = after + 1 if after else random.choice(_PORTS)
    for step in range(len(_PORTS)):
        port = _PORTS[(first - _PORTS.start + step) % len(_PORTS)]
        if _is_free(port):
            return port
    raise Unavailable("No port is free for the tracking server.", hint="Close programs that listen on many ports.")
