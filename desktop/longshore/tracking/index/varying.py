"""Which columns tell runs apart: those in which not every run has the same value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from longshore.progress import CancelToken
from longshore.tracking.index.vectors import Numbers

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.run_index import Selection


def varying(selection: Selection, columns: Iterable[str], cancel: CancelToken | None = None) -> tuple[str, ...]:
    """Give those of some columns in which the runs differ; a run that has no value differs from one that has.

    Raises: KeyError for no name of a column; IndexBroken; Cancelled.
    """
    found = []
    for column in columns:
        if cancel is not None:
            cancel.check()
        if _differs(selection, column):
            found.append(column)
    return tuple(found)


def _differs(selection: Selection, column: str) -> bool:
    rows, found = selection.numbers, selection.frame.column(column)
    if not len(rows):
        return False
    if isinstance(found, Numbers):
        return _numbers_differ(found.values[rows], found.is_present[rows])
    codes = found.codes[rows]
    if codes.min() == codes.max():
        return False
    # Equal texts may have codes of their own where nearly each run has another.
    if codes.min() < 0:
        return True
    ranks = found.ranks[codes]
    return bool(ranks.min() != ranks.max())


def _numbers_differ(values: np.ndarray, present: np.ndarray) -> bool:
    import numpy as np

    if not present.any():
        return False
    if not present.all():
        return True
    no_number = np.isnan(values)
    if no_number.any():
        return not bool(no_number.all())
    return bool(values.min() != values.max())
