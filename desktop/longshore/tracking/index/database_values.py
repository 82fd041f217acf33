"""Params, tags and latest metrics out of MLflow's tables of one row per run and name."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from longshore.tracking.index import columns
from longshore.tracking.index.pivot import Gathered

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

PREFIXES = (columns.PARAM, columns.METRIC, columns.TAG)
_TABLES = {columns.PARAM: "params", columns.TAG: "tags", columns.METRIC: "latest_metrics"}
# NaN is kept as a zero with a mark, an infinity as the largest float.
_VALUES = {
    columns.PARAM: "value",
    columns.TAG: "ifnull(value, '')",
    columns.METRIC: "CASE WHEN is_nan THEN NULL ELSE value END",
}
_BATCH = 50_000
# Rows that SQLite joins into one text: some hundred KB, at most some dozen MB.
_SLICE = 8192
# What stands between fields and between rows in it.
_FIELD, _ROW = "\x1f", "\x1e"


def of_wanted(connection: sqlite3.Connection, prefix: str, row_of: Mapping[str, int]) -> Gathered:
    """Give the values of the runs in `temp.wanted`. `row_of`: which row each run has. Raises: sqlite3.Error."""
    gathered = Gathered(prefix)
    table = f"temp.wanted CROSS JOIN {_TABLES[prefix]} ON run_uuid = run"
    _add_rows(gathered, connection.execute(f"SELECT key, {_VALUES[prefix]}, run_uuid FROM {table}"), prefix, row_of)
    return gathered


def of_all(connection: sqlite3.Connection, prefix: str, row_of: Mapping[str, int]) -> Gathered:
    """Give the values of those of all runs of the store that have a row. Raises: sqlite3.Error.

    To fetch millions of rows one by one takes longer than everything else, and holds other threads up. So SQLite joins
    many into one text, which Arrow takes apart.
    """
    gathered = Gathered(prefix)
    ((last,),) = connection.execute(f"SELECT ifnull(max(rowid), 0) FROM {_TABLES[prefix]}").fetchall()
    for first in range(0, int(last) + 1, _SLICE):
        _add_slice(gathered, connection, prefix, row_of, (first, first + _SLICE - 1))
    return gathered


def _add_slice(
    gathered: Gathered, connection: sqlite3.Connection, prefix: str, row_of: Mapping[str, int], ends: tuple[int, int]
) -> None:
    import pyarrow as pa

    metric = prefix == columns.METRIC
    rows = f"{_TABLES[prefix]} NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
    joined = "run || x'1f' || key" if metric else "run || x'1f' || key || x'1f' || value"
    ((text, count),) = connection.execute(
        f"SELECT CAST(group_concat({joined}, x'1e') AS BLOB), count(*)"
        f" FROM (SELECT run_uuid AS run, key, {_VALUES[prefix]} AS value FROM {rows})",
        ends,
    ).fetchall()
    if text is None:
        return
    parts = _taken_apart(text, count, 2 if metric else 3)
    if parts is None:
        found = connection.execute(f"SELECT key, {_VALUES[prefix]}, run_uuid FROM {rows}", ends)
        _add_rows(gathered, found, prefix, row_of)
        return
    runs = parts[0].dictionary_encode()
    values = parts[-1]
    if metric:
        values = _numbers([value for (value,) in connection.execute(f"SELECT {_VALUES[prefix]} FROM {rows}", ends)])
    lookup = _rows([row_of.get(run, -1) for run in runs.dictionary.to_pylist()])
    gathered.add(lookup[runs.indices.to_numpy()], parts[1].cast(pa.string()), values)


def _taken_apart(text: bytes, count: int, fields: int) -> list[pa.Array] | None:
    """Give the fields of joined rows; None where a value holds what separates them, or is no text."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        whole = pa.array([text], pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return None
    rows = pc.split_pattern(whole, _ROW).flatten()
    if len(rows) != count:
        return None
    parts = pc.split_pattern(rows, _FIELD).flatten()
    if len(parts) != count * fields:
        return None
    starts = np.arange(count) * fields
    return [parts.take(pa.array(starts + field)) for field in range(fields)]


def _add_rows(gathered: Gathered, cursor: sqlite3.Cursor, prefix: str, row_of: Mapping[str, int]) -> None:
    """Add values one by one, with the rows of their runs, -1 for runs that have none."""
    import pyarrow as pa

    while True:
        rows: list[int] = []
        names: list[str] = []
        values: list[Any] = []
        # Not a list of tuples: the garbage collector would look through all of them again and again.
        for name, value, run in islice(cursor, _BATCH):
            rows.append(row_of.get(run, -1))
            names.append(name)
            values.append(value)
        if not rows:
            return
        made = _numbers(values) if prefix == columns.METRIC else pa.array(values, pa.string())
        gathered.add(_rows(rows), pa.array(names, pa.string()), made)


def _rows(rows: list[int]) -> np.ndarray:
    import numpy as np

    return np.array(rows, np.int64)


def _numbers(values: list[float | None]) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    numbers = np.array(values, np.float64)  # None becomes NaN
    largest = np.abs(numbers) == sys.float_info.max
    if largest.any():
        numbers[largest] = np.copysign(np.inf, numbers[largest])
    return pa.array(numbers)
