"""Tasks of Flyte 2 run for real, in an environment of their own: watched, failed, gone on with past what is cached."""

from __future__ import annotations

import uuid
from pathlib import Path

from longshore.jobs import launching
from longshore.jobs.runs import find
from longshore.mlflow_rest.client import Client
from longshore.pipelines import running, state
from longshore.projects.opening import open_project
from longshore.projects.pipeline import Selection
from longshore.settings import Home
from tests.support.launching import log_of
from tests.support.pipelines import flyte_project


def test_that_a_task_that_fails_is_told_with_those_that_it_called_and_gone_on_with(
    own: Home, own_client: Client, tmp_path: Path
) -> None:
    folder = flyte_project(tmp_path / "tasks", f"env-{uuid.uuid4().hex}")
    info = open_project(own, folder)
    (folder / "break").touch()
    parameters = {"n": "2", "loud": "false"}
    job = launching.wait(own, running.launch(own, info, info.pipelines[0], parameters=parameters).id)
    seen = state.of_job(job)
    assert job.state == "failed", log_of(job)
    assert {name: one.state for name, one in seen.steps.items()} == {
        "main": "failed", "main/double": "done", "main/report": "failed",
    }  # fmt: skip
    assert "broken by design" in seen.of("main/report").error
    runs = {run.tags["longshore.step"]: run for run in find(own_client, job.id) if "longshore.step" in run.tags}
    assert runs["main/report"].params == {"total": "2", "loud": "False"}
    assert runs["main"].status == "FAILED"
    assert [task.metrics for task in seen.of("main/double").tasks] == [{"o0": 0.0}, {"o0": 2.0}]
    (folder / "break").unlink()
    again = launching.wait(own, running.launch(own, info, info.pipelines[0], Selection(resume=True)).id)
    assert again.state == "finished", log_of(again)
    assert {name: one.state for name, one in state.of_job(again).steps.items()} == {
        "main": "done", "main/double": "cached", "main/report": "done",
    }  # fmt: skip
