"""What the overview shows of a project, gathered off the UI thread as frozen values."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Deployment, Project
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.projects.model import ProjectInfo
    from longshore.registry.models import ModelInfo
    from longshore.tracking.rows import RunRow

LAST_RUNS = 8
README_NAMES = ("README.md", "README.rst", "README.txt", "README")
_README_HEAD_BYTES = 4000
_EXCERPT = 280
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
# Run ids in one filter; more grows past what servers take in one request.
_RUNS_AT_ONCE = 100


@dataclass(frozen=True)
class FolderState:
    """What the folder says."""

    info: ProjectInfo
    about: str  # the README's first paragraph
    # Its code may run; else all that is shown comes from its text.
    trusted: bool = True


@dataclass(frozen=True)
class RunLine:
    """One of the last runs."""

    run_id: str
    name: str
    status: str
    metric: str
    value: float | None
    duration_s: float | None
    started_at: datetime | None


@dataclass(frozen=True)
class ModelLine:
    """A registered model with a version from this project."""

    name: str
    version: str  # the newest one
    aliases: tuple[tuple[str, str], ...]  # alias, version


@dataclass(frozen=True)
class ServedState:
    """What the workspace and this computer hold of the project."""

    runs: tuple[RunLine, ...]
    models: tuple[ModelLine, ...]
    deployments: tuple[Deployment, ...]
    # Why runs and models could not be read, None where they could.
    offline: LongshoreError | None


Signature = tuple[object, ...]


def read_folder(home: Home, path: str) -> Work[FolderState]:
    """Give the work that reads the project's folder; nothing in it is executed."""

    def work(_progress: Progress, _cancel: CancelToken) -> FolderState:
        from longshore.projects import opening, trust

        info = opening.inspect(path)
        return FolderState(info, excerpt(_readme(path)), trust.is_trusted(home, info.path))

    return work


def read_served(home: Home, workspace: str | None, project_id: str, name: str) -> Work[ServedState]:
    """Give the work that reads the project's last runs, models and deployments."""

    def work(_progress: Progress, _cancel: CancelToken) -> ServedState:
        from longshore.store import deployments
        from longshore.workspace.connection import connect

        runs: tuple[RunLine, ...] = ()
        models: tuple[ModelLine, ...] = ()
        offline = None
        try:
            with connect(home, workspace) as client:
                runs, models = _runs(client, name), _models(client, name)
        except LongshoreError as error:
            offline = error
        known = {model.name for model in models}
        mine = [one for one in deployments.listing(home) if one.project_id == project_id or one.model_name in known]
        return ServedState(runs, models, tuple(mine), offline)

    return work


def read_signature(home: Home, project_id: str) -> Work[Signature]:
    """Give the work that tells, cheaply, whether the rows that concern the project changed."""

    def work(_progress: Progress, _cancel: CancelToken) -> Signature:
        from longshore.store import deployments, jobs, processes, trusted_folders

        recent = [job for job in jobs.listing(home, limit=50) if job.project_id in (project_id, None)]
        return (
            tuple((job.id, job.state, job.run_ids) for job in recent),
            tuple((one.name, one.state, one.serving_version) for one in deployments.listing(home)),
            tuple((name, one.state) for name, one in processes.servers(home).items()),
            tuple(one.path for one in trusted_folders.listing(home)),
        )

    return work


def forget(home: Home, project_id: str) -> Work[tuple[Project, ...]]:
    """Give the work that forgets a project and gives those that are left; its folder, runs and models stay."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Project, ...]:
        from longshore.projects import opening
        from longshore.store import projects

        opening.close(home, project_id)
        return projects.listing(home)

    return work


def excerpt(text: str) -> str:
    """Give a README's first paragraph of prose, shortened at a word."""
    for block in text.replace("\r\n", "\n").split("\n\n"):
        lines = [line.strip() for line in block.strip().splitlines()]
        prose = [line for line in lines if line and not line.startswith(("#", "[", "!", "<", "=", "---", "```", "|"))]
        if not prose or len(prose) < len([line for line in lines if line]) / 2:
            continue
        words = _LINK.sub(r"\1", " ".join(prose)).replace("`", "").replace("**", "")
        return words if len(words) <= _EXCERPT else words[:_EXCERPT].rsplit(" ", 1)[0] + "…"
    return ""


def _readme(path: str) -> str:
    from pathlib import Path

    for name in README_NAMES:
        try:
            with (Path(path) / name).open("rb") as file:
                return file.read(_README_HEAD_BYTES).decode("utf-8", errors="replace")
        except OSError:
            continue
    return ""


def _runs(client: Client, name: str) -> tuple[RunLine, ...]:
    from longshore.tracking import direction, table

    rows = table.search(client, project=name, limit=LAST_RUNS).rows
    common = direction.primary_metric(rows) or ""
    return tuple(
        _run_line(row, common if common in row.metrics else direction.primary_metric([row]) or "") for row in rows
    )


def _run_line(row: RunRow, metric: str) -> RunLine:
    return RunLine(row.run_id, row.name, row.status, metric, row.metrics.get(metric), row.duration_s, row.start_time)


def _models(client: Client, project: str) -> tuple[ModelLine, ...]:
    from longshore.registry import models

    listed = models.listing(client)
    mine = run_ids_of(client, project, [one.run_id for model in listed for one in model.versions if one.run_id])
    return tuple(_line(model) for model in listed if any(one.run_id in mine for one in model.versions))


def _line(model: ModelInfo) -> ModelLine:
    return ModelLine(model.name, model.versions[0].version, tuple(sorted(model.aliases.items())))


def run_ids_of(client: Client, project: str, run_ids: list[str]) -> set[str]:
    """Give those of some runs that belong to a project."""
    from longshore.mlflow_rest import runs
    from longshore.tracking import table

    experiments = [one.id for one in table.experiments(client, project)]
    found: set[str] = set()
    unique = list(dict.fromkeys(run_ids))
    for start in range(0, len(unique) if experiments else 0, _RUNS_AT_ONCE):
        names = ", ".join(runs.quoted(one) for one in unique[start : start + _RUNS_AT_ONCE])
        page = runs.search(client, experiments, filter=f"attributes.run_id IN ({names})")
        found.update(one.id for one in page.runs)
    return found
