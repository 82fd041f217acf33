"""The supervisor's loop: start or adopt, wait, sample, obey a stop request, keep the time limit, write the end."""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from typing import Any

from longshore.jobs.supervisor import backend, files, identity, sample
from longshore.jobs.supervisor.backend import Backend, Exit, Forwarding, NotStarted
from longshore.jobs.supervisor.instructions import Instructions

_TICK_S = 0.1
_HEARTBEAT_S = 1.0


class Supervision:
    """One job from its start, or its adoption, to its written end."""

    def __init__(self, told: Instructions, supervised: Backend, forwarder: Forwarding | None = None) -> None:
        self._told, self._backend, self._forwarder = told, supervised, forwarder
        self._folder = Path(told.folder)
        self._began_at = told.began_at or time.time()
        self._asked: str | None = None  # why it is to end: stopped, timed_out
        self._asked_at = 0.0
        self._record: dict[str, Any] | None = None
        self._killed = False
        self._disk_full = False
        self._first_output_at: float | None = None
        self._next_heartbeat = 0.0
        self._next_sample = 0.0

    def run(self) -> None:
        """Supervise; afterwards `status.json` is there."""
        if self._told.adopt is not None:
            self._remember()
        self._write_self(None)
        try:
            record = self._begin()
        except NotStarted as error:
            self._write_end(Exit(None, backend.NOT_STARTED, str(error)))
            return
        self._write_self(record)
        if self._forwarder is not None:  # only now: a process is started by forking, which bears no threads
            self._forwarder.start()
        ended = None
        while ended is None:
            ended = self._backend.wait(_TICK_S)
            if ended is None:
                self._tick()
        self._look_at_output()
        self._backend.close()
        self._write_end(ended)

    def _begin(self) -> dict[str, Any]:
        if self._told.adopt is None:
            return self._backend.start()
        record = dict(self._told.adopt)
        self._backend.adopt(record)
        return record

    def _remember(self) -> None:
        """Learn why the job is to end, where the dead supervisor had asked it to: it may have ended of that by now."""
        found = files.read_json(self._folder / files.SUPERVISOR) or {}
        self._asked, self._asked_at = found.get("asked"), time.monotonic()

    def _write_self(self, record: dict[str, Any] | None) -> None:
        self._record = record
        with contextlib.suppress(OSError):
            files.write_json(
                self._folder / files.SUPERVISOR,
                {
                    "pid": os.getpid(),
                    "mark": identity.mark(os.getpid()),
                    "began_at": self._began_at,
                    "record": record,
                    "asked": self._asked,
                },
            )

    def _tick(self) -> None:
        now = time.monotonic()
        self._look_at_output()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + _HEARTBEAT_S
            with contextlib.suppress(OSError):
                (self._folder / files.HEARTBEAT).touch()
        if now >= self._next_sample:
            self._next_sample = now + sample.interval_s(time.time() - self._began_at, self._told.sample_s)
            self._sample()
        self._obey(now)

    def _look_at_output(self) -> None:
        if self._first_output_at is None:
            with contextlib.suppress(OSError):
                if (self._folder / files.LOG).stat().st_size > 0:
                    self._first_output_at = time.time()

    def _sample(self) -> None:
        found = self._backend.sample()
        if found is None:
            return
        line = {"t": round(time.time(), 3), "cpu_percent": round(found[0], 1), "memory_bytes": found[1]}
        try:
            with (self._folder / files.SAMPLES).open("a", encoding="ascii") as output:
                output.write(json.dumps(line) + "\n")
        except OSError as error:
            self._disk_full = self._disk_full or files.is_full(error)

    def _obey(self, now: float) -> None:
        request = self._request()
        if self._asked is None:
            limit = self._told.timeout_s
            if request is not None:
                self._ask(backend.STOPPED, now, "It was asked to stop.")
            elif limit is not None and time.time() - self._began_at > limit:
                self._ask(backend.TIMED_OUT, now, f"Its time limit of {limit:g} s is over; it was asked to stop.")
        if self._asked is not None and (request == "force" or now - self._asked_at > self._told.grace_s):
            if not self._killed:
                self._killed = True
                files.note(self._folder, "It did not end in time and is killed with all its processes.")
            self._backend.stop(force=True)

    def _request(self) -> str | None:
        try:
            return (self._folder / files.STOP).read_text("ascii").strip() or "polite"
        except (OSError, ValueError):
            return None

    def _ask(self, why: str, now: float, sentence: str) -> None:
        self._asked, self._asked_at = why, now
        self._write_self(self._record)
        files.note(self._folder, sentence)
        self._backend.stop(force=False)

    def ask_to_stop(self) -> None:
        """Stop the job as a request would; for a signal to the supervisor itself."""
        with contextlib.suppress(OSError):
            files.request_stop(self._folder, "polite")

    def _write_end(self, ended: Exit) -> None:
        reason = ended.reason
        if self._asked is not None and reason in (backend.EXITED, backend.KILLED):
            reason = self._asked
        if ended.code != 0:
            self._disk_full = self._disk_full or files.disk_is_full(self._folder)
        log = self._folder / files.LOG
        files.write_json(
            self._folder / files.STATUS,
            {
                "code": ended.code,
                "reason": reason,
                "detail": ended.detail,
                "began_at": self._began_at,
                "ended_at": time.time(),
                "first_output_at": self._first_output_at,
                "killed": self._killed,
                "disk_full": self._disk_full,
                "log_bytes": log.stat().st_size if log.exists() else 0,
                "forward_problems": self._forwarder.problems() if self._forwarder else [],
            },
        )
        with contextlib.suppress(OSError):
            (self._folder / files.RESERVE).unlink()
