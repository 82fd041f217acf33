"""A metric's history from the personal workspace's file: what MLflow's own REST call gives, at once the second time."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from longshore.errors import Unavailable
from longshore.mlflow_rest import experiments, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.settings import Home
from longshore.store import workspaces
from longshore.store.records import Workspace
from longshore.tracking import local_histories
from longshore.tracking.histories import History, read_histories
from longshore.tracking.local_histories import local_history
from longshore.workspace.tracking_process import set_wal
from tests.support.tracking import running_server

NOW = int(time.time() * 1000)
ODD = (1.0, math.nan, math.inf, -math.inf, 1e308, 0.0, -2.5, 5e-324)


@dataclass(frozen=True)
class Served:
    """A home whose personal workspace has a real server."""

    home: Home
    workspace: Workspace
    client: Client
    experiment: str


@pytest.fixture(scope="module")
def store() -> Iterator[tuple[Path, Client]]:
    """A folder with a store, and a client of the real server that serves it."""
    folder = Path(tempfile.mkdtemp(prefix="ls-curves-"))
    set_wal(folder / "mlflow.db")
    with running_server(folder=folder) as url, Client(url, timeout_s=30) as client:
        yield folder, client


@pytest.fixture
def served(home: Home, store: tuple[Path, Client]) -> Served:
    """A new home at the store: what it keeps of a history is this test's alone."""
    folder, client = store
    home.tracking.symlink_to(folder, target_is_directory=True)
    return Served(home, workspaces.get(home, None), client, experiments.ensure(client, "curves", {}).id)


def log(served: Served, run_id: str, values: list[tuple[int, float]], key: str = "loss") -> None:
    points = [Metric(key, value, NOW + number, step) for number, (step, value) in enumerate(values)]
    for first in range(0, len(points), 500):
        runs.log_batch(served.client, run_id, metrics=points[first : first + 500])


def here(served: Served, run_id: str, key: str = "loss") -> History:
    found = local_history(served.home, served.workspace, run_id, key)
    assert found is not None
    return found


def test_that_the_file_gives_what_mlflow_gives_also_what_is_not_finite(served: Served) -> None:
    run = runs.create(served.client, served.experiment)
    log(served, run.id, list(enumerate(ODD)))
    log(served, run.id, [(2, 7.0), (0, 8.0)])
    log(served, run.id, [(0, 1.0)], key="Loss")
    told = sorted(metrics.history(served.client, run.id, "loss"), key=lambda point: (point.step, point.timestamp_ms))
    found = here(served, run.id)
    assert list(found.steps) == [point.step for point in told]
    assert sorted(found.timestamps_ms) == sorted(point.timestamp_ms for point in told)
    np.testing.assert_array_equal(np.sort(found.values), np.sort([point.value for point in told]))
    assert len(here(served, run.id, "Loss")) == 1
    assert len(here(served, run.id, "never logged")) == 0


def test_that_a_long_history_is_kept_and_what_is_new_is_added(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_histories, "_KEPT_FROM", 100)
    run = runs.create(served.client, served.experiment)
    log(served, run.id, [(step, float(step)) for step in range(300)])
    assert len(here(served, run.id)) == 300
    (kept,) = (served.home.index / "histories").rglob("*.npy")
    log(served, run.id, [(step, float(step)) for step in range(300, 310)] + [(5, -1.0)])
    found = here(served, run.id)
    assert list(found.steps) == sorted([*range(310), 5])
    (newer,) = (served.home.index / "histories").rglob("*.npy")
    assert newer != kept
    assert list(here(served, run.id).values) == list(found.values)


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\x93NUMPY"])
def test_that_a_damaged_copy_is_read_anew(served: Served, monkeypatch: pytest.MonkeyPatch, damage: bytes) -> None:
    monkeypatch.setattr(local_histories, "_KEPT_FROM", 10)
    run = runs.create(served.client, served.experiment)
    log(served, run.id, [(step, float(step)) for step in range(50)])
    here(served, run.id)
    (kept,) = (served.home.index / "histories").rglob("*.npy")
    kept.write_bytes(damage)
    assert list(here(served, run.id).steps) == list(range(50))


def test_that_a_history_without_news_is_the_same_object(served: Served) -> None:
    run = runs.create(served.client, served.experiment)
    log(served, run.id, [(0, 1.0), (1, 0.5)])

    def read(known: dict[str, History] | None = None) -> dict[str, History]:
        return read_histories(served.home, served.workspace, refuse, run.id, ["loss"], known)

    def refuse() -> Client:
        raise Unavailable("The server is not asked.")

    first = read()
    assert read(first)["loss"] is first["loss"]
    log(served, run.id, [(2, 0.25)])
    assert list(read(first)["loss"].values) == [1.0, 0.5, 0.25]


def test_that_a_teams_server_is_asked_itself(served: Served) -> None:
    run = runs.create(served.client, served.experiment)
    log(served, run.id, [(0, 1.0), (1, 0.5)])
    team = workspaces.add(served.home, name="team", url="http://127.0.0.1:9", auth="none", username="")
    assert local_history(served.home, team, run.id, "loss") is None
    found = read_histories(served.home, team, lambda: served.client, run.id, ["loss"])
    assert list(found["loss"].values) == [1.0, 0.5]
