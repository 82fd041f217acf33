"""What the agent runs for deployment jobs: steps that may be repeated, recorded as rows, taken back when one fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from longshore.errors import LongshoreError, WorkFailed
from longshore.progress import CancelToken, Progress
from longshore.serving import deploy_steps, undeploy_steps
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import Job

Run = Callable[[Home, Job, Mapping[str, Any], Progress, CancelToken], dict[str, Any]]
TakeBack = Callable[[Home, Job, str, LongshoreError], None]


@dataclass(frozen=True)
class StepWork:
    """One step. It gets what the steps before it recorded, gives what is to be recorded, and may be run again."""

    name: str
    run: Run


STEPS: dict[str, tuple[StepWork, ...]] = {
    "deploy": (
        StepWork("image", deploy_steps.image),
        StepWork("container", deploy_steps.container),
        StepWork("health", deploy_steps.health),
        StepWork("switch", deploy_steps.switch),
        StepWork("tidy", deploy_steps.tidy),
    ),
    "undeploy": (
        StepWork("route", undeploy_steps.route),
        StepWork("containers", undeploy_steps.containers),
        StepWork("forget", undeploy_steps.forget),
    ),
}
_TAKE_BACK: dict[str, TakeBack] = {"deploy": deploy_steps.take_back, "undeploy": undeploy_steps.take_back}


def step_names(kind: str) -> tuple[str, ...]:
    """Give the names of a job kind's steps, as its rows are made with."""
    return tuple(step.name for step in STEPS[kind])


def handle(home: Home, job: Job, progress: Progress, cancel: CancelToken) -> None:
    """Run a job's steps from the first one that is not done.

    A step that fails takes back what the job half made, and the deployment's row tells of it.
    Raises: whatever stopped it, as LongshoreError; Cancelled.
    """
    known: dict[str, Any] = {}
    for row, step in zip(jobs.steps(home, job.id), STEPS[job.kind], strict=True):
        if row.state == "done":
            known.update(row.data)
            continue
        known.update(_run(home, job, step, row.index, known, progress, cancel))


def _run(
    home: Home,
    job: Job,
    step: StepWork,
    index: int,
    known: Mapping[str, Any],
    progress: Progress,
    cancel: CancelToken,
) -> dict[str, Any]:
    jobs.update_step(home, job.id, index, state="running")
    try:
        cancel.check()
        result = step.run(home, job, known, progress, cancel)
    except LongshoreError as error:
        _fail(home, job, step, index, error)
        raise
    except Exception as error:
        # A bug must not leave containers behind either.
        failure = WorkFailed(f"The step {step.name} broke: {error}.", hint="Please report this, with the agent's log.")
        _fail(home, job, step, index, failure)
        raise failure from error
    jobs.update_step(home, job.id, index, state="done", data=result)
    return result


def _fail(home: Home, job: Job, step: StepWork, index: int, error: LongshoreError) -> None:
    jobs.update_step(home, job.id, index, state="failed", data={"error": error.as_dict()})
    _TAKE_BACK[job.kind](home, job, step.name, error)
