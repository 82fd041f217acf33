"""Runs by what they have in common: how many, and what their metrics are on average and at best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from longshore.tracking.index.vectors import Numbers

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.index.frame import Frame

Key = str | float | None
# Up to this many combinations, present or not, a table of all is smaller work than sorting.
_TABLE = 4_000_000


@dataclass(frozen=True, eq=False)
class Stats:
    """What a metric is in each group. Shape: (groups,). NaN where no run of a group has a number."""

    count: np.ndarray  # of the runs that have a number
    mean: np.ndarray
    std: np.ndarray  # of a sample; NaN for a single run
    min: np.ndarray
    max: np.ndarray


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows grouped by some columns, the groups in the order of their values, with absent ones last."""

    by: tuple[str, ...]
    sizes: np.ndarray  # runs per group
    _examples: np.ndarray = field(repr=False)  # a row of each group, which knows the group's values
    _frame: Frame = field(repr=False)
    _rows: np.ndarray = field(repr=False)
    _numbers: np.ndarray = field(repr=False)  # the group of each row

    def __len__(self) -> int:
        return len(self.sizes)

    def keys(self, start: int = 0, stop: int | None = None) -> list[tuple[Key, ...]]:
        """Give the values that the runs of some groups share, in the order of `by`. Raises: IndexBroken."""
        rows = self._examples[start:stop]
        if not self.by:
            return [()] * len(rows)
        return list(zip(*(_values(self._frame, rows, column) for column in self.by), strict=True))

    def members(self, group: int) -> np.ndarray:
        """Give a group's rows, in the order in which they were given."""
        stop = int(self._stops[group])
        rows: np.ndarray = self._rows[self._by_group[stop - int(self.sizes[group]) : stop]]
        return rows

    def rows_of(self, groups: Sequence[int]) -> np.ndarray:
        """Give the rows of several groups, group after group."""
        import numpy as np

        places = np.full(len(self), -1)
        places[np.asarray(groups, np.int64)] = np.arange(len(groups))
        found = places[self._numbers]
        wanted = np.flatnonzero(found >= 0)
        rows: np.ndarray = self._rows[wanted[_argsort(found[wanted], len(self))]]
        return rows

    def stats(self, column: str) -> Stats:
        """Sum up a metric, a time or the duration. NaN is no number; an infinity is one. Raises: IndexBroken."""
        import numpy as np

        values = self._frame.numbers(column).values[self._rows]
        known = ~np.isnan(values)
        values, groups = values[known], self._numbers[known]
        count = np.bincount(groups, minlength=len(self))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            mean = np.bincount(groups, values, len(self)) / count
            squares = np.bincount(groups, (values - mean[groups]) ** 2, len(self))
            std = np.sqrt(squares / np.where(count > 1, count - 1, np.nan))
        low, high = self._extremes(values, groups, count)
        return Stats(count, mean, std, low, high)

    def _extremes(self, values: np.ndarray, groups: np.ndarray, count: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import numpy as np

        low, high = np.full(len(self), np.nan), np.full(len(self), np.nan)
        if len(values):
            together = values[_argsort(groups, len(self))]
            filled = count > 0
            starts = (np.cumsum(count) - count)[filled]
            low[filled] = np.minimum.reduceat(together, starts)
            high[filled] = np.maximum.reduceat(together, starts)
        return low, high

    @cached_property
    def _by_group(self) -> np.ndarray:
        return _argsort(self._numbers, len(self))

    @cached_property
    def _stops(self) -> np.ndarray:
        import numpy as np

        return np.cumsum(self.sizes)


def group(frame: Frame, rows: np.ndarray, by: Sequence[str]) -> Groups:
    """Group rows by columns; without columns, all are one group.

    Raises: KeyError for no name of a column; IndexBroken.
    """
    import numpy as np

    numbers, count = np.zeros(len(rows), np.int64), min(len(rows), 1)
    for column in by:
        own, levels = _levels(frame, rows, column)
        numbers, count = _compacted(numbers * levels + own, count * levels)
    examples = np.empty(count, np.int64)
    examples[numbers[::-1]] = rows[::-1]
    return Groups(tuple(by), np.bincount(numbers, minlength=count), examples, frame, rows, numbers)


def _levels(frame: Frame, rows: np.ndarray, column: str) -> tuple[np.ndarray, int]:
    """Give the rank of each row's value, the last for absent ones, and how many ranks there may be."""
    import numpy as np

    found = frame.column(column)
    if isinstance(found, Numbers):
        distinct, ranks = np.unique(found.values[rows], return_inverse=True)
        return np.where(found.is_present[rows], ranks, len(distinct)), len(distinct) + 1
    # Ranks begin with 1; the code -1 finds what stands behind all.
    highest = int(found.ranks.max(initial=0))
    ranks = np.append(found.ranks - 1, highest)
    return ranks[found.codes[rows]], highest + 1


def _values(frame: Frame, rows: np.ndarray, column: str) -> list[Key]:
    found = frame.column(column)
    if not isinstance(found, Numbers):
        return list(found.decoded(rows))
    present = found.is_present[rows]
    return [float(value) if there else None for value, there in zip(found.values[rows], present, strict=True)]


def _compacted(codes: np.ndarray, total: int) -> tuple[np.ndarray, int]:
    """Number the codes that occur from 0, in their order."""
    import numpy as np

    if total > _TABLE:
        distinct, numbers = np.unique(codes, return_inverse=True)
        return numbers, len(distinct)
    occurs = np.zeros(total, bool)
    occurs[codes] = True
    return (np.cumsum(occurs) - 1)[codes], int(occurs.sum())


def _argsort(groups: np.ndarray, count: int) -> np.ndarray:
    import numpy as np

    # Short integers are sorted digit by digit.
    keys = groups.astype(np.int16) if count < 2**15 else groups
    return np.argsort(keys, kind="stable")
