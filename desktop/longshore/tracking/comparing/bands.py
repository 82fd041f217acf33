"""Curves of runs that have something in common, as one: their mean, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.tracking.rows import RunRow

if TYPE_CHECKING:
    import numpy as np

MIN_MAX, STD = "min-max", "std"
SPREADS = (MIN_MAX, STD)
# More places than this on the x axis are put together: a plot shows no more.
MOST_PLACES = 2_000
# What a run without the parameter is grouped under.
UNSET = "not set"

Line = tuple["np.ndarray", "np.ndarray"]


@dataclass(frozen=True, eq=False)
class GroupCurve:
    """The curves of a group as one. Shape: all (n,), x ascending; NaN where no run has a value."""

    x: np.ndarray
    mean: np.ndarray
    # Least and greatest, or mean minus and plus one standard deviation (of a sample; the mean itself for one run).
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray  # of the runs that have a value there


def groups_by(runs: Sequence[RunRow], parameter: str) -> dict[str, tuple[RunRow, ...]]:
    """Give the runs by their value of a parameter, numbers in their order, then texts, those without one last."""
    found: dict[str, list[RunRow]] = {}
    for run in runs:
        found.setdefault(run.params.get(parameter, UNSET), []).append(run)
    return {value: tuple(found[value]) for value in sorted(found, key=value_order)}


def value_order(value: str) -> tuple[bool, bool, float, str]:
    """Sort parameters' values: numbers by size, then texts, what is not set last."""
    try:
        return value == UNSET, False, float(value), value
    except ValueError:
        return value == UNSET, True, 0.0, value


def groupable(runs: Sequence[RunRow]) -> tuple[str, ...]:
    """Name the parameters that put at least two of these runs into one group and do not put all into the same."""
    names = dict.fromkeys(name for run in runs for name in sorted(run.params))
    return tuple(name for name in names if 1 < len(groups_by(runs, name)) < len(runs))


def band(lines: Sequence[Line], spread: str = MIN_MAX) -> GroupCurve:
    """Put curves together, each over the part of x that it covers itself.

    Where all were logged at the same few places, those are kept. Else each is read off, or averaged, at shared places.
    What is not finite counts as not there.
    """
    import numpy as np

    kept = [(x[fits].astype(float), y[fits]) for x, y in lines for fits in (np.isfinite(y),)]
    kept = [line for line in kept if len(line[0])]
    if not kept:
        nothing = np.empty(0)
        return GroupCurve(nothing, nothing, nothing, nothing, nothing.astype(int))
    places = _places(kept)
    values = np.stack([_at(places, x, y) for x, y in kept])
    there = ~np.isnan(values)
    count = there.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        mean = np.where(there, values, 0.0).sum(axis=0) / count
        if spread == STD:
            squares = np.where(there, (values - mean) ** 2, 0.0).sum(axis=0)
            apart = np.sqrt(squares / np.maximum(count - 1, 1))
            low, high = mean - apart, mean + apart
        else:
            low = np.where(there, values, np.inf).min(axis=0)
            high = np.where(there, values, -np.inf).max(axis=0)
    nobody = count == 0
    low, high = np.where(nobody, np.nan, low), np.where(nobody, np.nan, high)
    return _with_gaps(kept, GroupCurve(places, mean, low, high, count))


def _with_gaps(lines: Sequence[Line], whole: GroupCurve) -> GroupCurve:
    """Put a gap between places that no curve goes over: runs at different times of the day are not one line."""
    import numpy as np

    first, last = np.sort([x[0] for x, _y in lines]), np.sort([x[-1] for x, _y in lines])
    before, behind = whole.x[:-1], whole.x[1:]
    begun = np.searchsorted(first, before, "right")
    ended = np.searchsorted(last, behind, "left")
    gaps = np.flatnonzero(begun <= ended) + 1
    if not len(gaps):
        return whole
    middles = (whole.x[gaps - 1] + whole.x[gaps]) / 2
    mean, low, high = (np.insert(each, gaps, np.nan) for each in (whole.mean, whole.low, whole.high))
    return GroupCurve(np.insert(whole.x, gaps, middles), mean, low, high, np.insert(whole.count, gaps, 0))


def bands(
    lines: Mapping[str, Line], groups: Mapping[str, Sequence[RunRow]], spread: str = MIN_MAX
) -> dict[str, GroupCurve]:
    """Put the curves of each group together. `lines`: by run id. A group of which no run has the metric is left out."""
    found = {}
    for value, members in groups.items():
        mine = [lines[run.run_id] for run in members if run.run_id in lines]
        if any(len(x) for x, _y in mine):
            found[value] = band(mine, spread)
    return found


def _places(lines: Sequence[Line]) -> np.ndarray:
    import numpy as np

    if all(len(x) <= MOST_PLACES for x, _y in lines):
        every = np.unique(np.concatenate([x for x, _y in lines]))
        if len(every) <= MOST_PLACES:
            return every
    low, high = min(float(x[0]) for x, _y in lines), max(float(x[-1]) for x, _y in lines)
    return np.linspace(low, high, MOST_PLACES)


def _at(places: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Read a curve at places, NaN before its first and behind its last point."""
    import numpy as np

    if len(x) > MOST_PLACES:
        x, y = _averaged(places, x, y)
    # Of several values at one place the last one counts, as in MLflow's own table.
    last = np.append(x[1:] != x[:-1], True)
    found = np.interp(places, x[last], y[last])
    half = (places[1] - places[0]) / 2 if len(places) > 1 else 0.5
    slack = half if len(places) == MOST_PLACES else 0.0
    return np.where((places < x[0] - slack) | (places > x[-1] + slack), np.nan, found)


def _averaged(places: np.ndarray, x: np.ndarray, y: np.ndarray) -> Line:
    """Average the values around each place: to read off single ones of a million would show noise."""
    import numpy as np

    middles = (places[1:] + places[:-1]) / 2
    owner = np.searchsorted(middles, x)
    count = np.bincount(owner, minlength=len(places))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(owner, y, len(places)) / count
    filled = count > 0
    return places[filled], mean[filled]
