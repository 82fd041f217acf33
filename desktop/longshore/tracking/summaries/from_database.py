"""Summaries of histories from the personal workspace's own file, by the guarded reader of `index.from_sqlite`."""

from __future__ import annotations

import contextlib
import math
import sqlite3
import sys
from collections.abc import Iterator, Sequence

from longshore.errors import Unavailable
from longshore.progress import CancelToken
from longshore.tracking.index.from_sqlite import Database

# Least, greatest and mean value of a history.
Values = tuple[float, float, float]

# Rows of the table of metrics, of which more cannot be told apart sooner than read again.
MOST_NEW_ROWS = 2_000_000
_NUMBER = "CASE WHEN is_nan THEN NULL ELSE value END"
# A number near the largest makes a sum overflow: such a mean is taken of numbers that are smaller by this, and scaled.
_SMALLER = 2.0**-60
# By the run's own index, so that it takes as long as the histories are, whatever else the store holds.
_SUMMED = (
    f"SELECT run, min({_NUMBER}), max({_NUMBER}), avg({_NUMBER}), avg({_NUMBER} * {_SMALLER!r})"
    " FROM temp.wanted CROSS JOIN metrics INDEXED BY index_metrics_run_uuid_key_step"
    " ON run_uuid = run AND key = ? GROUP BY run"
)
# SQLite asks whether to go on after so many of its steps: every few milliseconds.
_STEPS = 50_000


def last_row(database: Database) -> int:
    """Give the number of the last row of the table of metrics. Raises: Unavailable."""
    return int(database.select("SELECT ifnull(max(rowid), 0) FROM metrics")[0][0])


def logged_since(database: Database, key: str, row: int) -> list[str] | None:
    """Give the runs that logged a metric behind a row; None where everything may be different. Raises: Unavailable."""
    last = last_row(database)
    if last < row or last - row > MOST_NEW_ROWS:
        return None
    if last == row:
        return []
    query = "SELECT DISTINCT run_uuid FROM metrics NOT INDEXED WHERE rowid > ? AND key = ?"
    return [run for (run,) in database.select(query, (row, key))]


def summed(database: Database, key: str, run_ids: Sequence[str], cancel: CancelToken) -> dict[str, Values]:
    """Give the values of those of some runs that logged a metric.

    NaN is no number, an infinity is one; a history of NaN alone is NaN. Raises: Unavailable; Cancelled.
    """
    with _stopped_by(database, cancel), database.snapshot(), database.holding(run_ids):
        rows = database.select(_SUMMED, (key,))
    return {run: _values(*numbers) for run, *numbers in rows}


def _values(least: float | None, greatest: float | None, mean: float | None, small_mean: float | None) -> Values:
    if least is None or greatest is None or mean is None or small_mean is None:
        return math.nan, math.nan, math.nan
    # MLflow keeps an infinity as the largest float.
    least, greatest = _infinite(least), _infinite(greatest)
    if math.isinf(least) or math.isinf(greatest):
        return least, greatest, least + greatest if _one_sided(least, greatest) else math.nan
    return least, greatest, mean if math.isfinite(mean) else small_mean / _SMALLER


def _one_sided(least: float, greatest: float) -> bool:
    return not (least == -math.inf and greatest == math.inf)


def _infinite(value: float) -> float:
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


@contextlib.contextmanager
def _stopped_by(database: Database, cancel: CancelToken) -> Iterator[None]:
    """End a query that somebody gave up, however long the histories are."""
    database.connection.set_progress_handler(lambda: cancel.cancelled, _STEPS)
    try:
        yield
    except (Unavailable, sqlite3.Error):
        cancel.check()
        raise
    finally:
        database.connection.set_progress_handler(None, 0)
