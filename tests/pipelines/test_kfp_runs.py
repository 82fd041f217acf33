"""A KFP pipeline run for real by its local runner: watched task by task, failed, resumed by the cache, run in part."""

from __future__ import annotations

from pathlib import Path

import pytest

from longshore.errors import WorkFailed
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.pipelines import state
from longshore.projects.adapters import merged
from longshore.projects.pipeline import Selection
from longshore.projects.probing import probe
from longshore.settings import Home
from tests.support.launching import log_of
from tests.support.pipelines import Runner, kfp_project, write


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, kfp_project(tmp_path_factory.mktemp("kfp") / "flow"))


def test_that_the_probe_compiles_what_the_text_could_only_guess(runner: Runner) -> None:
    whole = merged(runner.pipeline, probe(runner.home, runner.folder, "kfp", ["flow.py"]))
    assert whole.complete
    assert {step.name for step in whole.steps if step.kind == "task"} == {"report", "train", "prepare"}
    assert {step.name for step in whole.steps} == {step.name for step in runner.pipeline.steps}
    train = whole.step("train")
    assert train and (train.part_of, train.inputs, train.metrics) == (
        "for-loop-2", ("prepare.data",), ("train.scores",),
    )  # fmt: skip
    assert (train.source, train.line) == ("flow.py", 12)
    prepare = whole.step("prepare")
    assert prepare and prepare.resources.retries == 1


def test_that_each_task_becomes_a_child_run_and_what_was_not_reached_is_skipped(
    runner: Runner, own_client: Client
) -> None:
    job = runner.run()
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {
        "prepare": "done", "for-loop-2": "done", "train": "done", "condition-3": "skipped", "report": "skipped",
    }  # fmt: skip
    children = [run for run in find(own_client, job.id) if "longshore.step" in run.tags]
    by_name = {f"{run.tags['longshore.step']} {run.tags.get('longshore.task', '')}".strip(): run for run in children}
    assert set(by_name) == {"prepare", "train iteration 0", "train iteration 1"}
    assert by_name["prepare"].params == {"rows": "3"}
    second = by_name["train iteration 1"]
    assert second.params == {"depth": "2"}
    assert dict(second.metrics) == {"rmse": 0.25, "Output": 0.25}
    assert [one.name.rpartition("/")[2] for one in second.inputs] == ["data"]
    [aside] = runner.home.environments.glob("*/longshore-kfp")
    assert [one.name for one in aside.glob("*/iniconfig")] == ["iniconfig"]
    assert not list(aside.parent.glob("lib/*/site-packages/iniconfig"))
    assert b"preparing 3" in artifacts.download(own_client, by_name["prepare"].id, "longshore/log.txt")


def test_that_a_failed_task_is_told_with_its_reason_and_resumed_by_the_cache(runner: Runner) -> None:
    broken = runner.folder / "break-2"
    broken.touch()
    job = runner.run(parameters={"rows": "4"})
    assert job.state == "failed"
    states = runner.states(job)
    assert (states["prepare"], states["train"], states["for-loop-2"]) == ("done", "failed", "failed")
    assert state.of_job(job).of("train").error == "ValueError: broken by design"
    broken.unlink()
    again = runner.run(Selection(resume=True))
    assert again.spec["parameters"]["rows"] == "4"
    assert again.state == "finished", log_of(again)
    seen = state.of_job(again)
    assert seen.of("prepare").state == "cached"
    assert sorted(task.state for task in seen.of("train").tasks) == ["cached", "done"]


def test_that_one_component_runs_alone_on_the_last_results_of_those_before_it(runner: Runner) -> None:
    job = runner.run(Selection(only="train"), parameters={"rows": "4"})
    assert job.state == "finished", log_of(job)
    seen = state.of_job(job)
    assert (seen.of("prepare").state, [task.state for task in seen.of("train").tasks]) == ("cached", ["done", "done"])
    assert set(seen.steps) == {"prepare", "for-loop-2", "train"}
    fresh = runner.run(Selection(only="train"), parameters={"rows": "5"})
    assert fresh.state == "failed"
    assert "prepare has no result yet" in state.of_job(fresh).of("prepare").error


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; print('a banner'); sys.exit(3)", "sys.exit"),
        ("import not_there_at_all", "No module named 'not_there_at_all'"),
        ("import time\nwhile True: time.sleep(1)", "still at work"),
    ],
)
def test_that_source_that_cannot_be_imported_is_told_in_a_sentence(
    runner: Runner, tmp_path: Path, code: str, reason: str
) -> None:
    folder = kfp_project(tmp_path)
    write(folder, {"flow.py": f"{code}\n{(folder / 'flow.py').read_text()}"})
    with pytest.raises(WorkFailed, match=reason):
        probe(runner.home, folder, "kfp", ["flow.py"], limit_s=4.0)
