"""The launch dialog's work off the UI thread: what the run would use, and the launch itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Job
from longshore.ui.shell.launch_command import LaunchRequest
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.jobs.targets.base import TargetState
    from longshore.projects.model import ProjectInfo


@dataclass(frozen=True)
class Ready:
    """What the dialog shows: the project as it is now, the targets, the experiments and secrets that there are."""

    info: ProjectInfo
    targets: tuple[TargetState, ...]
    experiments: tuple[str, ...]
    secrets: tuple[str, ...]
    tracking: str  # where the runs go
    tracking_ok: bool


def read_ready(home: Home, workspace: str | None, project_path: str) -> Work[Ready]:
    """Give the work that looks at everything a run would use. Nothing of the project is executed."""

    def work(_progress: Progress, _cancel: CancelToken) -> Ready:
        from longshore.jobs import targets
        from longshore.projects import opening
        from longshore.store import workspaces

        info = opening.load(home, project_path)
        row = workspaces.get(home, workspace)
        experiments, ok = _experiments(home, workspace, info.name)
        where = "this computer's MLflow server" if row.kind == "personal" else f"the team server {row.name}"
        if row.file:
            where = f"the database {row.file}"
        return Ready(info, targets.states(home), experiments, _secrets(home), where, ok)

    return work


def _experiments(home: Home, workspace: str | None, project: str) -> tuple[tuple[str, ...], bool]:
    from longshore.tracking import table
    from longshore.workspace.connection import connect

    try:
        found = table.experiments(connect(home, workspace), project)
    except LongshoreError:
        return (project,), False
    return tuple(dict.fromkeys([project, *(each.name for each in found)])), True


def _secrets(home: Home) -> tuple[str, ...]:
    from longshore.secrets import named

    try:
        return named.names(home)
    except LongshoreError:
        return ()


def launch_work(home: Home, workspace: str | None, request: LaunchRequest, memory_bytes: int | None) -> Work[Job]:
    """Give the work that queues the run."""

    def work(_progress: Progress, _cancel: CancelToken) -> Job:
        from longshore.jobs import launching

        return launching.launch(
            home,
            request.project,
            request.entry,
            parameters=request.parameters,
            workspace=workspace,
            target=request.target,
            experiment=request.experiment or None,
            run_name=request.run_name or None,
            env=request.env,
            secrets=request.secrets,
            cpus=request.cpus,
            memory_bytes=memory_bytes,
            timeout_s=request.timeout_s,
        )

    return work
