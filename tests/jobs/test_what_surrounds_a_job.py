"""Small parts around a job: cores, proxies, outages, metrics, notifications, its spec."""

from __future__ import annotations

import json
import math
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore.errors import Invalid
from longshore.jobs import notify, run_metrics, targets
from longshore.jobs.allotment import Allotment
from longshore.jobs.outages import Outages
from longshore.jobs.spec import RunSpec, placed
from longshore.jobs.supervisor import files
from longshore.jobs.supervisor.instructions import Forward, Instructions
from longshore.jobs.targets.base import Tracking
from longshore.jobs.targets.local import limits_note, past_the_proxy
from longshore.mlflow_rest.types import Run
from longshore.settings import Home
from tests.jobs.test_log import job_at


def test_that_two_jobs_get_different_cores_as_long_as_there_are_some() -> None:
    cores = Allotment()
    assert cores.take("a", 2, [0, 1, 2, 3]) == [0, 1]
    assert cores.take("b", 2, [0, 1, 2, 3]) == [2, 3]
    assert cores.take("c", 1, [0, 1, 2, 3]) == [0]
    cores.give_back("b")
    assert cores.take("d", 2, [0, 1, 2, 3]) == [2, 3]
    assert cores.take("e", 9, [0, 1]) == [0, 1]


def test_that_a_companys_proxy_is_not_asked_for_this_computer() -> None:
    assert past_the_proxy({}) == {}
    assert past_the_proxy({"HTTP_PROXY": "http://proxy"})["NO_PROXY"] == "127.0.0.1,localhost"
    given = {"http_proxy": "http://proxy", "no_proxy": "example.org,localhost"}
    assert past_the_proxy(given)["no_proxy"] == "example.org,localhost,127.0.0.1"


def test_that_an_outage_is_told_to_the_jobs_that_ran_meanwhile_alone() -> None:
    outages = Outages()
    outages.saw(False, 10)  # still starting: nothing is lost yet
    outages.saw(True, 20)
    outages.saw(False, 30)
    outages.saw(False, 31)
    outages.saw(True, 40)
    assert outages.during(41, 50) == ""
    assert outages.during(0, 15) == ""
    assert "from 00:00:20 to 00:00:40 UTC" in outages.during(25, 35)
    outages.saw(False, 50)
    assert "from 00:00:40 to now" in outages.during(45, 55)


def run_at(began: float, **metrics: float) -> Run:
    started = datetime.fromtimestamp(began, UTC)
    return Run("r", "n", "0", "RUNNING", started, None, "", {}, metrics, {}, "", "active")


def write_samples(folder: Path, *times: float) -> None:
    lines = [json.dumps({"t": t, "cpu_percent": 50.0, "memory_bytes": 2_000_000}) for t in times]
    (folder / files.SAMPLES).write_text("\n".join([*lines, '{"t": 1', "[]", ""]))


def test_that_a_run_gets_the_samples_of_its_own_time(tmp_path: Path) -> None:
    write_samples(tmp_path, 100, 101, 102, 103)
    found = run_metrics.of_run(run_at(101.8), tmp_path, 103)
    assert [(metric.key, metric.value, metric.timestamp_ms, metric.step) for metric in found] == [
        (run_metrics.CPU, 50.0, 102_000, 0),
        (run_metrics.MEMORY, 2.0, 102_000, 0),
        (run_metrics.CPU, 50.0, 103_000, 1),
        (run_metrics.MEMORY, 2.0, 103_000, 1),
    ]


def test_that_a_long_job_gives_a_bounded_number_of_samples(tmp_path: Path) -> None:
    write_samples(tmp_path, *range(1000, 4000))
    assert 400 < len(run_metrics.of_run(run_at(0), tmp_path, 5000)) / 2 <= 500


def test_that_a_run_that_mlflow_measured_is_left_alone(tmp_path: Path) -> None:
    write_samples(tmp_path, 100)
    assert run_metrics.of_run(run_at(0, **{run_metrics.CPU: 1.0}), tmp_path, 200) == []


def test_that_the_numbers_of_metrics_json_are_read_however_they_are_nested(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    file.write_text('{"a": 1, "b": {"c": true, "d e!": NaN}, "text": "x", "list": [1]}')
    os.utime(file, (1000, 1000))
    found = {metric.key: metric.value for metric in run_metrics.of_file(tmp_path, 999, 1001)}
    assert math.isnan(found.pop("b.d e_"))
    assert found == {"a": 1.0, "b.c": 1.0}
    assert run_metrics.of_file(tmp_path, 2000, 2001) == [], "one from before the job is not the job's"
    file.write_text("no json")
    assert run_metrics.of_file(tmp_path, 0, 1) == []


def test_that_a_notification_says_what_ended_and_how(tmp_path: Path) -> None:
    from dataclasses import replace

    job = replace(job_at(tmp_path, state="failed"), title="churn · train", error={"message": "No rows."})
    assert notify.text(job) == ("churn · train failed", "No rows.")
    assert notify.text(replace(job, state="finished"))[0] == "churn · train finished"


def test_that_a_spec_survives_its_row_and_bears_one_of_a_newer_app() -> None:
    spec = RunSpec("p", "churn", "/p", "train", {"a": "1"}, secrets=("T",), command=("{python}", "x.py"), cpus=1.5)
    kept = json.loads(json.dumps(spec.to_json()))
    assert RunSpec.from_json(kept | {"new": 1}) == spec
    assert placed(spec.command, python="/venv/python") == ["/venv/python", "x.py"]


def test_that_instructions_survive_the_pipe_and_show_no_secret_in_a_traceback() -> None:
    told = Instructions("j", "/j", {"env": {"A": "swordfish"}}, Forward("http://x", "token-1", "Basic swordfish", fd=3))
    assert Instructions.from_bytes(told.to_bytes()) == told
    assert "swordfish" not in repr(told)
    assert "token-1" not in repr(told)
    assert "swordfish" not in repr(Tracking("http://x", "e", "t", "Basic swordfish"))


def test_that_an_unknown_target_is_named_with_those_that_there_are(home: Home) -> None:
    with pytest.raises(Invalid) as error:
        targets.get("moon")
    assert "local, docker" in str(error.value.hint)
    assert targets.states(home)[0].ok


def test_that_a_system_that_cannot_limit_cores_says_so() -> None:
    assert limits_note("linux") == limits_note("win32") == ""
    assert "cannot limit cores" in limits_note("darwin")
