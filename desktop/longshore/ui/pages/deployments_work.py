"""The Deployments page's work off the UI thread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Deployment, Job, Step
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.serving.form import Form
    from longshore.serving.predicting import Prediction
    from longshore.serving.status import Status


@dataclass(frozen=True)
class Row:
    """A deployment with the job that last worked on it."""

    deployment: Deployment
    job: Job | None
    # Of a job that goes on, or that failed.
    steps: tuple[Step, ...] = ()

    @property
    def busy(self) -> bool:
        """Tell whether something is being done to it."""
        return self.job is not None and not self.job.ended


@dataclass(frozen=True)
class Health:
    """What the engine says of a deployment now, and its last log lines."""

    status: Status | None
    log: str
    problem: LongshoreError | None


def read_rows(home: Home) -> Work[tuple[Row, ...]]:
    """Give the work that lists the deployments."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Row, ...]:
        from longshore.store import deployments

        return tuple(_row(home, each) for each in deployments.listing(home))

    return work


def _row(home: Home, deployment: Deployment) -> Row:
    from longshore.store import jobs

    row = Row(deployment, _job(home, deployment.job_id))
    if row.job is None or not (row.busy or deployment.error):
        return row
    return replace(row, steps=jobs.steps(home, row.job.id))


def _job(home: Home, job_id: str | None) -> Job | None:
    from longshore.store import jobs

    try:
        return jobs.get(home, job_id) if job_id else None
    except NotFound:
        return None


def read_health(home: Home, name: str) -> Work[Health]:
    """Give the work that asks the engine and reads the last lines."""

    def work(_progress: Progress, _cancel: CancelToken) -> Health:
        from longshore.serving import status

        try:
            log = status.logs(home, name, tail=200)
        except LongshoreError as error:
            return Health(None, "", error)
        try:
            return Health(status.status(home, name), log, None)
        except LongshoreError as error:
            return Health(None, log, error)

    return work


def read_form(home: Home, workspace: str, reference: str) -> Work[Form]:
    """Give the work that reads the model's form."""

    def work(_progress: Progress, _cancel: CancelToken) -> Form:
        from longshore.serving import form
        from longshore.workspace.connection import connect

        return form.form(connect(home, workspace), reference)

    return work


def predict_work(home: Home, name: str, body: bytes) -> Work[Prediction]:
    """Give the work that sends a JSON request."""

    def work(_progress: Progress, _cancel: CancelToken) -> Prediction:
        from longshore.serving import predicting

        return predicting.predict(home, name, body, predicting.JSON)

    return work


def undeploy_work(home: Home, name: str) -> Work[Deployment]:
    """Give the work that queues the end of a deployment."""

    def work(_progress: Progress, _cancel: CancelToken) -> Deployment:
        from longshore.serving import deploying

        return deploying.undeploy(home, name)

    return work


def versions_work(home: Home, workspace: str | None) -> Work[tuple[str, ...]]:
    """Give the work that lists NAME/V of all registered versions, the latest of each model first."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[str, ...]:
        from longshore.registry import models
        from longshore.workspace.connection import connect

        found = models.listing(connect(home, workspace))
        return tuple(version.reference for model in found for version in model.versions)

    return work
