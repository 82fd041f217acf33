"""A selection as a table reads it: a run is read when it comes into sight, its neighbours with it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, overload

from longshore.tracking.index import bridge, columns
from longshore.tracking.rows import ListedRows, Rows, RunRow, Spread

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.tracking.run_index import Selection

# Runs are read by so many, and so many lots are kept: some screens.
_LOT, _KEPT = 32, 64
# So many values tell how many decimals a column needs.
_SAMPLE = 500


class IndexedRows:
    """The runs of a selection, in its order. One thread may read; making it is for a worker.

    `only`: the params, metrics and tags that are shown, as `index.columns` names them: of thousands, few are read.
    """

    def __init__(self, selection: Selection, only: Sequence[str] | None = None) -> None:
        """Raises: IndexBroken."""
        self.selection, self._only = selection, only
        self._ids: pa.ChunkedArray = selection.frame.run_ids.take(bridge.places(selection.numbers))
        self._lots: OrderedDict[int, tuple[RunRow, ...]] = OrderedDict()

    def showing(self, only: Sequence[str]) -> IndexedRows:
        """Give the same runs, read with these columns."""
        if self._only is not None and set(only) <= set(self._only):
            return self
        return self._like(only)

    def apart(self) -> IndexedRows:
        """Give the same runs for another thread to read."""
        return self._like(self._only)

    def _like(self, only: Sequence[str] | None) -> IndexedRows:
        made = IndexedRows.__new__(IndexedRows)
        made.selection, made._only, made._ids, made._lots = self.selection, only, self._ids, OrderedDict()
        return made

    def __len__(self) -> int:
        return len(self.selection)

    def __iter__(self) -> Iterator[RunRow]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> RunRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[RunRow]: ...
    def __getitem__(self, place: int | slice) -> RunRow | Sequence[RunRow]:
        if isinstance(place, slice):
            return ListedRows(self[each] for each in range(*place.indices(len(self))))
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        lot, within = divmod(place % len(self), _LOT)
        return self._lot(lot)[within]

    def _lot(self, number: int) -> tuple[RunRow, ...]:
        if number not in self._lots:
            wanted = self.selection.numbers[number * _LOT : (number + 1) * _LOT]
            self._lots[number] = self.selection.frame.rows(wanted, self._only)
            if len(self._lots) > _KEPT:
                self._lots.popitem(last=False)
        self._lots.move_to_end(number)
        return self._lots[number]

    def ids(self, first: int, last: int) -> Sequence[str]:
        """Give the ids from one place to another, both included."""
        found: list[str] = self._ids.slice(first, last - first + 1).to_pylist()
        return found

    def run_ids(self, parts: Sequence[tuple[int, int]]) -> list[str]:
        """Give the ids of the runs of some stretches."""
        return [run_id for first, last in parts for run_id in self.ids(first, last)]

    def run_count(self, parts: Sequence[tuple[int, int]]) -> int:
        """Tell how many runs some stretches hold."""
        return sum(last - first + 1 for first, last in parts)

    def places(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Tell where runs stand, those that are there."""
        import pyarrow.compute as pc

        if not run_ids:
            return {}
        found = pc.index_in(bridge.strings(run_ids), self._ids).to_pylist()
        return {run_id: place for run_id, place in zip(run_ids, found, strict=True) if place is not None}

    def spread(self, metric: str, kind: str = columns.METRIC) -> Spread | None:
        """Give what the values of a metric are like."""
        import numpy as np

        column = kind + metric
        if not self.selection.frame.has(column):
            return None
        values = self.selection.frame.numbers(column).values[self.selection.numbers]
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        some = values[:: max(1, len(values) // _SAMPLE)]
        return Spread(float(values.min()), float(values.max()), tuple(some.tolist()))

    def same_runs(self, other: Rows) -> bool:
        """Tell whether the same runs stand in the same order."""
        if not isinstance(other, IndexedRows):
            return len(self) == len(other) and list(self.ids(0, len(self) - 1)) == [row.run_id for row in other]
        same: bool = self._ids.equals(other._ids)
        return same
