"""Views of the run table: kept per project, changed by several at once, and read from files that nobody can trust."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import Conflict, Invalid, NotFound, Unavailable
from longshore.settings import Home
from longshore.store import view_state
from longshore.tracking import views
from longshore.tracking.rows import BEST, Grouping
from longshore.tracking.views import View

WHOLE = View(
    "baseline 🌲",
    ("metrics.val_mae", "params.lr"),
    "metrics.val_mae < 4 or params.lr = '0.1'",
    ("metrics.val_mae", True),
    Grouping(("p:lr", "t:stage", "experiment"), BEST),
    True,
    "compact",
    {"metrics.val_mae": 210, "name": 300},
    {
        "tab": "scatter",
        "smoothing": 40,
        "only": False,
        "metrics": ("a", "b"),
        "split": (700, 300),
        "baseline": "0" * 32,
    },
)


def names(home: Home, project: str | None = "churn") -> list[str]:
    return [view.name for view in views.listing(home, project)]


def test_that_a_view_comes_back_whole_and_belongs_to_its_project(home: Home) -> None:
    views.save(home, "churn", WHOLE)
    assert views.listing(home, "churn") == (WHOLE,)
    assert views.listing(home, "prices") == ()
    assert views.listing(home, None) == ()


def test_that_saving_again_replaces_a_view_and_what_comes_in_beside_gets_a_number(home: Home) -> None:
    views.save(home, "churn", View("a"))
    views.save(home, "churn", View("a", filter="metrics.x < 1"))
    assert views.listing(home, "churn") == (View("a", filter="metrics.x < 1"),)
    assert views.save(home, "churn", View("a"), over=False).name == "a 2"
    assert views.save(home, "churn", View("a"), over=False).name == "a 3"
    assert names(home) == ["a", "a 2", "a 3"]


def test_that_views_are_renamed_and_deleted_and_come_back(home: Home) -> None:
    for name in ("a", "b"):
        views.save(home, "churn", View(name))
    assert views.rename(home, "churn", "a", " c ").name == "c"
    assert names(home) == ["b", "c"]
    with pytest.raises(Conflict, match="called c already"):
        views.rename(home, "churn", "b", "c")
    with pytest.raises(NotFound):
        views.rename(home, "churn", "a", "d")
    gone = views.delete(home, "churn", "c")
    assert names(home) == ["b"]
    views.save(home, "churn", gone)
    assert names(home) == ["b", "c"]
    with pytest.raises(NotFound):
        views.delete(home, "churn", "x")


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "two\nlines", "\x00"])
def test_that_a_name_that_no_menu_could_show_is_refused(home: Home, name: str) -> None:
    with pytest.raises(Invalid):
        views.save(home, "churn", View(name))


def test_that_windows_that_save_at_the_same_time_lose_nothing(home: Home) -> None:
    views.save(home, "churn", View("first"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: views.save(home, "churn", View(f"view {number}")), range(12)))
    assert len(names(home)) == 13


def test_that_what_a_newer_version_saved_is_left_out_and_not_lost_to_a_crash(home: Home) -> None:
    view_state.save(home, "runs.views/churn", [{"name": "odd", "columns": 5}, {"name": "good"}, 7])
    assert names(home) == ["good"]
    views.save(home, "churn", View("more"))
    assert {"name": "odd", "columns": 5} in view_state.load(home, "runs.views/churn")
    view_state.save(home, "runs.views/churn", "nothing")
    assert names(home) == []


def test_that_a_colleague_reads_the_view_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "baseline.view.json"
    views.write(WHOLE, file)
    assert views.read(file) == WHOLE
    assert json.loads(file.read_text("utf-8"))["kind"] == "longshore-run-view"
    with pytest.raises(Unavailable):
        views.write(WHOLE, tmp_path / "missing" / "x.view.json")
    with pytest.raises(Unavailable):
        views.read(tmp_path / "missing.view.json")


def changed(**changes: Any) -> bytes:
    return json.dumps({"kind": "longshore-run-view", "version": 1, "name": "a", **changes}).encode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "does not say"),
        (b'{"kind": "longshore-run-view", "version": 2}', "another version"),
        (b" " * 4_000_001, "larger than"),
        (changed(name=5), "its name is not a text"),
        (changed(name="a\nb"), "one line"),
        (changed(columns="all"), "its columns is not a list"),
        (changed(columns=["x"] * 20_001), "at most 20,000"),
        (changed(columns=[{"a": 1}]), "something that is no name"),
        (changed(filter="params.a ="), "its filter is wrong at character"),
        (changed(filter=["a"]), "its filter is not a text"),
        (changed(sort=["a", True]), "its sort"),
        (changed(sort={"column": "a", "ascending": "yes"}), "its sort"),
        (changed(group_by=["m:loss"]), "cannot be grouped by"),
        (changed(group_by=["../../etc"]), "cannot be grouped by"),
        (changed(aggregate="__import__('os')"), "none of mean, std, best"),
        (changed(density=3), "none of default, compact, comfortable"),
        (changed(widths=[["a", 100]]), "its widths are not those"),
        (changed(widths={"a": 10**9}), "between 1 and 2,000 pixels"),
        (changed(widths={"a": -5}), "between 1 and 2,000 pixels"),
        (changed(widths={"a": True}), "between 1 and 2,000 pixels"),
        (changed(widths={"a": "100"}), "between 1 and 2,000 pixels"),
        (changed(widths={"x" * 601: 100}), "between 1 and 2,000 pixels"),
        (changed(widths={f"c{n}": 100 for n in range(20_001)}), "at most 20,000 columns"),
        (changed(charts="curves"), "its charts are not"),
        (changed(charts={f"c{'a' * n}": 1 for n in range(101)}), "its charts are not at most 100 choices"),
        (changed(charts={"../tab": "curves"}), "no choice called"),
        (changed(charts={"tab": {"a": 1}}), "no text, no number"),
        (changed(charts={"tab": None}), "no text, no number"),
        (changed(charts={"height": 10**400}), "no text, no number"),
        (changed(charts={"smoothing": 1e308}), "no text, no number"),
        (changed(charts={"split": [[1], [2]]}), "something else than"),
        (changed(charts={"metrics": ["a"] * 2_001}), "something else than"),
        (changed(charts={"tab": "x" * 601}), "no text, no number"),
    ],
)
def test_that_a_hostile_file_gets_a_clear_error(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "hostile.view.json"
    file.write_bytes(content)
    with pytest.raises(Invalid, match=words) as refused:
        views.read(file)
    assert refused.value.hint
    assert len(refused.value.reason) < 400


def test_that_a_view_of_an_older_version_opens_and_says_nothing_of_widths_and_charts(tmp_path: Path) -> None:
    file = tmp_path / "older.view.json"
    file.write_bytes(changed(columns=["metrics.a"], density="compact"))
    older = views.read(file)
    assert (older.widths, older.charts) == (None, None)
    looks = View("now", ("metrics.a",), density="compact", widths={"metrics.a": 300}, charts={"tab": "box"})
    assert looks.looks_like(older), "what it says nothing of is no difference"
    assert not looks.looks_like(replace(looks, widths={}))
    assert not looks.looks_like(replace(looks, charts={"tab": "curves"}))
    views.write(older, file)
    assert not {"widths", "charts"} & set(json.loads(file.read_text("utf-8")))


def test_that_damaged_choices_of_the_comparison_are_left_out_of_a_view() -> None:
    kept = {"tab": "box", "odd": None, "split": [1, 2], "UPPER": 1, "deep": [[1]], "height": 40}
    assert views.checked_charts(kept) == {"tab": "box", "split": (1, 2), "height": 40}
    assert views.checked_charts("nothing") == {}
