"""What is found in a folder, one run of it as it is read, and what an import made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from longshore.mlflow_rest.types import FINISHED, Metric

MLRUNS, DATABASE, TENSORBOARD, DVCLIVE, DVC = "mlruns", "mlflow.db", "tensorboard", "dvclive", "dvc"
TITLES: Mapping[str, str] = {
    MLRUNS: "MLflow folder",
    DATABASE: "MLflow database",
    TENSORBOARD: "TensorBoard events",
    DVCLIVE: "DVCLive folder",
    DVC: "DVC experiments",
}


@dataclass(frozen=True)
class Found:
    """Runs of one kind at one place."""

    kind: str
    path: Path
    # The folder that was searched: nothing outside of it is read.
    folder: Path
    runs: int
    size_bytes: int
    # There is more than a quick look could count.
    at_least: bool = False

    @property
    def title(self) -> str:
        """The kind as a person reads it."""
        return TITLES[self.kind]

    @property
    def shown_path(self) -> str:
        """The place below the folder that was searched."""
        return self.path.name if self.path == self.folder else self.path.relative_to(self.folder).as_posix()


@dataclass
class Content:
    """What one run holds. What an event file tells last is known once `metrics` has been read to its end."""

    metrics: Iterable[Metric] = ()
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    files: Iterable[tuple[str, Path]] = ()
    status: str = FINISHED
    end_ms: int = 0
    # What could not be taken over, in a person's words.
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SourceRun:
    """One run as its source names it; `read` gives its content.

    `read` raises: Invalid or OSError where it can't be read.
    """

    id: str
    name: str
    start_ms: int
    read: Callable[[], Content]
    # The name that the source gives to the run's experiment, empty where it knows none.
    experiment: str = ""
    user: str = ""
    parent_id: str = ""
    # Why it is left out, empty where it is not.
    left_out: str = ""


@dataclass(frozen=True)
class Skipped:
    """A run that was not imported, and why."""

    id: str
    name: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What an import did. `created` and `already` are run ids of the workspace."""

    created: tuple[str, ...] = ()
    already: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    # What was taken over with something missing.
    remarks: tuple[str, ...] = ()

    def joined(self, other: Imported) -> Imported:
        """Add what another import did."""
        return Imported(
            self.created + other.created,
            self.already + other.already,
            self.skipped + other.skipped,
            self.remarks + other.remarks,
        )
