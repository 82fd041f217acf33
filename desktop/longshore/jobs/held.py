"""One run job in an agent's hands: what every part of its life needs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from longshore.jobs import targets
from longshore.jobs.outages import Outages
from longshore.jobs.reach import Reach
from longshore.jobs.spawning import Spare
from longshore.jobs.spec import RunSpec
from longshore.jobs.supervisor import files
from longshore.jobs.targets.base import Target
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import Job

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

_PROGRESS_S = 0.2


class Leaving(Exception):
    """The agent ends; the job goes on, and the next agent takes it from here."""


class TellSteps(Protocol):
    """Tells MLflow what the steps of a pipeline's job do; bound by the agent, since that lies above this room."""

    def __call__(self, home: Home, client: Client, job: Job, spec: RunSpec, *, ended: bool = False) -> None:
        """Bring the runs of the steps up to date; with `ended`, end what still runs. Raises: LongshoreError."""
        ...


@dataclass(frozen=True)
class Around:
    """What the run jobs of one agent share."""

    home: Home
    reach: Reach
    spare: Spare
    tell_steps: TellSteps
    outages: Outages = field(default_factory=Outages)
    leaving: threading.Event = field(default_factory=threading.Event)


class Held:
    """A job, its row, its folder and its target."""

    def __init__(self, around: Around, job: Job, cancel: CancelToken) -> None:
        self.around, self.home, self.cancel = around, around.home, cancel
        self.job, self.spec = job, RunSpec.from_json(job.spec)
        self.folder = Path(job.folder)
        self.target: Target = targets.get(self.spec.target)

    def say(self, **changes: Any) -> None:
        """Write into the job's row."""
        self.job = jobs.update(self.home, self.job.id, **changes)

    def check_leaving(self) -> None:
        """Raise Leaving where the agent ends."""
        if self.around.leaving.is_set():
            raise Leaving

    @property
    def stop_is_asked(self) -> bool:
        """Tell whether somebody wants the job to end."""
        return self.cancel.cancelled or (self.folder / files.STOP).exists()

    def record(self) -> dict[str, Any]:
        """Give what the backend said of the thing that it started; empty before that."""
        found = files.read_json(self.folder / files.SUPERVISOR) or {}
        return dict(found.get("record") or files.read_json(self.folder / files.CHILD) or {})

    def progress(self) -> Progress:
        """Give what notes each step in the job's log, and in its row as often as a person can read."""
        said, at = "", 0.0

        def report(fraction: float | None, title: str) -> None:
            nonlocal said, at
            if title != said:
                said = title
                files.note(self.folder, title)
            if time.monotonic() - at > _PROGRESS_S:
                at = time.monotonic()
                self.say(progress=fraction, detail=title)

        return report


def utc(seconds: float) -> datetime:
    """Give a time of the job's files as the database keeps it."""
    return datetime.fromtimestamp(seconds, UTC)
