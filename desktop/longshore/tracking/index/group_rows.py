"""Groups of runs as a table reads them: a row for each group, and below one that is open, its runs."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, overload

from longshore.tracking.direction import less_is_better
from longshore.tracking.index import bridge, columns, grouping
from longshore.tracking.index.frame import DURATION
from longshore.tracking.index.row_view import IndexedRows
from longshore.tracking.rows import GROUP, MEAN, STD, Grouping, GroupRow, Rows, RunRow, Spread, Summary

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.index.grouping import Groups, Key, Stats
    from longshore.tracking.index.ordering import Order
    from longshore.tracking.run_index import Selection

# So many values tell how many decimals a column needs.
_SAMPLE = 500
# Of more groups than these, the runs are found by one look at all.
_FEW = 50
_TIMES = (columns.START_TIME, columns.END_TIME, DURATION)


class GroupRows:
    """The groups of a selection. One thread may read; making it is for a worker."""

    def __init__(self, selection: Selection, grouped: Grouping, order: Order | None, only: Sequence[str] = ()) -> None:
        """Group and sort. `only`: the metrics that are shown are summed up at once.

        Raises: KeyError for no name of a column; IndexBroken.
        """
        self.selection, self.grouping = selection, grouped
        self._groups: Groups = grouping.group(selection.frame, selection.numbers, grouped.by)
        self._keys: list[tuple[Key, ...]] = self._groups.keys()
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        self._stats: dict[str, Stats] = {}
        self._only, self._open = tuple(only), frozenset[str]()
        self._members: dict[int, IndexedRows] = {}
        self._order = self._ordered(order)
        for column in only:
            if _is_number(column):
                self.stats(column)
        self._lay_out()

    # -- what is asked of any rows ------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._starts[-1]

    def __iter__(self) -> Iterator[RunRow]:
        return (self[place] for place in range(len(self)))

    @overload
    def __getitem__(self, place: int) -> RunRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[RunRow]: ...
    def __getitem__(self, place: int | slice) -> RunRow | Sequence[RunRow]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        number, member = self._at(place % len(self))
        return self._group_row(number) if member < 0 else self._runs_of(number)[member]

    def ids(self, first: int, last: int) -> Sequence[str]:
        """Give what names the rows from one place to another, both included."""
        return [self._id(place) for place in range(first, last + 1)]

    def places(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Tell where groups and the runs of open groups stand."""
        groups = {each: number for each in run_ids if (number := self._number(each)) is not None}
        found = {each: self._starts[self._place_of[number]] for each, number in groups.items()}
        runs = [each for each in run_ids if not each.startswith(GROUP)]
        for number in self._open_numbers if runs else ():
            start = self._starts[self._place_of[number]] + 1
            found.update({run_id: start + at for run_id, at in self._runs_of(number).places(runs).items()})
        return found

    def spread(self, metric: str, kind: str = columns.METRIC) -> Spread | None:
        """Give what a metric is like among the groups."""
        import numpy as np

        if not self.selection.frame.has(kind + metric):
            return None
        values = self._aggregated(kind + metric)
        values = values[np.isfinite(values)]
        if not len(values):
            return None
        return Spread(
            float(values.min()), float(values.max()), tuple(values[:: max(1, len(values) // _SAMPLE)].tolist())
        )

    def same_runs(self, other: Rows) -> bool:
        """Tell whether the same rows stand in the same order."""
        return (
            isinstance(other, GroupRows)
            and len(self) == len(other)
            and (
                self._order is other._order
                or [self._keys[number] for number in self._order] == [other._keys[number] for number in other._order]
            )
            and self._open == other._open
            and all(self._runs_of(one).same_runs(other._runs_of(two)) for one, two in self._open_pairs(other))
        )

    def showing(self, only: Sequence[str]) -> GroupRows:
        """Give the same groups, read with these columns."""
        if set(only) <= set(self._only):
            return self
        return self._like(only=tuple(only), opened=self._open)

    def apart(self) -> GroupRows:
        """Give the same groups for another thread to read."""
        made = self._like(only=self._only, opened=self._open)
        made._members, made._stats = {}, dict(self._stats)
        return made

    def run_ids(self, parts: Sequence[tuple[int, int]]) -> list[str]:
        """Give the ids of the runs of some stretches, those of a group with it, each once."""
        found: dict[str, None] = {}
        for first, last in parts:
            runs, whole = self._stretch(first, last)
            if runs is not None:
                place, start, stop = runs
                found.update(dict.fromkeys(self._runs_of(self._order[place]).ids(start, stop)))
            found.update(dict.fromkeys(self._ids_of_groups(whole)))
        return list(found)

    def run_count(self, parts: Sequence[tuple[int, int]]) -> int:
        """Tell how many runs some stretches hold, those of a group with it."""
        import numpy as np

        whole = np.zeros(len(self._order), bool)
        single: list[tuple[int, int]] = []
        for first, last in parts:
            runs, groups = self._stretch(first, last)
            whole[groups.start : groups.stop] = True
            if runs is not None:
                single.append((runs[0], runs[2] - runs[1] + 1))
        sizes = self._groups.sizes[np.asarray(self._order, np.int64)[whole]]
        return int(sizes.sum()) + sum(count for place, count in single if not whole[place])

    def _stretch(self, first: int, last: int) -> tuple[tuple[int, int, int] | None, range]:
        """Give what a stretch holds: runs of the open group in which it begins (its place, first and last run), then whole groups."""
        place, end = (bisect_right(self._starts, each) - 1 for each in (first, last))
        within = first - self._starts[place] - 1
        if within < 0:
            return None, range(place, end + 1)
        stop = min(last, self._starts[place + 1] - 1) - self._starts[place] - 1
        return (place, within, stop), range(place + 1, end + 1)

    def _ids_of_groups(self, places: range) -> list[str]:
        """Give the ids of the runs of neighbouring groups, in the table's order."""
        import numpy as np

        if len(places) <= _FEW:
            members = [self._groups.members(self._order[place]) for place in places]
            rows = np.concatenate(members) if members else np.empty(0, np.int64)
        else:
            rows = self._groups.rows_of(self._order[places.start : places.stop])
        found: list[str] = self.selection.frame.run_ids.take(bridge.places(rows)).to_pylist()
        return found

    # -- groups -------------------------------------------------------------------------------------------------

    @property
    def group_count(self) -> int:
        """How many groups there are."""
        return len(self._groups)

    def shared_values(self) -> list[tuple[Key, ...]]:
        """Give the values that the runs of each group share, in the table's order."""
        return [self._keys[number] for number in self._order]

    @property
    def group_ids(self) -> tuple[str, ...]:
        """What names the groups, in their order."""
        return tuple(self._group_id(number) for number in self._order)

    def opened(self, group_ids: frozenset[str]) -> GroupRows:
        """Give the same groups with these open, and the others closed."""
        return self if group_ids == self._open else self._like(only=self._only, opened=group_ids)

    def group_of(self, place: int) -> str:
        """Name the group that a row is, or that it belongs to."""
        return self._group_id(self._at(place)[0])

    def stats(self, column: str) -> Stats:
        """Sum up a column of numbers. Shape: (groups,), in the order of the groups' values. Raises: IndexBroken."""
        if column not in self._stats:
            self._stats[column] = self._groups.stats(column)
        return self._stats[column]

    def _like(self, *, only: tuple[str, ...], opened: frozenset[str]) -> GroupRows:
        made = GroupRows.__new__(GroupRows)
        made.selection, made.grouping = self.selection, self.grouping
        made._groups, made._keys, made._numbers = self._groups, self._keys, self._numbers
        made._stats, made._order = self._stats, self._order
        made._only, made._open = only, opened
        made._members = dict(self._members) if only == self._only else {}
        made._lay_out()
        return made

    def _lay_out(self) -> None:
        import numpy as np

        numbers = (self._number(group_id) for group_id in self._open)
        self._open_numbers = frozenset(number for number in numbers if number is not None)
        lengths = np.ones(len(self._groups), np.int64)
        for number in self._open_numbers:
            lengths[number] += self._groups.sizes[number]
        # Where each group stands, and the end.
        self._starts: list[int] = [0, *np.cumsum(lengths[np.asarray(self._order, np.int64)]).tolist()]

    def _at(self, place: int) -> tuple[int, int]:
        """Give the group of a row and the run in it, -1 for the group itself."""
        at = bisect_right(self._starts, place) - 1
        return self._order[at], place - self._starts[at] - 1

    def _is_open(self, number: int) -> bool:
        return number in self._open_numbers

    def _open_pairs(self, other: GroupRows) -> Iterator[tuple[int, int]]:
        return ((number, other._numbers[self._keys[number]]) for number in self._open_numbers)

    @cached_property
    def _place_of(self) -> dict[int, int]:
        return {number: place for place, number in enumerate(self._order)}

    def _number(self, group_id: str) -> int | None:
        """Give the group that is named so, None where it is not there."""
        if not group_id.startswith(GROUP):
            return None
        return self._numbers.get(tuple(json.loads(group_id.removeprefix(GROUP))))

    def _group_id(self, number: int) -> str:
        return GROUP + json.dumps(self._keys[number])

    def _id(self, place: int) -> str:
        number, member = self._at(place)
        return self._group_id(number) if member < 0 else self._runs_of(number).ids(member, member)[0]

    def _runs_of(self, number: int) -> IndexedRows:
        if number not in self._members:
            from longshore.tracking.run_index import Selection

            members = Selection(self.selection.frame, self._groups.members(number))
            self._members[number] = IndexedRows(members, self._only)
        return self._members[number]

    def _group_row(self, number: int) -> GroupRow:
        wanted = [column for column in self._only if _is_number(column)]
        found = {column: summary for column in wanted if (summary := self._summary(column, number)) is not None}
        past = {column: summary for column, summary in found.items() if columns.is_summary(column)}
        summaries = {column[2:]: summary for column, summary in found.items() if column not in past}
        shared = dict(zip(self.grouping.by, self._keys[number], strict=True))
        params = {
            column[2:]: str(value) for column, value in shared.items() if column.startswith(columns.PARAM) and value
        }
        tags = {column[2:]: str(value) for column, value in shared.items() if column.startswith(columns.TAG) and value}
        return GroupRow(
            run_id=self._group_id(number),
            name=", ".join(f"{_title(column)} {_shown(value)}" for column, value in shared.items()),
            status="", start_time=None, end_time=None,
            user=str(shared.get(columns.USER) or ""),
            experiment_id="",
            experiment=str(shared.get("experiment") or ""),
            params=params,
            metrics={name: summary.value(self.grouping.aggregate) for name, summary in summaries.items()},
            tags=tags,
            title=", ".join(map(_shown, shared.values())),
            size=int(self._groups.sizes[number]),
            is_open=self._is_open(number),
            aggregate=self.grouping.aggregate,
            past={column: summary.value(self.grouping.aggregate) for column, summary in past.items()},
            summaries=summaries,
            past_summaries=past,
        )  # fmt: skip

    def _summary(self, column: str, number: int) -> Summary | None:
        if not self.selection.frame.has(column):
            return None
        stats = self.stats(column)
        if not stats.count[number]:
            return None
        best, worst = (stats.min, stats.max) if less_is_better(column[2:]) else (stats.max, stats.min)
        return Summary(
            int(stats.count[number]),
            float(stats.mean[number]),
            float(stats.std[number]),
            float(best[number]),
            float(worst[number]),
        )

    def _aggregated(self, column: str) -> np.ndarray:
        stats = self.stats(column)
        if column == columns.START_TIME:
            return stats.max
        if self.grouping.aggregate == MEAN or not _is_number(column):
            return stats.mean
        if self.grouping.aggregate == STD:
            return stats.std
        return stats.min if less_is_better(column[2:]) else stats.max

    def _ordered(self, order: Order | None) -> list[int]:
        """Give the groups' numbers in their order; those without a value stand last either way."""
        import numpy as np

        count = len(self._groups)
        if order is None:
            return list(range(count))
        if order.column in self.grouping.by:
            at = self.grouping.by.index(order.column)
            there = [number for number in range(count) if self._keys[number][at] is not None]
            there.sort(key=lambda number: self._rank(number, at), reverse=order.descending)
            return there + [number for number in range(count) if self._keys[number][at] is None]
        if order.column == columns.STATUS:
            values = self._groups.sizes.astype(np.float64)
        elif _is_number(order.column) or order.column in _TIMES:
            values = self._aggregated(order.column)
        else:
            return list(range(count))
        found: list[int] = np.argsort(-values if order.descending else values, kind="stable").tolist()
        return found

    def _rank(self, number: int, at: int) -> tuple[int, float | str]:
        value = self._keys[number][at]
        return (0, value) if isinstance(value, float) else (1, str(value))


def _is_number(column: str) -> bool:
    """Tell whether a column holds a metric's last values, or what they were over its history."""
    return column.startswith(columns.METRIC) or columns.is_summary(column)


def _title(column: str) -> str:
    return column[2:] if column.startswith((columns.PARAM, columns.TAG)) else column


def _shown(value: Key) -> str:
    return "none" if value is None else str(value)
