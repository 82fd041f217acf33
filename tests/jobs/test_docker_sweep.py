"""Containers that were left behind: this home's are swept with their outputs kept, all others are never touched."""

from __future__ import annotations

import contextlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import psutil
import pytest
from docker.models.containers import Container

from longshore.jobs import adopting
from longshore.settings import Home, save_settings
from longshore.store import jobs
from longshore.store.records import Job
from tests.support.cut_off_engine import cut_off_engine
from tests.support.in_process import in_hands, queued
from tests.support.launching import make_project, says

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(240),
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]


@pytest.fixture
def engine() -> Iterator[docker.DockerClient]:
    found = docker.from_env()
    yield found
    found.close()


@contextlib.contextmanager
def strangers(engine: docker.DockerClient, home: Home, job: Job) -> Iterator[dict[str, Container]]:
    """What looks like this job's container and is not this home's, or is another thing of this home."""
    labels = {
        "another home's": {"longshore.home": "0badf00d", "longshore.kind": "job", "longshore.job": job.id},
        "of no home": {"longshore.kind": "job", "longshore.job": job.id},
        "of an unknown job": {"longshore.home": home.id, "longshore.kind": "job", "longshore.job": uuid.uuid4().hex},
        "another sort": {"longshore.home": home.id, "longshore.kind": "replica", "longshore.job": job.id},
    }
    made = {
        name: engine.containers.run("python:3.11-slim", ["sleep", "300"], labels=each, detach=True)
        for name, each in labels.items()
    }
    try:
        yield made
    finally:
        for container in made.values():
            container.remove(force=True)


def left_of(engine: docker.DockerClient, home: Home, job: Job) -> list[str]:
    labels = [f"longshore.job={job.id}", "longshore.kind=job", f"longshore.home={home.id}"]
    return [each.status for each in engine.containers.list(all=True, filters={"label": labels})]


def test_that_a_container_left_behind_is_swept_with_its_outputs_kept_and_no_strangers_is_touched(
    served_home: Home, engine: docker.DockerClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adopting, "PATIENCE_S", 0.5)
    experiment = f"sweep-{uuid.uuid4().hex[:8]}"
    script = (
        "import pathlib, time; pathlib.Path('made.txt').write_text('late'); print('made', flush=True); time.sleep(300)"
    )
    left = queued(served_home, make_project(tmp_path / "left", script), target="docker", experiment=experiment)
    with cut_off_engine(served_home.path) as cut:
        save_settings(served_home, docker_host=cut.url)
        with in_hands(served_home, left):
            says(left, "made")
        psutil.Process(json.loads((Path(left.folder) / "supervisor.json").read_text())["pid"]).kill()
        cut.cut()
        with in_hands(served_home, left) as hand:
            hand.join(60)
    assert jobs.get(served_home, left.id).state == "failed"
    assert left_of(engine, served_home, left) == ["running"], "the engine never heard that the job is over"

    save_settings(served_home, docker_host="")
    following = queued(
        served_home, make_project(tmp_path / "next", "print('hello')"), target="docker", experiment=experiment
    )
    with strangers(engine, served_home, left) as others:
        with in_hands(served_home, following) as hand:
            hand.join(120)
        for name, stranger in others.items():
            stranger.reload()
            assert stranger.status == "running", name
    assert jobs.get(served_home, following.id).state == "finished"
    assert left_of(engine, served_home, left) == []
    assert (Path(left.folder) / "outputs" / "made.txt").read_text() == "late"
    assert not (tmp_path / "left" / "made.txt").exists(), "the project is left alone, so much later"
