"""Taking over a job whose supervisor is dead. It runs on, so nothing that is away for a while may end it."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable
from typing import TypeVar

from longshore.errors import LongshoreError, Unavailable
from longshore.jobs import beginning, capture, settling, spawning
from longshore.jobs.held import Held
from longshore.jobs.supervisor import files
from longshore.jobs.targets.base import Prepared, Start

# So long the engine, or the keyring with a team's sign-in, may be away.
PATIENCE_S = 90.0
_AGAIN_S = 0.3
T = TypeVar("T")


def adopt(held: Held) -> subprocess.Popen[bytes]:
    """Start another supervisor, which takes over what the dead one left.

    The tracking server need not be up: it is reached again where it was, and the forwarder says what it missed.
    Raises: Leaving; Unavailable if the job's engine does not come back; OSError, WorkFailed if there is no supervisor.
    """
    record = held.record() or dict(capture.facts(held.folder).container)
    found = files.read_json(held.folder / files.SUPERVISOR) or {}
    start = _start_again(held)
    prepared = Prepared(backend={}, command=())
    try:
        prepared = _patiently(held, lambda: held.target.adoption(held.home, start, record))
        _say_what_is_lost(held, start, prepared)
        spawned = spawning.spawn(held.folder, (start.listener or prepared.listener) if start.tracking.url else None)
        began_at = found.get("began_at") or time.time()
        told = beginning.instructions(held, start, prepared, adopt=record, began_at=began_at)
        return beginning.hand_over(held, spawned, told)
    finally:  # the supervisor has its own descriptor by now
        for listener in filter(None, (start.listener, prepared.listener)):
            listener.close()


def _start_again(held: Held) -> Start:
    """Give what is needed to adopt a job: its secrets are not, they reached it when it started."""
    known = settling.start_without_server(held.job, held.spec)
    try:
        tracking = _patiently(
            held,
            lambda: held.around.reach.tracking_again(held.job.workspace, held.job.id, held.spec),
            enough=lambda: held.stop_is_asked,
        )
    except LongshoreError as error:
        files.note(held.folder, f"Its way to the tracking server could not be opened again: {error.reason}")
        return known
    return Start(known.job, known.spec, known.folder, tracking, listener=_listen_again(held))


def _listen_again(held: Held) -> socket.socket | None:
    """Bind the address that the script was given."""
    address = capture.facts(held.folder).listen
    with contextlib.suppress(OSError):
        return socket.create_server(address) if address else None
    return None


def _say_what_is_lost(held: Held, start: Start, prepared: Prepared) -> None:
    looks_there = held.spec.target != "local" or capture.facts(held.folder).listen is not None
    if looks_there and not (start.tracking.url and (start.listener or prepared.listener)):
        files.note(held.folder, "What the script logs from now on does not reach the tracking server.")


def _patiently(held: Held, work: Callable[[], T], enough: Callable[[], bool] = lambda: False) -> T:
    """Do something that needs a thing which may be away for a while.

    Raises: what it raises, after the patience or once it is `enough`; Leaving.
    """
    deadline = time.monotonic() + PATIENCE_S
    said = ""
    while True:
        held.check_leaving()
        try:
            found = work()
            if said:
                _tell(held, "")
            return found
        except Unavailable as error:
            if time.monotonic() > deadline or enough():
                raise
            if error.reason != said:
                said = error.reason
                _tell(held, f"It runs on; its supervisor waits. {error.reason}")
        time.sleep(_AGAIN_S)


def _tell(held: Held, detail: str) -> None:
    with contextlib.suppress(Unavailable):  # the database's disk is full
        held.say(detail=detail)
