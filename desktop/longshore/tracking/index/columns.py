"""The columns of an index, which those who fill it and those who read it share: one row a run, one column a name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from longshore.tracking.index import bridge

if TYPE_CHECKING:
    import pyarrow as pa

RUN_ID, NAME, STATUS, USER = "run_id", "name", "status", "user"
START_TIME, END_TIME = "start_time", "end_time"  # ms since 1970, null where there is none
LIFECYCLE, ARTIFACT_URI, EXPERIMENT_ID = "lifecycle", "artifact_uri", "experiment_id"
DATASETS = "datasets"  # list of name, digest, context
MODELS = "models"  # ids of the logged models that the run made
# Names of params, tags and metrics may hold any character: what precedes them keeps them apart.
PARAM, TAG, METRIC = "p:", "t:", "m:"
# What a metric was over its whole history: no file of an index holds these, `tracking.summaries` adds them on demand.
BEST, MEAN = "b:", "a:"
# As filters and exports would name them: `best.val_mae` beside `metrics.val_mae`, which is the last value.
SUMMARIES = {"best": BEST, "mean": MEAN}

ACTIVE, DELETED = "active", "deleted"
# A run that was deleted for good: its row hides every earlier one, and is never shown.
GONE = "gone"

TEXT_ATTRIBUTES = (RUN_ID, NAME, STATUS, USER, LIFECYCLE, ARTIFACT_URI, EXPERIMENT_ID)
TIME_ATTRIBUTES = (START_TIME, END_TIME)
ATTRIBUTES = (RUN_ID, NAME, STATUS, START_TIME, END_TIME, USER, LIFECYCLE, ARTIFACT_URI, EXPERIMENT_ID)


def param(name: str) -> str:
    """Give the column of a param."""
    return PARAM + name


def tag(name: str) -> str:
    """Give the column of a tag."""
    return TAG + name


def metric(name: str) -> str:
    """Give the column of a metric's latest values. A null is no value; NaN and infinities are values."""
    return METRIC + name


def is_summary(column: str) -> bool:
    """Tell whether a column says what a metric was over its whole history."""
    return column.startswith((BEST, MEAN))


def type_of(column: str) -> pa.DataType:
    """Give the type of a column. Raises: KeyError for a name that the convention does not know."""
    import pyarrow as pa

    if column.startswith((PARAM, TAG)):
        return pa.dictionary(pa.int32(), pa.string())
    if column.startswith(METRIC):
        return pa.float64()
    if column in TEXT_ATTRIBUTES:
        return pa.string()
    if column in TIME_ATTRIBUTES:
        return pa.int64()
    if column == DATASETS:
        return pa.list_(pa.struct([(key, pa.string()) for key in ("name", "digest", "context")]))
    if column == MODELS:
        return pa.list_(pa.string())
    raise KeyError(column)


def made(column: str, values: Sequence[Any]) -> pa.Array:
    """Give an attribute, the datasets or the models of some runs as a column; None where a run has none.

    Raises: TypeError, ValueError or OverflowError for values of another type.
    """
    import pyarrow as pa

    if column in TIME_ATTRIBUTES:
        return bridge.integers(values)
    if column not in (DATASETS, MODELS):
        return bridge.strings(values)
    items = [each for value in values for each in value or ()]
    counts = [len(value or ()) for value in values]
    if column == MODELS:
        return bridge.lists(counts, bridge.strings(items))
    fields = list(type_of(DATASETS).value_type)
    texts = [bridge.strings([each[field.name] for each in items]) for field in fields]
    return bridge.lists(counts, pa.StructArray.from_arrays(texts, fields=fields))


def tombstones(run_ids: Iterable[str]) -> pa.Table:
    """Give the rows that hide runs that were deleted for good."""
    import pyarrow as pa

    ids = list(run_ids)
    return pa.table({RUN_ID: bridge.strings(ids), LIFECYCLE: bridge.strings([GONE] * len(ids))})


def conforming(table: pa.Table) -> pa.Table:
    """Give a table with every attribute and the convention's types; what is missing is null.

    Raises: ValueError for a column that the convention does not know or that can't be cast, and for a null run id.
    """
    import pyarrow as pa

    given = dict(zip(table.column_names, table.columns, strict=True))
    if len(given) != table.num_columns:
        raise ValueError("a column stands twice in the table")
    try:
        schema = pa.schema([(name, type_of(name)) for name in dict.fromkeys((*ATTRIBUTES, *given))])
    except KeyError as error:
        raise ValueError(f"an index has no column {error}") from error
    columns = [
        given[field.name].cast(field.type) if field.name in given else pa.nulls(len(table), field.type)
        for field in schema
    ]
    whole = pa.table(columns, schema=schema)
    if whole[RUN_ID].null_count:
        raise ValueError("a row has no run id")
    return whole
