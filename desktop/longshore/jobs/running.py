"""The life of one run job: begun, watched, settled. The agent has one of these per job, on a thread of its own.

It can be begun again at any point after a crash: what is under way is read from the job's folder, never from memory.
"""

from __future__ import annotations

import contextlib
import logging
import subprocess
import time
from collections.abc import Mapping
from typing import Any

from longshore.errors import Cancelled, LongshoreError, Unavailable, WorkFailed
from longshore.jobs import adopting, beginning, orphans, settling, spawning
from longshore.jobs.capture import Capture
from longshore.jobs.held import Around, Held, Leaving, utc
from longshore.jobs.supervisor import backend, files
from longshore.progress import CancelToken
from longshore.store import jobs, records
from longshore.store.records import Job

__all__ = ["Around", "Leaving", "RunJob"]

_log = logging.getLogger(__name__)
_QUICK_S, _POLL_S = 0.01, 0.05
_LOOK_S = 1.0
_MOST_ADOPTIONS = 5
# A supervisor that lived this long was not killed by what killed the one before.
_STEADY_S = 60.0


class RunJob:
    """One run job in the hands of this agent."""

    def __init__(self, around: Around, job: Job, cancel: CancelToken) -> None:
        self._held = Held(around, job, cancel)
        self._supervisor: subprocess.Popen[bytes] | None = None
        self._captured: Capture | None = None
        self._adoptions, self._failures, self._adopted_at = 0, 0, 0.0

    def bring_to_end(self) -> Job:
        """Bring the job from wherever it stands to its end, or back into the queue for another attempt.

        Raises: Leaving.
        """
        held = self._held
        try:
            if held.job.state == records.QUEUED or not beginning.is_under_way(held):
                self._supervisor, self._captured = beginning.begin(held)
            status = self._watch()
            if self._captured is not None:
                self._captured.wait_for_data()
            around = held.around
            return settling.settle(around, held.job, status, held.check_leaving)
        except Cancelled:
            if held.around.leaving.is_set():
                held.say(state=records.QUEUED, started_at=None, progress=None, detail="")
                raise Leaving from None
            return self._end(records.STOPPED, None)
        except LongshoreError as error:
            return self._end(records.FAILED, error)
        except OSError as error:
            hint = "Free space on the disk of the home folder, then launch it again."
            return self._end(records.FAILED, WorkFailed(f"The job's files could not be written: {error}.", hint=hint))

    def _watch(self) -> Mapping[str, Any]:
        """Wait for the supervisor's last words, and see to it that there is a supervisor."""
        held = self._held
        seen = settling.Discovery(held.around, held.job, held.spec)
        running = False
        next_look = time.monotonic() + _LOOK_S
        while (status := files.read_json(held.folder / files.STATUS)) is None:
            held.check_leaving()
            running = running or self._note_start()
            self._pass_on_a_stop()
            if time.monotonic() > next_look:
                self._look_after_supervisor()
                if running:
                    seen.look()
                next_look = time.monotonic() + _LOOK_S * 2**self._failures
            time.sleep(_POLL_S if running else _QUICK_S)
        self._note_start()
        if self._supervisor is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._supervisor.wait(timeout=2)
        return status

    def _note_start(self) -> bool:
        """Write into the row that it runs, once the supervisor says so."""
        held, record = self._held, self._held.record()
        if not record:
            return False
        with contextlib.suppress(Unavailable):  # the database's disk is full: the script goes on, and so do we
            job = jobs.get(held.home, held.job.id)
            state = records.STOPPING if job.stop_requested else records.RUNNING
            began = utc(float(record.get("started_at") or time.time()))
            if job.state != state or job.started_at != began:
                held.say(state=state, started_at=began, progress=None, detail="")
            return True
        return False

    def _pass_on_a_stop(self) -> None:
        held = self._held
        if held.cancel.cancelled and not (held.folder / files.STOP).exists():
            held.check_leaving()  # an agent that leaves cancels too, and means itself
            with contextlib.suppress(OSError):  # asked again with the next look
                files.request_stop(held.folder, "polite")

    def _look_after_supervisor(self) -> None:
        held = self._held
        if self._supervisor is not None:
            self._supervisor.poll()  # a dead child stays until somebody asks
        orphans.reap(held.folder)
        if spawning.supervisor_lives(held.folder) or (held.folder / files.STATUS).exists():
            return
        if self._supervisor is not None and self._supervisor.returncode is None:
            return  # it starts
        if time.monotonic() - self._adopted_at > _STEADY_S:
            self._adoptions = 0
        if self._adoptions >= _MOST_ADOPTIONS:
            self._give_up(backend.LOST, "Its supervisor ended again and again; look for what kills it.")
            return
        self._adoptions += 1
        _log.info("The supervisor of job %s is gone; another one takes over.", held.job.id)
        self._adopt()
        self._adopted_at = time.monotonic()

    def _adopt(self) -> None:
        """Get another supervisor. None now is no reason to end a job that runs: it is tried again, later each time."""
        try:
            self._supervisor, self._failures = adopting.adopt(self._held), 0
        except Unavailable as error:
            self._give_up(backend.ENGINE_GONE, error.reason)
        except (OSError, LongshoreError) as error:
            self._supervisor, self._failures = None, self._failures + 1
            _log.warning("Job %s has no supervisor: %s", self._held.job.id, error)

    def _give_up(self, reason: str, detail: str) -> None:
        """Write the last words of a job that nobody can watch any more; it is then settled as any other."""
        folder = self._held.folder
        began_at = (files.read_json(folder / files.SUPERVISOR) or {}).get("began_at")
        log = folder / files.LOG
        size = log.stat().st_size if log.exists() else 0
        words = {"code": None, "reason": reason, "detail": detail, "began_at": began_at, "ended_at": time.time()}
        files.write_json(folder / files.STATUS, {**words, "log_bytes": size})

    def _end(self, state: str, error: LongshoreError | None) -> Job:
        """End a job that was never started, or of which nothing is known any more."""
        held = self._held
        beginning.tidy(held)
        if error is not None and held.folder.is_dir():
            files.note(held.folder, error.reason)
            for line in (error.details or "").splitlines():
                files.note(held.folder, f"  {line}")
        return settling.write_end(held.home, held.job, state=state, error=error, ended_at=time.time())
