"""A job goes on while what its adoption needs is away: the tracking server, the sign-in, the engine."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import psutil
import pytest

from longshore.jobs import adopting, beginning, settling
from longshore.jobs.supervisor import files
from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home, save_settings
from longshore.store import jobs, processes
from longshore.store.records import Job
from tests.support.cut_off_engine import cut_off_engine
from tests.support.cut_off_server import CutOffServer, cut_off_server
from tests.support.in_process import in_hands, queued
from tests.support.launching import log_of, make_project, says, wait_until

pytestmark = [
    pytest.mark.timeout(240),
    # An agent that ended has no say over the supervisors that it started; here it is a part of this process.
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
]

# Logs a point at a time with the standard library alone, until the server took it, as MLflow's own client would.
LOGGING = """
import json, os, time, urllib.request
def post(path, **document):
    request = urllib.request.Request(os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/" + path, json.dumps(document).encode())
    request.add_header("Content-Type", "application/json")
    if "MLFLOW_TRACKING_TOKEN" in os.environ:
        request.add_header("Authorization", "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"])
    while True:
        try:
            return json.load(urllib.request.urlopen(request, timeout=5))
        except OSError as error:
            print("again", error, flush=True)
            time.sleep(0.2)
name = os.environ["MLFLOW_EXPERIMENT_NAME"]
tags = [{"key": "longshore.job", "value": os.environ["LONGSHORE_JOB"]}]
request = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/experiments/get-by-name?experiment_name=" + name
request = urllib.request.Request(request, headers={"Authorization": "Bearer " + os.environ.get("MLFLOW_TRACKING_TOKEN", "")})
experiment = json.load(urllib.request.urlopen(request))["experiment"]["experiment_id"]
run = post("runs/create", experiment_id=experiment, tags=tags, start_time=int(time.time() * 1000))["run"]["info"]["run_id"]
post("runs/log-metric", run_id=run, key="before", value=1, timestamp=int(time.time() * 1000))
print("logged before", flush=True)
while not os.path.exists("/tmp/gate"): time.sleep(0.05)
print("past the gate", flush=True)
post("runs/log-metric", run_id=run, key="after", value=2, timestamp=int(time.time() * 1000))
print("logged after", flush=True)
"""


@pytest.fixture
def server(home: Home, tracking_server: str) -> Iterator[CutOffServer]:
    """A tracking server for this home that can be away."""
    with cut_off_server(tracking_server) as found:
        processes.put_server(home, pid=1, process_started=1.0, port=found.port, state="healthy", detail="")
        yield found


@pytest.fixture
def experiment() -> str:
    return f"adoption-{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "_SERVER_WAIT_S", 1.0)
    monkeypatch.setattr(adopting, "PATIENCE_S", 1.0)


def kill_supervisor(job: Job) -> int:
    pid = int(json.loads((Path(job.folder) / files.SUPERVISOR).read_text())["pid"])
    psutil.Process(pid).kill()
    return pid


def goes_on(job: Job) -> docker.models.containers.Container:
    engine = docker.from_env()
    return engine.containers.get(json.loads((Path(job.folder) / "docker.json").read_text())["container_id"])


@pytest.mark.docker
def test_that_a_container_goes_on_while_the_tracking_server_is_away_for_longer_than_anybody_waits(
    home: Home, server: CutOffServer, client: Client, tmp_path: Path, experiment: str
) -> None:
    project = make_project(tmp_path / "p", LOGGING)
    job = queued(home, project, target="docker", experiment=experiment)
    with in_hands(home, job):
        says(job, "logged before")
    kill_supervisor(job)
    server.cut()
    processes.put_server(home, state="failed", pid=None, detail="It is away.")
    container = goes_on(job)
    with in_hands(home, job) as hand:
        container.exec_run(["touch", "/tmp/gate"], user="10001")
        says(job, "again")
        hand.join(3)
        assert hand.is_alive()
        assert jobs.get(home, job.id).state == "running"
        container.reload()
        assert container.status == "running"
        server.mend()
        processes.put_server(home, state="healthy", pid=1)
        hand.join(60)
    ended = jobs.get(home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0), ended.error
    assert "were not sent on" in ended.detail
    assert "logged after" in log_of(ended)
    (run_id,) = ended.run_ids
    found = runs.get(client, run_id)
    assert (found.status, found.metrics["before"], found.metrics["after"]) == ("FINISHED", 1, 2)


def test_that_a_local_job_goes_on_and_ends_truly_while_the_tracking_server_is_away(
    home: Home, server: CutOffServer, client: Client, tmp_path: Path, experiment: str
) -> None:
    gate = tmp_path / "gate"
    project = make_project(tmp_path / "p", LOGGING.replace("/tmp/gate", str(gate)))
    job = queued(home, project, experiment=experiment)
    with in_hands(home, job):
        says(job, "logged before")
    kill_supervisor(job)
    server.cut()
    processes.put_server(home, state="failed", pid=None, detail="It is away.")
    with in_hands(home, job) as hand:
        gate.touch()
        says(job, "again")
        hand.join(3)
        assert jobs.get(home, job.id).state == "running"
        server.mend()
        processes.put_server(home, state="healthy", pid=1)
        hand.join(60)
    ended = jobs.get(home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0), ended.error
    assert runs.get(client, ended.run_ids[0]).metrics["after"] == 2


@pytest.mark.docker
def test_that_an_engine_that_does_not_come_back_ends_the_adopted_job_with_its_runs(
    home: Home, server: CutOffServer, client: Client, tmp_path: Path, experiment: str
) -> None:
    job = queued(home, make_project(tmp_path / "p", LOGGING), target="docker", experiment=experiment)
    with cut_off_engine(home.path) as engine:
        save_settings(home, docker_host=engine.url)
        with in_hands(home, job):
            says(job, "logged before")
        container = goes_on(job)
        try:
            kill_supervisor(job)
            engine.cut()
            with in_hands(home, job) as hand:
                hand.join(60)
        finally:
            container.remove(force=True)
    ended = jobs.get(home, job.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert "The Docker engine went away" in str(ended.error["message"])
    assert runs.get(client, ended.run_ids[0]).status == "KILLED", "no run is left that seems to run"


def test_that_an_agent_that_leaves_while_it_adopts_does_not_start_the_job_a_second_time(
    home: Home, server: CutOffServer, tmp_path: Path, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = tmp_path / "gate"
    project = make_project(tmp_path / "p", LOGGING.replace("/tmp/gate", str(gate)))
    job = queued(home, project, experiment=experiment)
    with in_hands(home, job):
        says(job, "logged before")
    kill_supervisor(job)
    monkeypatch.setattr(adopting, "PATIENCE_S", 60.0)
    port = processes.server(home).port
    processes.put_server(home, state="failed", pid=None, port=None, detail="It is away.")
    with in_hands(home, job):
        wait_until(lambda: "its supervisor waits" in jobs.get(home, job.id).detail)
    assert jobs.get(home, job.id).state == "running"
    processes.put_server(home, state="healthy", port=port)
    gate.touch()
    with in_hands(home, job) as hand:
        hand.join(60)
    assert jobs.get(home, job.id).state == "finished"
    assert log_of(job).count("logged before") == 1


def test_that_a_stop_is_a_stop_though_the_job_ended_while_it_had_no_supervisor(
    home: Home, server: CutOffServer, tmp_path: Path, experiment: str
) -> None:
    script = """
import signal, sys, time
def asked(*_):
    print("asked", flush=True)
    time.sleep(1)
    sys.exit(3)
signal.signal(signal.SIGTERM, asked)
print("up", flush=True)
time.sleep(60)
"""
    job = queued(home, make_project(tmp_path / "p", script), experiment=experiment)
    with in_hands(home, job):
        says(job, "up")
        files.request_stop(Path(job.folder), "polite")
        says(job, "asked")
    kill_supervisor(job)
    wait_until(lambda: (Path(job.folder) / files.EXIT).exists())
    with in_hands(home, job) as hand:
        hand.join(60)
    ended = jobs.get(home, job.id)
    assert (ended.state, ended.error) == ("stopped", None)


def test_that_a_time_limit_is_named_though_the_job_ended_of_it_while_it_had_no_supervisor(
    home: Home, server: CutOffServer, tmp_path: Path, experiment: str
) -> None:
    script = "import signal, time\nsignal.signal(signal.SIGTERM, lambda *_: (print('asked', flush=True), time.sleep(1), exit(3)))\n"
    job = queued(home, make_project(tmp_path / "p", script + "time.sleep(60)\n"), experiment=experiment, timeout_s=1.0)
    with in_hands(home, job):
        says(job, "asked\n")
    kill_supervisor(job)
    wait_until(lambda: (Path(job.folder) / files.EXIT).exists())
    with in_hands(home, job) as hand:
        hand.join(60)
    ended = jobs.get(home, job.id)
    assert ended.state == "failed"
    assert ended.error is not None
    assert "time limit of 1 s" in str(ended.error["message"])


def test_that_the_run_of_a_failed_try_is_ended_though_the_server_was_away_at_its_end(
    home: Home,
    server: CutOffServer,
    client: Client,
    tmp_path: Path,
    experiment: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settling, "_SERVER_WAIT_S", 0.5)
    monkeypatch.setattr(beginning, "_SERVER_WAIT_S", 60.0)
    gate, second = tmp_path / "gate", tmp_path / "second"
    script = (
        LOGGING.split('print("logged before"')[0]
        + f"""
print("logged before", flush=True)
if not os.path.exists({str(second)!r}):
    open({str(second)!r}, "w").close()
    while not os.path.exists({str(gate)!r}): time.sleep(0.05)
    raise SystemExit(3)
"""
    )
    job = queued(home, make_project(tmp_path / "p", script), experiment=experiment, retries=1)
    with in_hands(home, job) as hand:
        says(job, "logged before")
        wait_until(lambda: jobs.get(home, job.id).run_ids)
        server.cut()
        processes.put_server(home, state="failed", pid=None, detail="It is away.")
        gate.touch()
        hand.join(60)
    assert jobs.get(home, job.id).state == "queued"
    server.mend()
    processes.put_server(home, state="healthy", pid=1)
    with in_hands(home, job) as hand:
        hand.join(60)
    ended = jobs.get(home, job.id)
    assert ended.state == "finished", ended.error
    assert [runs.get(client, run_id).status for run_id in ended.run_ids] == ["FAILED", "FINISHED"]


@pytest.mark.docker
def test_that_a_container_whose_supervisor_died_before_it_noted_the_start_is_not_started_a_second_time(
    home: Home, server: CutOffServer, tmp_path: Path, experiment: str
) -> None:
    job = queued(home, make_project(tmp_path / "p", LOGGING), target="docker", experiment=experiment)
    with in_hands(home, job):
        says(job, "logged before")
    kill_supervisor(job)
    noted = Path(job.folder) / files.SUPERVISOR
    files.write_json(noted, json.loads(noted.read_text()) | {"record": None})
    container = goes_on(job)
    with in_hands(home, job) as hand:
        container.exec_run(["touch", "/tmp/gate"], user="10001")
        hand.join(60)
    ended = jobs.get(home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0), ended.error
    assert log_of(ended).count("logged before") == 1
    assert len(ended.run_ids) == 1
