"""The last state of a table, on screen before anything else is loaded."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from longshore.settings import Home, open_home
from longshore.tracking.rows import RunRow, RunTable
from longshore.tracking.snapshot import load_last, save_last

START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)


def row(number: int) -> RunRow:
    return RunRow(
        run_id=f"{number:032x}",
        name=f"run {number}",
        status="RUNNING" if number % 2 else "FINISHED",
        start_time=START,
        end_time=None if number % 2 else START,
        user="ada",
        experiment_id="1",
        experiment="é",
        params={f"param {index}": str(index * number) for index in range(15)},
        metrics={f"metric {index}": index * 0.1 for index in range(10)} | {"worst": float("inf")},
        tags={"mlflow.log-model.history": "x" * 5000, "team": "blue"},
    )


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return open_home(tmp_path)


def test_that_a_table_comes_back_with_its_time_and_without_tags_that_fill_the_disk(home: Home) -> None:
    table = RunTable(tuple(map(row, range(300))), 12_000, START, "more")
    save_last(home, "runs/churn model", table)
    found = load_last(home, "runs/churn model")
    assert found is not None
    assert (found.total, found.as_of, found.next_token, len(found.rows)) == (12_000, START, None, 200)
    assert found.rows[1].tags == {"team": "blue"}
    assert (found.rows[1].params, found.rows[1].metrics) == (row(1).params, row(1).metrics)
    assert (found.rows[0].end_time, found.rows[1].end_time) == (START, None)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version": 99}', b'{"version": 1, "rows": [[1]]}', b"\xff"])
def test_that_a_damaged_file_is_as_good_as_none(home: Home, content: bytes) -> None:
    save_last(home, "key", RunTable((), 0, START, None))
    (file,) = (home.index / "last").iterdir()
    file.write_bytes(content)
    assert load_last(home, "key") is None


def test_that_a_table_that_was_never_saved_is_none_and_keys_do_not_mix(home: Home) -> None:
    save_last(home, "a/b", RunTable((row(1),), 1, START, None))
    assert load_last(home, "a\\b") is None


def test_that_a_home_that_cannot_be_written_costs_nothing_but_the_file(home: Home) -> None:
    home.index.write_text("a file where a folder should be")
    save_last(home, "key", RunTable((), 0, START, None))
    assert load_last(home, "key") is None


def test_that_loading_needs_the_standard_library_alone_and_is_quick(home: Home) -> None:
    save_last(home, "key", RunTable(tuple(map(row, range(200))), 200, START, None))
    code = (
        "import sys, pathlib\n"
        "from longshore.settings import open_home\n"
        "from longshore.tracking.snapshot import load_last\n"
        "assert len(load_last(open_home(pathlib.Path(sys.argv[1])), 'key').rows) == 200\n"
        "heavy = {'httpx', 'numpy', 'sqlmodel', 'sqlalchemy', 'pydantic', 'yaml'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home.path)], check=True, timeout=30)
    began = time.thread_time()  # the thread's own time: what else runs on the computer says nothing about it
    load_last(home, "key")
    assert time.thread_time() - began < 0.1  # some 5 ms
