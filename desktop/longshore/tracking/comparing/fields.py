"""Parameters and metrics of many runs as columns of numbers, for charts of one against another.

A field is named as the run index names its column: `p:depth`, `m:val_mae`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.tracking.comparing.bands import value_order
from longshore.tracking.comparing.changes import as_number
from longshore.tracking.index import columns
from longshore.tracking.rows import ColumnSet, RunRow

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.run_index import Selection

# More texts than this are not told apart on an axis; the rarest share the last place.
MOST_NAMES = 40
# So many runs are looked at for which fields matter.
_SAMPLE = 200


@dataclass(frozen=True, eq=False)
class Field:
    """One field of some runs. Shape: (n,). NaN where a run has none, or no finite one."""

    id: str
    # For texts the place in `names`.
    numbers: np.ndarray
    names: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The name as it was logged."""
        return self.id[2:]

    @property
    def is_text(self) -> bool:
        """Tell whether the values are texts."""
        return bool(self.names)


@dataclass(frozen=True, eq=False)
class RunSet:
    """Some runs with some of their fields. Shape: all fields (n,)."""

    ids: tuple[str, ...]
    run_names: tuple[str, ...]
    fields: Mapping[str, Field]
    # Where each run stands.
    places: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.ids)


def field_ids(found: ColumnSet) -> tuple[str, ...]:
    """Name the fields that charts can show, metrics first; system metrics stand last."""
    return (*(columns.METRIC + name for name in found.metrics), *(columns.PARAM + name for name in found.params))


def varying(rows: Sequence[RunRow]) -> tuple[str, ...]:
    """Name the parameters whose values differ between runs, those that fewest values tell apart first."""
    counts: dict[str, dict[str, int]] = {}
    for row in rows[:_SAMPLE]:
        for name, value in row.params.items():
            counts.setdefault(name, {}).setdefault(value, 0)
            counts[name][value] += 1
    found = [name for name, values in counts.items() if len(values) > 1]
    return tuple(columns.PARAM + name for name in sorted(found, key=lambda name: (len(counts[name]), name)))


def of_rows(rows: Sequence[RunRow], ids: Iterable[str]) -> RunSet:
    """Give fields of runs that are at hand."""
    import numpy as np

    fields = {}
    for id in dict.fromkeys(ids):
        name = id[2:]
        if id.startswith(columns.METRIC):
            fields[id] = _metric(id, np.array([row.metrics.get(name, np.nan) for row in rows], float))
        else:
            texts = [row.params.get(name) for row in rows]
            distinct = sorted({text for text in texts if text is not None})
            places = {text: place for place, text in enumerate(distinct)}
            codes = np.array([-1 if text is None else places[text] for text in texts], np.int64)
            fields[id] = _param(id, codes, distinct)
    return run_set([row.run_id for row in rows], [row.name for row in rows], fields)


def run_set(ids: Sequence[str], names: Sequence[str], fields: Mapping[str, Field]) -> RunSet:
    """Put runs and their fields together."""
    return RunSet(tuple(ids), tuple(names), fields, {run_id: place for place, run_id in enumerate(ids)})


def of_selection(selection: Selection, ids: Iterable[str]) -> RunSet:
    """Give fields of runs in the index; one that no run has is all NaN. Raises: IndexBroken."""
    import numpy as np

    frame, rows = selection.frame, selection.numbers
    fields = {}
    for id in dict.fromkeys(ids):
        if not frame.has(id):
            fields[id] = Field(id, np.full(len(rows), np.nan))
        elif id.startswith(columns.METRIC):
            fields[id] = _metric(id, frame.numbers(id).values[rows])
        else:
            texts = frame.texts(id)
            codes = texts.codes[rows]
            used, compact = np.unique(codes[codes >= 0], return_inverse=True)
            mine = np.full(len(rows), -1, np.int64)
            mine[codes >= 0] = compact
            fields[id] = _param(id, mine, [str(text) for text in texts.values.take(_indices(used)).to_pylist()])
    names = frame.texts(columns.NAME).decoded(rows)
    run_ids = frame.texts(columns.RUN_ID).decoded(rows)
    return run_set([each or "" for each in run_ids], [each or "" for each in names], fields)


def _indices(places: np.ndarray) -> object:
    from longshore.tracking.index import bridge

    return bridge.places(places)


def _metric(id: str, values: np.ndarray) -> Field:
    import numpy as np

    return Field(id, np.where(np.isfinite(values), values, np.nan))


def _param(id: str, codes: np.ndarray, distinct: Sequence[str]) -> Field:
    """Turn codes of texts into numbers where all texts are, else into the places of their names."""
    import numpy as np

    numbers = [as_number(text) for text in distinct]
    # A place more: the code -1 finds it.
    if distinct and all(number is not None for number in numbers):
        table = np.array([*(np.nan if number is None else number for number in numbers), np.nan])
        table[~np.isfinite(table)] = np.nan
        return Field(id, table[codes])
    names = sorted(distinct, key=value_order)
    if len(names) > MOST_NAMES:
        counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
        common = np.argsort(-counts, kind="stable")[: MOST_NAMES - 1]
        names = sorted((distinct[place] for place in common), key=value_order)
    places = {name: place for place, name in enumerate(names)}
    others = len(distinct) - len(names)
    table = np.array([*(places.get(text, len(names)) for text in distinct), np.nan], float)
    shown = (*names, f"{others:,} others") if others else tuple(names)
    return Field(id, table[codes], shown)
