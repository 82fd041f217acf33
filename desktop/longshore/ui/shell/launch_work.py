"""The launch dialog's work off the UI thread: what the run would use, and the launch itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Job
from longshore.ui.shell.launch_command import LaunchRequest
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.jobs.code_state import CodeState
    from longshore.jobs.presets import Kept, Preset
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
    kept: Kept  # last values and presets
    # The code of the run that is launched anew; None where it is no such launch.
    code: CodeState | None = None
    # Whether the folder's code may run.
    trusted: bool = True


def read_ready(home: Home, workspace: str | None, project_path: str, code_of: str = "") -> Work[Ready]:
    """Give the work that looks at everything a run would use. Nothing of the project is executed."""

    def work(_progress: Progress, _cancel: CancelToken) -> Ready:
        from longshore.jobs import presets, targets
        from longshore.projects import opening, trust
        from longshore.store import workspaces

        info = opening.load(home, project_path)
        row = workspaces.get(home, workspace)
        experiments, ok = _experiments(home, workspace, info.name)
        where = "this computer's MLflow server" if row.kind == "personal" else f"the team server {row.name}"
        if row.file:
            where = f"the database {row.file}"
        code = _code(home, workspace, code_of, info.path) if code_of else None
        return Ready(
            info,
            targets.states(home),
            experiments,
            _secrets(home),
            where,
            ok,
            presets.kept(home, info.id),
            code,
            trust.is_trusted(home, info.path),
        )

    return work


def _experiments(home: Home, workspace: str | None, project: str) -> tuple[tuple[str, ...], bool]:
    from longshore.tracking import table
    from longshore.workspace.connection import connect

    try:
        found = table.experiments(connect(home, workspace), project)
    except LongshoreError:
        return (project,), False
    return tuple(dict.fromkeys([project, *(each.name for each in found)])), True


def _code(home: Home, workspace: str | None, code_of: str, project_path: str) -> CodeState:
    from longshore.jobs import code_state

    try:
        return code_state.of_reference(home, workspace, code_of, Path(project_path))
    except LongshoreError as error:
        return code_state.CodeState(why_not=error.reason)


def _secrets(home: Home) -> tuple[str, ...]:
    from longshore.secrets import named

    try:
        return named.names(home)
    except LongshoreError:
        return ()


def launch_work(
    home: Home, workspace: str | None, request: LaunchRequest, memory_bytes: int | None, asked: Preset
) -> Work[Job]:
    """Give the work that queues the run, and keeps what was asked for as the entry point's last values."""

    def work(_progress: Progress, _cancel: CancelToken) -> Job:
        from longshore.jobs import code_state, launching, presets
        from longshore.projects import opening

        code = None
        if request.code_of:
            path = Path(opening.load(home, request.project).path)
            code = code_state.of_reference(home, workspace, request.code_of, path)
        job = launching.launch(
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
            code=code,
            python=request.python,
            as_of=request.as_of,
        )
        if job.project_id:
            presets.keep_last(home, job.project_id, asked)
        return job

    return work
