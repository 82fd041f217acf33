"""A Kedro project run for real: hooks tell of each node; failed, resumed, run in part, under another environment."""

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
from tests.support.pipelines import KEDRO_COUNT, Runner, kedro_project, write


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, kedro_project(tmp_path_factory.mktemp("kedro") / "small"))


def test_that_the_probe_gives_what_the_registry_makes(runner: Runner) -> None:
    whole = merged(runner.pipeline, probe(runner.home, runner.folder, "kedro"))
    assert whole.complete
    assert whole.edges == (("clean", KEDRO_COUNT), (KEDRO_COUNT, "train"))
    train = whole.step("train")
    assert train and (train.source, train.line) == ("src/small/pipelines/training/nodes.py", 4)
    assert train.parameters["train.alpha"].default == 0.5
    assert {one.name: one.versioned for one in whole.datasets} == {
        "raw": False, "clean": False, "model": True, "scores": False,
    }  # fmt: skip


def test_that_each_node_becomes_a_child_run_with_parameters_metrics_files_and_its_own_log(
    runner: Runner, own_client: Client
) -> None:
    job = runner.run(parameters={"train.title": "13"})
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {"clean": "done", KEDRO_COUNT: "done", "train": "done"}
    by_step = {run.tags["longshore.step"]: run for run in find(own_client, job.id) if "longshore.step" in run.tags}
    assert set(by_step) == {"clean", KEDRO_COUNT, "train"}
    clean, train = by_step["clean"], by_step["train"]
    assert clean.params == {"rows": "2"}
    assert [one.name for one in clean.inputs] == ["data/raw.txt"]
    assert '"data/clean.json"' in clean.tags["longshore.outputs"]
    assert train.params["train.title"] == "13"
    assert dict(train.metrics) == {"rmse": 0.25, "by.rows": 2.0}
    log = artifacts.download(own_client, train.id, "longshore/log.txt")
    assert b"training 2 ['a', 'b'] '13'" in log
    assert b"cleaning" not in log


def test_that_a_failed_node_is_resumed_with_what_was_kept_in_memory_alone(runner: Runner) -> None:
    broken = runner.folder / "break"
    broken.touch()
    job = runner.run()
    assert job.state == "failed"
    assert runner.states(job) == {"clean": "done", KEDRO_COUNT: "done", "train": "failed"}
    seen = state.of_job(job)
    assert seen.of("train").error == "ValueError: broken by design"
    assert seen.origin == f"{KEDRO_COUNT},train"  # what `count` made was in memory alone
    broken.unlink()
    again = runner.run(Selection(resume=True))
    assert again.state == "finished", log_of(again)
    assert runner.states(again) == {"clean": "cached", KEDRO_COUNT: "done", "train": "done"}


def test_that_the_nodes_with_a_tag_run_alone_under_another_environment(runner: Runner) -> None:
    job = runner.run(Selection(tags=("first",)), parameters={"env": "big"})
    assert job.state == "finished", log_of(job)
    seen = state.of_job(job)
    assert set(seen.steps) == {"clean"}
    assert seen.of("clean").tasks[0].parameters == {"rows": "3"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; print('a banner'); sys.exit(3)", "sys.exit"),
        ("import not_there_at_all", "not_there_at_all"),
        ("import time\nwhile True: time.sleep(1)", "still at work"),
    ],
)
def test_that_a_project_that_cannot_be_imported_is_told_in_a_sentence(
    runner: Runner, tmp_path: Path, code: str, reason: str
) -> None:
    folder = kedro_project(tmp_path)
    write(folder, {"src/small/pipelines/training/nodes.py": f"{code}\ndef train(): ...\n"})
    with pytest.raises(WorkFailed, match=reason):
        probe(runner.home, folder, "kedro", limit_s=4.0 if "while" in code else 90.0)
