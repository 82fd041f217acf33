"""Deployments on a real engine, with the test in the agent's place: it runs the queued steps itself."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.progress import CancelToken, Progress
    from longshore.settings import Home
    from longshore.store.records import Deployment, Job

WORKSPACE = "team"


@dataclass
class Dock:
    """A home whose deployments are queued by the product and carried out here."""

    home: Home
    client: Client

    def queue(self, reference: str, **options: Any) -> Deployment:
        """Queue a deployment, as the window and the CLI do."""
        from longshore.serving import deploying

        self.beat()
        return deploying.deploy(self.home, reference, workspace=WORKSPACE, **options)

    def deploy(self, reference: str, **options: Any) -> Deployment:
        """Deploy and carry out; a failure is raised."""
        from longshore.store import deployments

        row = self.queue(reference, **options)
        self.carry_out(row.job_id or "")
        return deployments.get(self.home, row.name)

    def undeploy(self, name: str) -> None:
        from longshore.serving import deploying

        self.beat()
        self.carry_out(deploying.undeploy(self.home, name).job_id or "")

    def carry_out(self, job_id: str, *, progress: Progress | None = None, cancel: CancelToken | None = None) -> Job:
        """Do what the agent does with a queued job."""
        from longshore.errors import Cancelled, LongshoreError
        from longshore.progress import CancelToken, no_progress
        from longshore.serving import steps
        from longshore.store import jobs

        job = jobs.update(self.home, job_id, state="running")
        try:
            steps.handle(self.home, job, progress or no_progress, cancel or CancelToken())
        except LongshoreError as error:
            state = "stopped" if isinstance(error, Cancelled) else "failed"
            jobs.update(self.home, job_id, state=state, error=error.as_dict())
            raise
        return jobs.update(self.home, job_id, state="finished")

    def beat(self) -> None:
        """Say that the agent lives: the test is it."""
        from longshore.store import processes

        here = psutil.Process()
        processes.put_agent(
            self.home,
            pid=os.getpid(),
            process_started=here.create_time(),
            state="ready",
            app_version="test",
            wake_port=0,
        )

    def containers(self) -> list[dict[str, Any]]:
        """What the engine has of this home, as it describes it."""
        import docker

        client = docker.from_env()
        with contextlib.closing(client):
            found = client.containers.list(all=True, filters={"label": f"longshore.home={self.home.id}"})
            return [dict(container.attrs) for container in found]

    def names(self) -> set[str]:
        return {str(found["Name"]).lstrip("/") for found in self.containers()}


@contextlib.contextmanager
def opened_dock(tracking_server: str, client: Client) -> Iterator[Dock]:
    """Give a home that works against the tests' server, and remove all it made at the end, images too."""
    from longshore.settings import open_home
    from longshore.store import workspaces
    from tests.support.leftovers import end_everything_of

    folder = Path(tempfile.mkdtemp(prefix="ls-"))
    home = open_home(folder)
    workspaces.add(home, name=WORKSPACE, url=tracking_server, auth="none", username="")
    try:
        yield Dock(home, client)
    finally:
        end_everything_of(folder)
        remove_images(home)
        shutil.rmtree(folder, ignore_errors=True)


def remove_images(home: Home) -> None:
    """Remove a home's images but those with requirements: their layers make the next test run quick."""
    import docker
    from docker.errors import DockerException

    client = docker.from_env()
    with contextlib.closing(client), contextlib.suppress(DockerException):
        for kind in ("model-image",):
            labels = [f"longshore.home={home.id}", f"longshore.kind={kind}"]
            for image in client.images.list(filters={"label": labels}):
                with contextlib.suppress(DockerException):
                    client.images.remove(image.id, force=True)
