"""`longshore compare` takes runs of several workspaces: RUN@WORKSPACE."""

from __future__ import annotations

import json
import uuid

import pytest

from longshore.cli.app import run_command
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import processes, workspaces
from tests.support.compared import make_run


@pytest.fixture
def pair(served_home: Home, client: Client, tracking_server: str) -> tuple[str, str]:
    processes.ensure_agent(served_home)
    workspaces.add(served_home, name="team", url=tracking_server)
    project = f"compared-{uuid.uuid4().hex[:6]}"
    one, two = (make_run(client, project, f"elm-{number}", number=number) for number in range(2))
    return one, two


def test_that_a_run_of_another_workspace_is_named_with_it(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = pair
    assert run_command(["compare", one, f"{two[:12]}@team", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["workspaces"] == {one: "personal", two: "team"}
    assert document["params"]["depth"] == {one: "1", two: "2"}
    assert [run["name"] for run in document["runs"]] == ["elm-0", "elm-1"], "as they are called"
    assert run_command(["compare", one, f"{two}@team"]) == 0
    assert "elm-1 @team" in " ".join(capsys.readouterr().out.split())


def test_that_a_workspace_that_is_not_there_is_named(pair: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["compare", pair[0], f"{pair[1]}@nowhere", "--json"]) == 1
    error = json.loads(capsys.readouterr().err.strip().splitlines()[-1])["error"]
    assert "nowhere" in error["message"]


def test_that_one_run_in_two_workspaces_is_not_compared_with_itself(
    pair: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["compare", pair[0], f"{pair[0]}@team", "--json"]) == 1
    assert "two different runs" in capsys.readouterr().err
