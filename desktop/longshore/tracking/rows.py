"""The run table's frozen values. Standard library alone: the window shows the last state before anything else is loaded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Protocol, overload


@dataclass(frozen=True)
class RunRow:
    """One run as the table shows it."""

    run_id: str
    name: str
    status: str  # RUNNING, SCHEDULED, FINISHED, FAILED, KILLED
    start_time: datetime | None
    end_time: datetime | None
    user: str
    experiment_id: str
    experiment: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]  # the last values
    tags: Mapping[str, str]
    # What metrics were over their histories, by the names of those columns in the index: where somebody asked, and they came.
    past: Mapping[str, float] = field(default_factory=dict)

    @property
    def duration_s(self) -> float | None:
        """Seconds from start to end, None before the end."""
        if self.start_time is None or self.end_time is None:
            return None
        return (self.end_time - self.start_time).total_seconds()

    @property
    def job_id(self) -> str | None:
        """The job that made this run, None for one that was made elsewhere."""
        return self.tags.get("longshore.job")


# How the index begins the column of a metric's last values.
LAST = "m:"
# What stands for a metric of a group's runs.
MEAN, STD, BEST = "mean", "std", "best"
AGGREGATES = (MEAN, STD, BEST)
# What names a group among the runs begins so.
GROUP = "group:"


@dataclass(frozen=True)
class Grouping:
    """How runs are grouped: by params, tags or attributes, as `index.columns` names them, and what stands for a metric."""

    by: tuple[str, ...] = ()
    aggregate: str = MEAN

    def __bool__(self) -> bool:
        """Tell whether runs are grouped at all."""
        return bool(self.by)


@dataclass(frozen=True)
class Summary:
    """A metric among the runs of a group that have a number."""

    count: int
    mean: float
    std: float  # of a sample; NaN for a single run
    best: float  # by the metric's name
    worst: float

    def value(self, aggregate: str) -> float:
        """Give what stands for the metric."""
        return {MEAN: self.mean, STD: self.std}.get(aggregate, self.best)


@dataclass(frozen=True)
class GroupRow(RunRow):
    """Some runs that share what they are grouped by, in one row. `metrics` are the values of `aggregate`."""

    # What the runs share, without its names: short enough for a column.
    title: str = ""
    size: int = 0
    is_open: bool = False
    aggregate: str = MEAN
    summaries: Mapping[str, Summary] = field(default_factory=dict)
    # Of what the metrics were over the histories of the group's runs, by the columns' names in the index.
    past_summaries: Mapping[str, Summary] = field(default_factory=dict)


@dataclass(frozen=True)
class Spread:
    """The finite values of a metric among some runs."""

    least: float
    greatest: float
    # Some of them, for what their decimals look like.
    some: tuple[float, ...]


class Rows(Protocol):
    """The runs that a table shows, however many, in its order."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[RunRow]: ...
    @overload
    def __getitem__(self, place: int) -> RunRow: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[RunRow]: ...

    def ids(self, first: int, last: int) -> Sequence[str]:
        """Give the ids of the runs from one place to another, both included."""

    def places(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Tell where runs stand, those that are there."""

    def spread(self, metric: str, kind: str = LAST) -> Spread | None:
        """Give what the values of a metric are like, None where no run has a finite one.

        `kind`: how the index begins the column: of the last values, the best or the mean ones.
        """

    def same_runs(self, other: Rows) -> bool:
        """Tell whether the same runs stand in the same order."""

    def showing(self, only: Sequence[str]) -> Rows:
        """Give the same runs, read with these params, metrics and tags, as the run index names them."""

    def run_ids(self, parts: Sequence[tuple[int, int]]) -> list[str]:
        """Give the ids of the runs of some stretches (first and last place), each once."""

    def run_count(self, parts: Sequence[tuple[int, int]]) -> int:
        """Tell how many runs some stretches hold."""

    def apart(self) -> Rows:
        """Give the same rows for another thread to read."""


class ListedRows(tuple[RunRow, ...]):
    """Some runs that are all at hand."""

    __slots__ = ()

    def ids(self, first: int, last: int) -> Sequence[str]:
        """Give the ids from one place to another, both included."""
        return [row.run_id for row in self[first : last + 1]]

    def places(self, run_ids: Sequence[str]) -> dict[str, int]:
        """Tell where runs stand, those that are there."""
        wanted = set(run_ids)
        return {row.run_id: place for place, row in enumerate(self) if row.run_id in wanted}

    def spread(self, metric: str, kind: str = LAST) -> Spread | None:
        """Give what the values of a metric are like."""
        found = (row.metrics.get(metric) if kind == LAST else row.past.get(kind + metric) for row in self)
        values = [value for value in found if value is not None and math.isfinite(value)]
        return Spread(min(values), max(values), tuple(values)) if values else None

    def same_runs(self, other: Rows) -> bool:
        """Tell whether the same runs stand in the same order."""
        return len(self) == len(other) and all(one.run_id == two.run_id for one, two in zip(self, other, strict=True))

    def showing(self, only: Sequence[str]) -> Rows:
        """Give the same runs, read with these columns."""
        del only  # everything is there
        return self

    def run_ids(self, parts: Sequence[tuple[int, int]]) -> list[str]:
        """Give the ids of the runs of some stretches."""
        return [run_id for first, last in parts for run_id in self.ids(first, last)]

    def run_count(self, parts: Sequence[tuple[int, int]]) -> int:
        """Tell how many runs some stretches hold."""
        return sum(last - first + 1 for first, last in parts)

    def apart(self) -> Rows:
        """Give the same rows for another thread to read."""
        return self


@dataclass(frozen=True)
class ColumnSet:
    """The names that occur in some rows, sorted; tags without MLflow's own and ours."""

    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def merged(self, other: ColumnSet) -> ColumnSet:
        """Give the names of both."""
        return ColumnSet(
            tuple(sorted({*self.params, *other.params})),
            tuple(sorted({*self.metrics, *other.metrics}, key=_system_last)),
            tuple(sorted({*self.tags, *other.tags})),
        )


@dataclass(frozen=True)
class RunTable:
    """Some runs of a search, in its order."""

    rows: tuple[RunRow, ...]
    # How many runs fit in all; None where not all of them were read.
    total: int | None
    # When the server gave them; an older time than now is told on screen.
    as_of: datetime
    # Continues the search; None at its end.
    next_token: str | None

    @cached_property
    def columns(self) -> ColumnSet:
        """The names that occur in these rows."""
        return columns_of(self.rows)


def columns_of(rows: Iterable[RunRow]) -> ColumnSet:
    """Give the names that occur in some rows."""
    params: set[str] = set()
    metrics: set[str] = set()
    tags: set[str] = set()
    for row in rows:
        params.update(row.params)
        metrics.update(row.metrics)
        tags.update(row.tags)
    return sorted_columns(params, metrics, tags)


def sorted_columns(params: Iterable[str], metrics: Iterable[str], tags: Iterable[str]) -> ColumnSet:
    """Give distinct names in the order in which they are shown."""
    shown = (tag for tag in tags if not tag.startswith(("mlflow.", "longshore.")))
    return ColumnSet(tuple(sorted(params)), tuple(sorted(metrics, key=_system_last)), tuple(sorted(shown)))


def _system_last(metric: str) -> tuple[bool, str]:
    return metric.startswith("system/"), metric
