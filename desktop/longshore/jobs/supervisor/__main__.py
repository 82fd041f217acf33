"""A supervisor's process: reads its instructions from standard input, supervises one job, ends.

Standard input that ends before any instruction means that the agent died first: nothing was started, nothing is done.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import IO

from longshore.jobs.supervisor import files
from longshore.jobs.supervisor.backend import Backend, Forwarding
from longshore.jobs.supervisor.instructions import Forward, Instructions
from longshore.jobs.supervisor.loop import Supervision

# Exit statuses that the agent understands.
NOTHING_TOLD, SUPERVISED_ALREADY = 0, 75


def main() -> int:
    """Supervise the job that standard input describes."""
    document = _read_all(0)
    if not document:
        return NOTHING_TOLD
    told = Instructions.from_bytes(document)
    folder = Path(told.folder)
    _move_to(folder)
    # Held as long as this process lives: a job has one supervisor.
    with (folder / files.LOCK).open("ab") as lock:
        if not _take(lock):
            return SUPERVISED_ALREADY
        files.reserve(folder)
        _supervise(told, folder, lock)
    return 0


def _move_to(folder: Path) -> None:
    """Work, and complain, in the job's folder; a spare supervisor was started before it had a job."""
    os.chdir(folder)
    log = os.open(folder / files.SUPERVISOR_LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)


def _supervise(told: Instructions, folder: Path, lock: IO[bytes]) -> None:
    forwarder = _forwarder(told.forward)
    private = [lock.fileno()]
    if told.forward is not None and told.forward.fd is not None:
        private.append(told.forward.fd)
    supervision = Supervision(told, _backend(told, folder, private), forwarder)
    signal.signal(signal.SIGTERM, lambda *_: supervision.ask_to_stop())
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        supervision.run()
    finally:
        if forwarder is not None:
            forwarder.close()


def _backend(told: Instructions, folder: Path, private: list[int]) -> Backend:
    document = {"job_id": told.job_id, **told.backend}
    if document["kind"] == "container":
        from longshore.jobs.supervisor.container import ContainerBackend

        return ContainerBackend(document, folder)
    if sys.platform == "win32":
        from longshore.jobs.supervisor.windows import WindowsBackend

        return WindowsBackend(document, folder)
    from longshore.jobs.supervisor.process import ProcessBackend

    return ProcessBackend(document, folder, private)


def _forwarder(forward: Forward | None) -> Forwarding | None:
    if forward is None:
        return None
    from longshore.jobs.supervisor.forward import Forwarder

    return Forwarder(forward, _listener(forward))


def _listener(forward: Forward) -> socket.socket:
    if sys.platform == "win32":
        import base64

        return socket.fromshare(base64.b64decode(forward.share))
    return socket.socket(fileno=forward.fd)


def _read_all(descriptor: int) -> bytes:
    pieces = []
    while piece := os.read(descriptor, 1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def _take(lock: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
