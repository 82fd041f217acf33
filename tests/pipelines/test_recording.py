"""Steps told to MLflow from the events in a job's folder: once each, whatever was killed, garbage or a secret in them."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from longshore.jobs.runs import find
from longshore.jobs.spec import RunSpec
from longshore.jobs.supervisor import files
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest.client import Client
from longshore.pipelines import events, recording, state
from longshore.secrets import keyring, named, vault
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import Job


class Told:
    """A pipeline's job that no agent has in its hands, with events written by the test."""

    def __init__(self, home: Home, client: Client, project: Path, **spec: Any) -> None:
        self.home, self.client = home, client
        name = f"recorded-{uuid.uuid4().hex[:8]}"
        self.spec = RunSpec("id", name, str(project), "flow", experiment=name, pipeline="flow", framework="dvc", **spec)
        self.job: Job = jobs.add(home, kind="run", title="t", spec=self.spec.to_json(), workspace="personal")
        self.folder = Path(self.job.folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / files.LOG).write_bytes(b"before\nof a\nof b\n")

    def write(self, *lines: dict[str, Any] | str, time: float = 1e9) -> None:
        with (self.folder / files.EVENTS).open("a", encoding="utf-8") as file:
            for line in lines:
                text = (
                    line if isinstance(line, str) else json.dumps({"event": "step", "time": time, "task": "", **line})
                )
                file.write(text + "\n")

    def tell(self, *, ended: bool = False) -> dict[str, Any]:
        recording.tell(self.home, self.client, self.job, self.spec, ended=ended)
        found = find(self.client, self.job.id)
        return {
            f"{run.tags.get('longshore.step', '')} {run.tags.get('longshore.task', '')}".strip(): run for run in found
        }


@pytest.fixture
def told(served_home: Home, client: Client, tmp_path: Path) -> Told:
    return Told(served_home, client, tmp_path)


def test_that_an_agent_that_forgot_what_it_told_makes_no_run_twice(told: Told) -> None:
    told.write({"step": "a", "state": "running", "log_at": 7}, {"step": "b", "state": "running", "task": "1"})
    first = told.tell()
    assert set(first) == {"", "a", "b 1"}
    (told.folder / files.STEPS).unlink()
    told.write({"step": "a", "state": "done", "log_at": 12, "metrics": {"rmse": 0.5, "odd": "NaN", "word": "x"}})
    second = told.tell()
    assert {key: run.id for key, run in first.items()} == {key: run.id for key, run in second.items()}
    assert second["a"].status == "FINISHED"
    assert second["a"].metrics["rmse"] == 0.5
    assert set(second["a"].metrics) == {"rmse", "odd"}
    assert artifacts.download(told.client, second["a"].id, "longshore/log.txt") == b"of a\n"
    assert second["b 1"].status == "RUNNING"
    assert second["b 1"].tags["mlflow.parentRunId"] == second[""].id


def test_that_a_step_whose_process_was_killed_does_not_run_for_ever(told: Told) -> None:
    told.write({"step": "a", "state": "running"})
    told.tell()
    assert told.tell(ended=True)["a"].status == "KILLED"
    assert told.tell(ended=True)["a"].tags["longshore.step_state"] == state.STOPPED


def test_that_garbage_among_the_events_is_passed_over_and_an_unfinished_line_waits(told: Told) -> None:
    told.write(
        "", "{", "[1]", "null", '{"event": "step", "state": "running"}', json.dumps({"event": "step", "step": "x"}),
        {"step": "x", "state": "flying"}, {"step": "x", "state": "running", "time": "soon"},
        {"step": "x", "state": "running", "time": True}, "\x00\xff", {"step": "y" * 2_000_000, "state": "running"},
        {"step": "good", "state": "running"},
    )  # fmt: skip
    with (told.folder / files.EVENTS).open("ab") as file:
        file.write(b'{"event": "step", "step": "late", "state": "run')
    assert set(told.tell()) == {"", "good"}
    found, offset = events.read(told.folder)
    assert [event.step for event in found] == ["good"]
    with (told.folder / files.EVENTS).open("ab") as file:
        file.write(b'ning", "time": 1e9}\n')
    assert [event.step for event in events.read(told.folder, offset)[0]] == ["late"]


def test_that_a_secret_that_a_step_was_given_or_repeats_in_its_error_reaches_no_run(
    served_home: Home, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(keyring.CHOICE, "vault")
    monkeypatch.setenv(vault.PASSPHRASE, "a passphrase of the tests")
    named.set(served_home, "TOKEN", "swordfish-7")
    told = Told(served_home, client, tmp_path, secrets=("TOKEN",))
    told.write(
        {"step": "a", "state": "running", "parameters": {"key": "swordfish-7", "alpha": "0.5"}},
        {"step": "a", "state": "failed", "error": "curl -H swordfish-7 failed"},
    )
    run = told.tell()["a"]
    assert run.params["alpha"] == "0.5"
    assert "swordfish" not in json.dumps([dict(run.params), dict(run.tags)])
    assert "curl -H" in run.tags["longshore.error"]


def test_that_outputs_outside_of_the_project_are_not_read(told: Told, tmp_path: Path) -> None:
    (tmp_path / "inside.txt").write_text("x")
    outside = ["../../etc/passwd", "/etc/passwd", "s3://bucket/x", "inside.txt", "missing", "\x00"]
    told.write({"step": "a", "state": "done", "inputs": outside, "outputs": outside})
    run = told.tell()["a"]
    assert [one.name for one in run.inputs] == ["inside.txt"]
    assert [one["path"] for one in json.loads(run.tags["longshore.outputs"])] == ["inside.txt"]
