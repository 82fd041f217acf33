"""Launching for real: agent, supervisor, script and MLflow server, and what is found on the server afterwards."""

from __future__ import annotations

import json
import time
import uuid
from pathlib import Path

import pytest

from longshore.errors import Invalid, NotFound
from longshore.jobs import launching
from longshore.mlflow_rest import artifacts, experiments, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.secrets import keyring
from longshore.settings import Home, save_settings
from longshore.store import jobs
from tests.support.launching import (
    git,
    launch,
    log_of,
    make_project,
    run,
    runs_now,
    says,
    wait_until,
    with_our_environment,
)

PLAIN = """
import argparse, json, pathlib, time
parser = argparse.ArgumentParser()
parser.add_argument("--alpha", type=float, default=0.5)
parser.add_argument("--data", default="data/rows.csv")
chosen = parser.parse_args()
print("rows", len(pathlib.Path(chosen.data).read_text().splitlines()), "alpha", chosen.alpha)
pathlib.Path("metrics.json").write_text(json.dumps({"rmse": 0.25, "by_class": {"a": 1, "b": 2.5}, "note": "text"}))
pathlib.Path("model.bin").write_bytes(b"weights")
end = time.time() + 1.0
while time.time() < end: pass
"""


@pytest.fixture
def experiment() -> str:
    return f"launched-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "plain", PLAIN)
    (folder / "data").mkdir()
    (folder / "data" / "rows.csv").write_text("a,b\n1,2\n")
    return folder


def test_that_a_script_without_mlflow_gets_a_run_with_all_that_is_known(
    served_home: Home, client: Client, project: Path, experiment: str
) -> None:
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "first")
    (project / "main.py").write_text(PLAIN + "\n# changed\n")
    (project / ".env").write_text("PASSWORD=swordfish\n")
    job = run(served_home, project, parameters={"alpha": "0.7"}, experiment=experiment, run_name="my name")

    assert (job.state, job.exit_code, job.error, job.detail) == ("finished", 0, None, "")
    assert len(job.run_ids) == 1
    found = runs.get(client, job.run_ids[0])
    assert (found.name, found.status) == ("my name", "FINISHED")
    assert found.params == {"alpha": "0.7", "data": "data/rows.csv"}
    assert found.metrics["rmse"] == 0.25
    assert found.metrics["by_class.b"] == 2.5
    assert found.duration_s is not None
    assert 0.9 < found.duration_s < 20
    tags = found.tags
    assert tags["longshore.job"] == job.id
    assert tags["longshore.project"] == "plain"
    assert tags["longshore.entry_point"] == "main"
    assert tags["longshore.target"] == "local"
    assert tags["longshore.exit_code"] == "0"
    assert tags["mlflow.source.git.commit"] == git(project, "rev-parse", "HEAD")
    assert tags["mlflow.source.git.branch"] == "main"
    assert tags["longshore.git.dirty"] == "true"
    assert len(tags["longshore.environment"]) > 6
    assert {output["path"] for output in json.loads(tags["longshore.outputs"])} == {"metrics.json", "model.bin"}
    assert [(data.name, len(data.digest)) for data in found.inputs] == [("data/rows.csv", 32)]
    assert experiments.get_by_name(client, experiment).tags["longshore.project"] == "plain"

    listed = {artifact.path for artifact in artifacts.listing(client, found.id, "longshore")}
    names = ("log.txt", "patch.diff", "untracked.json", "environment.lock", "inputs.json", "command.txt")
    assert listed == {f"longshore/{name}" for name in names}
    assert b"rows 2 alpha 0.7" in artifacts.download(client, found.id, "longshore/log.txt")
    patch = artifacts.download(client, found.id, "longshore/patch.diff")
    assert b"+# changed" in patch
    assert b"swordfish" not in patch
    cpu = metrics.history(client, found.id, "system/cpu_utilization_percentage")
    assert len(cpu) >= 2
    assert max(point.value for point in cpu) > 20


def test_that_runs_of_a_script_are_adopted_in_whatever_experiment(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    script = f"""
import mlflow, time
mlflow.set_experiment("{experiment}-own")
with mlflow.start_run(run_name="outer"):
    mlflow.log_param("depth", 3)
    mlflow.log_metric("loss", 0.5)
    loaded = mlflow.entities.LoggedModelInput(mlflow.initialize_logged_model(name="net").model_id)
    mlflow.MlflowClient().log_inputs(mlflow.active_run().info.run_id, models=[loaded])
    with mlflow.start_run(run_name="inner", nested=True):
        mlflow.log_metric("loss", 0.4)
    print("logged")
    time.sleep(4)
"""
    project = with_our_environment(make_project(tmp_path / "tracked", script))
    job = launch(served_home, project, experiment=experiment)
    says(job, "logged")
    wait_until(lambda: len(jobs.get(served_home, job.id).run_ids) == 2)
    assert jobs.get(served_home, job.id).state == "running", "the runs are known while the script still runs"

    job = launching.wait(served_home, job.id)
    found = {item.name: item for item in map(lambda each: runs.get(client, each), job.run_ids)}
    assert set(found) == {"outer", "inner"}
    assert found["outer"].params == {"depth": "3"}
    assert found["inner"].tags["longshore.entry_point"] == "main"
    assert json.loads(found["outer"].tags["longshore.models_used"]) == list(found["outer"].model_ids_in)
    assert {item.status for item in found.values()} == {"FINISHED"}
    own = experiments.get_by_name(client, f"{experiment}-own")
    assert own.tags["longshore.project"] == "tracked"
    assert b"logged" in artifacts.download(client, found["inner"].id, "longshore/log.txt")


def test_that_a_run_that_a_killed_script_left_running_is_ended(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    script = "import mlflow, os, signal\nmlflow.start_run()\nos.kill(os.getpid(), signal.SIGKILL)"
    job = run(served_home, with_our_environment(make_project(tmp_path / "p", script)), experiment=experiment)
    assert (job.state, job.exit_code) == ("failed", -9)
    found = runs.get(client, job.run_ids[0])
    assert found.status == "KILLED"
    assert found.experiment_id == experiments.get_by_name(client, experiment).id


def test_that_environment_variables_and_secrets_reach_the_script_and_secrets_are_masked(
    served_home: Home, client: Client, tmp_path: Path, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "correct horse")
    keyring.set(served_home, "secret:TOKEN", "swordfish-1234")
    script = "import os; print('mode', os.environ['MODE'], 'token', os.environ['TOKEN']); raise SystemExit(1)"
    project = make_project(tmp_path / "p", script)
    lines: list[str] = []
    job = launch(served_home, project, env={"MODE": "fast"}, secrets=("TOKEN",), experiment=experiment)
    job = launching.wait(served_home, job.id, on_line=lines.append)
    assert "mode fast token ***" in lines
    assert "mode fast token ***" in log_of(job), "once ended, not even the raw log holds it"
    assert b"token ***" in artifacts.download(client, job.run_ids[0], "longshore/log.txt")
    everything = b"".join(file.read_bytes() for file in Path(job.folder).rglob("*") if file.is_file())
    assert b"swordfish" not in everything
    assert job.error is not None
    assert "swordfish" not in json.dumps(job.error)


def test_that_two_jobs_that_do_not_fit_together_wait_and_can_be_reordered(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    save_settings(served_home, queue_cpus=1.0)
    gate = tmp_path / "gate"
    script = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)"
    project = make_project(tmp_path / "p", script)
    first, second, third = (launch(served_home, project, experiment=experiment) for _ in range(3))
    runs_now(served_home, first)
    assert [jobs.get(served_home, job.id).state for job in (second, third)] == ["queued", "queued"]
    jobs.move(served_home, third.id, before=second.id)
    gate.touch()
    ended = [launching.wait(served_home, job.id) for job in (first, second, third)]
    assert {job.state for job in ended} == {"finished"}
    started = {job.id: job.started_at for job in ended}
    assert started[first.id] < started[third.id] < started[second.id]  # type: ignore[operator]


def test_that_a_waiting_job_is_stopped_without_ever_running(served_home: Home, tmp_path: Path, experiment: str) -> None:
    save_settings(served_home, queue_cpus=1.0)
    project = make_project(tmp_path / "p", "import time; time.sleep(60)")
    first, second = (launch(served_home, project, experiment=experiment) for _ in range(2))
    runs_now(served_home, first)
    assert launching.stop(served_home, second.id).state == "stopped"
    launching.stop(served_home, first.id)
    ended = launching.wait(served_home, first.id)
    assert ended.state == "stopped"
    assert ended.error is None


def test_that_a_failed_job_is_tried_again_as_often_as_was_asked(
    served_home: Home, client: Client, tmp_path: Path, experiment: str
) -> None:
    script = "import pathlib\nfile = pathlib.Path('tries')\ntries = len(file.read_text()) if file.exists() else 0\n"
    script += "file.write_text('x' * (tries + 1))\nprint('try', tries)\nraise SystemExit(tries < 2)"
    project = make_project(tmp_path / "p", script)
    job = run(served_home, project, retries=3, experiment=experiment)
    assert (job.state, job.exit_code) == ("finished", 0)
    assert [line for line in log_of(job).splitlines() if line.startswith("try")] == ["try 0", "try 1", "try 2"]
    assert [runs.get(client, each).status for each in job.run_ids] == ["FAILED", "FAILED", "FINISHED"]


def test_that_a_script_with_a_limit_of_one_core_is_told_so(served_home: Home, tmp_path: Path, experiment: str) -> None:
    script = "import os; print(len(os.sched_getaffinity(0)), os.environ['OMP_NUM_THREADS'])"
    job = run(served_home, make_project(tmp_path / "p", script), cpus=1.0, experiment=experiment)
    assert "1 1" in log_of(job)


def test_that_what_cannot_be_launched_is_refused_before_anything_is_made(served_home: Home, project: Path) -> None:
    refused = [
        (NotFound, {"entry": "nothing"}),
        (Invalid, {"parameters": {"alpha": "much"}}),
        (Invalid, {"target": "moon"}),
        (Invalid, {"cpus": 10_000.0}),
        (Invalid, {"memory_bytes": 1}),
        (Invalid, {"gpus": 99}),
        (Invalid, {"timeout_s": 0.0}),
        (Invalid, {"env": {"A B": "c"}}),
        (Invalid, {"env": {"MLFLOW_RUN_ID": "c"}}),
    ]
    for kind, options in refused:
        with pytest.raises(kind) as error:
            launch(served_home, project, **options)
        assert error.value.hint
    assert jobs.listing(served_home) == ()
    assert not served_home.jobs.exists()


def test_that_a_job_can_be_launched_again(served_home: Home, project: Path, experiment: str) -> None:
    first = run(served_home, project, parameters={"alpha": "0.9"}, experiment=experiment)
    second = launching.wait(served_home, launching.again(served_home, first.id).id)
    assert second.id != first.id
    assert "alpha 0.9" in log_of(second)


def test_that_log_lines_arrive_within_two_hundred_milliseconds(
    served_home: Home, tmp_path: Path, experiment: str
) -> None:
    script = "import time\nfor _ in range(10): print(f'{time.time():.4f}'); time.sleep(0.1)"
    delays: list[float] = []

    def note(line: str) -> None:
        if not line.startswith("[longshore]"):
            delays.append(time.time() - float(line))

    job = launch(served_home, make_project(tmp_path / "p", script), experiment=experiment)
    launching.wait(served_home, job.id, on_line=note)
    assert len(delays) == 10
    assert sorted(delays)[5] < 0.2
