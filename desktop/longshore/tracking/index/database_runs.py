"""The attributes of runs out of MLflow's table of one row per run."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from longshore.tracking.index import bridge, columns

if TYPE_CHECKING:
    import pyarrow as pa

_FIELDS = {
    columns.RUN_ID: "run_uuid",
    columns.NAME: "name",
    columns.STATUS: "status",
    columns.START_TIME: "start_time",
    columns.END_TIME: "end_time",
    columns.USER: "user_id",
    columns.LIFECYCLE: "lifecycle_stage",
    columns.ARTIFACT_URI: "artifact_uri",
}
_ALL = ", ".join(_FIELDS.values())
_TEXTS = tuple(name for name in _FIELDS if name not in columns.TIME_ATTRIBUTES)
# Rows that SQLite joins into one text: some MB.
_SLICE = 8192
_SIGN = "\x1e"


def newest(connection: sqlite3.Connection, experiment_id: str, count: int) -> pa.Table:
    """Give some runs of an experiment in MLflow's order. Raises: sqlite3.Error; TypeError or ValueError for odd types."""
    # Later rows are newer, mostly: read backwards, nearly all are seen at once not to be among the newest.
    backwards = f"SELECT {_ALL} FROM runs WHERE experiment_id = ? ORDER BY rowid DESC LIMIT -1"
    found = connection.execute(
        f"SELECT * FROM ({backwards}) ORDER BY start_time DESC, run_uuid LIMIT ?", (int(experiment_id), count)
    )
    return _of_rows(found.fetchall())


def wanted(connection: sqlite3.Connection, experiment_id: str) -> pa.Table:
    """Give those of the runs in `temp.wanted` that are in an experiment. Raises: as `newest`."""
    found = connection.execute(
        f"SELECT {_ALL} FROM runs WHERE run_uuid IN (SELECT run FROM temp.wanted) AND experiment_id = ?",
        (int(experiment_id),),
    )
    return _of_rows(found.fetchall())


def of_all(connection: sqlite3.Connection, experiment_id: str) -> pa.Table:
    """Give all runs of an experiment, in no order. Raises: as `newest`."""
    import pyarrow as pa

    return pa.concat_tables([_of_rows([]), *_slices(connection, int(experiment_id))])


def _slices(connection: sqlite3.Connection, experiment_id: int) -> Iterator[pa.Table]:
    ((last,),) = connection.execute("SELECT ifnull(max(rowid), 0) FROM runs").fetchall()
    rows = "FROM runs NOT INDEXED WHERE experiment_id = ? AND rowid BETWEEN ? AND ?"
    joined = [
        f"CAST(group_concat({field}, '{_SIGN}') AS BLOB)" if name in _TEXTS else f"group_concat(ifnull({field}, ''))"
        for name, field in _FIELDS.items()
    ]
    some_null = " OR ".join(f"{_FIELDS[name]} IS NULL" for name in _TEXTS)
    for first in range(0, int(last) + 1, _SLICE):
        ends = (experiment_id, first, first + _SLICE - 1)
        ((count, nulls, *found),) = connection.execute(
            f"SELECT count(*), sum({some_null}), {', '.join(joined)} {rows}", ends
        ).fetchall()
        if count:
            part = None if nulls else _taken_apart(found, count)
            yield _of_rows(connection.execute(f"SELECT {_ALL} {rows}", ends).fetchall()) if part is None else part


def _taken_apart(found: Sequence[Any], count: int) -> pa.Table | None:
    """Give joined rows; None where a value holds what stands between them, or is of another type."""
    import pyarrow as pa

    try:
        parts = {
            name: bridge.split(joined, _SIGN) if name in _TEXTS else _times(joined)
            for name, joined in zip(_FIELDS, found, strict=True)
        }
    except ValueError:
        return None
    return pa.table(parts) if all(len(part) == count for part in parts.values()) else None


def _times(joined: str) -> pa.Array:
    return bridge.integers([int(time) if time else None for time in joined.split(",")])


def _of_rows(rows: Sequence[Sequence[Any]]) -> pa.Table:
    import pyarrow as pa

    values = zip(*rows, strict=True) if rows else [()] * len(_FIELDS)
    return pa.table({name: columns.made(name, each) for name, each in zip(_FIELDS, values, strict=True)})
