"""The agent's main loop: takes up the jobs that fit, one thread each, until it is told to end or nothing is left to do."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from datetime import UTC, datetime

from longshore.agent import fitting, step_jobs, upkeep
from longshore.agent.listening import WakeListener
from longshore.errors import LongshoreError, WorkFailed
from longshore.jobs import settling
from longshore.jobs.launching import KIND as RUN
from longshore.jobs.reach import Reach
from longshore.jobs.running import Around, Leaving, RunJob
from longshore.jobs.spawning import Spare
from longshore.pipelines import recording
from longshore.progress import CancelToken
from longshore.secrets import keyring
from longshore.settings import Home, load_settings
from longshore.store import deployments, jobs, processes, records
from longshore.store.records import Job

_log = logging.getLogger(__name__)
_POLL_S = 0.5
_LEAVE_S = 5.0


class Agent:
    """The one agent of a home."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._around = Around(home, Reach(home), Spare(home), recording.tell)
        self._woken = threading.Event()
        self._lock = threading.Lock()
        self._hands: dict[str, tuple[threading.Thread, CancelToken]] = {}
        self._contact_at = time.monotonic()
        self.stops_server = False

    def leave(self) -> None:
        """End soon; jobs go on and wait for the next agent."""
        self._around.leaving.set()
        self._woken.set()

    def run(self, identity: dict[str, object]) -> None:
        """Work until told to leave. `identity` is what the agent's row says of this process."""
        listener = WakeListener(self._home, self._heard)
        processes.put_agent(self._home, **identity, state="ready", wake_port=listener.port)
        upkeep.start(self._around)
        threading.Thread(target=warm_up, args=(self._around.spare,), name="warm up", daemon=True).start()
        try:
            self._adopt()
            while not self._around.leaving.is_set():
                self._woken.wait(_POLL_S)
                self._woken.clear()
                self._look()
        finally:
            listener.close()
            self._around.leaving.set()
            self._let_go()
            processes.put_agent(self._home, state="stopped", wake_port=0)

    def _heard(self, message: str) -> None:
        self._contact_at = time.monotonic()
        if message == processes.STOP:
            self.leave()
        if message.startswith(processes.UNLOCK):
            self._unlock(message.removeprefix(processes.UNLOCK))
        self._woken.set()

    def _unlock(self, passphrase: str) -> None:
        try:
            keyring.unlock(self._home, passphrase)
        except LongshoreError as error:
            _log.warning("The vault was not unlocked: %s", error.reason)

    def _look(self) -> None:
        try:
            self._look_through_queue()
        except LongshoreError as error:  # a full disk, for instance: the next look may go well
            _log.warning("The queue cannot be worked on: %s", error.reason)

    def _look_through_queue(self) -> None:
        active = jobs.listing(self._home, states=records.ACTIVE_STATES)
        self._obey_stops(active)
        with self._lock:
            at_work = [job for job in active if job.id in self._hands]
        waiting = [job for job in active if job.state == records.QUEUED and job not in at_work]
        if waiting := [job for job in waiting if not job.stop_requested]:
            for job in fitting.startable(waiting, at_work, fitting.capacity(self._home)):
                self._take(job)
        if not active and self._is_idle():
            _log.info("Nothing to do for a while: good night.")
            self.stops_server = True
            self.leave()

    def _obey_stops(self, active: tuple[Job, ...]) -> None:
        for job in active:
            if not job.stop_requested:
                continue
            with self._lock:
                hand = self._hands.get(job.id)
            if hand is not None:
                hand[1].cancel()
            elif job.state == records.QUEUED:
                jobs.update(self._home, job.id, state=records.STOPPED, ended_at=datetime.now(UTC))

    def _is_idle(self) -> bool:
        idle_s = load_settings(self._home).agent_idle_s
        if time.monotonic() - self._contact_at < idle_s:
            return False
        return all(each.state in ("stopped", "failed") for each in deployments.listing(self._home))

    def _adopt(self) -> None:
        """Take over what an earlier agent had under way."""
        for job in jobs.listing(self._home, states=records.ACTIVE_STATES):
            if job.state != records.QUEUED:
                _log.info("Job %s was %s; it is taken over.", job.id, job.state)
                self._take(job)

    def _take(self, job: Job) -> None:
        token = CancelToken()
        thread = threading.Thread(target=self._work, args=(job, token), name=f"job {job.id}", daemon=True)
        with self._lock:
            self._hands[job.id] = (thread, token)
        thread.start()

    def _work(self, job: Job, cancel: CancelToken) -> None:
        try:
            if job.kind == RUN:
                RunJob(self._around, job, cancel).bring_to_end()
            else:
                step_jobs.bring_to_end(self._home, job, cancel)
        except Leaving:
            _log.info("Job %s goes on by itself.", job.id)
        except Exception as error:  # noqa: BLE001 - a border: a bug ends one job, and it says so
            _log.exception("Job %s met a bug", job.id)
            self._end_by_bug(job, error)
        finally:
            with contextlib.suppress(OSError):
                self._around.spare.keep()
            with self._lock:
                del self._hands[job.id]
            self._woken.set()

    def _end_by_bug(self, job: Job, error: Exception) -> None:
        failure = WorkFailed(
            f"Longshore itself failed on this job: {type(error).__name__}: {error}",
            hint=f"Please report it with the agent's log, {self._home.logs / 'agent.log'}.",
        )
        ended_at = datetime.now(UTC).timestamp()
        settling.write_end(self._home, job, state=records.FAILED, error=failure, ended_at=ended_at)

    def _let_go(self) -> None:
        deadline = time.monotonic() + _LEAVE_S
        with self._lock:
            hands = list(self._hands.items())
        for job_id, (thread, token) in hands:
            # A run notices by itself; one that is being prepared goes back into the queue. Steps are repeated by the
            # next agent: cancelling them would take the deployment back.
            with contextlib.suppress(LongshoreError):
                if jobs.get(self._home, job_id).kind == RUN:
                    token.cancel()
                    thread.join(max(0.0, deadline - time.monotonic()))


def warm_up(spare: Spare) -> None:
    """Get ready what the first job needs, so that it starts as quickly as the next ones."""
    import httpx

    import longshore.data.files
    import longshore.jobs.targets.local
    import longshore.mlflow_rest.client
    import longshore.mlflow_rest.runs
    import longshore.projects.capture
    import longshore.projects.environments
    import longshore.workspace.connection

    spare.keep()
    _log.debug("Warm: %s %s", httpx.__name__, longshore.__name__)
