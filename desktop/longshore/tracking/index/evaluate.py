"""Which rows a filter fits: for MLflow's own language, those that its SQL store would give."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from longshore.tracking.index import bridge, columns
from longshore.tracking.index.language import And, Comparison, Expression, Not, Or, Word, is_number

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from longshore.tracking.index.frame import Frame
    from longshore.tracking.index.vectors import Texts

NOTE = columns.tag("mlflow.note.content")
# MLflow filters by this tag, and sorts by the run's own column.
_RUN_NAME = columns.tag("mlflow.runName")
_ATTRIBUTES = {"run_name": _RUN_NAME, "user_id": columns.USER}


def mask(frame: Frame, expression: Expression) -> np.ndarray:
    """Tell per row whether it fits. Raises: IndexBroken."""
    import numpy as np

    if isinstance(expression, Comparison):
        return _compared(frame, expression)
    if isinstance(expression, Word):
        return _found(frame, expression.text)
    if isinstance(expression, Not):
        return ~mask(frame, expression.part)
    fits = np.full(len(frame), isinstance(expression, And))
    for part in expression.parts:
        if isinstance(expression, Or):
            fits |= mask(frame, part)
        else:
            fits &= mask(frame, part)
    return fits


def equals(frame: Frame, column: str, text: str) -> np.ndarray:
    """Tell per row whether a column holds this text. Raises: IndexBroken."""
    import pyarrow.compute as pc

    texts = frame.texts(column)
    return texts.where(pc.equal(texts.values, bridge.string(text)))


def column_of(kind: str, key: str) -> str:
    """Give the column that a name of the filter language stands for; not for datasets."""
    if kind == "attributes":
        return _ATTRIBUTES.get(key, key)
    return {"metrics": columns.METRIC, "params": columns.PARAM, "tags": columns.TAG}[kind] + key


def _compared(frame: Frame, comparison: Comparison) -> np.ndarray:
    if comparison.kind == "datasets":
        return _dataset(frame, comparison)
    column = column_of(comparison.kind, comparison.key)
    if comparison.value is None:
        present = frame.column(column).is_present
        return ~present if comparison.operator == "IS NULL" else present.copy()
    if is_number(comparison.kind, comparison.key):
        assert isinstance(comparison.value, float)
        return _number(frame, column, comparison.operator, comparison.value)
    texts = frame.texts(column)
    return texts.where(_chosen(texts.values, comparison))


def _number(frame: Frame, column: str, operator: str, value: float) -> np.ndarray:
    import numpy as np

    compare: dict[str, Callable[[np.ndarray, float], np.ndarray]] = {
        "=": np.equal,
        "!=": np.not_equal,
        "<": np.less,
        "<=": np.less_equal,
        ">": np.greater,
        ">=": np.greater_equal,
    }
    found = frame.numbers(column)
    # MLflow keeps an infinity as the largest float. NaN differs from everything and is nothing else.
    fits = compare[operator](np.clip(found.values, -sys.float_info.max, sys.float_info.max), value)
    return fits if found.present is None else fits & found.present


def _chosen(values: pa.Array, comparison: Comparison) -> pa.Array:
    """Tell per text whether it fits."""
    import pyarrow.compute as pc

    value = comparison.value
    if isinstance(value, tuple):
        found = pc.is_in(values, value_set=bridge.strings(value))
        return found if comparison.operator == "IN" else pc.invert(found)
    assert isinstance(value, str)
    if comparison.operator == "=":
        return pc.equal(values, bridge.string(value))
    if comparison.operator == "!=":
        return pc.not_equal(values, bridge.string(value))
    # SQLite's LIKE knows no escape sign, and its lower() knows ASCII alone.
    pattern = value.replace("\\", "\\\\")
    if comparison.operator == "LIKE":
        return pc.match_like(values, pattern)
    return pc.match_like(pc.ascii_lower(values), _ascii_lower(pattern))


def _dataset(frame: Frame, comparison: Comparison) -> np.ndarray:
    """Tell whether some dataset of the run fits."""
    import numpy as np
    import pyarrow.compute as pc

    lists = frame.lists(columns.DATASETS).combine_chunks()
    values = pc.struct_field(lists.flatten(), comparison.key)
    absent = comparison.operator == "IS NULL"
    chosen = values.is_valid() if comparison.value is None else _chosen(values, comparison)
    # IN gives false for null, and its opposite would be true.
    chosen = bridge.flags(chosen) & bridge.present(values)
    fits = np.zeros(len(frame), bool)
    fits[bridge.ndarray(pc.list_parent_indices(lists))[chosen]] = True
    return ~fits if absent else fits


def _found(frame: Frame, text: str) -> np.ndarray:
    """Find a plain word in names, notes and the tags that people see."""
    import numpy as np
    import pyarrow.compute as pc

    fits = np.zeros(len(frame), bool)
    for column in (columns.NAME, NOTE, *(columns.tag(name) for name in frame.columns.tags)):
        texts: Texts = frame.texts(column)
        if len(texts.values):
            fits |= texts.where(pc.match_substring(texts.values, text, ignore_case=True))
    return fits


def _ascii_lower(text: str) -> str:
    return "".join(sign.lower() if sign.isascii() else sign for sign in text)
