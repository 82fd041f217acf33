"""Which metric of some runs matters first, and whether less of it is better. A guess by name, and only ever that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from longshore.tracking.rows import RunRow

_LESS = re.compile(
    r"(^|[_/.\- ])(loss|mae|mse|rmse|mape|wape|err|error|perplexity|nll|brier|latency|seconds|time)", re.I
)
_MORE = re.compile(r"(^|[_/.\- ])(acc|accuracy|auc|roc_auc|f1|precision|recall|r2|map|ap|iou|bleu|rouge|score)", re.I)
_HELD_OUT = re.compile(r"^(val|valid|validation|eval|test)[_/.\- ]", re.I)


def less_is_better(metric: str) -> bool:
    """Tell whether a metric of this name is usually better when it is smaller."""
    return bool(_LESS.search(metric))


def is_known(metric: str) -> bool:
    """Tell whether the name says which direction is better."""
    return bool(_LESS.search(metric) or _MORE.search(metric))


def primary_metric(rows: Sequence[RunRow]) -> str | None:
    """Give the metric to show where there is room for one, None where no run has any but system metrics."""
    return next(iter(ranked(rows)), None)


def ranked(rows: Sequence[RunRow]) -> list[str]:
    """Give the metrics of some runs, those that most runs have first, then held-out and well-known ones."""
    counts: dict[str, int] = {}
    for row in rows:
        for name in row.metrics:
            if not name.startswith("system/"):
                counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], _rank(name)))


def _rank(name: str) -> tuple[bool, bool, str]:
    return (not _HELD_OUT.match(name), not is_known(name), name)


def best(values: Sequence[float], metric: str) -> float | None:
    """Give the best of some values of a metric, NaN left out; None where there is none."""
    known = [value for value in values if value == value]
    if not known:
        return None
    return min(known) if less_is_better(metric) else max(known)
