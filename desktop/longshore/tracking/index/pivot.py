"""From values one below another (run, name, value) to one column a name, as an index holds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from longshore.tracking.index import bridge
from longshore.tracking.index.columns import METRIC

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


class Gathered:
    """The params, tags or metrics of some runs, in any order; a run has a name once."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._rows: list[np.ndarray] = []
        self._names: list[pa.Array] = []
        self._values: list[pa.Array] = []

    def add(self, rows: np.ndarray, names: pa.Array, values: pa.Array) -> None:
        """Add some values; those of row -1 are left out.

        Shape: all of one length. `values` holds text or floats, without null.
        """
        import numpy as np

        if (rows < 0).any():
            chosen = np.flatnonzero(rows >= 0)
            places = bridge.places(chosen)
            rows, names, values = rows[chosen], names.take(places), values.take(places)
        self._rows.append(rows)
        # Names repeat, and so do most values: what is kept until the end is small.
        self._names.append(names.dictionary_encode())
        self._values.append(values if self._prefix == METRIC else values.dictionary_encode())

    def columns(self, count: int) -> Iterator[tuple[str, pa.Array]]:
        """Give a column per name, with its prefix, for `count` rows; null where a run has no such value."""
        import numpy as np

        if not any(len(rows) for rows in self._rows):
            return
        names, values = _joined(self._names), _joined(self._values)
        rows, codes = np.concatenate(self._rows), bridge.ndarray(names.indices)
        order = np.argsort(codes.astype(np.min_scalar_type(len(names.dictionary))), kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(names.dictionary)))
        make = _numbers if self._prefix == METRIC else _texts
        for code, name in enumerate(names.dictionary.to_pylist()):
            chosen = order[ends[code - 1] if code else 0 : ends[code]]
            if len(chosen):
                yield self._prefix + name, make(rows[chosen], values.take(bridge.places(chosen)), count)


def _joined(pieces: list[pa.Array]) -> pa.Array:
    import pyarrow as pa

    return pa.chunked_array(pieces).unify_dictionaries().combine_chunks()


def _numbers(rows: np.ndarray, values: pa.Array, count: int) -> pa.Array:
    import numpy as np

    # What is absent is told apart, since NaN is a value.
    column, present = np.zeros(count), np.zeros(count, bool)
    column[rows], present[rows] = bridge.ndarray(values), True
    return bridge.array(column, None if len(rows) == count else present)


def _texts(rows: np.ndarray, values: pa.DictionaryArray, count: int) -> pa.Array:
    import numpy as np

    # Its own dictionary: that of all names together would be written once per column.
    own = values.indices.dictionary_encode()
    codes = np.full(count, -1, np.int32)
    codes[rows] = bridge.ndarray(own.indices)
    return bridge.coded(codes, values.dictionary.take(own.dictionary))
