"""Params, tags and latest metrics out of MLflow's tables of one row per run and name."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from longshore.tracking.index import bridge, columns
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
# Between joined texts. MLflow allows no comma in names, and SQLite is quickest with it; texts hold any sign.
_COMMA, _SIGN = ",", "\x1e"


class _Doubles(list[float | None]):
    """SQL's `doubles(value)`: numbers one behind another in a blob, as a processor holds them."""

    step = list.append

    def finalize(self) -> bytes:
        return _blob(self)


def of_wanted(connection: sqlite3.Connection, prefix: str, row_of: Mapping[str, int]) -> Gathered:
    """Give the values of the runs in `temp.wanted`. `row_of`: which row each run has. Raises: sqlite3.Error."""
    gathered = Gathered(prefix)
    table = f"temp.wanted CROSS JOIN {_TABLES[prefix]} ON run_uuid = run"
    _add_rows(gathered, connection.execute(f"SELECT key, {_VALUES[prefix]}, run_uuid FROM {table}"), prefix, row_of)
    return gathered


def of_all(connection: sqlite3.Connection, prefix: str, row_of: Mapping[str, int]) -> Gathered:
    """Give the values of those of all runs of the store that have a row. Raises: sqlite3.Error.

    To fetch millions of rows one by one takes longer than everything else, and holds other threads up. So SQLite joins
    the values of many into one text, which Arrow takes apart.
    """
    gathered = Gathered(prefix)
    connection.create_aggregate("doubles", 1, _Doubles)  # type: ignore[arg-type]
    ((last,),) = connection.execute(f"SELECT ifnull(max(rowid), 0) FROM {_TABLES[prefix]}").fetchall()
    for first in range(0, int(last) + 1, _SLICE):
        _add_slice(gathered, connection, prefix, row_of, (first, first + _SLICE - 1))
    return gathered


def _add_slice(
    gathered: Gathered, connection: sqlite3.Connection, prefix: str, row_of: Mapping[str, int], ends: tuple[int, int]
) -> None:
    rows = f"FROM {_TABLES[prefix]} NOT INDEXED WHERE rowid BETWEEN ? AND ?"
    joined = "doubles({})" if prefix == columns.METRIC else f"CAST(group_concat({{}}, '{_SIGN}') AS BLOB)"
    ((runs, names, values, count),) = connection.execute(
        "SELECT CAST(group_concat(run_uuid) AS BLOB), CAST(group_concat(key) AS BLOB),"
        f" {joined.format(_VALUES[prefix])}, count(*) {rows}",
        ends,
    ).fetchall()
    if not count:
        return
    try:
        parts = [bridge.split(runs, _COMMA), bridge.split(names, _COMMA)]
        parts.append(_numbers(values) if prefix == columns.METRIC else bridge.split(values, _SIGN))
    except ValueError:
        parts = []  # a text that is none
    if [len(part) for part in parts] != [count] * 3:
        # A name or a value holds what stands between them.
        found = connection.execute(f"SELECT key, {_VALUES[prefix]}, run_uuid {rows}", ends)
        _add_rows(gathered, found, prefix, row_of)
        return
    ids = parts[0].dictionary_encode()
    lookup = _rows([row_of.get(run, -1) for run in ids.dictionary.to_pylist()])
    gathered.add(lookup[bridge.ndarray(ids.indices)], parts[1], parts[2])


def _add_rows(gathered: Gathered, cursor: sqlite3.Cursor, prefix: str, row_of: Mapping[str, int]) -> None:
    """Add values one by one, with the rows of their runs, -1 for runs that have none."""
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
        made = _numbers(_blob(values)) if prefix == columns.METRIC else bridge.strings(values)
        gathered.add(_rows(rows), bridge.strings(names), made)


def _rows(rows: list[int]) -> np.ndarray:
    import numpy as np

    return np.array(rows, np.int64)


def _blob(numbers: list[float | None]) -> bytes:
    import numpy as np

    return np.array(numbers, np.float64).tobytes()  # None becomes NaN


def _numbers(doubles: bytes) -> pa.Array:
    import numpy as np

    numbers = np.frombuffer(doubles, np.float64)
    largest = np.abs(numbers) == sys.float_info.max
    return bridge.array(np.where(largest, np.copysign(np.inf, numbers), numbers) if largest.any() else numbers)
