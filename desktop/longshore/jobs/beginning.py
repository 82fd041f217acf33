"""Beginning a run job: everything that can be done at the same time is, since a person waits for the first line."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from longshore.errors import LongshoreError, WorkFailed
from longshore.jobs import capture, code_state, settling, spawning
from longshore.jobs.held import Held, utc
from longshore.jobs.supervisor import files
from longshore.jobs.supervisor.instructions import Forward, Instructions
from longshore.jobs.targets.base import Prepared, Start, Tracking
from longshore.settings import load_settings
from longshore.store import records

_SERVER_WAIT_S = 90.0
# A supervisor that was told everything just before the agent died may not have said a word yet.
_FIRST_WORD_S = 2.0
_INSTRUCTED = "instructed"
# Files of one try, removed before the next.
_OF_ONE_TRY = (
    files.SUPERVISOR, files.CHILD, files.EXIT, files.STATUS, files.SAMPLES, files.STOP, files.HEARTBEAT, _INSTRUCTED,
    capture.SNAPSHOT, settling.UNSENT, files.EVENTS, files.STEPS,
)  # fmt: skip


def is_under_way(held: Held) -> bool:
    """Tell whether an earlier agent started the job; else nothing of it runs."""
    if (held.folder / files.STATUS).exists() or spawning.supervisor_lives(held.folder):
        return True
    deadline = time.monotonic() + _FIRST_WORD_S
    while (held.folder / _INSTRUCTED).exists() and time.monotonic() < deadline:
        if held.record():
            return True
        time.sleep(0.05)
    if not (held.folder / _INSTRUCTED).exists():
        return False
    # The supervisor may have been killed between the start and its note of it.
    with contextlib.suppress(LongshoreError):
        return held.target.has_started(held.home, settling.start_without_server(held.job, held.spec))
    return False


def begin(held: Held) -> tuple[subprocess.Popen[bytes], capture.Capture]:
    """Prepare the job and hand it to a supervisor.

    Raises: whatever makes that impossible, as LongshoreError or OSError; nothing half made is left.
    """
    if (held.folder / capture.FOLDER).exists():
        tidy(held)  # a container that was made and never started
    spawning.make_folder(held.folder)
    for name in _OF_ONE_TRY:
        with contextlib.suppress(OSError):
            (held.folder / name).unlink()
    for sentence in held.spec.notes if held.spec.attempt == 1 else ():
        files.note(held.folder, sentence)
    if held.spec.attempt > 1:
        files.note(held.folder, f"Attempt {held.spec.attempt} of {held.spec.retries + 1}.")
    made = _Made()
    try:
        captured = _prepare(held, made)
        assert made.start is not None and made.prepared is not None
        made.spawned = made.spawned or spawning.spawn(held.folder, made.prepared.listener)
        return hand_over(held, made.spawned, instructions(held, made.start, made.prepared)), captured
    except BaseException:
        if made.spawned is not None:
            made.spawned.dismiss()
        tidy(held, made.start)
        raise


class _Made:
    """What is there so far, to be taken back where the rest fails."""

    spawned: spawning.Spawned | None = None
    start: Start | None = None
    prepared: Prepared | None = None


def _prepare(held: Held, made: _Made) -> capture.Capture:
    with ThreadPoolExecutor(2, thread_name_prefix="begin") as beside:
        told = beside.submit(held.say, state=records.PREPARING, started_at=utc(time.time()), exit_code=None)
        tracking = _tracking(held)
        listener = _listener(held, tracking)
        if held.spec.target == "local":  # its start takes as long as everything below
            spare = held.around.spare.take() if listener is None else None
            made.spawned = spare or spawning.spawn(held.folder, listener)
        code_state.put_in_place(held)
        captured = capture.Capture(held.home, held.spec, held.folder)
        experiment = beside.submit(held.around.reach.ensure_experiment, held.job.workspace, held.spec)
        try:
            made.start = _start(held, tracking, listener)
            made.prepared = held.target.prepare(held.home, made.start, held.progress(), held.cancel)
            captured.finish(made.prepared, listener)
            code_state.note_environment(held, made.prepared.environment_hash)
        finally:
            captured.close()
        experiment.result()
        told.result()
        held.cancel.check()
        return captured


def _tracking(held: Held) -> Tracking:
    """Say how the job reaches its server, waiting for one that still starts."""
    deadline = time.monotonic() + _SERVER_WAIT_S
    told = False
    while True:
        held.cancel.check()
        left_s = deadline - time.monotonic()
        try:
            wait_s = min(0.3, max(0.0, left_s))
            return held.around.reach.tracking(held.job.workspace, held.job.id, held.spec, wait_s=wait_s)
        except LongshoreError as error:
            if error.code != "unavailable" or left_s <= 0:
                raise
            if not told:
                told = True
                held.say(detail="Waiting for the tracking server")


def _listener(held: Held, tracking: Tracking) -> socket.socket | None:
    """Bind the way to a server that wants a sign-in, which the script is not to see."""
    if held.spec.target != "local" or not tracking.authorization:
        return None
    return socket.create_server(("127.0.0.1", 0))


def _start(held: Held, tracking: Tracking, listener: socket.socket | None) -> Start:
    from longshore.secrets import named

    secrets = named.values(held.home, held.spec.secrets)
    return Start(held.job, held.spec, held.folder, tracking, secrets, listener)


def instructions(held: Held, start: Start, prepared: Prepared, **adoption: Any) -> Instructions:
    """Write down what a supervisor is to do; it forwards where something listens and there is a server to send to."""
    listens = start.listener is not None or prepared.listener is not None
    tracking = start.tracking
    forwards = listens and tracking.url
    forward = Forward(tracking.url, tracking.token, tracking.authorization, tracking.ca_file) if forwards else None
    return Instructions(
        job_id=held.job.id,
        folder=str(held.folder),
        backend=prepared.backend,
        forward=forward,
        grace_s=load_settings(held.home).grace_s,
        timeout_s=held.spec.timeout_s,
        **adoption,
    )


def hand_over(held: Held, spawned: spawning.Spawned, told: Instructions) -> subprocess.Popen[bytes]:
    """Give a supervisor its job. Raises: WorkFailed if it died meanwhile."""
    (held.folder / _INSTRUCTED).touch()
    try:
        spawned.instruct(told)
    except OSError as error:
        raise WorkFailed(
            "The job's supervisor could not be started.",
            hint="Free memory and disk space, then launch it again.",
            details=spawning.tail_of_log(held.folder),
        ) from error
    return spawned.process


def tidy(held: Held, start: Start | None = None) -> None:
    """Remove what the target made for the job alone, as far as that can be done."""
    with contextlib.suppress(LongshoreError):
        known = start or settling.start_without_server(held.job, held.spec)
        record: Mapping[str, Any] = held.record() or dict(capture.facts(held.folder).container)
        held.target.finish(held.home, known, record)
