"""The engine goes away while a run is in it."""

from __future__ import annotations

import uuid
from pathlib import Path

import docker
import pytest

from longshore.jobs import launching
from longshore.settings import Home, save_settings
from tests.support.cut_off_engine import cut_off_engine
from tests.support.launching import launch, log_of, make_project, says

pytestmark = [pytest.mark.docker, pytest.mark.timeout(240)]


def test_that_an_engine_stopped_in_the_middle_of_a_run_ends_in_a_true_state_with_the_reason(
    served_home: Home, tmp_path: Path
) -> None:
    project = make_project(tmp_path / "endless", "import time\nprint('ready', flush=True)\ntime.sleep(120)\n")
    with cut_off_engine(served_home.path) as engine:
        save_settings(served_home, docker_host=engine.url)
        job = launch(served_home, project, target="docker", experiment=f"cut-{uuid.uuid4().hex[:8]}")
        try:
            says(job, "ready")
            engine.cut()
            ended = launching.wait(served_home, job.id)
            assert ended.state == "failed"
            assert ended.error is not None
            assert "engine" in str(ended.error["message"]).lower() or "docker" in str(ended.error["message"]).lower()
            assert ended.error["hint"]
            assert "ready" in log_of(ended)
        finally:
            real = docker.from_env()
            for container in real.containers.list(all=True, filters={"label": f"longshore.job={job.id}"}):
                container.remove(force=True)
            real.close()
