"""What a person in a notebook gets."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

import longshore
from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.store import workspaces


@pytest.fixture
def folder(home: Home, client: Client, tmp_path: Path) -> Path:
    """A project with some runs on a team's server, the workspace in use."""
    project = tmp_path / f"prices-{uuid.uuid4().hex[:8]}"
    project.mkdir()
    (project / "train.py").write_text("import argparse\nprint('hello')\n")
    workspaces.add(home, name="team", url=client.url, auth="none", username="")
    workspaces.use(home, "team")
    place = experiments.ensure(client, project.name, {"longshore.project": project.name})
    for number, rmse in enumerate([0.5, math.nan, 0.25]):
        run = runs.create(client, place.id, name=f"train-{number}", tags={"mlflow.source.git.commit": "c" * 40})
        runs.log_batch(client, run.id, metrics=[Metric("rmse", rmse, 1)], params={"depth": str(number)})
        runs.update(client, run.id, status="FINISHED", end_time=run.start_time)
    runs.create(client, place.id, name="empty")
    return project


def test_that_a_projects_runs_are_a_data_frame(folder: Path) -> None:
    frame = longshore.open(folder).runs(order_by="attributes.start_time ASC")
    assert list(frame["name"]) == ["train-0", "train-1", "train-2", "empty"]
    assert list(frame["status"]) == ["FINISHED"] * 3 + ["RUNNING"]
    assert str(frame["metrics.rmse"].dtype) == "float64"
    assert frame["metrics.rmse"].isna().tolist() == [False, True, False, True]
    assert frame["params.depth"].iloc[:3].tolist() == ["0", "1", "2"]
    assert str(frame["start_time"].dt.tz) == "UTC"
    assert frame["end_time"].isna().tolist() == [False, False, False, True]
    assert frame["duration_s"].iloc[0] == 0.0


def test_that_runs_are_filtered_and_sorted_by_the_server(folder: Path) -> None:
    project = longshore.open(folder)
    best = project.runs("metrics.rmse < 1", order_by="metrics.rmse ASC", limit=1)
    assert best["name"].tolist() == ["train-2"]
    assert longshore.runs("metrics.rmse < 1", project=project.name).shape[0] == 2
    with pytest.raises(Invalid):
        project.runs("rmse <<< 1")


def test_that_no_run_is_an_empty_frame_with_its_columns(folder: Path) -> None:
    frame = longshore.open(folder).runs("metrics.rmse > 100")
    assert frame.empty
    assert {"run_id", "status", "start_time", "duration_s"} <= set(frame.columns)


def test_that_a_project_is_opened_by_its_folder_and_then_by_its_name(folder: Path) -> None:
    opened = longshore.open(folder)
    assert opened.path == folder.resolve()
    assert longshore.open(opened.name).info.id == opened.info.id


def test_that_a_folder_that_is_not_there_is_said(home: Home, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        longshore.open(tmp_path / "nothing")


def test_that_the_lineage_of_a_project_is_that_of_its_latest_run(folder: Path) -> None:
    project = longshore.open(folder)
    graph = project.lineage("code:" + "c" * 40, down=1)
    assert {"train-0", "train-1", "train-2"} <= {node.label for node in graph.nodes}
    assert project.lineage().node(project.lineage().focus).label == "empty"


def test_that_a_project_without_runs_says_how_to_start_one(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / f"other-{uuid.uuid4().hex[:8]}"
    other.mkdir()
    (other / "train.py").write_text("print('hello')\n")
    with pytest.raises(Invalid, match="no run yet") as caught:
        longshore.open(other).lineage()
    assert "longshore run" in str(caught.value.hint)


def test_that_importing_the_package_loads_nothing() -> None:
    program = (
        "import json, sys; before = set(sys.modules); import longshore; after = set(sys.modules) - before; "
        "longshore.__version__; print(json.dumps(sorted(after)))"
    )
    done = subprocess.run([sys.executable, "-c", program], env=os.environ, capture_output=True, text=True, check=True)
    assert [name for name in json.loads(done.stdout) if not name.startswith("__")] == ["longshore"]


def test_that_the_package_offers_its_functions_by_name() -> None:
    assert {"open", "runs", "Project", "__version__"} <= set(dir(longshore))
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = longshore.nothing_like_it
