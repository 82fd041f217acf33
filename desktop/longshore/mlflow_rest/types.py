"""MLflow's things as frozen values: what the server said, typed, with aware UTC times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

RUNNING, SCHEDULED, FINISHED, FAILED, KILLED = "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"


@dataclass(frozen=True)
class Experiment:
    """A named group of runs."""

    id: str
    name: str
    tags: Mapping[str, str]
    artifact_location: str
    lifecycle: str  # active, deleted


@dataclass(frozen=True)
class DatasetInput:
    """Data that a run read, as `mlflow.log_input` keeps it."""

    name: str
    digest: str
    source_type: str = "local"
    source: str = ""
    context: str = ""
    # As MLflow profiled it when it was logged; None: it did not.
    rows: int | None = None


@dataclass(frozen=True)
class Run:
    """One run. Metrics hold the latest value each; histories are asked for with `metrics.history`."""

    id: str
    name: str
    experiment_id: str
    status: str
    start_time: datetime | None
    end_time: datetime | None
    user: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    artifact_uri: str
    lifecycle: str  # active, deleted
    inputs: tuple[DatasetInput, ...] = ()
    # The logged models that it loaded (a search leaves them out), and those that it made.
    model_ids_in: tuple[str, ...] = ()
    model_ids_out: tuple[str, ...] = ()
    # When the latest values were logged, and at which steps; a search leaves them out.
    latest: Mapping[str, MetricPoint] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Tell whether the run is over."""
        return self.status in (FINISHED, FAILED, KILLED)

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, None before the end."""
        if self.start_time is None or self.end_time is None:
            return None
        return (self.end_time - self.start_time).total_seconds()


@dataclass(frozen=True)
class Page:
    """Some runs of a search, and the token that continues it (None at the end)."""

    runs: tuple[Run, ...]
    next_token: str | None


@dataclass(frozen=True)
class Metric:
    """One value to log."""

    key: str
    value: float
    timestamp_ms: int
    step: int = 0


@dataclass(frozen=True)
class MetricPoint:
    """One value of a metric's history."""

    step: int
    timestamp_ms: int
    value: float


@dataclass(frozen=True)
class Artifact:
    """A file or folder among a run's or a model's artifacts; the path is relative to their root."""

    path: str
    is_dir: bool
    size_bytes: int | None


@dataclass(frozen=True)
class LoggedModel:
    """A model as `log_model` left it, registered or not."""

    id: str
    name: str
    experiment_id: str
    run_id: str
    status: str  # READY, PENDING, UPLOAD_FAILED
    artifact_uri: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    created_at: datetime | None


@dataclass(frozen=True)
class ModelVersion:
    """One version of a registered model."""

    name: str
    version: str
    run_id: str
    model_id: str
    source: str
    status: str  # READY, PENDING_REGISTRATION, FAILED_REGISTRATION
    description: str
    tags: Mapping[str, str]
    aliases: tuple[str, ...]
    created_at: datetime | None
    user: str


@dataclass(frozen=True)
class RegisteredModel:
    """A name in the registry."""

    name: str
    description: str
    tags: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)  # alias -> version
    latest: str = ""  # highest version number, empty where there is none
    created_at: datetime | None = None
