"""The door to the index: find runs, sort them, read them, group them."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from longshore.errors import Invalid
from longshore.settings import Home, open_home
from longshore.store.records import Workspace
from longshore.tracking import run_index
from longshore.tracking.index import layout, segments
from longshore.tracking.run_index import Frame, Selection
from tests.support.made_index import Made, make_index
from tests.tracking.index.conftest import Row, table

PERSONAL = Workspace("personal", "personal", "", "none", "", True, datetime.now(UTC))
Fill = Callable[..., Frame]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path)


@pytest.fixture
def fill(home: Home) -> Fill:
    def append(*rows: Row, experiment: str = "1") -> Frame:
        folder = layout.folder(home, "personal", experiment)
        segments.append(folder, [table(rows)], as_of=1, complete=True, expected=None, source={})
        return run_index.open_runs(home, PERSONAL, [Made("1", "churn"), Made("2", "prices")])

    return append


@pytest.fixture
def frame(fill: Fill) -> Frame:
    fill(
        {"run_id": "a", "name": "Forest one", "start_time": 1, "end_time": 9, "p:seed": "1", "p:lr": "0.1", "m:loss": 0.5},
        {"run_id": "b", "name": "two", "start_time": 2, "end_time": 5, "p:seed": "2", "p:lr": "0.1", "m:loss": 0.3,
         "t:team": "Étoile", "status": "FAILED"},
        {"run_id": "c", "name": "three", "start_time": 3, "p:seed": "1", "p:lr": "0.02", "m:loss": math.nan,
         "t:mlflow.note.content": "a forest of notes", "t:mlflow.user": "forester"},
    )  # fmt: skip
    return fill(
        {"run_id": "d", "name": "four", "start_time": 4, "m:loss": math.inf, "p:lr": None},
        {"run_id": "e", "name": "five", "start_time": 5, "lifecycle": "deleted"},
        {"run_id": "f", "name": "six", "start_time": 6},
        experiment="2",
    )


def found(frame: Frame, filter: str = "", *order_by: str, trash: bool = False) -> str:
    selection = run_index.query(frame, filter, order_by, trash=trash)
    return "".join(row.run_id for row in run_index.rows(selection))


def test_that_runs_come_newest_first_and_deleted_ones_only_from_the_trash(frame: Frame) -> None:
    assert found(frame) == "fdcba"
    assert found(frame, trash=True) == "e"


def test_that_plain_words_match_name_seen_tag_or_note_in_any_case(frame: Frame) -> None:
    assert found(frame, "forest") == "ca"
    assert found(frame, "FOREST one") == "a"
    assert found(frame, "étoile") == "b"
    assert found(frame, "forester") == ""  # MLflow's own tags are not what one sees
    assert found(frame, "not forest") == "fdb"
    assert found(frame, "forest and metrics.loss < 1") == "a"


def test_that_or_brackets_and_null_find_what_they_say(frame: Frame) -> None:
    assert found(frame, "params.seed = '1' or status = 'FAILED'") == "cba"
    assert found(frame, "(params.seed = '1' or status = 'FAILED') and metrics.loss < 0.4") == "b"
    assert found(frame, "metrics.loss is null") == "f"
    assert found(frame, "metrics.loss is not null") == "dcba"
    assert found(frame, "end_time is null and params.lr in ('0.02', 'x')") == "c"
    assert found(frame, "datasets.name is null") == "fdcba"
    assert found(frame, "params.nobody_has_it is null") == "fdcba"
    assert found(frame, "params.nobody_has_it = 'a'") == ""


def test_that_what_a_run_lacks_stands_last_in_both_directions_behind_not_a_number(frame: Frame) -> None:
    assert found(frame, "", "metrics.loss") == "badcf"
    assert found(frame, "", "metrics.loss DESC") == "dabcf"
    assert found(frame, "", "params.lr DESC") == "bacfd"
    assert found(frame, "", "params.lr", "metrics.loss DESC") == "cabdf"
    assert found(frame, "", "duration") == "bafdc"
    assert found(frame, "", "experiment DESC", "start_time ASC") == "dfabc"


def test_that_a_wrong_filter_or_order_is_refused_with_its_place(frame: Frame) -> None:
    with pytest.raises(Invalid, match="wrong at character 12"):
        run_index.query(frame, "params.lr =")
    for wrong in ("metrics.loss SIDEWAYS", "loss", "", "datasets.name", "metrics.loss DESC DESC"):
        with pytest.raises(Invalid):
            run_index.query(frame, "", [wrong])


def test_that_a_pattern_too_long_to_be_looked_for_is_refused(frame: Frame) -> None:
    assert found(frame, f"params.lr LIKE '{'_' * 6000}' or params.lr LIKE '0.1%'") == "ba"
    with pytest.raises(Invalid, match="too long"):
        run_index.query(frame, f"params.lr LIKE '{'_' * 200_000}'")


def test_that_a_part_of_a_selection_is_read_alone(frame: Frame) -> None:
    selection = run_index.query(frame, "", ["start_time"])
    assert len(selection) == 5
    assert [row.run_id for row in run_index.rows(selection[1:3])] == ["b", "c"]
    assert frame.value(selection[-1], "run_id") == "f"
    (row,) = run_index.rows(selection[:1], only=["p:lr"])
    assert (row.params, row.metrics, row.name) == ({"lr": "0.1"}, {}, "Forest one")


def test_that_groups_average_seeds_away(frame: Frame) -> None:
    groups = run_index.group(run_index.query(frame), ["p:lr"])
    assert groups.keys() == [("0.02",), ("0.1",), (None,)]
    assert groups.sizes.tolist() == [1, 2, 2]
    stats = groups.stats("m:loss")
    assert stats.count.tolist() == [0, 2, 1]
    assert stats.mean[1] == pytest.approx(0.4)
    assert stats.std[1] == pytest.approx(np.std([0.5, 0.3], ddof=1))
    assert (stats.min[1], stats.max[1], stats.max[2]) == (0.3, 0.5, math.inf)
    assert all(math.isnan(value) for value in (stats.mean[0], stats.min[0], stats.std[0], stats.std[2]))
    members = Selection(frame, groups.members(1))
    assert [row.run_id for row in run_index.rows(members)] == ["b", "a"]


def test_that_groups_by_two_columns_and_by_numbers_hold_only_what_occurs(frame: Frame) -> None:
    everything = run_index.query(frame)
    assert run_index.group(everything, ["p:seed", "p:lr"]).keys() == [
        ("1", "0.02"), ("1", "0.1"), ("2", "0.1"), (None, None),
    ]  # fmt: skip
    assert run_index.group(everything, ["experiment", "status"]).keys() == [
        ("churn", "FAILED"), ("churn", "FINISHED"), ("prices", "FINISHED"),
    ]  # fmt: skip
    *keys, last = run_index.group(everything, ["m:loss"]).keys()
    assert keys[:3] == [(0.3,), (0.5,), (math.inf,)]
    assert math.isnan(keys[3][0])  # type: ignore[arg-type]
    assert last == (None,)
    assert run_index.group(everything, []).keys() == [()]
    assert run_index.group(everything, []).sizes.tolist() == [5]
    assert run_index.group(everything[:0], ["p:lr"]).keys() == []
    assert run_index.group(everything[:0], ["p:lr"]).stats("m:loss").mean.tolist() == []


def test_that_groups_of_many_runs_are_what_plain_python_counts(home: Home) -> None:
    make_index(layout.folder(home, "personal", "1"), runs=3000, chunk=700)
    frame = run_index.open_runs(home, PERSONAL, [Made("1", "made")])
    selection = run_index.query(frame, "metrics.metric_00 < 0.7")
    expected: dict[tuple[str, str], list[float]] = {}
    for row in run_index.rows(selection):
        expected.setdefault((row.params["param_01"], row.tags["tag_00"]), []).append(row.metrics["metric_00"])
    groups = run_index.group(selection, ["p:param_01", "t:tag_00"])
    stats = groups.stats("m:metric_00")
    assert groups.keys() == sorted(expected)
    assert groups.keys(3, 5) == sorted(expected)[3:5]
    for place, key in enumerate(sorted(expected)):
        assert stats.count[place] == groups.sizes[place] == len(groups.members(place)) == len(expected[key])
        assert stats.mean[place] == pytest.approx(np.mean(expected[key]))
        assert (stats.min[place], stats.max[place]) == (min(expected[key]), max(expected[key]))


def test_that_completion_offers_names_and_values_that_exist_the_commonest_first(frame: Frame) -> None:
    assert run_index.complete(frame, "params.lr = ", 12) == ("'0.1'", "'0.02'")
    assert run_index.complete(frame, "status = '", 10) == ("'FINISHED'", "'FAILED'")
    assert run_index.complete(frame, "lo", 2) == ("metrics.loss",)
    assert run_index.values(frame, "name", most=2) == tuple(
        row.name for row in run_index.rows(Selection(frame, np.arange(2)))
    )


def test_that_a_frame_is_itself_until_something_is_written(home: Home, frame: Frame, fill: Fill) -> None:
    assert run_index.refreshed(frame) is frame
    before = frame.numbers("m:loss")
    segments.touch(layout.folder(home, "personal", "1"), as_of=99, source={})
    looked = run_index.refreshed(frame)
    assert looked is not frame
    assert looked.numbers("m:loss") is before
    fill({"run_id": "g", "start_time": 7})
    assert (found(run_index.refreshed(looked)), found(frame)) == ("gfdcba", "fdcba")
    segments.discard(layout.folder(home, "personal", "1"))
    assert found(run_index.refreshed(looked)) == "fd"


def test_that_the_first_question_needs_no_pandas(home: Home, frame: Frame) -> None:
    code = (
        "import sys, pathlib, datetime\n"
        "from longshore.settings import open_home\n"
        "from longshore.store.records import Workspace\n"
        "from longshore.tracking import run_index\n"
        "from tests.support.made_index import Made\n"
        "personal = Workspace('personal', 'personal', '', 'none', '', True, datetime.datetime.now())\n"
        "frame = run_index.open_runs(open_home(pathlib.Path(sys.argv[1])), personal, [Made('1', 'a'), Made('2', 'b')])\n"
        "chosen = run_index.query(frame, \"metrics.loss < 1 or forest or params.lr like '%1' or run_id in ('a')\","
        " ['params.lr', 'metrics.loss DESC', 'run_name', 'experiment', 'duration'])\n"
        "run_index.rows(chosen)\n"
        "run_index.group(chosen, ['p:lr', 'm:loss']).stats('m:loss')\n"
        "run_index.complete(frame, 'params.lr = ', 12)\n"
        "run_index.query(frame, \"datasets.name = 'a'\")\n"
        "assert 'pandas' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home.path)], check=True, timeout=60)
