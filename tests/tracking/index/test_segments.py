"""What was written into an index is there, once a run, whatever else happens to the files."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.errors import Conflict, Unavailable
from longshore.tracking.index import files, layout, living, segments
from longshore.tracking.index.columns import metric, param, tag, tombstones
from longshore.tracking.index.manifest import IndexBroken, Manifest
from tests.support.elsewhere import in_a_thread
from tests.tracking.index.conftest import table

Add = Callable[..., Manifest]


def contents(folder: Path) -> dict[str, dict[str, Any]]:
    """Give what a reader finds, without what is null."""
    found = files.open_segments(folder)
    assert found is not None
    result = {}
    for segment, rows in zip(found[1], living.latest(found[1]), strict=True):
        alive = living.without_gone(segment, rows)
        for row in (segment if alive is None else segment.take(alive)).to_pylist():
            assert row["run_id"] not in result
            result[row["run_id"]] = {name: value for name, value in row.items() if value is not None}
    return result


def test_that_a_folder_nobody_wrote_to_is_no_index(folder: Path) -> None:
    assert segments.read_manifest(folder) is None
    assert files.open_segments(folder) is None


def test_that_what_the_filler_says_comes_back(folder: Path) -> None:
    source = {"kind": "sqlite", "watermark": 5, "cursor": ["a", None]}
    segments.append(folder, [table([{}])], as_of=12.5, complete=False, expected=9, source=source)
    manifest = segments.read_manifest(folder)
    assert manifest is not None
    assert (manifest.as_of, manifest.complete, manifest.expected, manifest.source) == (12.5, False, 9, source)
    assert manifest.rows == 1
    segments.touch(folder, as_of=13, source={"kind": "rest"})
    manifest = segments.read_manifest(folder)
    assert manifest is not None
    assert (manifest.as_of, manifest.complete, manifest.expected) == (13, False, 9)
    assert manifest.source == {"kind": "rest"}


def test_that_later_rows_replace_earlier_ones_whole(folder: Path, add: Add) -> None:
    add({"run_id": "a", param("lr"): "1", tag("x"): "old"}, {"run_id": "b", param("lr"): "2"})
    add({"run_id": "a", param("lr"): "3"})
    found = contents(folder)
    assert (found["a"][param("lr")], found["b"][param("lr")]) == ("3", "2")
    assert tag("x") not in found["a"]


def test_that_a_run_that_stands_twice_in_what_is_added_counts_as_it_stands_last(folder: Path, add: Add) -> None:
    add({"run_id": "a", "name": "first"}, {"run_id": "b"}, {"run_id": "a", "name": "last"})
    assert contents(folder)["a"]["name"] == "last"


def test_that_a_run_deleted_for_good_stays_away_through_every_merge(folder: Path, add: Add) -> None:
    add(*({"run_id": f"old-{number}"} for number in range(200)))
    segments.append(folder, [tombstones(["old-7", "never-there"])], as_of=1, complete=True, expected=None, source={})
    for number in range(40):
        add({"run_id": f"new-{number}"})
        assert "old-7" not in contents(folder)
    assert len(contents(folder)) == 239
    add({"run_id": "old-7"})  # imported again
    assert "old-7" in contents(folder)


def test_that_files_stay_few_and_a_large_one_is_not_written_again_for_small_ones(folder: Path, add: Add) -> None:
    (base,) = add(*({"run_id": f"old-{number}"} for number in range(2000))).segments
    for number in range(60):
        manifest = add({"run_id": f"new-{number}", metric("loss"): float(number)})
        assert len(manifest.segments) <= 8
        assert manifest.segments[0] == base
    assert {file.name for file in folder.glob("*.arrow")} == {segment.file for segment in manifest.segments}
    for _ in range(9):
        manifest = add(*({"run_id": f"new-{number}"} for number in range(700)))
    assert manifest.segments[0] != base
    assert len(contents(folder)) == 2700


def test_that_not_a_number_infinity_and_nothing_stay_three_things(folder: Path, add: Add) -> None:
    values = [math.nan, math.inf, -math.inf, 1.7976931348623157e308, -0.0, None]
    add(*({"run_id": str(place), metric("x"): value} for place, value in enumerate(values)))
    for number in range(20):
        add({"run_id": f"n{number}", "start_time": number})
    found = contents(folder)
    assert math.isnan(found["0"][metric("x")])
    assert [found[str(place)][metric("x")] for place in (1, 2, 3, 4)] == values[1:5]
    assert metric("x") not in found["5"]


def test_that_names_hold_any_character_and_differ_by_case(folder: Path, add: Add) -> None:
    names = ["Loss", "loss", "a/b.c", "line\nbreak", "'\"`", "😀", "م", "", "p:x", "a" * 6000]
    row = {metric(name): float(place) for place, name in enumerate(names)}
    row2 = {param(name): name for name in names}
    add({"run_id": "a"} | row | row2)
    assert contents(folder)["a"].items() >= (row | row2).items()


def test_that_twelve_thousand_names_are_written_merged_and_opened_in_seconds(folder: Path) -> None:
    names = [metric(f"m{number}") for number in range(10_000)] + [param(f"p{number}") for number in range(2_000)]
    began = time.process_time()  # its own time: other tests run beside it
    for run in range(10):
        values = [pa.array([float(run)]) if name.startswith("m:") else pa.array([str(run)]) for name in names]
        wide = pa.table([pa.array([str(run % 3)]), *values], names=["run_id", *names])
        segments.append(folder, [wide], as_of=1, complete=True, expected=None, source={})
    found = contents(folder)
    assert {run: row[names[-1]] for run, row in found.items()} == {"0": "9", "1": "7", "2": "8"}
    assert len(found["0"]) == len(names) + 1
    # Some 5 s on an idle machine; minutes where names are looked for one by one.
    assert time.process_time() - began < 60


def test_that_a_table_against_the_convention_is_refused(folder: Path) -> None:
    for wrong in (
        pa.table({"run_id": ["a"], "loss": [1.0]}),
        pa.table({"run_id": pa.array([None], pa.string())}),
        pa.table({"name": ["a"]}),
        pa.table({"run_id": ["a"], "m:x": ["text"]}),
    ):
        with pytest.raises((ValueError, pa.ArrowInvalid)):
            segments.append(folder, [wrong], as_of=1, complete=True, expected=None, source={})
    assert segments.read_manifest(folder) is None


def test_that_a_values_last_trace_goes_when_files_are_merged(folder: Path, add: Add) -> None:
    add(*({"run_id": str(number), tag("stage"): "old", tag("gone"): "x"} for number in range(10)))
    for _ in range(10):
        add(*({"run_id": str(number), tag("stage"): "new"} for number in range(10)))
    found = files.open_segments(folder)
    assert found is not None
    merged = found[1][0]
    assert tag("gone") not in merged.column_names
    assert merged[tag("stage")].chunk(0).dictionary.to_pylist() == ["new"]


def test_that_datasets_and_models_are_kept(folder: Path, add: Add) -> None:
    data = [{"name": "train.csv", "digest": "d1", "context": None}, {"name": "x", "digest": "d2", "context": "eval"}]
    add({"run_id": "a", "datasets": data, "models": ["m-1", "m-2"]}, {"run_id": "b"})
    found = contents(folder)
    assert (found["a"]["datasets"], found["a"]["models"]) == (data, ["m-1", "m-2"])
    assert "datasets" not in found["b"]


def test_that_rows_lie_newest_first_and_those_of_one_moment_by_id(folder: Path, add: Add) -> None:
    add(
        {"run_id": "b", "start_time": 5}, {"run_id": "c"}, {"run_id": "d", "start_time": 9},
        {"run_id": "a", "start_time": 5},
    )  # fmt: skip
    assert list(contents(folder)) == ["d", "a", "b", "c"]


def test_that_a_second_writer_waits_and_then_is_told(folder: Path, add: Add) -> None:
    with segments.writing(folder):
        add({"run_id": "a"})  # the holder itself may write

        def second() -> None:
            with pytest.raises(Conflict, match="another process"), segments.writing(folder, wait_s=0.05):
                pass

        in_a_thread(second)
    in_a_thread(lambda: add({"run_id": "b"}))
    assert set(contents(folder)) == {"a", "b"}


def test_that_everything_can_be_put_in_the_place_of_a_broken_index(folder: Path, add: Add) -> None:
    add({"run_id": "a"})
    (folder / "manifest.json").write_bytes(b"{")
    with pytest.raises(IndexBroken):
        add({"run_id": "b"})
    segments.replace_all(folder, [table([{"run_id": "c"}])], as_of=1, complete=True, expected=1, source={})
    assert set(contents(folder)) == {"c"}
    assert len(list(folder.glob("*.arrow"))) == 1
    segments.discard(folder)
    assert segments.read_manifest(folder) is None


def test_that_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Unavailable, match="cannot be written"):
        segments.append(tmp_path / "file", [], as_of=1, complete=True, expected=None, source={})


def test_that_no_name_leads_out_of_the_folder_or_into_anothers(tmp_path: Path) -> None:
    from longshore.settings import Home

    home = Home(tmp_path, "h")
    names = ["personal", "Personal", "1", "../x", "a/b", "a b", "", ".", "..", "con", "é" * 300, "01"]
    found = {layout.folder(home, name, name) for name in names}
    assert len({str(path).lower() for path in found}) == len(names)
    assert all(path.parent.parent == layout.root(home) and len(path.name) < 40 for path in found)


OPERATIONS = st.lists(
    st.lists(
        st.tuples(st.integers(0, 9), st.sampled_from(["put", "gone"]), st.sampled_from([None, "a", "b"])), max_size=4
    ),
    max_size=30,
)


@settings(max_examples=40, deadline=None)
@given(OPERATIONS)
def test_that_any_series_of_writes_leaves_what_a_dictionary_would_hold(
    tmp_path_factory: pytest.TempPathFactory, operations: list[list[tuple[int, str, str | None]]]
) -> None:
    folder = tmp_path_factory.mktemp("index")
    expected: dict[str, str | None] = {}
    for writes in operations:
        tables = []
        for run, what, value in writes:
            if what == "gone":
                tables.append(tombstones([str(run)]))
                expected.pop(str(run), None)
            else:
                tables.append(table([{"run_id": str(run), param("v"): value}]))
                expected[str(run)] = value
        segments.append(folder, tables, as_of=1, complete=True, expected=None, source={})
    if operations:
        assert {run: row.get(param("v")) for run, row in contents(folder).items()} == expected
