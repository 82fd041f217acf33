"""Which columns tell runs apart."""

from __future__ import annotations

import math

import pytest

from longshore.errors import Cancelled
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store import workspaces
from longshore.tracking import run_index
from longshore.tracking.experiment_list import Named
from longshore.tracking.index import layout, segments
from tests.tracking.index.conftest import Row, table

COLUMNS = ("p:same", "p:other", "p:some", "m:same", "m:nan", "m:mixed", "m:other", "t:none", "name", "experiment")


@pytest.fixture
def selection(home: Home) -> run_index.Selection:
    row = workspaces.get(home, "personal")
    folder = layout.folder(home, layout.workspace_key(row), "1")
    made: list[Row] = [
        {"run_id": str(n), "name": "equal", "start_time": n, "p:same": "x", "p:other": str(n), "m:same": 1.0,
         "m:nan": math.nan, "m:mixed": math.nan if n else 1.0, "m:other": float(n)}
        for n in range(3)
    ]  # fmt: skip
    made[0] |= {"p:some": "x"}
    for part in (made[:2], made[2:]):
        segments.append(folder, [table(part)], as_of=1, complete=True, expected=None, source={})
    return run_index.query(run_index.open_runs(home, row, [Named("1", "churn")]))


def test_that_only_what_tells_runs_apart_varies(selection: run_index.Selection) -> None:
    assert run_index.varying(selection, COLUMNS) == ("p:other", "p:some", "m:mixed", "m:other")
    assert run_index.varying(selection[:1], COLUMNS) == ()
    assert run_index.varying(selection[:0], COLUMNS) == ()


def test_that_looking_can_be_cancelled(selection: run_index.Selection) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        run_index.varying(selection, COLUMNS, token)
