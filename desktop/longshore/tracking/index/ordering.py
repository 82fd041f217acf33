"""Sorting rows as MLflow does: what a run lacks comes last either way, and runs that are alike stand newest first."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.tracking.index import columns, language, words
from longshore.tracking.index.evaluate import column_of
from longshore.tracking.index.frame import DURATION, EXPERIMENT
from longshore.tracking.index.vectors import Numbers
from longshore.tracking.index.words import Problem, WrongFilter

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.index.frame import Frame

# Integers are sorted by digits of this base.
_DIGIT = 2**16


@dataclass(frozen=True)
class Order:
    """One column to sort by."""

    column: str
    descending: bool = False


def parse(clause: str) -> Order:
    """Read a clause such as `metrics.rmse DESC`, or `duration`. Raises: WrongFilter."""
    subject, *rest = words.tokens(clause)
    direction = rest[0].word if rest else ""
    if subject.kind != "field" or direction not in ("", "ASC", "DESC") or len(rest) > 1 + (direction != ""):
        raise WrongFilter(Problem(0, len(clause), "A column is expected here, such as metrics.rmse DESC."))
    if subject.value in (DURATION, EXPERIMENT):
        return Order(subject.value, direction == "DESC")
    prefix, _dot, key = subject.value.partition(".")
    if prefix in columns.SUMMARIES and key:
        return Order(columns.SUMMARIES[prefix] + _unquoted(key), direction == "DESC")
    kind, key = language.named(subject)
    if kind == "datasets":
        raise WrongFilter(Problem(0, len(subject.value), "Runs cannot be sorted by their datasets."))
    column = columns.NAME if (kind, key) == ("attributes", "run_name") else column_of(kind, key)
    return Order(column, direction == "DESC")


def _unquoted(key: str) -> str:
    return key[1:-1] if len(key) > 1 and key[0] == key[-1] and key[0] in '`"' else key


def ordered(frame: Frame, fits: np.ndarray | None, orders: Sequence[Order]) -> np.ndarray:
    """Give the rows that fit (None: all), in order. Raises: IndexBroken."""
    rows = frame.natural if fits is None else frame.natural[fits[frame.natural]]
    # The last one first: each sorting keeps what the ones before have done.
    for order in reversed(orders):
        rows = _sorted(frame, rows, order)
    return rows


def _sorted(frame: Frame, rows: np.ndarray, order: Order) -> np.ndarray:
    import numpy as np

    column = frame.column(order.column)
    if not isinstance(column, Numbers):
        codes = column.codes[rows]
        present = codes >= 0
        here = rows[present]
        return np.concatenate([here[_stable(column.ranks[codes[present]], order)], rows[~present]])
    # As in filters, an infinity is the largest float.
    values = np.clip(column.values[rows], -sys.float_info.max, sys.float_info.max)
    no_number = np.isnan(values)
    here = rows[~no_number]
    present = column.is_present[rows]
    return np.concatenate(
        [here[_stable(values[~no_number], order)], rows[no_number & present], rows[no_number & ~present]]
    )


def _stable(keys: np.ndarray, order: Order) -> np.ndarray:
    import numpy as np

    if keys.dtype != np.float64 and len(keys) and keys.max() < 2**31:
        return _by_digits(keys, descending=order.descending)
    return np.argsort(-keys if order.descending else keys, kind="stable")


def _by_digits(keys: np.ndarray, *, descending: bool) -> np.ndarray:
    """Sort numbers from 0 on, below 2**31: numpy sorts those of 16 bits digit by digit, six times as fast as others."""
    import numpy as np

    greatest = int(keys.max())
    keys = greatest - keys if descending else keys
    if greatest < _DIGIT:
        return np.argsort(keys.astype(np.uint16), kind="stable")
    order = np.argsort((keys % _DIGIT).astype(np.uint16), kind="stable")
    return order[np.argsort((keys[order] // _DIGIT).astype(np.uint16), kind="stable")]
