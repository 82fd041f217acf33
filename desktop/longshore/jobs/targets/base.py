"""What a target is: a place where a run job can be prepared, started through a supervisor, adopted and tidied up."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from longshore.jobs.spec import RunSpec
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Job


@dataclass(frozen=True)
class TargetState:
    """Whether jobs can run there now."""

    name: str
    ok: bool
    reason: str = ""  # why not
    fix: str = ""  # what to do about it
    note: str = ""  # what is different there, for the launch form


@dataclass(frozen=True)
class Tracking:
    """The tracking server as one job is to reach it."""

    url: str  # as this computer reaches it
    experiment: str
    token: str = field(repr=False)  # the job's own, good for its forwarder alone
    authorization: str = field(default="", repr=False)  # the workspace's; never shown to the job
    ca_file: str = ""

    def environment(self, job_id: str, url: str, *, token: bool) -> dict[str, str]:
        """Give the variables by which any MLflow client in the job finds the server at `url` and tags its runs."""
        found = {
            "MLFLOW_TRACKING_URI": url,
            "MLFLOW_EXPERIMENT_NAME": self.experiment,
            # Tags every run that the job starts, in any experiment; MLFLOW_RUN_ID would break set_experiment.
            "MLFLOW_RUN_CONTEXT": json.dumps({"longshore.job": job_id}),
            "LONGSHORE_JOB": job_id,
            "PYTHONUNBUFFERED": "1",
        }
        return {**found, "MLFLOW_TRACKING_TOKEN": self.token} if token else found


@dataclass(frozen=True)
class Start:
    """What the agent knows when it prepares a job."""

    job: Job
    spec: RunSpec
    folder: Path  # jobs/<id>
    tracking: Tracking
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # by name
    # Bound on loopback for a local job whose workspace wants a sign-in; other targets bind their own in `prepare`.
    listener: socket.socket | None = None

    @property
    def tracking_url(self) -> str:
        """The server as a process of this computer is to reach it: through the listener where there is one."""
        if self.listener is None:
            return self.tracking.url
        host, port = self.listener.getsockname()[:2]
        return f"http://{host}:{port}"


@dataclass(frozen=True)
class Prepared:
    """What the supervisor is to start."""

    # `Instructions.backend`; it holds the environment with its secrets, so it is never written anywhere.
    backend: Mapping[str, Any] = field(repr=False)
    # The command line as it is recorded, without secrets.
    command: tuple[str, ...]
    # Bound and listening, where the job reaches the tracking server through its own forwarder.
    listener: socket.socket | None = None
    environment_hash: str = ""
    environment_lock: str = ""
    # More tags for its runs, as "longshore.image".
    tags: Mapping[str, str] = field(default_factory=dict)


class Target(Protocol):
    """One place where jobs run. Errors are those of `longshore.errors`."""

    name: str

    def check(self, home: Home) -> TargetState:
        """Tell quickly whether jobs can run there; never raises."""
        ...

    def prepare(self, home: Home, start: Start, progress: Progress, cancel: CancelToken) -> Prepared:
        """Make everything ready up to the last call: environment or image, container, listener.

        Raises: WorkFailed, Unavailable, Cancelled; what was half made is removed.
        """
        ...

    def has_started(self, home: Home, start: Start) -> bool:
        """Tell whether what was prepared runs or ran, where no supervisor noted it.

        Raises: Unavailable, NotFound.
        """
        ...

    def adoption(self, home: Home, start: Start, record: Mapping[str, Any]) -> Prepared:
        """Give the instructions by which a new supervisor takes over what `record` (from `Backend.start`) describes."""
        ...

    def finish(self, home: Home, start: Start, record: Mapping[str, Any]) -> tuple[str, ...]:
        """Bring the outputs back and remove what was made for this job alone; called after each end, maybe twice.

        Gives sentences for the job's log about what could not be done.
        """
        ...
