"""The Models page's work off the UI thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Deployment
from longshore.tracking.rows import RunRow
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run
    from longshore.policies.promotion import Promotion
    from longshore.registry.audit import Entry
    from longshore.registry.models import ModelInfo, VersionInfo

RUNS_OFFERED = 100


@dataclass(frozen=True)
class ModelsState:
    """All registered models of the workspace, and where their versions are served on this computer."""

    models: tuple[ModelInfo, ...]
    served: Mapping[str, tuple[str, ...]]  # NAME/3 -> names of deployments


@dataclass(frozen=True)
class VersionState:
    """One version in full, what the gates say of it for an alias, and the model's promotions."""

    version: VersionInfo
    promotion: Promotion  # of a dry run
    trail: tuple[Entry, ...]
    # Of its run; empty where it is gone or did not record it.
    run_name: str = ""
    datasets: tuple[str, ...] = ()
    commit: str = ""
    environment: str = ""


@dataclass(frozen=True)
class Candidate:
    """A run that a model can be registered from."""

    run_id: str
    name: str
    facts: str


def read_models(home: Home, workspace: str | None) -> Work[ModelsState]:
    """Give the work that lists models and deployments."""

    def work(_progress: Progress, _cancel: CancelToken) -> ModelsState:
        from longshore.registry import models
        from longshore.store import deployments
        from longshore.workspace.connection import connect

        return ModelsState(models.listing(connect(home, workspace)), _served(deployments.listing(home)))

    return work


def _served(rows: tuple[Deployment, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row.serving_version:
            key = f"{row.model_name}/{row.serving_version}"
            found[key] = (*found.get(key, ()), row.name)
    return found


def read_version(home: Home, workspace: str | None, reference: str, alias: str) -> Work[VersionState]:
    """Give the work that reads a version in full and asks the gates, changing nothing."""

    def work(_progress: Progress, _cancel: CancelToken) -> VersionState:
        from longshore.policies.promotion import promote
        from longshore.registry import audit
        from longshore.workspace.connection import connect

        client = connect(home, workspace)
        asked = promote(client, reference, alias, dry_run=True)
        version = asked.version
        trail = audit.trail(client, version.name)
        run = _run(client, version.run_id)
        if run is None:
            return VersionState(version, asked, trail)
        dirty = " with changes" if run.tags.get("longshore.git.dirty") == "true" else ""
        commit = run.tags.get("mlflow.source.git.commit", "")[:7]
        return VersionState(
            version,
            asked,
            trail,
            run_name=run.name,
            datasets=tuple(dict.fromkeys(each.name for each in run.inputs)),
            commit=f"{commit}{dirty}" if commit else "",
            environment=run.tags.get("longshore.environment", "")[:12],
        )

    return work


def _run(client: Client, run_id: str) -> Run | None:
    from longshore.mlflow_rest import runs

    try:
        return runs.get(client, run_id) if run_id else None
    except NotFound:
        # Purged; its version stays.
        return None


def read_served(home: Home) -> Work[Mapping[str, tuple[str, ...]]]:
    """Give the work that looks where versions are served: in the local database alone, no request to a server."""

    def work(_progress: Progress, _cancel: CancelToken) -> Mapping[str, tuple[str, ...]]:
        from longshore.store import deployments

        return _served(deployments.listing(home))

    return work


def promote_work(
    home: Home, workspace: str | None, reference: str, alias: str, note: str, seen_version: str | None
) -> Work[Promotion]:
    """Give the work that promotes; an alias that was moved since the person looked is a conflict."""

    def work(_progress: Progress, _cancel: CancelToken) -> Promotion:
        from longshore.policies.promotion import promote
        from longshore.workspace.connection import connect

        return promote(connect(home, workspace), reference, alias, note=note, seen_version=seen_version)

    return work


def remove_alias_work(home: Home, workspace: str | None, name: str, alias: str) -> Work[None]:
    """Give the work that takes an alias away."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.registry import models
        from longshore.workspace.connection import connect

        models.remove_alias(connect(home, workspace), name, alias)

    return work


def candidates_work(home: Home, workspace: str | None, project: str | None) -> Work[tuple[Candidate, ...]]:
    """Give the work that finds the newest runs that logged a model."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Candidate, ...]:
        from longshore.mlflow_rest import experiments, logged_models
        from longshore.tracking import direction, table
        from longshore.workspace.connection import connect

        client = connect(home, workspace)
        chosen = table.experiments(client, project) or experiments.listing(client)
        rows = table.search(client, project=project, limit=RUNS_OFFERED).rows
        with_model = {model.run_id for model in logged_models.search(client, [each.id for each in chosen])}
        metric = direction.primary_metric(rows)
        return tuple(
            Candidate(
                row.run_id,
                row.name,
                _candidate_facts(row, metric),
            )
            for row in rows
            if row.run_id in with_model
        )

    return work


def _candidate_facts(row: RunRow, metric: str | None) -> str:
    if metric is None or metric not in row.metrics:
        return row.status.lower()
    return f"{metric} {row.metrics[metric]:.4g}"


def register_work(home: Home, workspace: str | None, run_id: str, name: str) -> Work[VersionInfo]:
    """Give the work that makes a version of a run's model."""

    def work(_progress: Progress, _cancel: CancelToken) -> VersionInfo:
        from longshore.registry import models
        from longshore.workspace.connection import connect

        return models.register(connect(home, workspace), run_id, name)

    return work


def deploy_work(
    home: Home, workspace: str | None, reference: str, name: str | None, port: int | None
) -> Work[Deployment]:
    """Give the work that queues a deployment."""

    def work(_progress: Progress, _cancel: CancelToken) -> Deployment:
        from longshore.serving import deploying

        return deploying.deploy(home, reference, name=name, port=port, workspace=workspace)

    return work
