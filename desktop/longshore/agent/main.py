"""The agent's process: one per home, kept by a lock file; started on demand, detached, without a terminal."""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from longshore import __version__
from longshore.errors import LongshoreError
from longshore.settings import Home, open_home

_log = logging.getLogger(__name__)
_LOCK_WAIT_S = 8.0
_LOG_LIMIT_BYTES = 5_000_000


def serve(argv: list[str]) -> int:
    """Be the agent of a home until told to end. Exit status 0 too where another one is there already."""
    parser = argparse.ArgumentParser(prog="longshore agent serve")
    parser.add_argument("--home", type=Path)
    home = open_home(parser.parse_args(argv).home)
    _set_up_log(home)
    from filelock import FileLock

    lock = FileLock(str(home.path / "agent.lock"))
    if not _acquire(home, lock):
        return 0
    try:
        status = _serve_alone(home)
    except LongshoreError as error:
        _log.error("%s %s", error.reason, error.hint or "")
        status = 1
    lock.release()
    logging.shutdown()
    # Threads that hash, or wait for an engine, would hold the end up; nothing that they do is lost.
    os._exit(status)


def _acquire(home: Home, lock: object) -> bool:
    """Take the lock, waiting for an agent that is just ending; False where one works."""
    from filelock import FileLock, Timeout

    from longshore.store import processes

    assert isinstance(lock, FileLock)
    deadline = time.monotonic() + _LOCK_WAIT_S
    while time.monotonic() < deadline:
        try:
            lock.acquire(timeout=0)
            return True
        except Timeout:
            if processes.agent_runs(home):
                return False
            time.sleep(0.05)
    return False


def _serve_alone(home: Home) -> int:
    import psutil

    from longshore.agent.body import Agent
    from longshore.jobs.orphans import adopt_orphans
    from longshore.secrets import keyring

    keyring.keep_from_children(home)
    adopt_orphans()
    agent = Agent(home)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: agent.leave())
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    started = psutil.Process().create_time()
    _log.info("The agent of %s starts, pid %s, version %s.", home.path, os.getpid(), __version__)
    agent.run({"pid": os.getpid(), "process_started": started, "app_version": __version__})
    if agent.stops_server:
        from longshore.workspace import databases, server

        databases.stop_all(home)
        server.stop(home)
    _log.info("The agent ends.")
    return 0


def _set_up_log(home: Home) -> None:
    """Log to standard error, which is `logs/agent.log` where the app started this process; that file is kept short."""
    home.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = home.logs / "agent.log"
    if file.exists() and file.stat().st_size > _LOG_LIMIT_BYTES:
        # Copied, not renamed: our own standard error goes on in this very file.
        shutil.copyfile(file, file.with_suffix(".log.1"))
        os.truncate(file, 0)
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    for chatty in ("httpx", "httpcore", "alembic", "docker", "urllib3", "filelock"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
