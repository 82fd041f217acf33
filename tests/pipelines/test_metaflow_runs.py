"""A Metaflow flow run for real, in an environment of its own: watched task by task, failed, resumed, spun, found again."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from longshore.errors import WorkFailed
from longshore.jobs import launching
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.pipelines import recorded, running, state
from longshore.projects import adapters, environments, probing
from longshore.projects.opening import open_project
from longshore.projects.pipeline import WHOLE, Selection
from longshore.settings import Home
from longshore.store.records import Job
from tests.support.launching import log_of
from tests.support.pipelines import metaflow_project, write


class Runner:
    """A Metaflow project in a home of its own."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.info = open_project(home, folder)
        [self.pipeline] = self.info.pipelines

    def run(self, selection: Selection = WHOLE, **parameters: str) -> Job:
        job = running.launch(self.home, self.info, self.pipeline, selection, parameters=parameters)
        return launching.wait(self.home, job.id)

    def states(self, job: Job) -> dict[str, str]:
        return {step.name: state.of_job(job).of(step.name).state for step in self.pipeline.steps}


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, metaflow_project(tmp_path_factory.mktemp("metaflow") / "flows"))


@pytest.fixture(scope="module")
def failed(runner: Runner) -> Job:
    broken = runner.folder / "break-lasso"
    broken.touch()
    job = runner.run(alpha="1.5")
    broken.unlink()
    return job


@pytest.fixture(scope="module")
def resumed(runner: Runner, failed: Job) -> Job:
    return runner.run(Selection(resume=True))


def children(client: Client, job: Job) -> dict[tuple[str, str], Run]:
    found = [run for run in find(client, job.id) if "longshore.step" in run.tags]
    return {(run.tags["longshore.step"], run.tags.get("longshore.task", "")): run for run in found}


def test_that_a_failed_task_of_a_foreach_is_told_apart_from_the_others_with_its_reason_and_log(
    runner: Runner, failed: Job, own_client: Client
) -> None:
    assert failed.state == "failed", log_of(failed)
    assert runner.states(failed) == {"start": "done", "train": "failed", "choose": "", "end": ""}
    train = state.of_job(failed).of("train")
    assert {task.task: task.state for task in train.tasks} == {"0": "done", "1": "failed"}
    assert train.error == "ValueError: broken by design"
    runs = children(own_client, failed)
    assert set(runs) == {("start", ""), ("train", "0"), ("train", "1")}
    ridge, lasso = runs["train", "0"], runs["train", "1"]
    assert (ridge.status, lasso.status) == ("FINISHED", "FAILED")
    assert ridge.params == {"alpha": "1.5", "foreach.models": "ridge"}
    assert dict(ridge.metrics) == {"score": 1.5}
    log = artifacts.download(own_client, lasso.id, "longshore/log.txt")
    assert b"training lasso" in log
    assert b"broken by design" in log
    assert b"training ridge" not in log


def test_that_it_is_resumed_where_it_failed_with_its_parameters_and_the_good_tasks_kept(
    runner: Runner, failed: Job, resumed: Job, own_client: Client
) -> None:
    assert resumed.state == "finished", log_of(resumed)
    assert runner.states(resumed) == {"start": "cached", "train": "done", "choose": "done", "end": "done"}
    tasks = {task.task: task.state for task in state.of_job(resumed).of("train").tasks}
    assert tasks == {"0": "cached", "1": "done"}
    parent = next(run for run in find(own_client, resumed.id) if "longshore.step" not in run.tags)
    assert parent.tags["longshore.origin"] == state.of_job(resumed).origin
    assert state.of_job(resumed).origin != state.of_job(failed).origin
    runs = children(own_client, resumed)
    assert dict(runs["train", "0"].metrics) == {"score": 1.5}
    assert dict(runs["choose", ""].metrics) == {"best": 2.5, "report.best": 2.5, "report.kinds.linear": 2.0}


def test_that_one_step_is_spun_alone_with_the_values_of_the_last_run(
    runner: Runner, resumed: Job, own_client: Client
) -> None:
    job = runner.run(Selection(only="choose"))
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {"start": "", "train": "", "choose": "done", "end": ""}
    assert children(own_client, job)["choose", ""].metrics["best"] == 2.5


def test_that_runs_of_a_terminal_are_found_beside_ours_with_the_state_of_each_step(
    runner: Runner, failed: Job, resumed: Job
) -> None:
    environment = environments.prepare(runner.home, runner.folder, plus=adapters.plus("metaflow"))
    command = [str(environment.python), "flow.py", "--quiet", "run", "--label", "by hand"]
    variables = {**os.environ, **adapters.variables("metaflow")}
    subprocess.run(command, cwd=runner.folder, env=variables, check=True, capture_output=True, timeout=200)
    by_hand, again, first = recorded.runs(runner.home, runner.info, runner.pipeline)
    assert (by_hand.job, again.job, first.job) == ("", resumed.id, failed.id)
    assert (by_hand.state, again.state, first.state) == ("done", "done", "failed")
    assert again.origin == first.id
    assert by_hand.parameters == {"alpha": "0.5", "name_of_it": "by hand"}
    assert {task.task: task.metrics for task in by_hand.of("train").tasks} == {"0": {"score": 0.5}, "1": {"score": 1.5}}
    assert {task.task: task.state for task in first.of("train").tasks} == {"0": "done", "1": "failed"}
    assert first.of("train").error == "ValueError: broken by design"
    assert first.of("end").state == ""
    assert recorded.runs(runner.home, runner.info, runner.pipeline, most=1) == (by_hand,)


def test_that_the_importing_probe_says_the_same_as_the_text(runner: Runner) -> None:
    answer = probing.probe(runner.home, runner.folder, "metaflow")
    found = adapters.merged(runner.pipeline, answer)
    assert [(step.name, step.kind, step.after) for step in found.steps] == [
        (step.name, step.kind, step.after) for step in runner.pipeline.steps
    ]
    [entry] = runner.info.entry_points
    assert adapters.merged_entry(entry, answer).parameters == entry.parameters


def test_that_flows_that_misbehave_when_they_are_imported_are_told_and_the_good_ones_still_found(
    runner: Runner,
) -> None:
    folder = runner.folder
    head = "from metaflow import FlowSpec\nprint('{\"a banner\": 1}')\n"
    write(folder, {"exits.py": head + "import sys; sys.exit(3)", "misses.py": head + "import no_such_package"})
    answer = probing.probe(runner.home, folder, "metaflow")
    assert [one["name"] for one in answer["flows"]] == ["TrainFlow"]
    told = " ".join(answer["problems"])
    assert "exits.py: it calls sys.exit when it is imported" in told
    assert "misses.py: ModuleNotFoundError: No module named 'no_such_package'" in told
    write(folder, {"waits.py": head + "import time; time.sleep(600)"})
    with pytest.raises(WorkFailed, match="still at work after 5 s"):
        probing.probe(runner.home, folder, "metaflow", ("waits.py",), limit_s=5)
