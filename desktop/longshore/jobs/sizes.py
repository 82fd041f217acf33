"""Sizes as people write them."""

from __future__ import annotations

from longshore.errors import Invalid


def size_bytes(text: str) -> int:
    """Read a size such as 512m or 2g. Units: k, m, g, t are powers of 1024. Raises: Invalid."""
    number, unit = text.strip().lower().removesuffix("b").removesuffix("i"), 1
    for power, letter in enumerate("kmgt", start=1):
        if number.endswith(letter):
            number, unit = number[:-1], 1024**power
    try:
        size = int(float(number) * unit)
    except (ValueError, OverflowError):
        size = 0
    if size <= 0:
        raise Invalid(f"{text!r} is not a size.", hint="Write a number with k, m, g or t, such as 2g.")
    return size
