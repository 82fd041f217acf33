"""How far a run's value lies from the baseline's."""

from __future__ import annotations

import math
from dataclasses import dataclass

from longshore.tracking import direction


@dataclass(frozen=True)
class Change:
    """A value against the baseline's. All None: it is another text, or one of the two has none."""

    amount: float | None = None
    # Of the baseline's size: 0.1 is ten percent more. None where that is zero.
    ratio: float | None = None
    # What the metric's name says of it; None where nobody can say.
    better: bool | None = None


def change(value: str | float | None, base: str | float | None, metric: str | None = None) -> Change | None:
    """Tell how a value differs, None where it does not. `metric`: its name, where it is one."""
    one, two = as_number(value), as_number(base)
    if one is None or two is None:
        return None if value == base else Change()
    if one == two or (math.isnan(one) and math.isnan(two)):
        return None
    amount = one - two
    if not math.isfinite(amount):
        return Change()
    ratio = amount / abs(two) if two else None
    if metric is None or not direction.is_known(metric):
        return Change(amount, ratio)
    return Change(amount, ratio, (amount < 0) == direction.less_is_better(metric))


def as_number(value: str | float | None) -> float | None:
    """Read a parameter's or a metric's value as a number, None where it is none."""
    if isinstance(value, float):
        return value
    try:
        # Python's own digits with underscores are no number that a script logs.
        return None if value is None or "_" in value else float(value)
    except ValueError:
        return None
