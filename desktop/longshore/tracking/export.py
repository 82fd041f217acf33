"""Runs in a file that other programs read: CSV or Parquet, every value as it was logged."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import Invalid, Unavailable
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking.index import bridge, columns
from longshore.tracking.index.frame import DURATION, EXPERIMENT
from longshore.tracking.index.vectors import Numbers

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from longshore.tracking.run_index import Selection

KINDS = (".csv", ".parquet")
_ATTRIBUTES = (
    columns.RUN_ID, columns.NAME, EXPERIMENT, columns.STATUS, columns.START_TIME, columns.END_TIME, DURATION, columns.USER,
)  # fmt: skip
_TITLES = {DURATION: "duration_s"}
_GROUPS = {
    columns.PARAM: "params.", columns.METRIC: "metrics.", columns.TAG: "tags.",
    **{letter: f"{kind}." for kind, letter in columns.SUMMARIES.items()},
}  # fmt: skip


def export(
    selection: Selection,
    file: Path,
    *,
    past: Sequence[str] = (),
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> int:
    """Write every column of some runs, in their order, and give how many there are. The file appears whole or not at all.

    Columns are named as in filters: `params.lr`, `metrics.val_mae`; times are UTC. `past`: columns of the frame that say what
    metrics were over their histories, too: `best.val_mae`.
    Raises: Invalid for another ending than .csv or .parquet; Unavailable if it can't be written; Cancelled; IndexBroken.
    """
    if file.suffix.lower() not in KINDS:
        raise Invalid(f"{file.name} ends neither in .csv nor in .parquet.", hint="The ending chooses the format.")
    found = selection.frame.columns
    names = [
        *_ATTRIBUTES,
        *map(columns.param, found.params), *map(columns.metric, found.metrics), *past, *map(columns.tag, found.tags),
    ]  # fmt: skip
    made: dict[str, pa.Array] = {}
    for number, name in enumerate(names):
        if cancel is not None:
            cancel.check()
        progress(number / (len(names) + 1), title(name))
        made[title(name)] = _column(selection, name)
    _write(made, file)
    return len(selection)


def title(column: str) -> str:
    """Give a column's name in the file."""
    group = _GROUPS.get(column[:2])
    return _TITLES.get(column, column) if group is None else group + column[2:]


def _column(selection: Selection, name: str) -> pa.Array:
    import pyarrow as pa

    rows, column = selection.numbers, selection.frame.column(name)
    if not isinstance(column, Numbers):
        return bridge.coded(column.codes[rows], column.values).cast(pa.string())
    values, present = column.values[rows], column.is_present[rows]
    if name == DURATION:
        return bridge.array(values / 1000, present)
    if name in columns.TIME_ATTRIBUTES:
        return bridge.array(_whole(values), present).cast(pa.timestamp("ms", "UTC"))
    return bridge.array(values, present)


def _whole(values: np.ndarray) -> np.ndarray:
    import numpy as np

    whole: np.ndarray = np.nan_to_num(values, nan=0.0).astype(np.int64)
    return whole


def _write(made: dict[str, pa.Array], file: Path) -> None:
    import pyarrow as pa

    fresh = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        table = pa.table(made)
        if file.suffix.lower() == ".parquet":
            from pyarrow import parquet

            parquet.write_table(table, fresh)
        else:
            from pyarrow import csv

            csv.write_csv(table, fresh)
        fresh.replace(file)
    except OSError as error:
        raise Unavailable(
            f"{file} cannot be written: {error.strerror or error}.",
            hint="Choose a folder that you may write to, with room left.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            fresh.unlink(missing_ok=True)
