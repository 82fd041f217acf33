"""The run table's columns as data: where a value comes from, how it is sorted on the server, how it is drawn."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from longshore.tracking.direction import less_is_better, ranked
from longshore.tracking.edits import NOTE, Edit
from longshore.tracking.rows import MEAN, ColumnSet, GroupRow, Rows, RunRow, Spread, Summary
from longshore.ui.widgets.times import ago, duration, fixed, full


@dataclass(frozen=True)
class Column:
    """One column."""

    id: str  # "status", "params.lr", "metrics.val_mae", "best.val_mae"
    title: str
    group: str  # Run, Metrics, Parameters, Tags
    order_by: str  # MLflow's name for sorting; empty: can't be sorted
    width: int

    @cached_property
    def kind(self) -> str:
        """params, metrics, best, mean, tags, or the attribute's own name."""
        return self.id.partition(".")[0]

    @cached_property
    def is_metric(self) -> bool:
        """Tell whether it holds a metric's last, best or mean values."""
        return self.kind in METRIC_KINDS

    @property
    def is_past(self) -> bool:
        """Tell whether it says what a metric was over its whole history."""
        return self.kind in (BEST, MEAN_VALUE)

    @cached_property
    def key(self) -> str:
        """The name within its kind."""
        return self.id.partition(".")[2]


# What of a metric a column shows: its last value, and what it was over its whole history.
LAST, BEST, MEAN_VALUE = METRIC_KINDS = ("metrics", "best", "mean")
_LETTERS = {"params": "p:", "metrics": "m:", "tags": "t:", "best": "b:", "mean": "a:"}
# Stands for a value that is being read.
COMING = "…"
# The box that tells whether the run is selected.
BOX = Column("box", "", "Pinned", "", 36)
STATUS = Column("status", "Status", "Pinned", "attributes.status", 100)
NAME = Column("name", "Name", "Pinned", "attributes.run_name", 176)
PINNED = (BOX, STATUS, NAME)
ATTRIBUTES = (
    Column("started", "Started", "Run", "attributes.start_time", 100),
    Column("duration", "Duration", "Run", "", 84),
    Column("entry", "Entry point", "Run", "tags.`longshore.entry_point`", 96),
    Column("experiment", "Experiment", "Run", "", 130),
    Column("user", "User", "Run", "attributes.user_id", 90),
    Column("note", "Note", "Run", f"tags.`{NOTE}`", 200),
)
SHOWN_AT_FIRST = ("started", "duration", "entry")
# With thousands of names in the wild, more at first would only hide the first ones.
MOST_AT_FIRST = 6
# A tooltip with more would cover the screen.
MOST_IN_TIP = 1_000


def all_columns(found: ColumnSet) -> list[Column]:
    """Give every column that could be shown for these names."""
    return [*ATTRIBUTES, *map(_metric, found.metrics), *map(_param, found.params), *map(_tag, found.tags)]


def _metric(key: str) -> Column:
    return Column(f"metrics.{key}", key, "Metrics", f"metrics.`{key}`", 132)


def of_metric(kind: str, key: str) -> Column:
    """Give the column of a metric's last, best or mean value."""
    if kind == LAST:
        return _metric(key)
    return Column(f"{kind}.{key}", f"{kind.capitalize()} {key}", "Metrics", f"{kind}.`{key}`", 140)


def _param(key: str) -> Column:
    return Column(f"params.{key}", key, "Parameters", f"params.`{key}`", 112)


def _tag(key: str) -> Column:
    return Column(f"tags.{key}", key, "Tags", f"tags.`{key}`", 120)


_MADE: dict[str, Callable[[str], Column]] = {
    "params": _param,
    "tags": _tag,
    **{kind: partial(of_metric, kind) for kind in METRIC_KINDS},
}


def columns_of_ids(found: ColumnSet, ids: Sequence[str]) -> list[Column]:
    """Give the columns of some ids, in their order, those that are there: of thousands, few are made."""
    attributes = {column.id: column for column in (*PINNED, *ATTRIBUTES)}
    there = {"params": set(found.params), "tags": set(found.tags)}
    metrics = set(found.metrics)
    there |= {kind: metrics for kind in METRIC_KINDS}
    chosen = []
    for each in ids:
        kind, _dot, key = each.partition(".")
        if each in attributes:
            chosen.append(attributes[each])
        elif key in there.get(kind, ()):
            chosen.append(_MADE[kind](key))
    return chosen


def default_ids(rows: Sequence[RunRow]) -> list[str]:
    """Give the columns to show where nobody chose: what most of these runs have."""
    counts: dict[str, int] = {}
    for row in rows:
        for key in row.params:
            counts[key] = counts.get(key, 0) + 1
    metrics = [f"metrics.{key}" for key in ranked(rows)]
    params = [f"params.{key}" for key in sorted(counts, key=lambda key: -counts[key])]
    return [*SHOWN_AT_FIRST, *metrics[:MOST_AT_FIRST], *params[:MOST_AT_FIRST]]


# What the attributes' columns are read from beside the run itself.
_TAGS = ("longshore.entry_point", "mlflow.user")


def index_columns(columns: Sequence[Column]) -> tuple[str, ...]:
    """Give the names that the run index has for what these columns show."""
    named = [_LETTERS[column.kind] + column.key for column in columns if column.kind in _LETTERS]
    # The last value tells whether there is a best one to wait for.
    named += [f"m:{column.key}" for column in columns if column.is_past]
    # A note may be long, and few tables show it.
    notes = [f"t:{NOTE}"] if any(column.id == "note" for column in columns) else []
    return tuple(dict.fromkeys((*named, *notes, *(f"t:{tag}" for tag in _TAGS))))


def value_name(column: Column) -> str:
    """Give the name of what the run index holds in this column, empty for an attribute and for what is read on demand."""
    return "" if column.is_past or column.kind not in _LETTERS else _LETTERS[column.kind] + column.key


_GROUPABLE = {"status": "status", "experiment": "experiment", "user": "user", "entry": "t:longshore.entry_point"}


def index_name(column: Column) -> str:
    """Give the name of what runs can be grouped by in this column as the run index has it, empty where they cannot."""
    letters = {"params": "p:", "tags": "t:"}
    return letters[column.kind] + column.key if column.kind in letters else _GROUPABLE.get(column.id, "")


def is_editable(column: Column) -> bool:
    """Tell whether a person may write into a column's cells."""
    return column.id in ("name", "note") or column.kind == "tags"


def edit_of(column: Column, text: str) -> Edit:
    """Give the edit that writes a text into a cell; an empty one takes a tag or the note off."""
    if column.id == "name":
        return Edit(name=text)
    return Edit(tags={NOTE if column.id == "note" else column.key: text or None})


_ATTRIBUTE: dict[str, Callable[[RunRow], Any]] = {
    "box": lambda _row: None,
    "status": lambda row: row.status,
    "name": lambda row: row.name,
    "started": lambda row: row.start_time,
    "duration": lambda row: row.duration_s,
    "experiment": lambda row: row.experiment,
    "user": lambda row: row.user or row.tags.get("mlflow.user", ""),
    "entry": lambda row: row.tags.get("longshore.entry_point"),
    "note": lambda row: row.tags.get(NOTE),
}


def number(row: RunRow, column: Column) -> float | None:
    """Give a metric's last, best or mean value, None where the run has none or it is not known yet."""
    return row.metrics.get(column.key) if column.kind == LAST else row.past.get(_LETTERS[column.kind] + column.key)


def spread(rows: Rows, column: Column) -> Spread | None:
    """Give what the numbers in a metric's column are like."""
    return rows.spread(column.key, _LETTERS[column.kind])


def raw(row: RunRow, column: Column) -> Any:
    """Give a cell's value as it was logged, None where the run has none."""
    kind = column.kind
    if column.is_metric:
        return number(row, column)
    if kind == "params":
        return row.params.get(column.key)
    if kind == "tags":
        return row.tags.get(column.key)
    return _ATTRIBUTE[column.id](row)


def text(row: RunRow, column: Column, decimals: int | None = None) -> str:
    """Give a cell as it is read, a metric with its column's decimals."""
    if isinstance(row, GroupRow):
        return _group_text(row, column, decimals)
    value = raw(row, column)
    if column.is_metric:
        return _nothing(row, column) if value is None else fixed(value, decimals)
    if column.id == "started":
        return ago(value)
    if column.id == "duration":
        return duration(value)
    return "" if value is None else str(value)


def _nothing(row: RunRow, column: Column) -> str:
    """Give what stands where no number is: a run that has the metric will have its best value in a moment."""
    return COMING if column.kind != LAST and column.key in row.metrics else ""


def _summary(row: GroupRow, column: Column) -> Summary | None:
    if column.kind == LAST:
        return row.summaries.get(column.key)
    return row.past_summaries.get(_LETTERS[column.kind] + column.key)


def _group_text(row: GroupRow, column: Column, decimals: int | None) -> str:
    if column.id == "status":
        return "1 run" if row.size == 1 else f"{row.size:,} runs"
    if column.id == "name":
        return row.title
    if not column.is_metric:
        return str(raw(row, column) or "")
    summary, value = _summary(row, column), number(row, column)
    if summary is None or value is None:
        return _nothing(row, column)
    if math.isnan(value):
        return ""
    shown = fixed(value, decimals)
    if row.aggregate == MEAN and not math.isnan(summary.std):
        return f"{shown} ± {fixed(summary.std, decimals)}"
    return shown


def _group_tip(row: GroupRow, column: Column) -> str:
    summary = _summary(row, column) if column.is_metric else None
    if column.id == "name":
        return plain_tip(row.name)
    if summary is None:
        return plain_tip(_group_text(row, column, None))
    better = "less" if less_is_better(column.key) else "more"
    deviation = "" if math.isnan(summary.std) else f"Standard deviation {summary.std!r}\n"
    return (
        f"Mean {summary.mean!r}\n{deviation}Best {summary.best!r} ({better} is better)\n"
        f"Worst {summary.worst!r}\nOf {summary.count:,} of {row.size:,} runs"
    )


def header_tip(column: Column) -> str:
    """Say what a column is."""
    words = [column.id]
    if column.kind == BEST:
        better = "least" if less_is_better(column.key) else "greatest"
        words.append(f"The best value over the whole history: the {better} one")
    elif column.kind == MEAN_VALUE:
        words.append("The mean of all values over the whole history")
    return "\n".join([*words, *(["Click to sort"] if column.order_by else [])])


def tip(row: RunRow, column: Column) -> str:
    """Give a cell's tooltip: the whole value."""
    if isinstance(row, GroupRow):
        return _group_tip(row, column)
    if column.id == "started":
        return full(row.start_time)
    if column.id == "name":
        return plain_tip(f"{row.name}\n{row.run_id}")
    value = raw(row, column)
    if column.is_metric and value is not None:
        return repr(value)
    return plain_tip(text(row, column))


def plain_tip(words: str) -> str:
    """Give words as a tooltip shows them: not too many, and none of them as HTML, which Qt would follow."""
    shown = words if len(words) <= MOST_IN_TIP else f"{words[:MOST_IN_TIP]}…"
    return f"<p style='white-space: pre-wrap'>{html.escape(shown)}</p>" if "<" in shown else shown
