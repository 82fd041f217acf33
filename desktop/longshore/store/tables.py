"""The tables of the local database. Rows never leave this room: `records` has the values that do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlmodel import Field, SQLModel


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps no zone, so it is dropped on the way in and set on the way out."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC without zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back as aware UTC."""
        return None if value is None else value.replace(tzinfo=UTC)


def _time(*, nullable: bool = False) -> Any:
    return Field(default=None, sa_column=Column(UtcDateTime, nullable=nullable))


def _json(default: Any) -> Any:
    return Field(default=default, sa_column=Column(JSON, nullable=True))


class ProjectRow(SQLModel, table=True):
    """A remembered folder."""

    __tablename__ = "project"
    id: str = Field(primary_key=True)
    name: str = Field(index=True)
    path: str = Field(unique=True)
    frameworks: list[str] = _json([])
    added_at: datetime = _time()
    opened_at: datetime = _time()


class TrustedFolderRow(SQLModel, table=True):
    """A folder whose code may run."""

    __tablename__ = "trusted_folder"
    path: str = Field(primary_key=True)
    trusted_at: datetime = _time()


class WorkspaceRow(SQLModel, table=True):
    """A known MLflow server."""

    __tablename__ = "workspace"
    name: str = Field(primary_key=True)
    kind: str
    url: str = ""
    auth: str = "none"
    username: str = ""
    current: bool = False
    added_at: datetime = _time()


class JobRow(SQLModel, table=True):
    """An execution, from `queued` to its end."""

    __tablename__ = "job"
    id: str = Field(primary_key=True)
    kind: str
    state: str = Field(index=True)
    title: str = ""
    project_id: str | None = Field(default=None, index=True)
    workspace: str = "personal"
    target: str = "local"
    spec: dict[str, Any] = _json({})
    position: float = 0.0
    cpus: float = 1.0
    memory_bytes: int | None = None
    gpus: int = 0
    created_at: datetime = _time()
    started_at: datetime | None = _time(nullable=True)
    ended_at: datetime | None = _time(nullable=True)
    exit_code: int | None = None
    run_ids: list[str] = _json([])
    folder: str = ""
    error: dict[str, Any] | None = _json(None)
    stop_requested: bool = False
    progress: float | None = None
    detail: str = ""


class StepRow(SQLModel, table=True):
    """One step of a job."""

    __tablename__ = "step"
    job_id: str = Field(primary_key=True, foreign_key="job.id")
    index: int = Field(primary_key=True)
    name: str
    state: str = "pending"
    data: dict[str, Any] = _json({})


class DeploymentRow(SQLModel, table=True):
    """A name that serves on this computer."""

    __tablename__ = "deployment"
    name: str = Field(primary_key=True)
    workspace: str = "personal"
    project_id: str | None = None
    model_name: str
    model_version: str
    run_id: str = ""
    serving_version: str = ""
    state: str = "queued"
    detail: str = ""
    image: str = ""
    image_id: str = ""
    port: int | None = None
    url: str = ""
    replicas: int = 1
    env: dict[str, str] = _json({})
    secrets: list[str] = _json([])
    job_id: str | None = None
    error: dict[str, Any] | None = _json(None)
    created_at: datetime = _time()
    updated_at: datetime = _time()
    ready_s: float | None = None


class AgentRow(SQLModel, table=True):
    """The one agent of this home."""

    __tablename__ = "agent"
    id: int = Field(default=1, primary_key=True)
    pid: int
    process_started: float
    state: str
    heartbeat_at: datetime = _time()
    app_version: str
    wake_port: int = 0


class ServerRow(SQLModel, table=True):
    """A tracking server that this home's agent runs; its port stays the same once it was chosen."""

    __tablename__ = "tracking_server"
    workspace: str = Field(primary_key=True)
    pid: int | None = None
    process_started: float | None = None
    port: int | None = None
    state: str = "stopped"
    detail: str = ""
    checked_at: datetime = _time()
    asked_at: datetime | None = _time(nullable=True)


class ViewStateRow(SQLModel, table=True):
    """Sizes, columns, last page: what the window remembers, by key."""

    __tablename__ = "view_state"
    key: str = Field(primary_key=True)
    value: Any = _json(None)
