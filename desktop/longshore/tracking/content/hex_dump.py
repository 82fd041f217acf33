"""The first bytes of any file, as people read them: place, bytes, and the characters that they would be."""

from __future__ import annotations

BYTES = 4096
_WIDTH = 16


def lines(data: bytes) -> str:
    """Give lines such as `00000010  89 50 4e 47 ...  .PNG`, of 16 bytes each, at most 4,096 bytes."""
    shown = data[:BYTES]
    return "\n".join(_line(place, shown[place : place + _WIDTH]) for place in range(0, len(shown), _WIDTH))


def _line(place: int, part: bytes) -> str:
    words = part[:8].hex(" ").ljust(23) + "  " + part[8:].hex(" ").ljust(23)
    letters = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in part)
    return f"{place:08x}  {words}  {letters}"
