"""A job against a team's server: it reaches the server, and never sees the sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from longshore.jobs import launching
from longshore.jobs.supervisor import files
from longshore.mlflow_rest import artifacts, runs
from longshore.secrets import keyring
from longshore.settings import Home
from longshore.store import workspaces
from longshore.workspace import connection, teams
from tests.support.launching import launch, log_of, make_project, says, with_our_environment
from tests.support.team import TeamServer, running_team_server


@pytest.fixture(scope="module")
def team() -> Iterator[TeamServer]:
    with running_team_server() as server:
        yield server


@pytest.fixture
def team_home(served_home: Home, team: TeamServer, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "correct horse")
    teams.add(served_home, team.url, name="team", username=team.username, password=team.password)
    workspaces.use(served_home, "team")
    return served_home


SCRIPT = """
import json, os, pathlib, time
import mlflow
with mlflow.start_run():
    mlflow.log_metric("before", 1)
    print("environment", json.dumps(dict(os.environ)))
    while not pathlib.Path("gate").exists(): time.sleep(0.05)
    mlflow.log_metric("after", 2)
    mlflow.log_text("hello", "hello.txt")
"""


def test_that_a_job_logs_to_a_teams_server_without_its_sign_in_even_after_its_supervisor_was_killed(
    team_home: Home, team: TeamServer, tmp_path: Path
) -> None:
    import psutil

    project = with_our_environment(make_project(tmp_path / "p", SCRIPT))
    job = launch(team_home, project)
    says(job, "environment")
    assert team.password not in log_of(job)
    assert team.url not in log_of(job)
    found = files.read_json(Path(job.folder) / files.SUPERVISOR)
    assert found is not None
    psutil.Process(found["pid"]).kill()
    (project / "gate").touch()
    ended = launching.wait(team_home, job.id)
    assert (ended.state, ended.detail) == ("finished", "")
    with connection.connect(team_home, "team") as client:
        run = runs.get(client, ended.run_ids[0])
        assert run.metrics["after"] == 2
        assert artifacts.download(client, run.id, "hello.txt") == b"hello"
        assert run.tags["longshore.target"] == "local"
    password = keyring.get(team_home, connection.secret_name("team", "basic")).encode()
    for file in Path(job.folder).rglob("*"):
        assert not file.is_file() or password not in file.read_bytes()
