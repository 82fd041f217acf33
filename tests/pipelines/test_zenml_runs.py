"""A ZenML pipeline run for real, in an environment and a store of its own: watched, failed, resumed by its cache, one step alone."""

from __future__ import annotations

import pytest

from longshore.errors import WorkFailed
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.pipelines import recorded, state
from longshore.projects import adapters, probing
from longshore.projects.pipeline import Selection
from longshore.settings import Home
from longshore.store.records import Job
from tests.support.launching import log_of
from tests.support.pipelines import Runner, write, zenml_project

pytestmark = pytest.mark.other_frameworks


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, zenml_project(tmp_path_factory.mktemp("zenml") / "project"), "small")


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


def test_that_each_step_becomes_a_child_run_and_the_failed_one_says_why(
    runner: Runner, failed: Job, own_client: Client
) -> None:
    assert failed.state == "failed", log_of(failed)
    assert runner.states(failed) == {"load": "done", "train": "failed", "tell": ""}
    assert state.of_job(failed).of("train").error == "ValueError: broken by design"
    runs = children(own_client, failed)
    assert (runs["load"].status, runs["load"].params) == ("FINISHED", {"rows": "4"})
    assert runs["train"].status == "FAILED"
    log = artifacts.download(own_client, runs["load"].id, "longshore/log.txt")
    assert b"loading 4" in log
    assert b"training" not in log
    assert not (runner.folder / ".zen").exists()


def test_that_cached_steps_are_passed_over_when_it_goes_on_with_the_same_parameters(
    runner: Runner, failed: Job, own_client: Client
) -> None:
    assert failed.ended
    job = runner.run(Selection(resume=True))
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {"load": "cached", "train": "done", "tell": "done"}
    metrics = dict(children(own_client, job)["train"].metrics)
    assert (metrics["rmse"], metrics["report.rows"], metrics["loss"]) == (0.25, 4.0, 0.25)


def test_that_one_step_runs_alone_with_what_it_was_given(runner: Runner, failed: Job, own_client: Client) -> None:
    job = runner.run(Selection(only="train", origin=state.of_job(failed).origin))
    assert job.state == "finished", log_of(job)
    assert set(state.of_job(job).steps) == {"train"}
    assert dict(children(own_client, job)["train"].metrics)["report.rows"] == 4.0


def test_that_a_script_that_starts_the_pipeline_is_watched(runner: Runner, failed: Job) -> None:
    assert failed.ended
    script = Runner(runner.home, runner.folder, "main")
    job = script.run(parameters={"rows": "4"})
    assert job.state == "finished", log_of(job)
    states = script.states(job)
    assert states == {"small": "done", "small/load": "cached", "small/train": "done", "small/tell": "cached"}


def test_that_the_record_lists_the_runs_with_their_steps(runner: Runner, failed: Job) -> None:
    found = recorded.runs(runner.home, runner.info, runner.pipeline)
    mine = next(run for run in found if run.id == state.of_job(failed).origin)
    assert (mine.state, mine.of("load").state, mine.of("train").state) == ("failed", "done", "failed")
    assert mine.began_at is not None


def test_that_the_importing_probe_says_the_same_as_the_text_and_tells_code_that_misbehaves(
    runner: Runner, failed: Job
) -> None:
    assert failed.ended
    folder, head = runner.folder, "from zenml import pipeline\nprint('{\"a banner\": 1}')\n#@pipeline\n"
    write(folder, {"exits.py": head + "import sys; sys.exit(3)", "misses.py": head + "import no_such_package"})
    answer = probing.probe(runner.home, folder, "zenml")
    found = adapters.merged(runner.pipeline, answer)
    assert {step.name: step.after for step in found.steps} == {step.name: step.after for step in runner.pipeline.steps}
    told = " ".join(answer["problems"])
    assert "exits.py: it calls sys.exit when it is imported" in told
    assert "misses.py: ModuleNotFoundError: No module named 'no_such_package'" in told
    write(folder, {"waits.py": "import time; time.sleep(600)"})
    with pytest.raises(WorkFailed, match="still at work after 5 s"):
        probing.probe(runner.home, folder, "zenml", ("waits.py",), limit_s=5)
