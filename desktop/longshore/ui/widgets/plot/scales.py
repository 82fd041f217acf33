"""Axes as plain numbers: where ticks stand, what they say, which pixel a value has. Without Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Room beyond the curves, as a share of their height.
_MARGIN = 0.06
# Below, a float has no digits left to tell ticks apart.
_LEAST = 1e-290
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """One axis: the values at its two ends, `low < high`, and the pixels there."""

    low: float
    high: float
    start_px: float
    end_px: float
    log: bool = False

    def px(self, value: float) -> float:
        """Give a value's pixel."""
        low, high, value = self._in(self.low), self._in(self.high), self._in(value)
        return self.start_px + (value - low) / (high - low) * (self.end_px - self.start_px)

    def value(self, px: float) -> float:
        """Give the value at a pixel."""
        low, high = self._in(self.low), self._in(self.high)
        found = low + (px - self.start_px) / (self.end_px - self.start_px) * (high - low)
        return 10**found if self.log else found

    def _in(self, value: float) -> float:
        return math.log10(value) if self.log else value


def padded(low: float, high: float, *, log: bool = False) -> tuple[float, float]:
    """Give the ends of an axis that shows values from `low` to `high` with some room around them."""
    if log:
        room = 10 ** max(0.02, _MARGIN * math.log10(high / low))
        return max(low / room, _LEAST), min(high * room, 1e300)
    # Halved first: the difference of two huge values has no float.
    room = (high / 2 - low / 2) * 2 * _MARGIN or abs(low) * 0.1 or 1.0
    ends = (low - room, high + room)
    return ends if all(map(math.isfinite, ends)) else (low, high)


def ticks(low: float, high: float, most: int, *, log: bool = False, whole: bool = False) -> tuple[float, ...]:
    """Give round values between the ends, at most `most` (2 or more) but as many as are round; `whole`: no fractions."""
    if log:
        return _log_ticks(low, high, most)
    span = high - low
    if not _LEAST < span < math.inf:
        return ()
    rough = max(span / max(most, 1), 1.0 if whole else 0.0)
    power = 10.0 ** math.floor(math.log10(rough))
    for factor in (*_STEPS, 20.0):
        step = factor * power
        if whole and step != int(step):
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first + 1 <= most:
            return tuple(_round(number * step, step) for number in range(first, last + 1))
    return ()


def _round(value: float, step: float) -> float:
    return round(value, max(0, 2 - math.floor(math.log10(step)))) + 0.0


def _log_ticks(low: float, high: float, most: int) -> tuple[float, ...]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    decades = last - first + 1
    if decades > most:
        every = math.ceil(decades / most)
        return tuple(10.0**power for power in range(first, last + 1, every))
    for factors in ((1, 2, 5), (1, 5), (1,)):
        found = [
            factor * 10.0**power
            for power in range(first - 1, last + 1)
            for factor in factors
            if low <= factor * 10.0**power <= high
        ]
        if 2 <= len(found) <= most:
            return tuple(found)
    return ticks(low, high, most)


def labels(values: Sequence[float]) -> tuple[str, ...]:
    """Give what ticks say: the same decimals on all, no more than tell them apart."""
    if not values:
        return ()
    largest = max(abs(value) for value in values)
    if largest >= 1e6 or (0 < largest < 1e-3):
        digits = next((n for n in range(6) if _tells(values, n)), 6)
        return tuple(_scientific(value, digits) for value in values)
    for decimals in range(9):
        said = [f"{value:,.{decimals}f}" for value in values]
        right = all(abs(float(f"{value:.{decimals}f}") - value) <= largest * 1e-9 for value in values)
        if right and len(set(said)) == len(said):
            return tuple("0" if float(word.replace(",", "")) == 0 else word for word in said)
    return tuple(f"{value:.3g}" for value in values)


def _tells(values: Sequence[float], digits: int) -> bool:
    said = [float(f"{value:.{digits}e}") for value in values]
    return all(math.isclose(word, value, rel_tol=1e-9) for word, value in zip(said, values, strict=True))


def _scientific(value: float, digits: int) -> str:
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa}e{int(exponent)}"
