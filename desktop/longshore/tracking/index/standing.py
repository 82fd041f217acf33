"""What an index holds of each run already, for whoever fills it: which runs, in which state, and what would be news."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.mlflow_rest.types import RUNNING, SCHEDULED
from longshore.tracking.index import bridge, columns, files, living
from longshore.tracking.index.columns import GONE, LIFECYCLE, METRIC, RUN_ID, START_TIME, STATUS

if TYPE_CHECKING:
    import pyarrow as pa

_STATE = (RUN_ID, STATUS, START_TIME, LIFECYCLE)
# To compare more costs longer than to write what is perhaps the same again.
_COMPARED = 5_000


def states(folder: Path) -> pa.Table:
    """Give id, status, start and lifecycle of every run of an index, in no order. Raises: IndexBroken."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = list(_living(folder, _STATE))
    if not found:
        return pa.table({name: pa.nulls(0, columns.type_of(name)) for name in _STATE})
    table = pa.concat_tables(found)
    return table.filter(pc.not_equal(table[LIFECYCLE], bridge.string(GONE)))


def run_ids(folder: Path) -> set[str]:
    """Give the ids of every run of an index, deleted ones too. Raises: IndexBroken."""
    return set(states(folder)[RUN_ID].to_pylist())


def among(folder: Path, chosen: Iterable[str]) -> set[str]:
    """Give those of some runs that an index has. Raises: IndexBroken."""
    import pyarrow.compute as pc

    ids = states(folder)[RUN_ID]
    return set(ids.filter(pc.is_in(ids, value_set=bridge.strings(sorted(chosen)))).to_pylist())


def running(folder: Path, most: int) -> list[str]:
    """Give the newest runs that were not over when they were read. Raises: IndexBroken."""
    import pyarrow.compute as pc

    table = states(folder)
    active = pc.and_(
        pc.is_in(table[STATUS], value_set=bridge.strings([RUNNING, SCHEDULED])),
        pc.equal(table[LIFECYCLE], bridge.string(columns.ACTIVE)),
    )
    chosen = table.filter(active).sort_by([(START_TIME, "descending")])
    found: list[str] = chosen[RUN_ID].slice(0, most).to_pylist()
    return found


def news(folder: Path, table: pa.Table) -> pa.Table:
    """Give those rows of a table that an index does not hold in the same words. Raises: IndexBroken."""
    import numpy as np

    if not 0 < len(table) <= _COMPARED:
        return table
    known: dict[str, str] = {}
    for part in _living(folder, None, table[RUN_ID]):
        known.update(_worded(part))
    fresh = [row for row, (run, words) in enumerate(_worded(table)) if known.get(run) != words]
    return table if len(fresh) == len(table) else table.take(bridge.places(np.array(fresh, np.int64)))


def _living(folder: Path, names: Sequence[str] | None, chosen: pa.Array | None = None) -> Iterable[pa.Table]:
    """Give the rows of each segment that no later one replaces, tombstones too; of `chosen` runs alone."""
    import numpy as np
    import pyarrow.compute as pc

    opened = files.open_segments(folder)
    tables = opened[1] if opened else ()
    for table, rows in zip(tables, living.latest(tables), strict=True):
        part = _sound(folder, table, table.column_names if names is None else names)
        if chosen is not None:
            wanted = np.flatnonzero(bridge.ndarray(pc.is_in(table[RUN_ID], value_set=chosen)))
            rows = wanted if rows is None else np.intersect1d(rows, wanted)
        yield part if rows is None else part.take(bridge.places(rows))


def _sound(folder: Path, table: pa.Table, names: Sequence[str]) -> pa.Table:
    """Give some columns that can be read without harm. Numbers always can."""
    import pyarrow as pa

    found = [table[name] if name.startswith(METRIC) else files.checked(folder, table, name) for name in names]
    return pa.table(found, names=list(names))


def _worded(table: pa.Table) -> list[tuple[str, str]]:
    """Give each run's id and all that is known of it as one text: NaN equals NaN there."""
    found: list[list[Any]] = [[] for _ in range(len(table))]
    for name in sorted(table.column_names):
        for row, value in enumerate(table[name].to_pylist()):
            if value is not None:
                found[row].append((name, value))
    return [(run, repr(words)) for run, words in zip(table[RUN_ID].to_pylist(), found, strict=True)]
