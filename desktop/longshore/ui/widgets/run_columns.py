"""The run table's columns as data: where a value comes from, how it is sorted on the server, how it is drawn."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from longshore.tracking.direction import less_is_better, ranked
from longshore.tracking.edits import NOTE, Edit
from longshore.tracking.rows import MEAN, ColumnSet, GroupRow, RunRow
from longshore.ui.widgets.times import ago, duration, fixed, full


@dataclass(frozen=True)
class Column:
    """One column."""

    id: str  # "status", "params.lr", "metrics.val_mae"
    title: str
    group: str  # Run, Metrics, Parameters, Tags
    order_by: str  # MLflow's name for sorting; empty: can't be sorted
    width: int

    @cached_property
    def kind(self) -> str:
        """params, metrics, tags, or the attribute's own name."""
        return self.id.partition(".")[0]

    @cached_property
    def key(self) -> str:
        """The name within its kind."""
        return self.id.partition(".")[2]


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


def _param(key: str) -> Column:
    return Column(f"params.{key}", key, "Parameters", f"params.`{key}`", 112)


def _tag(key: str) -> Column:
    return Column(f"tags.{key}", key, "Tags", f"tags.`{key}`", 120)


_MADE: dict[str, Callable[[str], Column]] = {"metrics": _metric, "params": _param, "tags": _tag}


def columns_of_ids(found: ColumnSet, ids: Sequence[str]) -> list[Column]:
    """Give the columns of some ids, in their order, those that are there: of thousands, few are made."""
    attributes = {column.id: column for column in (*PINNED, *ATTRIBUTES)}
    there = {"metrics": set(found.metrics), "params": set(found.params), "tags": set(found.tags)}
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
    letters = {"params": "p:", "metrics": "m:", "tags": "t:"}
    named = [letters[column.kind] + column.key for column in columns if column.kind in letters]
    # A note may be long, and few tables show it.
    notes = [f"t:{NOTE}"] if any(column.id == "note" for column in columns) else []
    return (*named, *notes, *(f"t:{tag}" for tag in _TAGS))


def value_name(column: Column) -> str:
    """Give the name of a metric's, param's or tag's column in the run index, empty for an attribute."""
    letters = {"params": "p:", "tags": "t:", "metrics": "m:"}
    return letters[column.kind] + column.key if column.kind in letters else ""


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


def raw(row: RunRow, column: Column) -> Any:
    """Give a cell's value as it was logged, None where the run has none."""
    kind = column.kind
    if kind == "metrics":
        return row.metrics.get(column.key)
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
    if column.kind == "metrics":
        return "" if value is None else fixed(value, decimals)
    if column.id == "started":
        return ago(value)
    if column.id == "duration":
        return duration(value)
    return "" if value is None else str(value)


def _group_text(row: GroupRow, column: Column, decimals: int | None) -> str:
    if column.id == "status":
        return "1 run" if row.size == 1 else f"{row.size:,} runs"
    if column.id == "name":
        return row.title
    if column.kind != "metrics":
        return str(raw(row, column) or "")
    summary = row.summaries.get(column.key)
    if summary is None or math.isnan(row.metrics[column.key]):
        return ""
    shown = fixed(row.metrics[column.key], decimals)
    if row.aggregate == MEAN and not math.isnan(summary.std):
        return f"{shown} ± {fixed(summary.std, decimals)}"
    return shown


def _group_tip(row: GroupRow, column: Column) -> str:
    summary = row.summaries.get(column.key) if column.kind == "metrics" else None
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


def tip(row: RunRow, column: Column) -> str:
    """Give a cell's tooltip: the whole value."""
    if isinstance(row, GroupRow):
        return _group_tip(row, column)
    if column.id == "started":
        return full(row.start_time)
    if column.id == "name":
        return plain_tip(f"{row.name}\n{row.run_id}")
    value = raw(row, column)
    if column.kind == "metrics" and value is not None:
        return repr(value)
    return plain_tip(text(row, column))


def plain_tip(words: str) -> str:
    """Give words as a tooltip shows them: not too many, and none of them as HTML, which Qt would follow."""
    shown = words if len(words) <= MOST_IN_TIP else f"{words[:MOST_IN_TIP]}…"
    return f"<p style='white-space: pre-wrap'>{html.escape(shown)}</p>" if "<" in shown else shown
