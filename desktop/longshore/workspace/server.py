"""A tracking server of this home: started, adopted, watched and stopped by the agent.

The server is the stock MLflow server in a session of its own: it outlives the agent, and the next agent adopts it.
Each function is about the personal workspace's where no other place is named.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.errors import LongshoreError, Unavailable
from longshore.settings import Home, self_command
from longshore.store import processes
from longshore.store.records import Server
from longshore.workspace import database_file, ports
from longshore.workspace.places import OWN, Place
from longshore.workspace.tracking_process import (
    ALREADY_SERVED,
    DATABASE,
    IDENTITY_FILE,
    PORT_TAKEN,
    environment,
)

STOPPED, STARTING, HEALTHY, FAILED = "stopped", "starting", "healthy", "failed"
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


def start(home: Home, place: Place = OWN) -> Server:
    """Start the server and give its row at once, in the state `starting`; `check` tells when it is healthy.

    Raises: Unavailable if its process can't be started; for a database that is opened in place, what
        `database_file.check` raises: then nothing was touched.
    """
    if (running := adopt(home, place)) is not None:
        return running
    if place.file is not None:
        database_file.check(place.file)
    place.folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    memory = _memory(home, place)
    if memory.process is not None:  # a killed one holds its port until it is reaped
        with contextlib.suppress(subprocess.TimeoutExpired):
            memory.process.wait(timeout=_RELEASE_S)
    wanted = processes.server(home, place.workspace).port
    port = wanted if wanted and ports.becomes_free(wanted) else ports.free_port(wanted)
    process = _spawn(home, place, port)
    detail = "It is starting."
    if wanted and port != wanted:
        detail = f"Port {wanted} is taken by another program; it is starting at port {port} from now on."
    import psutil

    try:
        started = psutil.Process(process.pid).create_time()
    except psutil.Error:
        started = time.time()
    memory.process, memory.started_at, memory.answered_at, memory.note = process, time.monotonic(), None, detail
    memory.inode = None
    return processes.put_server(
        home, place.workspace, pid=process.pid, process_started=started, port=port, state=STARTING, detail=detail
    )


def adopt(home: Home, place: Place = OWN) -> Server | None:
    """Take over a server that runs already, started by an earlier agent; None where none runs."""
    row = processes.server(home, place.workspace)
    if processes.is_same_process(row.pid, row.process_started):
        return row
    try:
        identity = json.loads((place.folder(home) / IDENTITY_FILE).read_text("utf-8"))
        pid, started, port = int(identity["pid"]), float(identity["process_started"]), int(identity["port"])
    except (OSError, ValueError, KeyError):
        return None
    if not processes.is_same_process(pid, started):
        return None
    return processes.put_server(
        home,
        place.workspace,
        pid=pid,
        process_started=started,
        port=port,
        state=STARTING,
        detail="It was running already.",
    )


def check(home: Home, place: Place = OWN) -> Server:
    """Look at the server, write what changed, and give the row. Takes at most a second or so; starts nothing."""
    row = processes.server(home, place.workspace)
    if row.state == STOPPED:
        return row
    memory = _memory(home, place)
    exit_code = memory.process.poll() if memory.process is not None else None
    if not processes.is_same_process(row.pid, row.process_started):
        detail = _why(home, place, exit_code)
        return _write(home, place, row, pid=None, process_started=None, state=FAILED, detail=detail)
    if place.file is not None and (problem := _lost(place.file, memory)):
        _end(row)
        return _write(home, place, row, pid=None, process_started=None, state=FAILED, detail=problem)
    if answers(row.url):
        memory.answered_at = time.monotonic()
        note = memory.note.replace("it is starting at", "it serves at") if "taken" in memory.note else ""
        if place.file is not None:
            note = database_file.remark(place.file) or note
        return _write(home, place, row, state=HEALTHY, detail=note)
    silent_s = time.monotonic() - (memory.answered_at or memory.started_at)
    if silent_s > (_SILENCE_LIMIT_S if row.state == HEALTHY else _START_LIMIT_S):
        _end(row)
        detail = f"It did not answer for {silent_s:.0f} s and was ended."
        return _write(home, place, row, pid=None, process_started=None, state=FAILED, detail=detail)
    if row.state == HEALTHY and silent_s > 5:
        return _write(home, place, row, detail="It is busy and answers late.")
    return row


def _lost(file: Path, memory: _Memory) -> str:
    """Say why a database's server must not go on; it would keep writing to a file that was moved away or replaced."""
    if problem := database_file.trouble(file):
        return f"{problem.reason} {problem.hint or ''}".strip()
    try:
        status = file.stat()
    except OSError:
        return f"{file} is not there any more."
    seen, memory.inode = memory.inode, (status.st_dev, status.st_ino)
    return "" if seen in (None, memory.inode) else f"{file} was replaced; it is opened anew."


def ensure(home: Home, place: Place = OWN) -> Server:
    """Keep the server up: adopt, check, and start it again after a crash, later each time. The agent calls this often."""
    memory = _memory(home, place)
    with memory.lock:
        return processes.server(home, place.workspace) if memory.held else _ensure(home, place, memory)


def _ensure(home: Home, place: Place, memory: _Memory) -> Server:
    row = processes.server(home, place.workspace)
    if row.state == STOPPED or (row.pid is None and memory.failures == 0):
        row = adopt(home, place) or row
    if row.pid is not None:
        row = check(home, place)
    if row.pid is not None:
        if row.state == HEALTHY and time.monotonic() - memory.started_at > _STEADY_S:
            memory.failures = 0
        return row
    return _start_after_back_off(home, place, row, memory)


def _start_after_back_off(home: Home, place: Place, row: Server, memory: _Memory) -> Server:
    if memory.next_start_at is None:
        wait_s = _BACK_OFF_S[min(memory.failures, len(_BACK_OFF_S) - 1)]
        memory.next_start_at = time.monotonic() + wait_s
        memory.failures += 1
        if wait_s:
            row = _write(home, place, row, detail=f"{row.detail} It is started again in {wait_s:.0f} s.")
    if time.monotonic() < memory.next_start_at:
        return row
    memory.next_start_at = None
    try:
        return start(home, place)
    except LongshoreError as error:
        return _write(home, place, row, state=FAILED, detail=f"{error.reason} {error.hint or ''}".strip())


def stop(home: Home, place: Place = OWN) -> Server:
    """End the server: in-flight requests get a few seconds. Its port is kept for the next start."""
    row = adopt(home, place) or processes.server(home, place.workspace)
    if row.pid is not None:
        _end(row)
    memory = _memory(home, place)
    if memory.process is not None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            memory.process.wait(timeout=1)
    memory.process, memory.failures, memory.next_start_at, memory.inode = None, 0, None, None
    return _write(home, place, row, pid=None, process_started=None, state=STOPPED, detail="It was stopped.")


@contextlib.contextmanager
def held_down(home: Home, why: str) -> Iterator[None]:
    """Stop the server for what needs its database alone; afterwards `ensure` starts it again.

    Only this process is told: an agent that is killed meanwhile takes the hold with it, and the next one starts the server.
    """
    memory = _memory(home, OWN)
    with memory.lock:  # `ensure` may be about to start it
        memory.held = True
        try:
            _write(home, OWN, stop(home, OWN), detail=why)
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
    # Which file a database's name stood for at the last look.
    inode: tuple[int, int] | None = None
    # Somebody needs the database alone: the server is not started meanwhile.
    held: bool = False
    lock: threading.RLock = field(default_factory=threading.RLock)


_memories: dict[tuple[Path, Place], _Memory] = {}


def _memory(home: Home, place: Place) -> _Memory:
    return _memories.setdefault((home.path, place), _Memory(started_at=time.monotonic()))


def _write(home: Home, place: Place, row: Server, **changes: Any) -> Server:
    """Write what differs; a write without a change would wake every window for nothing."""
    if all(getattr(row, name) == value for name, value in changes.items()):
        return row
    return processes.put_server(home, place.workspace, **changes)


def _spawn(home: Home, place: Place, port: int) -> subprocess.Popen[bytes]:
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log, folder = place.log(home), place.folder(home)
    if _size(log) > _LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    foreign = () if place.file is None else ("--database", str(place.file))
    detached: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS | subprocess.CREATE_NO_WINDOW
        detached = {"creationflags": flags}
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                self_command("tracking-server", "--folder", str(folder), "--port", str(port), *foreign),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # Never a stranger's folder: what lies in it could be taken for Python's own modules.
                cwd=folder,
                env=environment(folder, dict(os.environ), place.file),
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


def _why(home: Home, place: Place, exit_code: int | None) -> str:
    """Say why the server is not there, from its exit status and the last line of its log."""
    if exit_code == PORT_TAKEN:
        return "Its port was taken by another program."
    if exit_code == ALREADY_SERVED:
        return f"Another process serves {place.file or 'the tracking folder of this home'}."
    last = _last_line(place.log(home))
    if exit_code is not None and exit_code < 0:
        return f"It was killed (signal {-exit_code})."
    return f"It ended{f' with status {exit_code}' if exit_code else ''}." + (f" Its log ends: {last}" if last else "")


def _last_line(log: Path, size: int = 4000) -> str:
    try:
        lines = log.read_bytes()[-size:].decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip()[:300] if lines else ""
