"""Runs in CSV and Parquet: pandas reads back what the index holds."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from longshore.errors import Cancelled, Invalid, Unavailable
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store import workspaces
from longshore.tracking import run_index
from longshore.tracking.experiment_list import Named
from longshore.tracking.export import export
from longshore.tracking.index import layout, segments
from longshore.tracking.index.columns import metric, param, tag
from tests.tracking.index.conftest import table

ODD = 'a, "quoted"\nvalue 🚢'


@pytest.fixture
def selection(home: Home) -> run_index.Selection:
    rows = [
        {
            "run_id": f"{number:032x}",
            "name": f"run-{number}",
            "status": "FINISHED",
            "start_time": 1_760_000_000_000 + number * 1000,
            "end_time": 1_760_000_002_500 + number * 1000 if number else None,
            "experiment_id": "1",
            param("text"): ODD if number else "plain",
            **({metric("loss"): (math.nan, math.inf, 0.1)[number]} if number else {}),
            tag("team"): "blue",
        }
        for number in range(3)
    ]
    folder = layout.folder(home, "personal", "1")
    segments.append(folder, [table(rows)], as_of=1.0, complete=True, expected=3, source={})
    frame = run_index.open_runs(home, workspaces.get(home, None), [Named("1", "churn")])
    return run_index.query(frame, "", ["attributes.run_name ASC"])


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_that_pandas_reads_back_what_was_logged(selection: run_index.Selection, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"runs{ending}"
    assert export(selection, file) == 3
    found = pd.read_csv(file, keep_default_na=True) if ending == ".csv" else pd.read_parquet(file)
    assert list(found["name"]) == ["run-0", "run-1", "run-2"]
    assert list(found["params.text"]) == ["plain", ODD, ODD]
    assert list(found["experiment"]) == ["churn"] * 3
    assert list(found["tags.team"]) == ["blue"] * 3
    assert math.isnan(found["metrics.loss"][0])
    assert (found["metrics.loss"][1], found["metrics.loss"][2]) == (math.inf, 0.1)
    assert found["duration_s"][1] == 2.5
    assert math.isnan(found["duration_s"][0])
    assert pd.to_datetime(found["start_time"])[1].isoformat().startswith("2025-10-09T08:53:21")
    assert [each.name for each in tmp_path.iterdir() if each.is_file() and "runs" in each.name] == [file.name]


def test_that_another_ending_and_an_unwritable_place_are_said(selection: run_index.Selection, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="neither in"):
        export(selection, tmp_path / "runs.xlsx")
    with pytest.raises(Unavailable, match="cannot be written"):
        export(selection, tmp_path / "no such folder" / "runs.csv")


def test_that_a_cancelled_export_leaves_the_old_file(selection: run_index.Selection, tmp_path: Path) -> None:
    file = tmp_path / "runs.csv"
    file.write_text("old")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        export(selection, file, cancel=token)
    assert file.read_text() == "old"
