"""Everything that one run's page shows, except its artifacts' content."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.mlflow_rest import experiments, logged_models
from longshore.mlflow_rest.types import Experiment, LoggedModel, Run
from longshore.tracking.artifacts import Entry, tree_of
from longshore.tracking.histories import History, extended, histories
from longshore.tracking.table import resolve

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

__all__ = ["Code", "History", "RunDetail", "code_of", "extended", "histories", "run_detail"]

_LISTED_S = 5.0


@dataclass(frozen=True)
class Code:
    """Where a run's code came from. Fields that nobody recorded are empty."""

    source: str  # the script
    entry_point: str
    commit: str
    branch: str
    dirty: bool | None  # None: not recorded


@dataclass(frozen=True)
class RunDetail:
    """One run with what hangs on it."""

    run: Run
    experiment: Experiment
    project: str | None
    models: tuple[LoggedModel, ...]
    code: Code
    environment: str | None  # the hash of its environment
    image: str | None  # the image id, for a run in a container
    target: str | None
    job_id: str | None
    exit_code: int | None
    note: str
    artifacts: tuple[Entry, ...]  # the root folder
    listed_at: float  # when models and artifacts were asked for, on the clock of `time.monotonic`


def run_detail(client: Client, run_id: str, before: RunDetail | None = None) -> RunDetail:
    """Give one run, by its id or a unique prefix.

    `before`: what was read of it before, by who goes on looking: its experiment is not asked for again, its models and
    artifacts every few seconds and once its status changes.
    Raises: NotFound, Invalid, Unavailable.
    """
    run = resolve(client, run_id)
    if before is not None and before.run.id != run.id:
        before = None
    experiment = before.experiment if before else experiments.get(client, run.experiment_id)
    now = time.monotonic()
    if before is not None and before.run.status == run.status and now - before.listed_at < _LISTED_S:
        models, artifacts, now = before.models, before.artifacts, before.listed_at
    else:
        models = models_of(client, run)
        artifacts = tree_of(client, run.id, models)
    tags = run.tags
    return RunDetail(
        run=run,
        experiment=experiment,
        project=tags.get("longshore.project") or experiment.tags.get("longshore.project"),
        models=models,
        code=code_of(run),
        environment=tags.get("longshore.environment"),
        image=tags.get("longshore.image"),
        target=tags.get("longshore.target"),
        job_id=tags.get("longshore.job"),
        exit_code=_number(tags.get("longshore.exit_code")),
        note=tags.get("mlflow.note.content", ""),
        artifacts=artifacts,
        listed_at=now,
    )


def models_of(client: Client, run: Run) -> tuple[LoggedModel, ...]:
    """Give the models that a run logged, the oldest first; none on a server that is older than logged models."""
    try:
        return logged_models.search(client, [run.experiment_id], run_id=run.id)
    except NotFound:
        return ()


def code_of(run: Run) -> Code:
    """Read a run's code state from its tags."""
    dirty = run.tags.get("longshore.git.dirty")
    return Code(
        source=run.tags.get("mlflow.source.name", ""),
        entry_point=run.tags.get("longshore.entry_point", ""),
        commit=run.tags.get("mlflow.source.git.commit", ""),
        branch=run.tags.get("mlflow.source.git.branch", ""),
        dirty=None if dirty is None else dirty == "true",
    )


def _number(text: str | None) -> int | None:
    try:
        return None if text is None else int(text)
    except ValueError:
        return None
