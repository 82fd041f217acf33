"""An MLRun workflow run for real, without a server, in an environment of its own: watched, failed, resumed, one function alone."""

from __future__ import annotations

import pytest

from longshore.jobs.runs import find
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.pipelines import state
from longshore.projects.pipeline import Selection
from longshore.settings import Home
from longshore.store.records import Job
from tests.support.launching import log_of
from tests.support.pipelines import Runner, mlrun_project

pytestmark = pytest.mark.other_frameworks


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, mlrun_project(tmp_path_factory.mktemp("mlrun") / "project"), "main")


@pytest.fixture(scope="module")
def failed(runner: Runner) -> Job:
    broken = runner.folder / "break"
    broken.touch()
    job = runner.run(parameters={"rows": "4"})
    broken.unlink()
    return job


def children(client: Client, job: Job) -> dict[str, Run]:
    found = [run for run in find(client, job.id) if "longshore.step" in run.tags]
    return {run.tags["longshore.step"]: run for run in found}


def test_that_each_function_becomes_a_child_run_and_the_failed_one_says_why(
    runner: Runner, failed: Job, own_client: Client
) -> None:
    assert failed.state == "failed", log_of(failed)
    assert runner.states(failed) == {"prepare": "done", "train": "failed"}
    assert "broken by design" in state.of_job(failed).of("train").error
    runs = children(own_client, failed)
    assert (runs["prepare"].status, runs["prepare"].params) == ("FINISHED", {"rows": "4"})
    assert sorted(one.name for one in runner.folder.iterdir() if one.name != "__pycache__") == [
        "functions.py", "project.yaml", "requirements.txt", "workflow.py",
    ]  # fmt: skip


def test_that_it_goes_on_with_what_was_done(runner: Runner, failed: Job, own_client: Client) -> None:
    assert failed.ended
    job = runner.run(Selection(resume=True))
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {"prepare": "cached", "train": "done"}
    assert dict(children(own_client, job)["train"].metrics) == {"rmse": 0.15, "rows": 4.0}


def test_that_one_function_runs_alone_with_what_it_was_given(runner: Runner, failed: Job) -> None:
    job = runner.run(Selection(only="train", origin=state.of_job(failed).origin))
    assert job.state == "finished", log_of(job)
    assert set(state.of_job(job).steps) == {"train"}
