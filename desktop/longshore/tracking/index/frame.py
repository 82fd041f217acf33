"""All runs of some experiments as they stand in the index: immutable, and read column by column when asked."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from longshore.settings import Home
from longshore.tracking.index import bridge, columns, parts, vectors
from longshore.tracking.index.columns import METRIC, PARAM, TAG
from longshore.tracking.index.parts import ExperimentLike, Opened, Part
from longshore.tracking.index.vectors import Numbers, Texts
from longshore.tracking.rows import ColumnSet, RunRow, sorted_columns

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# Columns that no file holds: the experiment's name, and milliseconds from start to end.
EXPERIMENT, DURATION = "experiment", "duration"
_DISTINCT = (columns.RUN_ID, columns.NAME, columns.ARTIFACT_URI)
# Columns in use at once; more would bring a wide index into memory whole.
_KEPT = 96
# Whole rows of more columns than this are read without keeping in memory what was read for them.
_WIDE = 300


class Frame:
    """The runs of some experiments. Rows are numbered from 0 in no meaningful order: `natural` gives MLflow's.

    Any thread may ask. Raises IndexBroken wherever a damaged column is asked for.
    """

    def __init__(
        self,
        opened: Sequence[Opened],
        vectors: OrderedDict[str, Numbers | Texts] | None = None,
        extra: Mapping[str, Numbers] | None = None,
    ) -> None:
        self.opened = tuple(opened)
        # Columns that no file holds, such as the best values of a metric.
        self.extra = dict(extra or {})
        self.parts = tuple(part for each in opened for part in each.parts)
        self._starts = [0]
        for part in self.parts:
            self._starts.append(self._starts[-1] + len(part))
        self._vectors: OrderedDict[str, Numbers | Texts] = OrderedDict(vectors or {})
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def as_of(self) -> datetime | None:
        """When the source was last looked at: the oldest of the experiments; None where one was never read."""
        times = [each.manifest.as_of if each.manifest else None for each in self.opened]
        known = [moment for moment in times if moment is not None]
        return datetime.fromtimestamp(min(known), UTC) if known and len(known) == len(times) else None

    @property
    def complete(self) -> bool:
        """Tell whether every run was read once."""
        return all(each.manifest is not None and each.manifest.complete for each in self.opened)

    @property
    def expected(self) -> int | None:
        """How many rows the source is known to hold, None where it did not say."""
        counts = [each.manifest.expected if each.manifest else None for each in self.opened]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    @property
    def broken(self) -> tuple[str, ...]:
        """The ids of the experiments whose index can't be read: their runs are missing until it is filled again."""
        return tuple(each.experiment_id for each in self.opened if each.broken)

    @cached_property
    def columns(self) -> ColumnSet:
        """The names that occur, tags without MLflow's own and ours."""
        found = self._names
        return sorted_columns(
            params=(name[2:] for name in found if name.startswith(PARAM)),
            metrics=(name[2:] for name in found if name.startswith(METRIC)),
            tags=(name[2:] for name in found if name.startswith(TAG)),
        )

    def has(self, column: str) -> bool:
        """Tell whether a column exists; the attributes do always."""
        known = column in self._names or column in columns.ATTRIBUTES or column in (EXPERIMENT, DURATION)
        return known or column in self.extra

    def column(self, column: str) -> Numbers | Texts:
        """Give a column's values, all absent where no run has one. Raises: KeyError for no name of a column."""
        if column in self.extra:
            return self.extra[column]
        with self._lock:
            if column in self._vectors:
                self._vectors.move_to_end(column)
                return self._vectors[column]
        found = self._read(column)
        with self._lock:
            self._vectors[column] = found
            if len(self._vectors) > _KEPT:
                self._vectors.popitem(last=False)
        return found

    def numbers(self, column: str) -> Numbers:
        """Give a metric, a time in ms, or the duration in ms."""
        found = self.column(column)
        if not isinstance(found, Numbers):
            raise KeyError(column)
        return found

    def texts(self, column: str) -> Texts:
        """Give a param, a tag or a textual attribute."""
        found = self.column(column)
        if not isinstance(found, Texts):
            raise KeyError(column)
        return found

    def lists(self, column: str) -> pa.ChunkedArray:
        """Give the datasets or the models of every row."""
        import pyarrow as pa

        return pa.chunked_array([part.array(column) for part in self.parts], columns.type_of(column))

    @cached_property
    def run_ids(self) -> pa.ChunkedArray:
        """The id of every row."""
        import pyarrow as pa

        return pa.chunked_array([part.array(columns.RUN_ID) for part in self.parts], pa.string())

    def row_of(self, run_id: str) -> int | None:
        """Give the row of a run, None where it is not there."""
        import pyarrow.compute as pc

        found = int(pc.index(self.run_ids, bridge.string(run_id)).as_py())
        return None if found < 0 else found

    @cached_property
    def natural(self) -> np.ndarray:
        """The rows as MLflow lists them: newest first, those of one moment by id, those without a time last."""
        import numpy as np

        if len(self.parts) < 2:
            # A segment's rows lie so.
            return np.arange(len(self))
        starts = self.numbers(columns.START_TIME)
        keys = np.where(starts.is_present, -starts.values, np.inf)
        order = np.argsort(keys, kind="stable")
        return self._ties_by_id(order, keys[order])

    def value(self, row: int, column: str) -> Any:
        """Give one cell: a text, a float for a metric, ms for a time, a list; None where nothing is."""
        if column in self.extra:
            numbers = self.extra[column]
            return float(numbers.values[row]) if numbers.is_present[row] else None
        part, place = self._place(row)
        if column == EXPERIMENT:
            return part.experiment
        if column == DURATION:
            start, end = self.value(row, columns.START_TIME), self.value(row, columns.END_TIME)
            return None if start is None or end is None else end - start
        return part.chunks(column)[place].as_py() if part.has(column) else None

    def rows(self, numbers: Iterable[int], only: Iterable[str] | None = None) -> tuple[RunRow, ...]:
        """Give runs as the table shows them. `only`: the params, metrics and tags that are wanted; None: all."""
        import numpy as np

        wanted = np.fromiter(numbers, np.int64)
        names = None if only is None else set(only)
        found: dict[int, RunRow] = {}
        owner = np.searchsorted(self._starts, wanted, side="right") - 1
        for number in np.unique(owner):
            mine = np.flatnonzero(owner == number)
            past = self._past(wanted[mine], names)
            runs = _run_rows(self.parts[number], wanted[mine] - self._starts[number], names, past)
            found.update(zip(mine, runs, strict=True))
        return tuple(found[place] for place in range(len(wanted)))

    def with_extra(self, extra: Mapping[str, Numbers]) -> Frame:
        """Give the same rows with these columns, in place of those that were added before."""
        if _same_columns(self.extra, extra):
            return self
        with self._lock:
            return Frame(self.opened, self._vectors, extra)

    def has_the_rows_of(self, other: Frame) -> bool:
        """Tell whether both were read from the same files."""
        return len(self.opened) == len(other.opened) and all(
            mine.parts is theirs.parts for mine, theirs in zip(self.opened, other.opened, strict=True)
        )

    def holds_the_same(self, other: Frame) -> bool:
        """Tell whether both hold the same rows, whenever they were looked at last."""
        return self.has_the_rows_of(other) and _same_columns(self.extra, other.extra)

    def refreshed(self) -> Frame:
        """Give the frame itself where nothing was written since it was opened, else a new one. Raises: Unavailable."""
        fresh = [parts.reopened(each) for each in self.opened]
        if all(new is old for new, old in zip(fresh, self.opened, strict=True)):
            return self
        # Where only the time of the last look is new, what was read stays.
        same = all(new.parts is old.parts for new, old in zip(fresh, self.opened, strict=True))
        with self._lock:
            return Frame(fresh, self._vectors if same else None, self.extra if same else None)

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset().union(*(part.table.column_names for part in self.parts))

    def _past(self, rows: np.ndarray, names: set[str] | None) -> list[dict[str, float]]:
        """Give what metrics were over their histories, per row. `names`: of these columns; None: of all."""
        found: list[dict[str, float]] = [{} for _ in rows]
        for name, numbers in self.extra.items():
            if names is None or name in names:
                cells = zip(found, numbers.values[rows].tolist(), numbers.is_present[rows].tolist(), strict=True)
                for past, value, there in cells:
                    if there:
                        past[name] = value
        return found

    def _place(self, row: int) -> tuple[Part, int]:
        from bisect import bisect_right

        if not 0 <= row < len(self):
            raise IndexError(row)
        number = bisect_right(self._starts, row) - 1
        part, local = self.parts[number], row - self._starts[number]
        return part, local if part.rows is None else int(part.rows[local])

    def _read(self, column: str) -> Numbers | Texts:
        import numpy as np
        import pyarrow as pa

        if columns.is_summary(column):
            # Nobody asked for it so far.
            return Numbers(np.full(len(self), np.nan), np.zeros(len(self), bool))
        if column == EXPERIMENT:
            names = bridge.strings([part.experiment for part in self.parts]).dictionary_encode()
            sizes = [len(part) for part in self.parts]
            return Texts(np.repeat(bridge.ndarray(names.indices), sizes), names.dictionary)
        if column == DURATION:
            start, end = self.numbers(columns.START_TIME), self.numbers(columns.END_TIME)
            return Numbers(end.values - start.values, start.is_present & end.is_present)
        kind = columns.type_of(column)
        if pa.types.is_list(kind):
            raise KeyError(column)
        pieces = [part.array(column) for part in self.parts]
        if column.startswith(METRIC) or pa.types.is_integer(kind):
            return vectors.numbers(pieces)
        return vectors.distinct_texts(pieces) if column in _DISTINCT else vectors.texts(pieces)

    def _ties_by_id(self, order: np.ndarray, keys: np.ndarray) -> np.ndarray:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        same = keys[1:] == keys[:-1]
        if not same.any():
            return order
        tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
        group = np.cumsum(np.append(True, ~same))[tied]
        rows = order[tied]
        by_id = pc.sort_indices(
            pa.table({"group": bridge.places(group), "id": self.run_ids.take(bridge.places(rows))}),
            sort_keys=[("group", "ascending"), ("id", "ascending")],
        )
        order = order.copy()
        order[tied] = rows[bridge.ndarray(by_id)]
        return order


def open_frame(home: Home, workspace: str, experiments: Sequence[ExperimentLike]) -> Frame:
    """Open the index of some experiments as it stands now. `workspace`: from `layout.workspace_key`.

    Raises: Unavailable if the files can't be read for want of rights.
    """
    return Frame([parts.open_experiment(home, workspace, experiment) for experiment in experiments])


def _same_columns(one: Mapping[str, Numbers], other: Mapping[str, Numbers]) -> bool:
    return one.keys() == other.keys() and all(one[name] is other[name] for name in one)


def _run_rows(part: Part, local: np.ndarray, names: set[str] | None, pasts: Sequence[dict[str, float]]) -> list[RunRow]:
    places = local if part.rows is None else part.rows[local]
    if names is None and len(part.table.column_names) > _WIDE:
        part = part.apart()

    def of(column: str) -> list[Any]:
        if not part.has(column):
            return [None] * len(places)
        found: list[Any] = part.chunks(column).take(bridge.places(places)).to_pylist()
        return found

    dicts: dict[str, list[dict[str, Any]]] = {kind: [{} for _ in places] for kind in (PARAM, METRIC, TAG)}
    for column in part.table.column_names:
        into = dicts.get(column[:2])
        if into is None or (names is not None and column not in names):
            continue
        for row, value in zip(into, of(column), strict=True):
            if value is not None:
                row[column[2:]] = value
    attributes = zip(*(of(name) for name in columns.ATTRIBUTES), strict=True)
    return [
        RunRow(
            run_id=run_id,
            name=name or "",
            status=status or "",
            start_time=_moment(start),
            end_time=_moment(end),
            user=user or "",
            experiment_id=experiment_id or "",
            experiment=part.experiment,
            params=params,
            metrics=metrics,
            tags=tags,
            past=past,
        )
        for (
            run_id,
            name,
            status,
            start,
            end,
            user,
            _lifecycle,
            _uri,
            experiment_id,
        ), params, metrics, tags, past in zip(attributes, dicts[PARAM], dicts[METRIC], dicts[TAG], pasts, strict=True)
    ]


def _moment(ms: int | None) -> datetime | None:
    if ms is None:
        return None
    try:
        return datetime.fromtimestamp(ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None  # no calendar has it
