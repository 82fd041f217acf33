"""A DVC pipeline run for real: watched step by step, failed, resumed, run in part; all of it in MLflow."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.jobs import launching
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.pipelines import running, state
from longshore.projects.opening import open_project
from longshore.projects.pipeline import WHOLE, Selection
from longshore.settings import Home
from longshore.store.records import Job
from tests.support.launching import log_of
from tests.support.pipelines import dvc_project


class Runner:
    """A DVC project in a home of its own."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.info = open_project(home, folder)
        [self.pipeline] = self.info.pipelines

    def run(self, selection: Selection = WHOLE) -> Job:
        job = running.launch(self.home, self.info, self.pipeline, selection)
        return launching.wait(self.home, job.id)

    def states(self, job: Job) -> dict[str, str]:
        seen = state.of_job(job)
        return {step.name: seen.of(step.name).state for step in self.pipeline.steps}


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, dvc_project(tmp_path_factory.mktemp("dvc") / "stages"))


def test_that_each_stage_becomes_a_child_run_with_parameters_metrics_files_and_its_own_log(
    runner: Runner, own_client: Client
) -> None:
    job = runner.run()
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {"prepare": "done", "train@ridge": "done", "train@lasso": "done"}
    parent, *children = sorted(find(own_client, job.id), key=lambda run: "longshore.step" in run.tags)
    assert parent.tags["longshore.pipeline"] == "dvc.yaml"
    assert job.run_ids[0] == parent.id
    by_step = {run.tags["longshore.step"]: run for run in children}
    assert set(by_step) == {"prepare", "train@ridge", "train@lasso"}
    assert all(run.tags["mlflow.parentRunId"] == parent.id for run in children)
    assert all(run.status == "FINISHED" and run.end_time and run.start_time for run in children)
    ridge = by_step["train@ridge"]
    assert ridge.params == {"train.alpha": "0.5"}
    assert dict(ridge.metrics) == {"rmse": 0.5, "by.fold": 1.0}
    assert {one.name for one in ridge.inputs} == {"train.py", "data/clean.csv"}
    assert '"models/ridge.txt"' in ridge.tags["longshore.outputs"]
    log = artifacts.download(own_client, ridge.id, "longshore/log.txt")
    assert b"training ridge" in log
    assert b"training lasso" not in log
    assert b"preparing" not in log


def test_that_a_failed_stage_is_told_with_its_reason_and_resumed_where_it_failed(
    runner: Runner, own_client: Client
) -> None:
    (runner.folder / "data/raw.csv").write_text("a,b\n5,6\n")
    broken = runner.folder / "break-lasso"
    broken.touch()
    job = runner.run()
    assert job.state == "failed"
    assert runner.states(job) == {"prepare": "done", "train@ridge": "done", "train@lasso": "failed"}
    assert "python train.py lasso" in state.of_job(job).of("train@lasso").error
    failed = next(run for run in find(own_client, job.id) if run.tags.get("longshore.step") == "train@lasso")
    assert failed.status == "FAILED"
    broken.unlink()
    again = runner.run(Selection(resume=True))
    assert runner.states(again) == {"prepare": "cached", "train@ridge": "cached", "train@lasso": "done"}


def test_that_a_pipeline_that_did_not_fail_has_nothing_to_resume(runner: Runner) -> None:
    assert runner.run().state == "finished"
    with pytest.raises(Invalid, match="nothing to resume"):
        runner.run(Selection(resume=True))


def test_that_one_stage_runs_alone_and_a_step_that_is_not_there_is_refused(runner: Runner) -> None:
    job = runner.run(Selection(only="prepare"))
    assert runner.states(job)["prepare"] in ("cached", "done")
    assert set(state.of_job(job).steps) == {"prepare"}
    with pytest.raises(Invalid, match="has no step 'prepar'"):
        runner.run(Selection(only="prepar"))
