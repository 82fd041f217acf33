"""A table reads a selection run by run, as they come into sight: the same as reading all at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest

from longshore.settings import Home
from longshore.store.records import Workspace
from longshore.tracking import run_index
from longshore.tracking.archive import ARCHIVED
from longshore.tracking.index import layout, segments
from longshore.tracking.index.columns import metric, param, tag
from longshore.tracking.index.row_view import IndexedRows
from longshore.tracking.rows import ListedRows
from tests.tracking.index.conftest import table


@dataclass(frozen=True)
class Named:
    id: str
    name: str


def place(number: int) -> dict[str, object]:
    given: dict[str, object] = {
        "run_id": f"{number:032x}",
        "name": f"run-{number}",
        "status": "FINISHED",
        "start_time": 1_760_000_000_000 - number * 60_000,
        "experiment_id": "1",
        param("depth"): str(number % 7),
    }
    if number % 3:
        given[metric("loss")] = math.inf if number == 4 else float(number)
    if number == 5:
        given[tag(ARCHIVED)] = "true"
    return given


@pytest.fixture
def frame(home: Home, personal: Workspace) -> run_index.Frame:
    folder = layout.folder(home, "personal", "1")
    rows = [place(number) for number in range(200)]
    segments.append(folder, [table(rows)], as_of=1.0, complete=True, expected=200, source={})
    return run_index.open_runs(home, personal, [Named("1", "churn")])


@pytest.fixture
def personal(home: Home) -> Workspace:
    from longshore.store import workspaces

    return workspaces.get(home, None)


def test_that_every_run_is_the_one_that_reading_all_at_once_gives(frame: run_index.Frame) -> None:
    selection = run_index.query(frame, "params.depth != '3'", ["metrics.loss DESC"])
    whole, seen = run_index.rows(selection), IndexedRows(selection)
    assert len(seen) == len(whole) == 170
    assert [seen[number] for number in (0, 169, 31, 32, 100)] == [whole[number] for number in (0, 169, 31, 32, 100)]
    assert tuple(seen) == whole
    assert seen[-1] == whole[-1]
    assert list(seen[30:40]) == list(whole[30:40])
    with pytest.raises(IndexError):
        seen[170]


def test_that_places_and_ids_lead_to_each_other(frame: run_index.Frame) -> None:
    seen, listed = IndexedRows(run_index.query(frame)), ListedRows(run_index.rows(run_index.query(frame)))
    wanted = [place(7)["run_id"], "not there", place(150)["run_id"]]
    assert seen.places(wanted) == listed.places(wanted)  # type: ignore[arg-type]
    assert list(seen.ids(5, 9)) == list(listed.ids(5, 9))
    assert seen.same_runs(listed)
    assert not seen.same_runs(ListedRows(listed[:-1]))
    assert seen.places([]) == {}


def test_that_the_spread_leaves_out_what_is_absent_or_infinite(frame: run_index.Frame) -> None:
    seen = IndexedRows(run_index.query(frame))
    spread = seen.spread("loss")
    assert spread is not None
    assert (spread.least, spread.greatest) == (1.0, 199.0)
    assert seen.spread("no such metric") is None


def test_that_a_run_is_read_with_what_is_shown_alone(frame: run_index.Frame) -> None:
    seen = IndexedRows(run_index.query(frame), [metric("loss")])
    assert (dict(seen[1].metrics), dict(seen[1].params)) == ({"loss": 1.0}, {})
    assert dict(seen.showing([param("depth")])[1].params) == {"depth": "1"}
    assert seen.showing([metric("loss")]) is seen


def test_that_archived_runs_are_left_out_unless_they_are_asked_for(frame: run_index.Frame) -> None:
    assert len(run_index.query(frame)) == 199
    assert len(run_index.query(frame, archived=True)) == 200
    assert len(run_index.query(frame, f"tags.`{ARCHIVED}` = 'true'")) == 1
