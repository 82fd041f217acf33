"""Curves as arrays: smoothing, the part that is in view, the points that its width can show. Without Qt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from longshore.tracking.thin import thin

if TYPE_CHECKING:
    import numpy as np


# What a logarithmic axis can show; below, floats lose their digits.
LEAST_LOG = 1e-290
# Longer curves get an outline of so many pixels; it stands for the curve where it has so many points a pixel.
_LONG, _OUTLINE_PX, _OUTLINED = 200_000, 32_000, 8
# With more gaps than this a curve has no outline.
_MOST_GAPS = 200


@dataclass(frozen=True, eq=False)
class Curve:
    """One curve. Shape: `x` and `y` are (n,), `x` ascending; what is not finite leaves a gap."""

    title: str
    x: np.ndarray
    y: np.ndarray
    number: int = 0  # of its colour and dash
    # Drawn thin and pale below another: the values before smoothing.
    faint: bool = False
    # The same with every peak but fewer points, for views of most of it; by `outlined`.
    outline: tuple[np.ndarray, np.ndarray] | None = None


@dataclass(frozen=True, eq=False)
class Band:
    """What lies around a curve. Shape: all (n,), `x` ascending; NaN leaves a gap."""

    x: np.ndarray
    low: np.ndarray
    high: np.ndarray
    number: int = 0  # of its colour

    def pieces(self, low: float, high: float, *, log: bool) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Give the connected pieces between two x values; on a logarithmic axis what lies above `LEAST_LOG`."""
        import numpy as np

        first = max(0, int(np.searchsorted(self.x, low, "left")) - 1)
        last = min(len(self.x), int(np.searchsorted(self.x, high, "right")) + 1)
        x, lower, upper = self.x[first:last], self.low[first:last], self.high[first:last]
        fits = np.isfinite(lower) & np.isfinite(upper)
        if log:
            fits &= upper > LEAST_LOG
            lower = np.maximum(lower, np.where(fits, upper, 1.0) * 1e-3) if (lower[fits] <= LEAST_LOG).any() else lower
        edges = np.flatnonzero(np.diff(np.concatenate([[False], fits, [False]])))
        return [(x[a:b], lower[a:b], upper[a:b]) for a, b in zip(edges[::2], edges[1::2], strict=True)]


@dataclass
class Seen:
    """A curve thinned to what is in view; kept until the view or the width changes."""

    curve: Curve
    _key: tuple[float, float, int] | None = None
    _pieces: list[tuple[np.ndarray, np.ndarray]] = field(default_factory=list)

    def pieces(self, low: float, high: float, width_px: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Give the connected pieces between two x values, one point beyond each end where there is one."""
        key = (low, high, width_px)
        if key != self._key:
            self._key = key
            self._pieces = list(_pieces(*self._in_view(low, high, width_px), width_px))
        return self._pieces

    def _in_view(self, low: float, high: float, width_px: int) -> tuple[np.ndarray, np.ndarray]:
        if self.curve.outline is not None:
            found = _within(*self.curve.outline, low, high)
            # Fewer, and the outline's own peaks would be seen for the curve's.
            if len(found[0]) >= _OUTLINED * width_px:
                return found
        return within(self.curve, low, high)


def is_long(curve: Curve) -> bool:
    """Tell whether a curve gets an outline."""
    return len(curve.x) > _LONG


def outlined(curve: Curve) -> Curve:
    """Give a long curve with an outline, so that no view of it looks at a million points. Takes a moment: in a worker."""
    import numpy as np

    if not is_long(curve):
        return curve
    finite = np.isfinite(curve.y)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]])))
    if len(edges) > 2 * _MOST_GAPS:
        return curve
    x, y = [], []
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        kept = _OUTLINE_PX * (last - first) // len(curve.x) + 2
        shown = thin(curve.x[first:last], curve.y[first:last], int(kept))
        x += [shown[0], shown[0][-1:]]
        y += [shown[1], np.array([np.nan])]  # the gap
    if not x:
        return curve
    return replace(curve, outline=(np.concatenate(x), np.concatenate(y)))


def within(curve: Curve, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Give the points from `low` to `high`, with the neighbours that lines come from."""
    return _within(curve.x, curve.y, low, high)


def _within(x: np.ndarray, y: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    first = max(0, int(np.searchsorted(x, low, "left")) - 1)
    last = min(len(x), int(np.searchsorted(x, high, "right")) + 1)
    return x[first:last], y[first:last]


def _pieces(x: np.ndarray, y: np.ndarray, width_px: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    import numpy as np

    finite = np.isfinite(y)
    if finite.all():
        yield _thinned(x, y, width_px)
        return
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]])))
    # More gaps than pixels can't be told apart: what is left is drawn as one.
    if len(edges) > 2 * width_px:
        yield _thinned(x[finite], y[finite], width_px)
        return
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        yield _thinned(x[first:last], y[first:last], width_px)


def _thinned(x: np.ndarray, y: np.ndarray, width_px: int) -> tuple[np.ndarray, np.ndarray]:
    # Two points a pixel hold each one's least and greatest value; more would only cost time to draw.
    return thin(x, y, max(1, width_px // 2))


def smoothed(y: np.ndarray, weight: float) -> np.ndarray:
    """Smooth by an exponential mean corrected for its start; `weight` from 0 (nothing) to below 1.

    What is not finite stays as it is and weighs nothing.
    Source: TensorBoard's debiased exponential moving average, which is pandas' adjusted one.
    """
    if weight <= 0 or len(y) < 3:
        return y
    import numpy as np
    import pandas as pd

    finite = np.isfinite(y)
    found: np.ndarray = pd.Series(np.where(finite, y, np.nan)).ewm(alpha=1 - weight, ignore_na=True).mean().to_numpy()
    return np.where(finite, found, y)


def span_x(curves: Sequence[Curve]) -> tuple[float, float] | None:
    """Give the first and the last x of all, None where there are no points."""
    ends = [(float(curve.x[0]), float(curve.x[-1])) for curve in curves if len(curve.x)]
    if not ends:
        return None
    return min(first for first, _last in ends), max(last for _first, last in ends)


def span_y(
    seen: Sequence[Seen], low: float, high: float, width_px: int, *, log: bool, bands: Sequence[Band] = ()
) -> tuple[float, float] | None:
    """Give the least and the greatest y in view, of those above `LEAST_LOG` on a logarithmic axis; None where there are none."""
    import numpy as np

    found = [y for each in seen for _x, y in each.pieces(low, high, width_px) if len(y)]
    found += [edge for each in bands for _x, *edges in each.pieces(low, high, log=log) for edge in edges]
    if log:
        found = [shown for y in found if len(shown := y[y > LEAST_LOG])]
    if not found:
        return None
    return float(min(np.min(y) for y in found)), float(max(np.max(y) for y in found))
