"""Pachyderm specs run in Docker: datum by datum, only what is new, retried, failed, stopped, taken out again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from longshore.containers import engine as engines
from longshore.containers import run as containers
from longshore.errors import NotFound
from longshore.jobs import launching
from longshore.jobs.runs import find
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.pipelines import running, state
from longshore.pipelines.pachyderm.work import Work
from longshore.projects.pipeline import Selection
from longshore.settings import Home
from tests.support.cli import longshore
from tests.support.launching import log_of, says
from tests.support.pipelines import Runner, pachyderm_project, write

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def runner(own: Home, tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(own, pachyderm_project(tmp_path_factory.mktemp("pachyderm") / "letters"))


@pytest.fixture
def work(runner: Runner) -> Work:
    return Work(runner.home, runner.folder, "pachyderm")


def output(work: Work, step: str) -> dict[str, str]:
    head = work.output(step).head
    return {path.name: path.read_text() for path in sorted(head.iterdir())} if head else {}


def tasks(runner: Runner, job: object, step: str) -> list[str]:
    return sorted(task.state for task in state.of_job(job).of(step).tasks)  # type: ignore[arg-type]


def datum_containers(home: Home) -> tuple[containers.ContainerInfo, ...]:
    return containers.listing(engines.find(home), home, {"longshore.kind": "datum"})


def test_that_each_datum_runs_in_a_container_of_its_own_and_becomes_a_child_run(
    runner: Runner, work: Work, own_client: Client
) -> None:
    job = runner.run()
    assert job.state == "finished", log_of(job)
    assert runner.states(job) == {"texts": "done", "count": "done", "sum": "done"}
    assert output(work, "count") == {"a.txt": "3", "b.txt": "5"}
    assert output(work, "sum") == {"all.txt": "35", "metrics.json": '{"texts": 2}\n'}
    assert "read-only" in log_of(job)
    children = [run for run in find(own_client, job.id) if "longshore.step" in run.tags]
    assert sorted(run.tags["longshore.step"] for run in children) == ["count", "count", "sum"]
    first = next(run for run in children if [one.name for one in run.inputs] == ["texts/a.txt"])
    log = artifacts.download(own_client, first.id, "longshore/log.txt").decode()
    assert "counting abc" in log
    assert "hello" not in log
    assert " 0 tests" not in log  # not as root
    assert dict(next(run for run in children if run.tags["longshore.step"] == "sum").metrics) == {"texts": 2.0}


def test_that_only_new_and_changed_datums_run_and_removed_ones_leave_the_output(runner: Runner, work: Work) -> None:
    write(runner.folder, {"texts/b.txt": "longer\n", "texts/c.txt": "x\n"})
    job = runner.run()
    assert job.state == "finished", log_of(job)
    assert tasks(runner, job, "count") == ["cached", "done", "done"]
    assert output(work, "count") == {"a.txt": "3", "b.txt": "6", "c.txt": "1"}
    (runner.folder / "texts/b.txt").unlink()
    again = runner.run()
    assert tasks(runner, again, "count") == ["cached", "cached"]
    assert output(work, "count") == {"a.txt": "3", "c.txt": "1"}
    assert output(work, "sum")["all.txt"] == "31"
    assert {row.state for row in work.rows("count")} == {"done"}
    made = work.output("count").provenance()
    assert made["datums"][made["files"]["c.txt"]] == ["texts/c.txt"]


def test_that_a_failed_datum_is_tried_again_keeps_the_last_output_and_is_resumed_alone(
    runner: Runner, work: Work
) -> None:
    before = output(work, "count")
    write(runner.folder, {"texts/bad.txt": "break\n", "texts/good.txt": "four\n"})
    job = runner.run()
    assert job.state == "failed"
    assert runner.states(job) == {"texts": "done", "count": "failed", "sum": "skipped"}
    assert state.of_job(job).of("count").error == "It ended with exit status 1."
    assert output(work, "count") == before
    [bad] = [row for row in work.rows("count") if row.state == "failed"]
    assert (bad.inputs, bad.tries) == (("texts/bad.txt",), 2)
    assert Path(bad.log).read_text().count("broken by design") == 2
    listed = longshore(runner.home.path, "datums", str(runner.folder), "count").document["datums"]
    assert sorted(row["state"] for row in listed) == ["done", "done", "done", "failed"]
    write(runner.folder, {"texts/bad.txt": "mended\n"})
    resumed = runner.run(Selection(resume=True))
    assert resumed.state == "finished", log_of(resumed)
    assert tasks(runner, resumed, "count") == ["cached", "cached", "cached", "done"]
    assert set(output(work, "count")) == {"a.txt", "bad.txt", "c.txt", "good.txt"}


def test_that_one_datum_is_run_again_by_its_id(runner: Runner, work: Work) -> None:
    [row] = [row for row in work.rows("count") if row.inputs == ("texts/a.txt",)]
    answer = longshore(runner.home.path, "datums", str(runner.folder), "count", "--datum", row.id[:10], "--retry")
    assert answer.status == 0, answer.err
    assert [one["state"] for one in answer.document["datums"]] == ["done"]
    job = state.last_job(runner.home, runner.info.id, "pachyderm")
    assert tasks(runner, job, "count") == ["cached", "cached", "cached", "done"]
    assert longshore(runner.home.path, "datums", str(runner.folder), "--datum", "zz").error["code"] == "not_found"
    with pytest.raises(NotFound):
        work.rows("nothing")


def test_that_stopping_and_killing_leave_no_container(runner: Runner) -> None:
    folder = runner.folder.with_name("slow")
    spec = {
        "pipeline": {"name": "sleep"},
        "input": {"pfs": {"repo": "some", "glob": "/*"}},
        "transform": {"image": "python:3.11-slim", "cmd": ["sh", "-c", "trap '' TERM; echo asleep; sleep 600"]},
    }
    slow = Runner(runner.home, write(folder, {"sleep.json": json.dumps(spec), "some/a": "a"}))
    for force in (False, True):
        job = running.launch(slow.home, slow.info, slow.pipeline)
        says(job, "asleep")
        assert len(datum_containers(slow.home)) == 1
        launching.stop(slow.home, job.id, force=force)
        job = launching.wait(slow.home, job.id)
        assert job.state == "stopped"
        assert datum_containers(slow.home) == ()
        assert slow.states(job)["sleep"] == "stopped"


def test_that_a_datum_that_takes_too_long_or_collides_with_another_fails_its_pipeline(runner: Runner) -> None:
    def spec(name: str, command: str, **more: object) -> str:
        transform = {"image": "python:3.11-slim", "cmd": ["sh", "-c", command]}
        pfs = {"pfs": {"repo": "elsewhere", "glob": "/*"}}
        return json.dumps({"pipeline": {"name": name}, "input": pfs, "transform": transform, "datum_tries": 1, **more})

    folder = write(runner.folder.with_name("wrong"), {
        "late.json": spec("late", "sleep 600", datum_timeout="1s"),
        "same.json": spec("same", "ln -s $elsewhere /pfs/out/same"),
    })  # fmt: skip
    data = write(runner.folder.with_name("data-of-wrong"), {"a": "a", "b": "b"})
    wrong = Runner(runner.home, folder)
    job = wrong.run()
    assert job.state == "failed"
    assert "--repo elsewhere=FOLDER" in log_of(job)
    named = longshore(wrong.home.path, "datums", str(folder), "--repo", f"elsewhere={data}").document["datums"]
    assert [row["state"] for row in named] == ["waiting"] * 4
    job = wrong.run()
    seen = state.of_job(job)
    assert seen.of("late").error == "It took longer than the 1 s of `datum_timeout`."
    assert "both wrote /pfs/out/same" in seen.of("same").error


def test_that_a_clock_writes_a_time_that_is_a_datum(tmp_path: Path, home: Home) -> None:
    clock = {"cron": {"name": "tick", "spec": "@every 1h", "overwrite": True}}
    spec = {"pipeline": {"name": "hourly"}, "input": clock, "transform": {"image": "x", "cmd": ["x"]}}
    work = Work(home, write(tmp_path / "clock", {"a.json": json.dumps(spec)}), "pachyderm")
    step = work.specs["hourly"]
    work.tick(step, step.input)
    [row] = work.rows()
    assert row.state == "waiting"
    assert row.inputs[0].startswith("tick/20")
