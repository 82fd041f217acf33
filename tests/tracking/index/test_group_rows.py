"""Groups of runs as the table reads them: closed and open, sorted, counted, named."""

from __future__ import annotations

import math

import pytest

from longshore.settings import Home
from longshore.store import workspaces
from longshore.tracking import run_index
from longshore.tracking.experiment_list import Named
from longshore.tracking.index import layout, ordering, segments
from longshore.tracking.index.group_rows import GroupRows
from longshore.tracking.rows import BEST, GROUP, MEAN, STD, Grouping, GroupRow
from tests.tracking.index.conftest import Row, table

ONLY = ("m:loss", "m:acc", "p:lr")


@pytest.fixture
def selection(home: Home) -> run_index.Selection:
    row = workspaces.get(home, "personal")
    folder = layout.folder(home, layout.workspace_key(row), "1")
    made: list[Row] = [
        {"run_id": f"{lr}-{seed}", "name": f"{lr} {seed}", "start_time": seed, "p:lr": lr, "p:seed": str(seed),
         "m:loss": float(lr) + seed, "m:acc": seed / 10}
        for lr in ("0.1", "0.2") for seed in (1, 2, 3)
    ]  # fmt: skip
    made.append({"run_id": "odd", "name": "odd", "start_time": 9, "m:loss": math.nan})
    segments.append(folder, [table(made)], as_of=1, complete=True, expected=None, source={})
    return run_index.query(run_index.open_runs(home, row, [Named("1", "churn")]))


def grouped(selection: run_index.Selection, aggregate: str = MEAN, order: str = "") -> GroupRows:
    return GroupRows(selection, Grouping(("p:lr",), aggregate), ordering.parse(order) if order else None, ONLY)


def groups(rows: GroupRows) -> list[GroupRow]:
    return [row for row in rows if isinstance(row, GroupRow)]


def test_that_a_group_tells_count_mean_deviation_and_best_of_its_runs(selection: run_index.Selection) -> None:
    first, second, without = groups(grouped(selection))
    assert (first.name, first.size, first.params) == ("lr 0.1", 3, {"lr": "0.1"})
    assert first.metrics["loss"] == pytest.approx(2.1)
    assert first.summaries["loss"].std == pytest.approx(1.0)
    assert first.summaries["loss"].best == pytest.approx(1.1), "less of a loss is better"
    assert first.summaries["acc"].best == pytest.approx(0.3), "more of an accuracy is better"
    assert second.size == 3
    assert (without.name, without.size, dict(without.metrics)) == ("lr none", 1, {})
    assert groups(grouped(selection, STD))[0].metrics["loss"] == pytest.approx(1.0)
    assert groups(grouped(selection, BEST))[1].metrics["loss"] == pytest.approx(1.2)


def test_that_a_group_opens_to_its_runs_in_the_tables_order(selection: run_index.Selection) -> None:
    closed = grouped(selection)
    name = closed.group_of(0)
    assert name.startswith(GROUP)
    opened = closed.opened(frozenset([name]))
    assert [row.name for row in opened] == ["lr 0.1", "0.1 3", "0.1 2", "0.1 1", "lr 0.2", "lr none"]
    assert opened[1].metrics["loss"] == pytest.approx(3.1)
    assert opened.ids(0, 2) == [name, "0.1-3", "0.1-2"]
    assert opened.places(["0.1-2", name, closed.group_of(1), "0.2-1"]) == {"0.1-2": 2, name: 0, closed.group_of(1): 4}
    assert [opened.group_of(place) for place in (0, 3)] == [name, name]
    assert [row.name for row in opened.opened(frozenset())] == ["lr 0.1", "lr 0.2", "lr none"]
    assert not opened.same_runs(closed)
    assert opened.same_runs(grouped(selection).opened(frozenset([name])))


def test_that_a_selected_group_stands_for_its_runs_each_once(selection: run_index.Selection) -> None:
    closed = grouped(selection)
    opened = closed.opened(frozenset([closed.group_of(0)]))
    assert sorted(closed.run_ids([(0, 1)])) == sorted(f"{lr}-{seed}" for lr in ("0.1", "0.2") for seed in (1, 2, 3))
    assert closed.run_count([(0, 2)]) == 7
    assert opened.run_ids([(0, 1)]) == ["0.1-3", "0.1-2", "0.1-1"]
    assert opened.run_count([(0, 1)]) == 3
    assert opened.run_ids([(2, 3)]) == ["0.1-2", "0.1-1"]
    assert opened.run_count([(2, 3)]) == 2


@pytest.mark.parametrize(
    ("order", "aggregate", "names"),
    [
        ("metrics.loss DESC", MEAN, ["lr 0.2", "lr 0.1", "lr none"]),
        ("metrics.loss ASC", BEST, ["lr 0.1", "lr 0.2", "lr none"]),
        ("params.lr DESC", MEAN, ["lr 0.2", "lr 0.1", "lr none"]),
        ("attributes.status ASC", MEAN, ["lr none", "lr 0.1", "lr 0.2"]),
        ("attributes.start_time DESC", MEAN, ["lr none", "lr 0.1", "lr 0.2"]),
        ("params.seed ASC", MEAN, ["lr 0.1", "lr 0.2", "lr none"]),
    ],
)
def test_that_groups_are_sorted_by_what_stands_for_them(
    selection: run_index.Selection, order: str, aggregate: str, names: list[str]
) -> None:
    assert [row.name for row in grouped(selection, aggregate, order)] == names


def test_that_a_hundred_groups_give_the_runs_of_each_in_the_tables_order(home: Home) -> None:
    row = workspaces.get(home, "personal")
    folder = layout.folder(home, layout.workspace_key(row), "1")
    made: list[Row] = [
        {"run_id": f"{n:03}", "name": "x", "start_time": n, "p:lr": f"{n % 100:02}", "m:loss": 1.0} for n in range(250)
    ]
    segments.append(folder, [table(made)], as_of=1, complete=True, expected=None, source={})
    whole = run_index.query(run_index.open_runs(home, row, [Named("1", "churn")]))
    closed = grouped(whole, order="params.lr DESC")
    opened = closed.opened(frozenset([closed.group_of(3), closed.group_of(98)]))
    one_by_one = [run_id for place in range(100) for run_id in closed.run_ids([(place, place)])]
    assert len(one_by_one) == 250
    for rows in (closed, opened):
        assert rows.run_ids([(0, len(rows) - 1)]) == one_by_one
        assert rows.run_count([(0, len(rows) - 1)]) == 250
    assert opened.ids(3, 5)[1:] == closed.run_ids([(3, 3)])
    parts = [(1, 2), (5, 80), (len(opened) - 2, len(opened) - 1)]
    found = opened.run_ids(parts)
    expected = {
        run for first, last in parts for place in range(first, last + 1) for run in opened.run_ids([(place, place)])
    }
    assert (len(found), set(found), opened.run_count(parts)) == (len(expected), expected, len(expected))


def test_that_the_spread_of_a_metric_is_that_of_the_groups(selection: run_index.Selection) -> None:
    spread = grouped(selection).spread("loss")
    assert spread is not None
    assert (spread.least, spread.greatest) == (pytest.approx(2.1), pytest.approx(2.2))
    assert grouped(selection).spread("unknown") is None
    assert grouped(selection[:0]).spread("loss") is None
    assert len(grouped(selection[:0])) == 0
