"""The sizes that the pages of a Parquet column claim, read from their headers before anything is decompressed.

A page of a few bytes may claim two gigabytes, and a reader would take that memory. So a column's first pages are walked
here, and a column whose pages are too large is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Invalid

if TYPE_CHECKING:
    from longshore.tracking.content.ranges import RangeFile

MOST_PAGE_BYTES = 32 << 20
_MOST_PAGES = 300
# A header holds statistics too: the first and last value of its page.
_HEADER_BYTES = 4096
# Thrift's compact protocol.
_STOP, _I32, _STRUCT = 0, 5, 12
_DATA_V1, _DATA_V2 = 5, 8


@dataclass(frozen=True)
class PageHeader:
    """What a page says of itself."""

    raw_bytes: int
    stored_bytes: int
    values: int  # 0 for a dictionary
    header_bytes: int


def needed_bytes(file: RangeFile, start: int, end: int, values: int) -> int | None:
    """Tell how many stored bytes of a column are needed for its first values; None where a page claims too much.

    `start`, `end`: where the column lies in the file. Raises: Invalid for headers that are none.
    """
    place, seen = start, 0
    for _page in range(_MOST_PAGES):
        if seen >= values or place >= end:
            return place - start
        header = page_header(file.at(place, min(_HEADER_BYTES, end - place)))
        if header.raw_bytes > MOST_PAGE_BYTES or header.stored_bytes > end - place:
            return None
        seen += header.values
        place += header.header_bytes + header.stored_bytes
    return None


def page_header(data: bytes) -> PageHeader:
    """Read a page's header. Raises: Invalid where it is none."""
    reader = _Reader(data)
    sizes: dict[int, int] = {}
    values = 0
    for field, kind in reader.fields():
        if kind == _I32:
            sizes[field] = reader.number()
        elif kind == _STRUCT and field in (_DATA_V1, _DATA_V2):
            values = reader.first_number()
        elif kind == _STRUCT:
            reader.skip(kind, 0)
        else:
            raise Invalid("A page's header is damaged.")
    raw, stored = sizes.get(2, -1), sizes.get(3, -1)
    if raw < 0 or stored < 0 or values < 0:
        raise Invalid("A page's header is damaged.")
    return PageHeader(raw, stored, values, reader.place)


class _Reader:
    """As much of Thrift's compact protocol as a page's header needs."""

    def __init__(self, data: bytes) -> None:
        self._data, self.place = data, 0

    def _byte(self) -> int:
        if self.place >= len(self._data):
            raise Invalid("A page's header is cut.")
        self.place += 1
        return self._data[self.place - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
        raise Invalid("A page's header is damaged.")

    def number(self) -> int:
        raw = self._varint()
        return (raw >> 1) ^ -(raw & 1)

    def fields(self) -> Iterator[tuple[int, int]]:
        field = 0
        while (byte := self._byte()) & 0x0F != _STOP:
            field = field + (byte >> 4) if byte >> 4 else self.number()
            yield field, byte & 0x0F

    def first_number(self) -> int:
        """Read a struct, and give its field 1."""
        found = 0
        for field, kind in self.fields():
            if field == 1 and kind == _I32:
                found = self.number()
            else:
                self.skip(kind, 0)
        return found

    def skip(self, kind: int, depth: int) -> None:
        if depth > 8:
            raise Invalid("A page's header is damaged.")
        if kind in (1, 2):  # true and false have no content
            return
        if kind == 3:
            self._byte()
        elif kind in (4, 5, 6):
            self._varint()
        elif kind == 7:
            self.place += 8
        elif kind == 8:
            length = self._varint()
            self.place += length
        elif kind == _STRUCT:
            for _field, inner in self.fields():
                self.skip(inner, depth + 1)
        else:
            raise Invalid("A page's header is damaged.")
