"""A flytekit workflow run for real, in an environment of its own: watched, failed, resumed by its cache, one task alone."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from longshore.errors import WorkFailed
from longshore.jobs import launching
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Run
from longshore.pipelines import recorded, running, state
from longshore.projects import adapters, probing
from longshore.projects.opening import open_project
from longshore.projects.pipeline import WHOLE, Selection
from longshore.settings import Home
from longshore.store.records import Job
from tests.support.launching import log_of
from tests.support.pipelines import flytekit_project, write


class Runner:
    """A flytekit project in a home of its own."""

    def __init__(self, home: Home, folder: Path) -> None:
        self.home, self.folder = home, folder
        self.info = open_project(home, folder)
        self.pipeline = self.info.pipelines[0]

    def run(self, selection: Selection = WHOLE, **parameters: str) -> Job:
        job = running.launch(self.home, self.info, self.pipeline, selection, parameters=parameters)
        return launching.wait(self.home, job.id)

    def states(self, job: Job) -> dict[str, str]:
        return {step.name: state.of_job(job).of(step.name).state for step in self.pipeline.steps}


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, flytekit_project(tmp_path_factory.mktemp("flytekit") / "flows", uuid.uuid4().hex))


@pytest.fixture(scope="module")
def failed(runner: Runner) -> Job:
    broken = runner.folder / "break"
    broken.touch()
    job = runner.run(rows="4")
    broken.unlink()
    return job


def children(client: Client, job: Job) -> dict[tuple[str, str], Run]:
    found = [run for run in find(client, job.id) if "longshore.step" in run.tags]
    return {(run.tags["longshore.step"], run.tags.get("longshore.task", "")): run for run in found}


def test_that_each_task_becomes_a_child_run_and_the_failed_one_says_why(
    runner: Runner, failed: Job, own_client: Client
) -> None:
    assert failed.state == "failed", log_of(failed)
    states = runner.states(failed)
    assert states.pop("report") == "failed"
    assert states.pop("poor") == ""
    assert set(states.values()) == {"done"}
    assert state.of_job(failed).of("report").error == "ValueError: broken by design"
    assert [task.task for task in state.of_job(failed).of("prepare/double").tasks] == ["0", "1", "2", "3"]
    runs = children(own_client, failed)
    train = runs["train", ""]
    assert (train.status, train.params, dict(train.metrics)) == ("FINISHED", {"alpha": "0.5"}, {"o0": 6.0})
    assert runs["report", ""].status == "FAILED"
    assert runs["many/double", "3"].params == {"x": "6"}
    log = artifacts.download(own_client, train.id, "longshore/log.txt")
    assert b"training with 0.5" in log
    assert b"loading" not in log


def test_that_cached_tasks_are_passed_over_when_it_goes_on_with_the_same_inputs(runner: Runner, failed: Job) -> None:
    assert failed.ended
    job = runner.run(Selection(resume=True))
    assert job.state == "finished", log_of(job)
    states = runner.states(job)
    assert {name for name, one in states.items() if one == "cached"} == {"prepare/load", "train", "train-2"}
    assert (states["report"], states["poor"]) == ("done", "skipped")


def test_that_one_task_runs_alone_with_the_inputs_of_the_last_run(
    runner: Runner, failed: Job, own_client: Client
) -> None:
    assert failed.ended
    job = runner.run(Selection(only="report"))
    assert job.state == "finished", log_of(job)
    assert set(state.of_job(job).steps) == {"report"}
    assert children(own_client, job)["report", ""].params == {"score": "6.0"}
    assert recorded.runs(runner.home, runner.info, runner.pipeline) == ()


def test_that_the_importing_probe_says_the_same_as_the_text(runner: Runner, failed: Job) -> None:
    assert failed.ended
    answer = probing.probe(runner.home, runner.folder, "flytekit")
    found = adapters.merged(runner.pipeline, answer)
    assert {step.name: (step.kind, step.part_of) for step in found.steps} == {
        step.name: (step.kind, step.part_of) for step in runner.pipeline.steps
    }
    entry = runner.info.entry_points[0]
    assert adapters.merged_entry(entry, answer).parameters == entry.parameters


def test_that_code_that_misbehaves_when_it_is_imported_is_told(runner: Runner) -> None:
    folder = runner.folder
    head = "from flytekit import workflow\nprint('{\"a banner\": 1}')\n"
    write(folder, {"exits.py": head + "import sys; sys.exit(3)", "misses.py": head + "import no_such_package"})
    answer = probing.probe(runner.home, folder, "flytekit")
    assert {one["name"] for one in answer["workflows"]} == {"main", "prepare"}
    told = " ".join(answer["problems"])
    assert "exits.py: it calls sys.exit when it is imported" in told
    assert "misses.py: ModuleNotFoundError: No module named 'no_such_package'" in told
    write(folder, {"waits.py": "import time; time.sleep(600)"})
    with pytest.raises(WorkFailed, match="still at work after 5 s"):
        probing.probe(runner.home, folder, "flytekit", ("waits.py",), limit_s=5)
