"""Which rows count where later tables win over earlier ones, and in which order runs stand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from longshore.tracking.index import bridge
from longshore.tracking.index.columns import GONE, LIFECYCLE, RUN_ID, START_TIME

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def latest(tables: Sequence[pa.Table]) -> list[np.ndarray | None]:
    """Give, per table, the numbers of the rows that no later table replaces; None stands for all.

    Each table holds a run once, as every segment does.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    found: list[np.ndarray | None] = []
    newer: list[pa.Array] = []
    for table in reversed(tables):
        ids = table[RUN_ID]
        rows = None
        if newer:
            replaced = bridge.ndarray(pc.is_in(ids, value_set=pa.concat_arrays(newer)))
            rows = np.flatnonzero(~replaced) if replaced.any() else None
        found.append(rows)
        newer.extend(ids.chunks)
    return found[::-1]


def without_gone(table: pa.Table, rows: np.ndarray | None) -> np.ndarray | None:
    """Give the rows that are no tombstones; None stands for all."""
    import numpy as np
    import pyarrow.compute as pc

    gone = bridge.flags(pc.equal(table[LIFECYCLE], bridge.string(GONE)))
    if not gone.any():
        return rows
    return np.flatnonzero(~gone) if rows is None else rows[~gone[rows]]


def once(table: pa.Table) -> pa.Table:
    """Give a table with each run once: its last row."""
    import numpy as np

    ids = table[RUN_ID].combine_chunks().dictionary_encode()
    if len(ids.dictionary) == len(table):
        return table
    last = np.empty(len(ids.dictionary), np.int64)
    last[bridge.ndarray(ids.indices)] = np.arange(len(table))
    return table.take(bridge.places(np.sort(last)))


def natural_order(start_ms: pa.ChunkedArray, run_ids: pa.ChunkedArray) -> np.ndarray | None:
    """Give the order in which MLflow lists runs: newest first, those of one moment by id; None if it holds already."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if start_ms.null_count == 0 and bool((np.diff(bridge.ndarray(start_ms)) < 0).all()):
        return None
    # Nulls come last by default, as MLflow has them.
    order = bridge.ndarray(
        pc.sort_indices(
            pa.table({START_TIME: start_ms, RUN_ID: run_ids}),
            sort_keys=[(START_TIME, "descending"), (RUN_ID, "ascending")],
        )
    )
    return None if bool((order[1:] > order[:-1]).all()) else order
