"""The commands of the trash: documents with the promised keys, refusals with their reason and exit status 1."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.cli.app import run_command
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.projects import opening
from longshore.settings import Home
from longshore.store import processes
from tests.support.launching import make_project
from tests.support.trash import Maker

Ask = Callable[..., Any]


@pytest.fixture
def ask(served_home: Home, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Run a command with `--json` in this process and give its document."""
    processes.ensure_agent(served_home)

    def asked(*arguments: str, status: int = 0) -> Any:
        capsys.readouterr()
        assert run_command([*arguments, "--json"]) == status, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return asked


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run_command([*arguments, "--json"]) == 1
    return json.loads(capsys.readouterr().err.strip().splitlines()[-1])["error"]


def test_that_runs_go_to_the_trash_are_listed_there_and_come_back(ask: Ask, client: Client, maker: Maker) -> None:
    made, guarded = maker.run(name="one"), maker.run(name="kept")
    name = maker.register(guarded, alias="champion")
    document = ask("delete", made.run_id[:12], guarded.run_id, status=1)
    assert document["deleted"] == [made.run_id]
    assert document["refused"] == [
        {"run_id": guarded.run_id, "name": "kept", "reason": f"Its model {name}/1 is champion."}
    ]
    [listed] = [run for run in ask("trash")["runs"] if run["run_id"] == made.run_id]
    assert listed.keys() == {"run_id", "name", "experiment", "status", "start_time"}
    assert ask("restore", made.run_id[:12])["restored"] == [made.run_id]
    assert runs.get(client, made.run_id).lifecycle == "active"


def test_that_an_empty_experiment_is_found_deleted_listed_and_restored(
    ask: Ask, client: Client, maker: Maker, served_home: Home, tmp_path: Path
) -> None:
    project = opening.open_project(served_home, make_project(tmp_path / maker.name, "print(1)"))
    experiments.ensure(client, f"{maker.name} empty", {"longshore.project": maker.name})
    content = os.urandom(100_000)
    made = [maker.run(size=10), maker.run(size=20)]
    for one in made:
        artifacts.upload(client, one.run_id, "w.bin", content)
    document = ask("house", project.name)
    assert [one["name"] for one in document["empty_experiments"]] == [f"{maker.name} empty"]
    assert document.keys() == {"biggest", "duplicates", "saved_bytes", "empty_experiments"}
    assert ask("delete", f"experiment:{maker.name} empty")["experiments"] == [f"{maker.name} empty"]
    assert f"{maker.name} empty" in [one["name"] for one in ask("trash", project.name)["experiments"]]
    assert ask("restore", f"experiment:{maker.name} empty")["experiments"] == [f"{maker.name} empty"]


def test_that_an_archived_run_leaves_the_table_and_comes_back(ask: Ask, maker: Maker) -> None:
    made = maker.run(name="old")
    condition = f"attributes.run_id = '{made.run_id}'"
    assert ask("archive", made.run_id)["archived"] == [made.run_id]
    assert ask("runs", "--filter", condition)["runs"] == []
    [shown] = ask("runs", "--filter", condition, "--archived")["runs"]
    assert shown["tags"]["longshore.archived"]
    assert ask("archive", made.run_id, "--undo")["unarchived"] == [made.run_id]
    assert ask("runs", "--filter", condition)["total"] == 1


def test_that_a_purge_without_yes_where_nobody_can_be_asked_is_refused(
    ask: Ask, client: Client, maker: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    made = maker.run()
    runs.delete(client, made.run_id)
    assert "--yes" in error(capsys, "purge", made.run_id)["hint"]
    assert error(capsys, "purge")["code"] == "invalid"
    assert error(capsys, "purge", "--all", made.run_id)["code"] == "invalid"
    assert runs.get(client, made.run_id).lifecycle == "deleted"


def test_that_a_purge_of_what_is_kept_says_why_and_changes_nothing(ask: Ask, client: Client, maker: Maker) -> None:
    made = maker.run()
    document = ask("purge", made.run_id, "--yes", status=1)
    assert document["purged"] == []
    assert document["left"][0]["reason"] == "It is not in the trash; delete it first."
    assert (document["freed_bytes"], document["job"]) == (0, None)
