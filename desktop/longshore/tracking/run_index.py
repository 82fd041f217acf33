"""The run index as window, commands and notebooks ask it: open, filter and sort, read rows, group. Nothing here writes.

Importing it costs nothing; the first question loads Arrow (some 0.2 s): ask off the window's thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from longshore.errors import Invalid
from longshore.settings import Home
from longshore.tracking import filters
from longshore.tracking.archive import ARCHIVED
from longshore.tracking.index import bridge, columns, evaluate, language, layout, ordering
from longshore.tracking.index import frame as frames
from longshore.tracking.index import grouping as groupings
from longshore.tracking.index.frame import Frame
from longshore.tracking.index.grouping import Groups, Stats
from longshore.tracking.index.manifest import IndexBroken
from longshore.tracking.index.parts import ExperimentLike
from longshore.tracking.index.varying import varying
from longshore.tracking.index.vectors import Texts
from longshore.tracking.index.words import Problem, WrongFilter
from longshore.tracking.rows import Grouping, RunRow

if TYPE_CHECKING:
    import numpy as np

    from longshore.store.records import Workspace
    from longshore.tracking.index.group_rows import GroupRows

__all__ = [
    "ExperimentLike", "Frame", "Groups", "IndexBroken", "Problem", "Selection", "Stats", "check", "complete", "group",
    "group_rows", "load", "open_runs", "query", "refreshed", "rows", "values", "varying",
]  # fmt: skip

_MOST_VALUES = 200


@dataclass(frozen=True, eq=False)
class Selection:
    """Some rows of a frame, in order."""

    frame: Frame
    numbers: np.ndarray  # of rows, int64

    def __len__(self) -> int:
        return len(self.numbers)

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> Selection: ...
    def __getitem__(self, place: int | slice) -> int | Selection:
        """Give the number of one row, or a part of the selection."""
        if isinstance(place, slice):
            return Selection(self.frame, self.numbers[place])
        return int(self.numbers[place])


def load() -> None:
    """Import what a first question needs, some 0.3 s, for who knows that one will come."""
    import importlib

    for name in ("pyarrow.compute", "longshore.tracking.index.row_view", "longshore.tracking.index.sync"):
        importlib.import_module(name)


def open_runs(home: Home, workspace: Workspace, experiments: Sequence[ExperimentLike]) -> Frame:
    """Open what the index holds of some experiments; those that were never filled are empty.

    `frame.as_of`, `complete`, `expected` and `broken` say how far it can be trusted.
    Raises: Unavailable if its files can't be read.
    """
    return frames.open_frame(home, layout.workspace_key(workspace), experiments)


def refreshed(frame: Frame) -> Frame:
    """Give the frame itself where nothing was written since it was opened, else a new one: cheap enough to poll.

    Raises: Unavailable if its files can't be read.
    """
    return frame.refreshed()


def check(filter: str) -> Problem | None:
    """Give the first mistake of a filter, None where there is none."""
    return language.check(filter)


def query(
    frame: Frame, filter: str = "", order_by: Sequence[str] = (), *, trash: bool = False, archived: bool = False
) -> Selection:
    """Give the runs that fit, in order, newest first where nothing is asked for.

    `order_by`: such as `metrics.rmse DESC`, `attributes.start_time`, `duration`. `trash`: those that were deleted.
    `archived`: with the archived runs, too; a filter that speaks of their tag has them in any case.
    Raises: Invalid that says where the filter is wrong; IndexBroken.
    """
    try:
        expression = language.parse(filter)
        orders = [ordering.parse(clause) for clause in order_by]
    except WrongFilter as wrong:
        raise filters.wrong(wrong.problem) from wrong
    lifecycle = columns.DELETED if trash else columns.ACTIVE
    fits = _mask(frame, expression) & evaluate.equals(frame, columns.LIFECYCLE, lifecycle)
    tag = columns.TAG + ARCHIVED
    if not archived and ARCHIVED not in filter and frame.has(tag):
        fits &= ~frame.texts(tag).is_present
    return Selection(frame, ordering.ordered(frame, None if fits.all() else fits, orders))


def rows(selection: Selection, only: Sequence[str] | None = None) -> tuple[RunRow, ...]:
    """Read the runs of a selection; give as much of one as is shown: `selection[0:50]`.

    `only`: the params, metrics and tags that are wanted, as `index.columns` names them; None: all.
    Raises: IndexBroken.
    """
    return selection.frame.rows(selection.numbers, only)


def group(selection: Selection, by: Sequence[str]) -> Groups:
    """Group runs by params, tags or attributes, as `index.columns` names them; metrics are summed up when asked for.

    Raises: KeyError for no name of a column; IndexBroken.
    """
    return groupings.group(selection.frame, selection.numbers, by)


def group_rows(
    selection: Selection, grouping: Grouping, order_by: Sequence[str] = (), only: Sequence[str] = ()
) -> GroupRows:
    """Group runs as a table shows them, sorted by what stands for the first of `order_by`.

    `only`: the columns that are shown. Raises: Invalid, KeyError for no name of a column; IndexBroken.
    """
    from longshore.tracking.index.group_rows import GroupRows

    try:
        order = ordering.parse(order_by[0]) if order_by else None
    except WrongFilter as wrong:
        raise filters.wrong(wrong.problem) from wrong
    return GroupRows(selection, grouping, order, only)


def complete(frame: Frame, filter: str, position: int) -> tuple[str, ...]:
    """Give what can stand for the word before `position`: names, signs, or values that exist."""
    return filters.complete(
        filter, position, frame.columns, servers=False, values=lambda kind, key: _known(frame, kind, key)
    )


def values(frame: Frame, column: str, *, most: int = _MOST_VALUES) -> tuple[str, ...]:
    """Give the texts that a column holds, the commonest first. Raises: KeyError if it holds none; IndexBroken."""
    import numpy as np

    texts: Texts = frame.texts(column)
    counts = np.bincount(texts.codes[texts.codes >= 0], minlength=len(texts.values))
    order = np.argsort(-counts, kind="stable")[:most]
    found = texts.values.take(bridge.places(order[counts[order] > 0])).to_pylist()
    return tuple(dict.fromkeys(found))


def _mask(frame: Frame, expression: language.Expression) -> np.ndarray:
    import pyarrow as pa

    try:
        return evaluate.mask(frame, expression)
    except pa.ArrowInvalid as error:
        # SQLite too refuses a pattern of 50,000 signs.
        raise Invalid("A text that the filter looks for is too long.", details=str(error)[:300]) from error


def _known(frame: Frame, kind: str, key: str) -> tuple[str, ...]:
    if kind == "datasets":
        return ()
    return values(frame, evaluate.column_of(kind, key))
