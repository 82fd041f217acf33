"""Fewer points for a chart, with every peak kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid

if TYPE_CHECKING:
    import numpy as np


def thin(steps: np.ndarray, values: np.ndarray, width_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Keep the points that a plot of this width can show, with every peak.

    Shape: (n,) and (n,) in, (m,) and (m,) out, m <= 4 * width_px; order is kept. Values that are not finite are left
    out where points are dropped.
    Units: `width_px` in device pixels, > 0.
    Raises: Invalid if the lengths differ or the width is not positive.
    Source: min-max preselection with LTTB (Van Der Donckt et al., 2023).
    """
    if len(steps) != len(values):
        raise Invalid(f"There are {len(steps)} steps, but {len(values)} values.")
    if width_px <= 0:
        raise Invalid(f"A plot cannot be {width_px} pixels wide.")
    wanted = 4 * width_px
    if len(steps) <= wanted:
        return steps, values
    import numpy as np
    import tsdownsample

    downsampler: Any = tsdownsample.MinMaxLTTBDownsampler
    finite = np.isfinite(values)
    if not finite.all():  # a million points are not copied without need
        steps, values = steps[finite], values[finite]
    values = np.ascontiguousarray(values, dtype=np.float64)
    if len(steps) <= wanted:
        return steps, values
    kept = downsampler().downsample(np.ascontiguousarray(steps), values, n_out=wanted)
    return steps[kept], values[kept]
