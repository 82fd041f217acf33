"""Running a pipeline, or a part of it; going on after a failure by the framework's own means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from longshore.errors import Invalid
from longshore.jobs import launching
from longshore.pipelines import state
from longshore.projects import adapters
from longshore.projects.pipeline import RESUME, WHOLE, Pipeline, Selection
from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.projects.model import ProjectInfo
    from longshore.store.records import Job


def launch(
    home: Home,
    info: ProjectInfo,
    pipeline: Pipeline,
    selection: Selection = WHOLE,
    *,
    parameters: Mapping[str, str] | None = None,
    workspace: str | None = None,
    trusting: bool = False,
) -> Job:
    """Queue a pipeline, or the part of it that is selected.

    Raises: as `jobs.launching.launch`; Invalid where there is nothing to resume.
    """
    last = state.last_job(home, info.id, pipeline.name, whole=True)
    if selection.resume:
        selection = replace(selection, origin=selection.origin or _failed_run(pipeline, last))
        if last is not None and not parameters and adapters.keeps_parameters(pipeline.framework):
            parameters = dict(last.spec.get("parameters") or {})
    elif (selection.start or selection.only) and not selection.origin:
        # Frameworks that keep runs take what that one made; the others name none.
        selection = replace(selection, origin=state.of_job(last).origin)
    return launching.launch(
        home,
        info.path,
        pipeline.name,
        parameters=parameters,
        workspace=workspace,
        selection=selection,
        trusting=trusting,
    )


def _failed_run(pipeline: Pipeline, last: Job | None) -> str:
    """Give the framework's name for the last run; empty where it needs none.

    Raises: Invalid where the last run did not fail, or there was none.
    """
    if RESUME in pipeline.can and (last is None or not last.ended or last.state == "finished"):
        what = "has not run yet" if last is None else "still runs" if not last.ended else "did not fail the last time"
        raise Invalid(f"{pipeline.name} {what}: there is nothing to resume.", hint="Run it.")
    return state.of_job(last).origin
