"""Time on an axis: round ticks of the clock, and spans in the unit that keeps their numbers short. Without Qt."""

from __future__ import annotations

import bisect
from datetime import datetime

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
_STEPS = (
    1.0, 2.0, 5.0, 10.0, 15.0, 30.0, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE,
    _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 90 * _DAY,
    365 * _DAY, 3650 * _DAY,
)  # fmt: skip
_UNITS = ((2 * _MINUTE, 1.0, "s"), (2 * _HOUR, _MINUTE, "min"), (2 * _DAY, _HOUR, "h"))


def unit_of(longest_s: float) -> tuple[float, str]:
    """Give the unit for spans up to this: its seconds and its name."""
    return next(((size, name) for limit, size, name in _UNITS if longest_s < limit), (_DAY, "d"))


def clock_ticks(low: float, high: float, most: int) -> tuple[tuple[float, str], ...]:
    """Give round local times between two moments with what they say, at most `most`. Units: seconds since the epoch."""
    rough = (high - low) / max(most, 1)
    shift = _local(low).utcoffset()
    offset = shift.total_seconds() if shift is not None else 0.0
    for step in _STEPS[bisect.bisect_left(_STEPS, rough) :]:
        first = -(-(low + offset) // step) * step - offset
        at = [first + number * step for number in range(int((high - first) // step) + 1)]
        if len(at) <= most:
            return tuple((moment, _word(moment, step)) for moment in at)
    return ()


def _word(moment: float, step: float) -> str:
    local = _local(moment)
    if step >= _DAY or (local.hour, local.minute, local.second) == (0, 0, 0):
        return f"{local:%Y-%m-%d}" if step >= 90 * _DAY else f"{local:%m-%d}"
    return f"{local:%H:%M}" if step >= _MINUTE else f"{local:%H:%M:%S}"


def moment_word(moment: float) -> str:
    """Give a whole local time, to the second."""
    return f"{_local(moment):%Y-%m-%d %H:%M:%S}"


def _local(moment: float) -> datetime:
    try:
        return datetime.fromtimestamp(moment).astimezone()
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0).astimezone()  # no calendar has it
