"""Merging segments: few files, no replaced rows, no values that no run holds any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.tracking.index import bridge, files, living
from longshore.tracking.index.columns import METRIC, PARAM, RUN_ID, START_TIME, TAG
from longshore.tracking.index.manifest import Segment

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# A large segment is written again only once the later ones reach this part of it.
_WORTH = 0.25


def merged(folder: Path, segments: Sequence[Segment]) -> list[Segment]:
    """Merge the last segments into one, as far back as it is worth it. Raises: IndexBroken; OSError."""
    first = _first_to_merge(segments)
    tables = [files.open_one(folder, segment) for segment in segments[first:]]
    for table in tables:
        for name in table.column_names:
            files.checked(folder, table, name)
    written = _write(folder, tables, next_number(segments), to_the_base=first == 0)
    return [*segments[:first], *written]


def next_number(segments: Sequence[Segment]) -> int:
    """Give the number that the next file carries, for eyes: the manifest alone decides the order."""
    return 1 + max(
        (int(segment.file.partition("-")[0]) for segment in segments if segment.file[:6].isdigit()), default=0
    )


def tidy(table: pa.Table) -> pa.Table:
    """Give a table without names that no run has, and with one dictionary per column."""
    empty = [name for name in table.column_names if name.startswith((PARAM, TAG, METRIC)) and _is_empty(table[name])]
    return table.drop_columns(empty).unify_dictionaries()


def _first_to_merge(segments: Sequence[Segment]) -> int:
    first = len(segments) - 2
    rows = segments[-1].rows + segments[-2].rows
    while first > 0 and rows >= _WORTH * segments[first - 1].rows:
        first -= 1
        rows += segments[first].rows
    return first


def _write(folder: Path, tables: Sequence[pa.Table], number: int, *, to_the_base: bool) -> list[Segment]:
    import numpy as np
    import pyarrow as pa

    kept = []
    offset = 0
    for table, rows in zip(tables, living.latest(tables), strict=True):
        # Below the merged segments there may be rows that the tombstones hide still.
        alive = living.without_gone(table, rows) if to_the_base else rows
        kept.append((np.arange(len(table)) if alive is None else alive) + offset)
        offset += len(table)
    rows = np.concatenate(kept)
    if not len(rows):
        return []
    whole = pa.concat_tables(tables, promote_options="default")
    whole = tidy(_forgotten(whole, rows))
    order = living.natural_order(whole[START_TIME].take(bridge.places(rows)), whole[RUN_ID].take(bridge.places(rows)))
    return [files.write(folder, number, whole, rows if order is None else rows[order])]


def _forgotten(table: pa.Table, rows: np.ndarray) -> pa.Table:
    """Take the values out of the dictionaries that only replaced rows hold."""
    import numpy as np
    import pyarrow as pa

    if len(rows) == len(table):
        return table
    dead = np.ones(len(table), bool)
    dead[rows] = False
    table = table.unify_dictionaries()
    alive = bridge.places(rows)
    # Setting thousands of columns one by one would copy thousands of schemas.
    fresh = []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name.startswith((PARAM, TAG)):
            fresh.append(_used_texts(column.combine_chunks(), dead))
        elif name.startswith(METRIC) and column.take(alive).null_count == len(rows):
            fresh.append(pa.nulls(len(table), pa.float64()))
        else:
            fresh.append(column)
    return pa.table(fresh, names=table.column_names)


def _used_texts(column: pa.DictionaryArray, dead: np.ndarray) -> pa.DictionaryArray:
    import numpy as np

    codes = np.where(bridge.present(column) & ~dead, bridge.ndarray(column.indices), -1)
    used = np.unique(codes[codes >= 0])
    fresh = np.where(codes >= 0, np.searchsorted(used, codes), -1)
    return bridge.coded(fresh, column.dictionary.take(bridge.places(used)))


def _is_empty(column: pa.ChunkedArray) -> bool:
    return bool(column.null_count == len(column))
