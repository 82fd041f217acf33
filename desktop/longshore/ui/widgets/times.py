"""Times, durations and numbers as the design writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

# A number with more digits than this in a column is easier to read with an exponent.
MOST_DIGITS = 7


def ago(time: datetime | None, now: datetime | None = None) -> str:
    """Give `12 min ago` under 7 days, then the date."""
    if time is None:
        return ""
    seconds = ((now or datetime.now(UTC)) - time).total_seconds()
    if seconds < 5:
        return "now"
    if seconds < 60:
        return f"{int(seconds)} s ago"
    if seconds < 3600:
        return f"{int(seconds // 60)} min ago"
    if seconds < 86400:
        return f"{int(seconds // 3600)} h ago"
    if seconds < 7 * 86400:
        return f"{int(seconds // 86400)} d ago"
    return f"{time.astimezone():%Y-%m-%d}"


def full(time: datetime | None) -> str:
    """Give the whole local time, for tooltips."""
    return "" if time is None else f"{time.astimezone():%Y-%m-%d %H:%M:%S}"


def duration(seconds: float | None) -> str:
    """Give a duration: 0.8 s, 41 s, 41m 08s, 2h 10m."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes}m {rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def number(value: float | None) -> str:
    """Give a measured value with four significant digits; thousands with commas."""
    if value is None:
        return "—"
    if value != value or value in (float("inf"), float("-inf")):
        return {True: "NaN"}.get(value != value, "∞" if value > 0 else "-∞")
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    if 0.001 <= abs(value) < 1e6:
        return f"{value:.4g}" if abs(value) < 10000 else f"{value:,.0f}"
    return f"{value:.3e}"


def decimals_of(values: Sequence[float]) -> int | None:
    """Give the decimals that show measured values of one column under each other, None where their sizes differ too much.

    The largest keeps four significant digits and all but the least tenth keep two; zeros that all of them end in are
    left out.
    """
    sizes = sorted(abs(value) for value in values if value and math.isfinite(value))
    if not sizes:
        return 0
    largest, smallest = (math.floor(math.log10(size)) for size in (sizes[-1], sizes[len(sizes) // 10]))
    if all(value == int(value) for value in sizes):
        return 0 if largest < 15 else None
    decimals = max(0, 3 - largest, 1 - smallest)
    if max(largest, 0) + 1 + decimals > MOST_DIGITS:
        return None
    while decimals and all(round(value, decimals) == round(value, decimals - 1) for value in sizes):
        decimals -= 1
    return decimals


def fixed(value: float, decimals: int | None) -> str:
    """Give a measured value with its column's decimals; None, and what these would show as zero, as it is read alone."""
    if decimals is None or not math.isfinite(value) or (value and not round(value, decimals)):
        return number(value)
    return f"{value:,.{decimals}f}"


def size(size_bytes: int | None) -> str:
    """Give a size in the unit that keeps it short, powers of 1000."""
    if size_bytes is None:
        return ""
    amount = float(size_bytes)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
