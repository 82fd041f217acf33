"""Following compared runs: what they log is drawn on, for a few requests however many they are."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import workspaces
from longshore.tracking.compare import Comparison, compare, refreshed
from longshore.tracking.comparing.following import MOST_FILLED, Histories, follow, going_on
from longshore.tracking.comparing.places import Servers
from longshore.tracking.histories import histories
from tests.support.compared import make_run, points
from tests.support.counting_server import Counter, counting_server


@pytest.fixture(scope="module")
def counter(tracking_server: str) -> Iterator[Counter]:
    with counting_server(tracking_server) as found:
        yield found


@pytest.fixture
def ids(client: Client) -> list[str]:
    project = f"going-on-{uuid.uuid4().hex[:6]}"
    return [make_run(client, project, f"r{n}", number=n, ended=n == 0) for n in range(4)]


@pytest.fixture
def servers(home: Home, counter: Counter, ids: list[str]) -> Servers:
    workspaces.add(home, name="team", url=counter.url)
    return Servers(home, dict.fromkeys(ids, "team"))


def known(client: Client, ids: list[str], *metrics: str) -> tuple[Comparison, Histories]:
    read = {run_id: histories(client, run_id, metrics) for run_id in ids}
    return compare(client, ids), {name: {run_id: read[run_id][name] for run_id in ids} for name in metrics}


def test_that_the_next_value_of_many_runs_takes_one_request(
    home: Home, client: Client, ids: list[str], servers: Servers, counter: Counter
) -> None:
    found, before = known(client, ids, "val_mae")
    assert going_on(found.runs, before) == tuple(ids[1:])
    for run_id in ids[1:]:
        runs.log_batch(client, run_id, metrics=points("val_mae", [5]))
    counter.asked.clear()
    news = follow(home, servers, found.runs, before, ["val_mae"])
    assert [path.rpartition("/")[2] for path in counter.asked] == ["search"]
    assert [len(news.histories["val_mae"][run_id]) for run_id in ids] == [5, 6, 6, 6]
    assert news.histories["val_mae"][ids[0]] is before["val_mae"][ids[0]], "what has ended is not read again"


def test_that_what_lies_between_two_looks_is_read_for_all_runs_at_once(
    home: Home, client: Client, ids: list[str], servers: Servers, counter: Counter
) -> None:
    names = ("val_mae", "loss", "accuracy", "f1")
    for run_id in ids:
        for name in names[1:]:
            runs.log_batch(client, run_id, metrics=points(name, range(3)))
    found, before = known(client, ids, *names)
    for run_id in ids[1:]:
        for name in names:
            runs.log_batch(client, run_id, metrics=points(name, range(5, 12)))
    counter.asked.clear()
    news = follow(home, servers, found.runs, before, names)
    assert len(counter.asked) == 1 + MOST_FILLED
    assert all(history.steps[-1] == 11 for name in names for history in list(news.histories[name].values())[1:])
    again = follow(home, servers, found.runs, news.histories, names)
    assert len(counter.asked) == 2 * (1 + MOST_FILLED)
    assert list(again.histories["val_mae"][ids[1]].steps) == list(range(12))
    assert list(again.histories["f1"][ids[3]].steps) == [0, 1, 2, *range(5, 12)]
    assert all(history.gap is None for of_runs in again.histories.values() for history in of_runs.values())


def test_that_a_run_that_ended_is_followed_until_its_last_values_are_read(
    home: Home, client: Client, ids: list[str], servers: Servers
) -> None:
    found, before = known(client, ids[:2], "val_mae")
    runs.log_batch(client, ids[1], metrics=points("val_mae", range(5, 9)))
    runs.update(client, ids[1], status="FINISHED")
    news = follow(home, servers, found.runs, before, ["val_mae"])
    now = refreshed(found, news.runs)
    assert now.runs[1].status == "FINISHED"
    assert going_on(now.runs, news.histories) == ()
    assert list(news.histories["val_mae"][ids[1]].steps) == list(range(9))


def test_that_parameters_and_metrics_of_the_table_grow_and_what_was_made_before_stays(
    home: Home, client: Client, ids: list[str], servers: Servers
) -> None:
    found, before = known(client, ids[:2], "val_mae")
    runs.log_batch(client, ids[1], metrics=points("fresh", [0]), params={"late": "1"})
    news = follow(home, servers, found.runs, before, ["val_mae"])
    now = refreshed(found, news.runs)
    assert now.params["late"] == {ids[1]: "1"}
    assert now.metrics["fresh"] == {ids[1]: 5.0}
    assert (now.code, now.environment, now.data) == (found.code, found.environment, found.data)
    assert now.same["data"] == found.same["data"]


def test_that_a_deleted_run_is_named_and_the_others_go_on(
    home: Home, client: Client, ids: list[str], servers: Servers
) -> None:
    found, before = known(client, ids, "val_mae")
    runs.delete(client, ids[2])
    runs.log_batch(client, ids[1], metrics=points("val_mae", [5]))
    news = follow(home, servers, found.runs, before, ["val_mae"])
    assert news.gone == (ids[2],)
    assert len(news.histories["val_mae"][ids[1]]) == 6


def test_that_a_workspace_that_is_away_does_not_keep_the_others_from_going_on(
    home: Home, client: Client, ids: list[str], counter: Counter
) -> None:
    from tests.support.tracking import free_port

    workspaces.add(home, name="team", url=counter.url)
    workspaces.add(home, name="away", url=f"http://127.0.0.1:{free_port()}")
    found, before = known(client, ids, "val_mae")
    lost = replace(found.runs[1], run_id="0" * 32)
    runs.log_batch(client, ids[3], metrics=points("val_mae", [5]))
    servers = Servers(home, {**dict.fromkeys(ids, "team"), lost.run_id: "away"})
    news = follow(home, servers, (lost, *found.runs), before, ["val_mae"])
    assert news.trouble is not None
    assert "cannot be reached" in news.trouble.reason
    assert len(news.histories["val_mae"][ids[3]]) == 6
