"""The frozen values that leave the local database. No slow import here: the window reads them before sqlmodel is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

# States of a job, in the order in which it passes through them.
QUEUED, PREPARING, RUNNING, STOPPING = "queued", "preparing", "running", "stopping"
FINISHED, FAILED, STOPPED = "finished", "failed", "stopped"
ACTIVE_STATES = (QUEUED, PREPARING, RUNNING, STOPPING)
ENDED_STATES = (FINISHED, FAILED, STOPPED)
# Kinds of workspaces; the personal one is also called so.
PERSONAL, TEAM, DATABASE = "personal", "team", "database"
SQLITE = "sqlite:///"


@dataclass(frozen=True)
class Project:
    """A folder that somebody opened as a project."""

    id: str
    name: str
    path: str
    frameworks: tuple[str, ...]
    added_at: datetime
    opened_at: datetime


@dataclass(frozen=True)
class TrustedFolder:
    """A folder whose code may run, because a person said so."""

    path: str
    trusted_at: datetime


@dataclass(frozen=True)
class Workspace:
    """An MLflow server that holds runs and models: the personal one, a team's, or ours on a database opened in place.

    No credential is in here.
    """

    name: str
    kind: str  # personal, team, database
    url: str  # sqlite:///FILE for a database, empty for the personal one: the row of their server knows its address
    auth: str  # none, basic, token
    username: str
    current: bool
    added_at: datetime

    @property
    def file(self) -> Path | None:
        """The database that is opened in place, None for another kind."""
        return Path(self.url.removeprefix(SQLITE)) if self.kind == DATABASE else None

    @property
    def served_here(self) -> bool:
        """Tell whether this home's agent runs the server."""
        return self.kind in (PERSONAL, DATABASE)


@dataclass(frozen=True)
class Job:
    """One execution in the queue. `spec` is what its handler needs, as JSON; it never holds a secret."""

    id: str
    kind: str
    state: str
    title: str
    project_id: str | None
    workspace: str
    target: str
    spec: Mapping[str, Any]
    position: float
    cpus: float
    memory_bytes: int | None
    gpus: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    exit_code: int | None
    run_ids: tuple[str, ...]
    folder: str
    error: Mapping[str, str | None] | None
    stop_requested: bool
    progress: float | None
    detail: str

    @property
    def ended(self) -> bool:
        """Tell whether the job is over."""
        return self.state in ENDED_STATES

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, None before the end."""
        if self.started_at is None or self.ended_at is None:
            return None
        return (self.ended_at - self.started_at).total_seconds()


@dataclass(frozen=True)
class Step:
    """One idempotent step of a job; the next agent goes on at the first one that is not done."""

    job_id: str
    index: int
    name: str
    state: str  # pending, running, done, failed
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Deployment:
    """A name that serves a model version on this computer."""

    name: str
    workspace: str
    project_id: str | None
    model_name: str
    model_version: str
    run_id: str
    # What serves now; empty until the first version was healthy.
    serving_version: str
    state: str  # queued, building, starting, healthy, unhealthy, failed, stopping, stopped
    detail: str
    image: str
    image_id: str
    port: int | None
    url: str
    replicas: int
    env: Mapping[str, str]
    secrets: tuple[str, ...]
    job_id: str | None
    error: Mapping[str, str | None] | None
    created_at: datetime
    updated_at: datetime
    ready_s: float | None


@dataclass(frozen=True)
class Agent:
    """The background process of this home, as it last described itself."""

    pid: int
    process_started: float  # seconds since the epoch, with the pid the identity of a process
    state: str  # starting, ready, stopping, stopped
    heartbeat_at: datetime
    app_version: str
    wake_port: int


@dataclass(frozen=True)
class Server:
    """A workspace's tracking server, as the agent that runs it last saw it."""

    pid: int | None
    process_started: float | None
    port: int | None
    state: str  # stopped, starting, healthy, failed
    detail: str
    checked_at: datetime
    # When somebody last wanted to reach it; the agent runs a database's server only while somebody does.
    asked_at: datetime | None = None

    @property
    def url(self) -> str:
        """The server's address, empty before it has a port."""
        return f"http://127.0.0.1:{self.port}" if self.port else ""
