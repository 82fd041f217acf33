"""Launching a run again: at once with all that it was made from, or after the dialog has asked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid, LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Job
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.jobs.code_state import CodeState
    from longshore.mlflow_rest.types import Run
    from longshore.ui.pages.run_work import RunState


@dataclass(frozen=True)
class Again:
    """A run that was launched again, and from which code."""

    job: Job
    code: CodeState


def launch_again(home: Home, workspace: str | None, state: RunState) -> Work[Again]:
    """Give the work that launches a run again: same entry point, parameters, target, limits; its code where it is there.

    Raises, in the work: Invalid for a run that Longshore did not launch.
    """
    job, run = state.job, state.detail.run if state.detail else None
    project = state.detail.project if state.detail else None

    def work(_progress: Progress, _cancel: CancelToken) -> Again:
        from longshore.jobs import code_state, launching

        if job is not None:
            path = Path(str(job.spec.get("project_path") or ""))
            code = code_state.of_reference(home, workspace or job.workspace, job.id, path)
            return Again(launching.again(home, job.id, code=code), code)
        assert run is not None
        path = project_of(home, run, project)
        code = code_state.of_reference(home, workspace, run.id, path)
        return Again(_launch(home, workspace, path, run, code), code)

    return work


def preset_of(state: RunState) -> dict[str, Any]:
    """Give what the launch dialog starts with, to change it before the run is launched anew."""
    if state.job is not None:
        spec = state.job.spec
        return {
            "entry_point": spec.get("entry_point"),
            "parameters": dict(spec.get("parameters") or {}),
            "target": state.job.target,
            "experiment": spec.get("experiment"),
            "code_of": state.job.id,
            "python": spec.get("python"),
            "as_of": spec.get("as_of"),
            # These were given, all of them: a run's own may be what its code logged.
            "exact": True,
        }
    if state.detail is None:
        return {}
    run = state.detail.run
    return {
        "entry_point": state.detail.code.entry_point or None,
        "parameters": dict(run.params),
        "code_of": run.id,
    }


def project_of(home: Home, run: Run, project: str | None) -> Path:
    """Find the folder of a run's project on this computer. Raises: Invalid where that is not known."""
    from longshore.store import projects

    entry = run.tags.get("longshore.entry_point")
    if not entry:
        raise Invalid(
            f"{run.name} was not launched by Longshore, so its entry point is not known.",
            hint="Use Edit and launch, and choose the entry point.",
        )
    try:
        return Path(projects.find(home, project or "").path)
    except LongshoreError as error:
        raise Invalid(
            f"The project {project or 'of this run'} is not open on this computer.",
            hint="Open its folder, then try again.",
        ) from error


def _launch(home: Home, workspace: str | None, path: Path, run: Run, code: CodeState) -> Job:
    from longshore.jobs import launching
    from longshore.projects import opening

    entry = opening.entry_point(opening.load(home, str(path)), run.tags["longshore.entry_point"])
    # A script may log more parameters than it takes.
    given: dict[str, Any] = {name: value for name, value in run.params.items() if name in entry.parameters}
    target = run.tags.get("longshore.target") or "local"
    return launching.launch(
        home, str(path), entry.name, parameters=given, workspace=workspace, target=target, code=code
    )
