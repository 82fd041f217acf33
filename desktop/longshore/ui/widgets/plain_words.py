"""Names that somebody else gave, as they may stand in a line of ours."""

from __future__ import annotations

# Marks that turn the order of what follows, also of our own words behind a name. Letters that are read from right to left
# need none of them.
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C))
_BREAKING = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029), " ")
_TABLE = _TURNING | _BREAKING


def one_line(text: str, most: int = 0) -> str:
    """Give a text on one line, with nothing in it that turns the order of what stands behind it.

    `most`: the longest that is given whole, in characters; 0: any.
    """
    if not text.isprintable():
        text = text.replace("\r\n", "\n").translate(_TABLE)
    return f"{text[: most - 1]}…" if most and len(text) > most else text
