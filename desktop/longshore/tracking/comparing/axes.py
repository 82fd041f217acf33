"""A metric's history over steps, over the clock, or over the time since its run began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.tracking.histories import History

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np

STEP, TIME, RELATIVE = "step", "time", "relative"
AXES = (STEP, TIME, RELATIVE)


def on_axis(history: History, axis: str, began: datetime | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Give a history's points over an axis, x ascending; those of one x stay in their order.

    Shape: (n,) and (n,). Units: steps as they were logged; seconds since the epoch for `time`, seconds since the run began
    for `relative`. A run whose beginning is unknown, or later than its first value, begins with that.
    """
    import numpy as np

    if axis == STEP:
        return history.steps, history.values
    x = history.timestamps_ms / 1000.0
    if axis == RELATIVE and len(x):
        first = float(x.min())
        x = x - (min(began.timestamp(), first) if began is not None else first)
    # Logged in one thread, steps and times go up together: nothing is to be sorted.
    if len(x) < 2 or bool((x[1:] >= x[:-1]).all()):
        return x, history.values
    order = np.argsort(x, kind="stable")
    return x[order], history.values[order]
