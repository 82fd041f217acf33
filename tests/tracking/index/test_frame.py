"""A frame shows what was written: every run once, every name, nothing mixed up with something absent."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore.settings import Home, open_home
from longshore.tracking.index import layout, segments
from longshore.tracking.index.columns import metric, param, tag, tombstones
from longshore.tracking.index.frame import DURATION, EXPERIMENT, Frame, open_frame
from tests.support.made_index import make_index
from tests.tracking.index.conftest import Row, table


@dataclass(frozen=True)
class Named:
    id: str
    name: str


CHURN, PRICES = Named("1", "churn"), Named("2", "prices")
Fill = Callable[..., Frame]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path)


@pytest.fixture
def fill(home: Home) -> Fill:
    """Give a function that adds a segment to an experiment's index and opens both experiments."""

    def append(*rows: Row, experiment: Named = CHURN, as_of: float = 1.0, complete: bool = True) -> Frame:
        folder = layout.folder(home, "personal", experiment.id)
        given = [{"experiment_id": experiment.id} | dict(row) for row in rows]
        segments.append(folder, [table(given)], as_of=as_of, complete=complete, expected=len(rows), source={})
        return open_frame(home, "personal", [CHURN, PRICES])

    return append


def by_id(frame: Frame, column: str) -> dict[str, object]:
    return {frame.value(row, "run_id"): frame.value(row, column) for row in range(len(frame))}


def test_that_an_index_nobody_filled_is_an_empty_frame(home: Home) -> None:
    frame = open_frame(home, "personal", [CHURN])
    assert (len(frame), frame.complete, frame.as_of, frame.expected, frame.broken) == (0, False, None, None, ())
    assert frame.columns.metrics == ()
    assert len(frame.numbers(metric("loss")).values) == len(frame.texts("status").codes) == len(frame.natural) == 0
    assert frame.rows([]) == ()


def test_that_two_experiments_and_many_segments_are_one_table(fill: Fill) -> None:
    fill({"run_id": "a", param("lr"): "1"}, {"run_id": "b", param("lr"): "2"}, as_of=5)
    fill({"run_id": "b", param("lr"): "3", metric("loss"): 0.5}, as_of=9)
    frame = fill({"run_id": "c", metric("loss"): math.nan}, experiment=PRICES, as_of=7, complete=False)
    assert by_id(frame, param("lr")) == {"a": "1", "b": "3", "c": None}
    assert by_id(frame, EXPERIMENT) == {"a": "churn", "b": "churn", "c": "prices"}
    loss = by_id(frame, metric("loss"))
    assert (loss["a"], loss["b"]) == (None, 0.5)
    assert math.isnan(loss["c"])  # type: ignore[arg-type]
    numbers = frame.numbers(metric("loss"))
    assert numbers.is_present.tolist() == [False, True, True]
    assert (frame.as_of, frame.complete) == (datetime.fromtimestamp(7, UTC), False)
    assert frame.row_of("c") == 2
    assert frame.row_of("d") is None


def test_that_a_run_deleted_for_good_is_gone_and_one_in_the_trash_is_not(home: Home, fill: Fill) -> None:
    fill({"run_id": "a"}, {"run_id": "b", "lifecycle": "deleted"})
    segments.append(
        layout.folder(home, "personal", "1"), [tombstones(["a"])], as_of=1, complete=True, expected=1, source={}
    )
    assert by_id(open_frame(home, "personal", [CHURN]), "lifecycle") == {"b": "deleted"}


def test_that_names_that_differ_by_case_or_hold_anything_are_columns_of_their_own(fill: Fill) -> None:
    names = ["Loss", "loss", "a/b.c\n'\"`", "😀", "system/cpu", "x" * 6000]
    frame = fill({"run_id": "a"} | {metric(name): float(place) for place, name in enumerate(names)})
    assert frame.columns.metrics == (*sorted(set(names) - {"system/cpu"}), "system/cpu")
    (row,) = frame.rows([0])
    assert row.metrics == {name: float(place) for place, name in enumerate(names)}


def test_that_mlflows_own_tags_are_no_columns_but_values(fill: Fill) -> None:
    frame = fill({"run_id": "a", tag("mlflow.note.content"): "a note", tag("team"): "blue"})
    assert frame.columns.tags == ("team",)
    assert frame.value(0, tag("mlflow.note.content")) == "a note"
    assert frame.rows([0])[0].tags == {"mlflow.note.content": "a note", "team": "blue"}
    assert frame.rows([0], only=[tag("team")])[0].tags == {"team": "blue"}


def test_that_rows_come_as_the_table_shows_them_in_the_order_asked_for(fill: Fill) -> None:
    fill({"run_id": "a", "name": "one", "user": "ada", "start_time": 1_000, "end_time": 3_500, param("x"): "1"})
    fill({"run_id": "b", "start_time": 5_000})
    frame = fill({"run_id": "a", "name": "ONE", "user": "ada", "start_time": 1_000, "end_time": 3_500})
    wanted = [frame.row_of(run_id) for run_id in ("b", "a", "b")]
    rows = frame.rows(row for row in wanted if row is not None)
    assert [row.run_id for row in rows] == ["b", "a", "b"]
    one = rows[1]
    assert (one.name, one.user, one.experiment, one.experiment_id, one.status) == (
        "ONE",
        "ada",
        "churn",
        "1",
        "FINISHED",
    )
    assert (one.start_time, one.duration_s) == (datetime.fromtimestamp(1, UTC), 2.5)
    assert (rows[0].name, rows[0].end_time, rows[0].params) == ("", None, {})
    assert by_id(frame, DURATION) == {"a": 2500, "b": None}
    assert frame.numbers(DURATION).is_present.sum() == 1


def test_that_runs_stand_as_mlflow_lists_them_across_segments(fill: Fill) -> None:
    fill(*({"run_id": run_id, "start_time": start} for run_id, start in [("d", 5), ("b", 5), ("z", None), ("e", 9)]))
    fill({"run_id": "c", "start_time": 5}, {"run_id": "y"}, {"run_id": "f", "start_time": 7})
    frame = fill({"run_id": "a", "start_time": 5}, {"run_id": "d", "start_time": 8}, experiment=PRICES)
    assert [frame.value(row, "run_id") for row in frame.natural] == ["e", "d", "f", "a", "b", "c", "d", "y", "z"]


def test_that_a_time_no_calendar_has_is_no_time(fill: Fill) -> None:
    (row,) = fill({"run_id": "a", "start_time": 2**62, "end_time": -(2**62)}).rows([0])
    assert (row.start_time, row.end_time) == (None, None)


def test_that_a_column_of_another_kind_is_refused(fill: Fill) -> None:
    frame = fill({"run_id": "a", param("x"): "1"})
    for wrong in ("x", "params.x", ""):
        with pytest.raises(KeyError):
            frame.column(wrong)
    with pytest.raises(KeyError):
        frame.numbers(param("x"))
    with pytest.raises(IndexError):
        frame.value(1, "name")


def test_that_a_broken_experiment_leaves_the_others_on_screen_and_is_named(home: Home, fill: Fill) -> None:
    fill({"run_id": "a"})
    fill({"run_id": "b"}, experiment=PRICES)
    (layout.folder(home, "personal", "1") / "manifest.json").write_text("{}")
    frame = open_frame(home, "personal", [CHURN, PRICES])
    assert (len(frame), frame.broken, frame.complete) == (1, ("1",), False)


def test_that_importing_the_index_brings_neither_arrow_nor_numpy() -> None:
    code = (
        "import sys\n"
        "import longshore.tracking.index.frame, longshore.tracking.index.segments, longshore.tracking.rows\n"
        "heavy = {'numpy', 'pyarrow', 'httpx', 'sqlmodel', 'filelock'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_that_whole_rows_of_many_columns_are_the_same_as_read_by_name_also_after_their_file_is_gone(home: Home) -> None:
    folder = layout.folder(home, "personal", "1")
    make_index(folder, runs=40, metrics=400, params=20, chunk=16)
    frame = open_frame(home, "personal", [CHURN])
    names = [*map(metric, frame.columns.metrics), *map(param, frame.columns.params), *map(tag, frame.columns.tags)]
    by_name = frame.rows(range(40), names)
    assert frame.rows(range(40)) == by_name
    assert len(by_name[0].params) == 20
    for file in folder.glob("*.arrow"):
        file.unlink()
    assert frame.rows(range(40)) == by_name
