"""How a script in a container reaches its tracking server: MLflow's own client, a team's sign-in, a killed supervisor."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import psutil
import pytest

from longshore.jobs import launching
from longshore.mlflow_rest import artifacts, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.secrets import keyring
from longshore.settings import Home
from longshore.store import workspaces
from longshore.store.records import Job
from longshore.workspace import connection, teams
from tests.support.launching import is_gone, launch, log_of, make_project, says, wait_until
from tests.support.team import TeamServer, running_team_server

pytestmark = [pytest.mark.docker, pytest.mark.timeout(400)]

SCRIPT = """
import json, os, pathlib, time
import mlflow
with mlflow.start_run():
    for step in range(20):
        mlflow.log_metric("loss", float(step), step=step)
    print("has logged", json.dumps(dict(os.environ)), flush=True)
    while not pathlib.Path("/tmp/gate").exists():
        mlflow.log_metric("waiting", time.time())
        time.sleep(0.2)
    for step in range(20, 40):
        mlflow.log_metric("loss", float(step), step=step)
    mlflow.log_text("hello", "hello.txt")
print("all logged", flush=True)
"""
# Its dependencies are a layer that every test of this file shares.
REQUIREMENTS = "mlflow-skinny==3.17.2\n"


@pytest.fixture
def experiment() -> str:
    return f"docker-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "logs", SCRIPT, requirements__txt=REQUIREMENTS)


def container_of(job: Job) -> docker.models.containers.Container:
    engine = docker.from_env()
    return engine.containers.get(json.loads((Path(job.folder) / "docker.json").read_text())["container_id"])


def kill_supervisor(job: Job) -> None:
    pid = int(json.loads((Path(job.folder) / "supervisor.json").read_text())["pid"])
    psutil.Process(pid).kill()
    wait_until(lambda: is_gone(pid))


def points(client: Client, run_id: str) -> list[tuple[int, float]]:
    return [(point.step, point.value) for point in metrics.history(client, run_id, "loss")]


def test_that_every_point_of_a_container_arrives_across_a_killed_supervisor(
    served_home: Home, client: Client, project: Path, experiment: str
) -> None:
    job = launch(served_home, project, target="docker", experiment=experiment)
    says(job, "has logged")
    kill_supervisor(job)
    container_of(job).exec_run(["touch", "/tmp/gate"], user="10001")
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.exit_code) == ("finished", 0), log_of(ended)
    (run_id,) = ended.run_ids
    assert points(client, run_id) == [(step, float(step)) for step in range(40)]
    assert artifacts.download(client, run_id, "hello.txt") == b"hello"
    assert runs.get(client, run_id).status == "FINISHED"


@pytest.fixture(scope="module")
def team() -> Iterator[TeamServer]:
    with running_team_server() as server:
        yield server


def test_that_a_container_logs_to_a_teams_server_and_holds_nothing_of_its_sign_in(
    served_home: Home, team: TeamServer, project: Path, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "correct horse")
    teams.add(served_home, team.url, name="team", username=team.username, password=team.password)
    workspaces.use(served_home, "team")
    job = launch(served_home, project, target="docker", experiment=experiment)
    says(job, "has logged")
    container = container_of(job)
    everywhere = json.dumps([container.attrs, container.image.attrs, container.image.history(), container.top()])
    environment = container.exec_run(["sh", "-c", "cat /proc/[0-9]*/environ"], user="10001").output
    credential = connection.credential(served_home, "team")
    assert credential is not None
    assert b"MLFLOW_TRACKING_TOKEN" in environment, "it is the script's environment that is looked at"
    for secret in (team.password, keyring.get(served_home, "workspace:team:password"), credential.header.split()[1]):
        assert secret not in everywhere
        assert secret.encode() not in environment
        assert secret not in log_of(job)
    assert team.url not in environment.decode(), "it knows its forwarder alone"
    container.exec_run(["touch", "/tmp/gate"], user="10001")
    ended = launching.wait(served_home, job.id)
    assert (ended.state, ended.detail) == ("finished", ""), log_of(ended)
    with connection.connect(served_home, "team") as client:
        (run_id,) = ended.run_ids
        assert points(client, run_id) == [(step, float(step)) for step in range(40)]
        assert runs.get(client, run_id).tags["longshore.target"] == "docker"
        assert artifacts.download(client, run_id, "hello.txt") == b"hello"
    for file in Path(job.folder).rglob("*"):
        assert not file.is_file() or team.password.encode() not in file.read_bytes()
