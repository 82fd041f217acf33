"""What each command prints: with `--json` one document of the promised keys and nothing else, without it text."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.cli.app import run_command
from longshore.cli.output import cell
from longshore.cli.runs import _default_columns
from longshore.mlflow_rest import artifacts, experiments, registry, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import processes
from longshore.tracking.rows import RunRow
from tests.support.foreign_store import empty_store
from tests.support.launching import launch, make_project, runs_now, wait_until

Ask = Callable[..., Any]


@pytest.fixture
def ask(home_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command with `--json` in this process and give its document."""

    def asked(*arguments: str, status: int = 0) -> Any:
        capsys.readouterr()
        assert run_command([*arguments, "--json"]) == status
        return json.loads(capsys.readouterr().out)

    return asked


def test_that_an_empty_home_gives_documents_with_the_promised_keys(ask: Ask) -> None:
    assert ask("projects") == {"projects": []}
    assert ask("jobs") == {"jobs": []}
    assert ask("deployments") == {"deployments": []}
    [workspace] = ask("workspaces")["workspaces"]
    assert (workspace["name"], workspace["current"]) == ("personal", True)
    status = ask("agent", "status")
    assert (status["running"], status["pid"], status["jobs"]) == (False, None, 0)
    assert status["server"]["healthy"] is False
    checks = ask("doctor", status=1)["checks"]
    assert {"docker", "uv", "git", "keyring", "disk", "tracking server"} <= {check["name"] for check in checks}
    assert all(check["ok"] or check["fix"] for check in checks)


def test_that_a_database_is_added_by_its_path_and_removed_while_a_sign_in_for_it_is_refused(
    ask: Ask, home: Home, tmp_path: Path
) -> None:
    file = empty_store(tmp_path / "mlflow.db")
    assert run_command(["workspace", "add", str(file), "--token", "--username", "ada"]) != 0
    added = ask("workspace", "add", f"sqlite:///{file}", "--name", "old")["workspaces"][1]
    assert (added["name"], added["kind"], added["file"], added["url"]) == ("old", "database", str(file), "")
    assert ask("workspace", "use", "old")["workspaces"][1]["current"] is True
    assert [each["name"] for each in ask("workspace", "remove", "old")["workspaces"]] == ["personal"]
    assert file.exists()


def test_that_a_project_is_told_with_its_typed_parameters_and_forgotten_again(ask: Ask, tmp_path: Path) -> None:
    script = (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--lr', type=float, default=0.1)\n"
    )
    folder = make_project(tmp_path / "p", script + "print(parser.parse_args().lr)\n")
    project = ask("open", str(folder))["project"]
    assert {"id", "name", "path", "frameworks", "pipelines", "git", "environment"} <= project.keys()
    [entry] = project["entry_points"]
    assert entry["parameters"]["lr"]["type"] == "float"
    assert float(entry["parameters"]["lr"]["default"]) == 0.1
    assert [each["name"] for each in ask("projects")["projects"]] == ["p"]
    assert ask("close", "p")["projects"] == []
    assert folder.is_dir()


def test_that_following_a_log_brings_a_killed_agent_back_and_ends_with_the_job(
    served_home: Home, ask: Ask, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    script = (
        f"import os, time\nprint('first')\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)\nprint('last')"
    )
    job = launch(served_home, make_project(tmp_path / "p", script))
    runs_now(served_home, job)
    agent = processes.agent(served_home)
    assert agent is not None
    kill(agent.pid)
    gate.touch()
    document = ask("logs", job.id, "-f")
    assert document["lines"][-2:] == ["first", "last"]
    assert document["jobs"][0]["state"] == "finished"
    assert ask("logs", job.id)["lines"] == document["lines"]
    stopped = ask("stop", job.id)
    assert stopped["jobs"] == [stopped["job"]]


def kill(pid: int) -> None:
    import psutil

    process = psutil.Process(pid)
    process.kill()
    wait_until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE)


def test_that_the_run_table_shows_first_what_most_runs_have() -> None:
    def row(**metrics: float) -> RunRow:
        return RunRow("1", "n", "FINISHED", None, None, "u", "0", "e", {}, metrics, {})

    rows = [row(a_rows=1.0, b_rows=1.0, c_rows=1.0, d_rows=1.0), row(loss=0.5), row(loss=0.25)]
    assert _default_columns(rows)[0] == "metrics.loss"


def test_that_an_alias_is_set_and_taken_away(served_home: Home, client: Client, ask: Ask) -> None:
    name = f"aliased-{uuid.uuid4().hex[:8]}"
    processes.ensure_agent(served_home)
    registry.create(client, name)
    run = runs.create(client, experiments.ensure(client, name).id)
    artifacts.upload(client, run.id, "model/MLmodel", b"flavors: {}\n")
    registry.create_version(client, name, f"{run.artifact_uri}/model", run_id=run.id)
    assert ask("alias", "set", f"{name}/1", "candidate")["version"]["aliases"] == ["candidate"]
    assert ask("alias", "remove", name, "candidate")["alias"] == "candidate"
    assert registry.get(client, name).aliases == {}
    assert run_command(["alias", "remove", name, "candidate", "--json"]) == 1


def test_that_a_name_on_a_server_cannot_write_to_the_terminal_what_it_likes() -> None:
    assert cell("run\x1b[2J\nnext") == "run�[2J�next"
    assert cell({"größe": ["é", 0.5]}) == "größe=é, 0.5"
