"""`longshore runs` answers from the index, brought up to date first: what was just written is seen, also offline."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from longshore.cli.app import run_command
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.projects import opening
from longshore.settings import Home
from longshore.store import processes, workspaces
from tests.support.launching import make_project
from tests.support.slow_server import door_before

Ask = Callable[..., Any]


@pytest.fixture
def ask(served_home: Home, capsys: pytest.CaptureFixture[str]) -> Ask:
    processes.ensure_agent(served_home)

    def asked(*arguments: str) -> Any:
        capsys.readouterr()
        assert run_command([*arguments, "--json"]) == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out)

    return asked


@pytest.fixture
def project(served_home: Home, client: Client, tmp_path: Any) -> str:
    name = f"reads-{uuid.uuid4().hex[:6]}"
    opening.open_project(served_home, make_project(tmp_path / name, "print(1)"))
    experiment = experiments.ensure(client, name, {"longshore.project": name})
    for number in range(3):
        run = runs.create(client, experiment.id, name=f"train-{number}")
        runs.log_batch(client, run.id, metrics=[Metric("loss", float(number), 1, 0)], params={"depth": str(number)})
    return name


def names(document: Any) -> list[str]:
    return [run["name"] for run in document["runs"]]


def test_that_a_command_sees_what_was_written_just_before_it(ask: Ask, client: Client, project: str) -> None:
    assert sorted(names(ask("runs", project))) == ["train-0", "train-1", "train-2"]
    made = runs.create(client, experiments.get_by_name(client, project).id, name="the newest")
    document = ask("runs", project, "--limit", "1")
    assert (document["total"], names(document)) == (4, ["the newest"])
    runs.delete(client, made.id)
    assert ask("runs", project)["total"] == 3


def test_that_the_filter_takes_or_and_plain_words_and_sorting_follows(ask: Ask, project: str) -> None:
    found = ask("runs", project, "--filter", "metrics.loss > 1.5 or params.depth = '0'", "--sort", "metrics.loss:asc")
    assert names(found) == ["train-0", "train-2"]
    assert names(ask("runs", project, "--filter", "train-1")) == ["train-1"]


def test_that_a_wrong_filter_says_where(capsys: pytest.CaptureFixture[str], ask: Ask, project: str) -> None:
    ask("runs", project)
    assert run_command(["runs", project, "--filter", "metrics.loss <", "--json"]) == 1
    error = json.loads(capsys.readouterr().err.strip().splitlines()[-1])["error"]
    assert error["message"].startswith("The filter is wrong at character")


def test_that_all_runs_that_fit_are_exported_whatever_the_limit(ask: Ask, project: str, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    assert (
        len(ask("runs", project, "--limit", "1", "--filter", "metrics.loss > 0.5", "--export", str(file))["runs"]) == 1
    )
    header, *lines = file.read_text().splitlines()
    assert "metrics.loss" in header
    assert len(lines) == 2


def test_that_a_server_that_is_away_leaves_the_last_state_and_says_so(
    capsys: pytest.CaptureFixture[str], ask: Ask, project: str, served_home: Home, tracking_server: str
) -> None:
    with door_before(tracking_server, "nothing is held back") as door:
        workspaces.add(served_home, name="team", url=door.url, auth="none", username="")
        assert ask("runs", project, "--workspace", "team")["total"] == 3
    capsys.readouterr()
    assert run_command(["runs", project, "--workspace", "team", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["total"] == 3
    assert "as they were last seen" in said.err


def test_that_runs_are_grouped_with_what_stands_for_each_metric(ask: Ask, client: Client, project: str) -> None:
    experiment = experiments.get_by_name(client, project)
    again = runs.create(client, experiment.id, name="again")
    runs.log_batch(client, again.id, metrics=[Metric("loss", 4.0, 1, 0)], params={"depth": "2"})
    document = ask("runs", project, "--group-by", "params.depth,experiment", "--sort", "metrics.loss:desc")
    assert document["total"] == 4
    assert [group["by"]["params.depth"] for group in document["groups"]] == ["2", "1", "0"]
    first, second, _third = document["groups"]
    assert first["by"]["experiment"] == project
    assert (first["count"], first["metrics"]["loss"]["mean"], first["metrics"]["loss"]["best"]) == (2, 3.0, 2.0)
    assert second["metrics"]["loss"]["std"] == "NaN"


def test_that_a_column_that_groups_nothing_is_named(project: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["runs", project, "--group-by", "metrics.loss"]) == 1
    assert "cannot be grouped by" in capsys.readouterr().err


def test_that_runs_are_edited_from_the_command_line_and_refusals_are_told(
    ask: Ask, client: Client, project: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, third = (run["run_id"] for run in ask("runs", project)["runs"])
    document = ask("edit", first, second[:12], "--tag", "stage=final=yes", "--note", "# Kept", "--name", "best")
    assert document == {"edited": [first, second], "refused": []}
    found = {run["run_id"]: run for run in ask("runs", project)["runs"]}
    assert [found[run_id]["name"] for run_id in (first, second)] == ["best", "best"]
    assert found[first]["tags"]["stage"] == "final=yes"
    assert ask("edit", first, "--untag", "stage", "--note", "")["edited"] == [first]
    assert "stage" not in runs.get(client, first).tags
    runs.delete(client, third)
    assert run_command(["edit", third, "--name", "x", "--json"]) == 1
    assert "in the trash" in json.loads(capsys.readouterr().out)["refused"][0]["reason"]
    for wrong in (["edit", first], ["edit", first, "--tag", "stage"], ["edit", first, "--tag", "mlflow.user=eve"]):
        assert run_command(wrong) == 1


@pytest.fixture
def histories(client: Client, project: str) -> str:
    """The project with more values: losses of 0, 9 and 4.5; 1, 3 and 2; 2, 7 and 5."""
    experiment = experiments.get_by_name(client, project)
    found = {run.name: run for run in runs.search(client, [experiment.id]).runs}
    for number, values in enumerate(((9.0, 4.5), (3.0, 2.0), (7.0, 5.0))):
        points = [Metric("loss", value, step, step) for step, value in enumerate(values, start=1)]
        runs.log_batch(client, found[f"train-{number}"].id, metrics=points)
    return project


def test_that_best_and_mean_stand_beside_the_last_value_and_are_sorted_by(ask: Ask, histories: str) -> None:
    document = ask("runs", histories, "--columns", "metrics.loss,best.loss,mean.loss", "--sort", "mean.loss:desc")
    assert names(document) == ["train-2", "train-0", "train-1"]
    first = document["runs"][0]
    assert (first["metrics"]["loss"], first["best"], first["mean"]) == (5.0, {"loss": 2.0}, {"loss": 14 / 3})
    assert "best" not in ask("runs", histories)["runs"][0], "only where somebody asked"
    assert names(ask("runs", histories, "--sort", "best.loss:desc", "--limit", "1")) == ["train-2"]


def test_that_best_values_are_shown_exported_and_grouped(
    ask: Ask, histories: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "runs.csv"
    ask("runs", histories, "--columns", "best.loss", "--limit", "1", "--export", str(file))
    header, *lines = file.read_text().splitlines()
    at = header.replace('"', "").split(",").index("best.loss")
    assert sorted(line.split(",")[at] for line in lines) == ["0", "1", "2"]
    (group,) = ask("runs", histories, "--columns", "best.loss", "--group-by", "experiment")["groups"]
    assert (group["metrics"]["best.loss"]["mean"], group["metrics"]["best.loss"]["best"]) == (1.0, 0.0)
    assert run_command(["runs", histories, "--columns", "best.loss,best.never"]) == 0
    assert "best.loss" in capsys.readouterr().out


def test_that_a_server_that_is_away_leaves_the_best_values_that_were_read(
    capsys: pytest.CaptureFixture[str], ask: Ask, histories: str, served_home: Home, tracking_server: str
) -> None:
    with door_before(tracking_server, "nothing is held back") as door:
        workspaces.add(served_home, name="team", url=door.url, auth="none", username="")
        ask("runs", histories, "--workspace", "team", "--columns", "best.loss", "--limit", "2")
    capsys.readouterr()
    assert run_command(["runs", histories, "--workspace", "team", "--columns", "best.loss", "--json"]) == 0
    said = capsys.readouterr()
    assert ["best" in run for run in json.loads(said.out)["runs"]] == [True, True, False]
    assert "those that were read before" in said.err
