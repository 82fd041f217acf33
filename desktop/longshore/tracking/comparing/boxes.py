"""How a metric is spread for each value of a parameter: quartiles, whiskers, and which runs lie beyond."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from longshore.tracking.comparing.fields import Field

if TYPE_CHECKING:
    import numpy as np

# A parameter with more different numbers than this is cut into as many ranges as there are below.
MOST_VALUES, RANGES = 12, 6
# Tukey's whiskers: the farthest values within so many widths of the box.
_WHISKER = 1.5


@dataclass(frozen=True, eq=False)
class Box:
    """The runs of one value. `members`: their places in the field."""

    name: str
    members: np.ndarray
    low: float  # the whiskers' ends
    first: float
    median: float
    third: float
    high: float


def boxes(metric: Field, by: Field) -> tuple[Box, ...]:
    """Give a box for each value, in their order; runs without one of the two are left out."""
    import numpy as np

    known = np.flatnonzero(np.isfinite(metric.numbers) & np.isfinite(by.numbers))
    found = []
    for name, fits in _groups(by, by.numbers[known]):
        members = known[fits]
        if len(members):
            found.append(_box(name, members, metric.numbers[members]))
    return tuple(found)


def _groups(by: Field, values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    import numpy as np

    if by.is_text:
        return [(name, values == place) for place, name in enumerate(by.names)]
    distinct = np.unique(values)
    if len(distinct) <= MOST_VALUES:
        return [(f"{value:g}", values == value) for value in distinct]
    edges = np.unique(np.quantile(values / 2, np.linspace(0, 1, RANGES + 1)) * 2)
    groups = []
    for number, (low, high) in enumerate(pairwise(edges)):
        # The outer ranges are open, so that rounding loses nobody.
        fits = np.ones(len(values), bool) if number == 0 else values >= low
        if number < len(edges) - 2:
            fits = fits & (values < high)
        groups.append((f"{low:.3g} to {high:.3g}", fits))
    return groups


def _box(name: str, members: np.ndarray, values: np.ndarray) -> Box:
    import numpy as np

    # Halved: the difference of two huge values has no float.
    first, median, third = (float(each) * 2 for each in np.quantile(values / 2, (0.25, 0.5, 0.75)))
    reach = _WHISKER * (third - first)
    inside = values[(values >= first - reach) & (values <= third + reach)]
    if not len(inside):  # halved, the smallest floats are zero
        inside = values
    return Box(name, members, float(inside.min()), first, median, third, float(inside.max()))
