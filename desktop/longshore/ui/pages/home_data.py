"""What the Home page shows, gathered off the UI thread as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import ACTIVE_STATES, FAILED, Deployment, Job
from longshore.ui.shell.tasks import Work

RECENT_RUNS = 30
# A failure older than this no longer needs anybody.
NEEDS_YOU_FOR = timedelta(days=2)
ACTIVITY = 12


@dataclass(frozen=True)
class ProjectCard:
    """One project."""

    id: str
    name: str
    path: str
    frameworks: tuple[str, ...]
    branch: str
    missing: str  # why the folder can't be read now, empty where it can
    last_run_id: str = ""
    last_run_name: str = ""
    last_run_status: str = ""
    last_run_at: datetime | None = None
    metric: str = ""
    best: float | None = None
    values: tuple[float, ...] = ()  # of the metric, oldest first
    deployment: str = ""
    deployment_state: str = ""


@dataclass(frozen=True)
class HomeState:
    """Everything on the page."""

    projects: tuple[ProjectCard, ...]
    failed: tuple[Job, ...]
    unwell: tuple[Deployment, ...]
    running: tuple[Job, ...]
    activity: tuple[Job, ...]
    # Why the runs could not be read, None where they could.
    offline: LongshoreError | None


def read_home(home: Home, workspace: str | None) -> Work[HomeState]:
    """Give the work that gathers the page."""

    def work(_progress: Progress, cancel: CancelToken) -> HomeState:
        from longshore.store import deployments, jobs
        from longshore.store import projects as rows

        deployed = deployments.listing(home)
        ended = [job for job in jobs.listing(home, limit=ACTIVITY * 3) if job.ended]
        active = jobs.listing(home, states=ACTIVE_STATES)
        cards, offline = [], None
        for project in rows.listing(home):
            cancel.check()
            card = _folder(project.id, project.name, project.path, project.frameworks)
            if offline is None:
                try:
                    card = _with_runs(home, workspace, card)
                except LongshoreError as error:
                    offline = error
            cards.append(_with_deployment(card, deployed))
        newest = _newest_of_each(ended)
        since = datetime.now(UTC) - NEEDS_YOU_FOR
        return HomeState(
            projects=tuple(cards),
            failed=tuple(job for job in newest if job.state == FAILED and job.ended_at and job.ended_at > since),
            unwell=tuple(each for each in deployed if each.state in ("unhealthy", "failed")),
            running=active,
            activity=tuple(ended[:ACTIVITY]),
            offline=offline,
        )

    return work


def _newest_of_each(ended: list[Job]) -> list[Job]:
    """Give the newest job of each title: a failure that was mended since needs nobody."""
    found: dict[str, Job] = {}
    for job in ended:
        found.setdefault(job.title, job)
    return list(found.values())


def _folder(identity: str, name: str, path: str, frameworks: tuple[str, ...]) -> ProjectCard:
    from pathlib import Path

    from longshore.projects import git

    branch, missing = "", ""
    if not Path(path).is_dir():
        missing = "The folder is gone."
    else:
        try:
            state = git.state(Path(path))
            branch = state.branch or "" if state else ""
        except LongshoreError as error:
            missing = error.reason
    return ProjectCard(identity, name, path, frameworks, branch, missing)


def _with_runs(home: Home, workspace: str | None, card: ProjectCard) -> ProjectCard:
    from dataclasses import replace

    from longshore.tracking import direction, table
    from longshore.workspace.connection import connect

    rows = table.search(connect(home, workspace), project=card.name, limit=RECENT_RUNS).rows
    if not rows:
        return card
    metric = direction.primary_metric(rows) or ""
    values = tuple(row.metrics[metric] for row in reversed(rows) if metric in row.metrics)
    return replace(
        card,
        last_run_id=rows[0].run_id,
        last_run_name=rows[0].name,
        last_run_status=rows[0].status,
        last_run_at=rows[0].start_time,
        metric=metric,
        best=direction.best(values, metric),
        values=values,
    )


def _with_deployment(card: ProjectCard, deployed: tuple[Deployment, ...]) -> ProjectCard:
    from dataclasses import replace

    mine = [each for each in deployed if each.project_id == card.id or each.model_name == card.name]
    return replace(card, deployment=mine[0].name, deployment_state=mine[0].state) if mine else card
