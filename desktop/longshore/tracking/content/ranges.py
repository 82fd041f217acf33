"""A file that is read in places: as a stream for readers that seek, with a limit on what they may fetch in all."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from longshore.errors import Invalid

if TYPE_CHECKING:
    from typing_extensions import Buffer

BLOCK_BYTES = 64 * 1024


class RangeFile(io.RawIOBase):
    """A file of a known size behind `read_range(start, length)`; what was fetched is kept.

    Raises: Invalid once more than `budget_bytes` were asked for, so that no metadata can make it fetch the whole file.
    """

    def __init__(self, read_range: Callable[[int, int], bytes], size_bytes: int, budget_bytes: int) -> None:
        super().__init__()
        self._read_range, self.size_bytes, self._left = read_range, size_bytes, budget_bytes
        self._blocks: dict[int, bytes] = {}
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Give the place of the next read."""
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size_bytes}[whence]
        self._place = min(max(0, base + offset), self.size_bytes)
        return self._place

    def readinto(self, buffer: Buffer) -> int:
        """Read into a buffer."""
        view = memoryview(buffer)
        found = self.at(self._place, len(view))
        view[: len(found)] = found
        self._place += len(found)
        return len(found)

    def read(self, size: int = -1) -> bytes:
        """Read from the current place."""
        found = self.at(self._place, self.size_bytes - self._place if size < 0 else size)
        self._place += len(found)
        return found

    def at(self, start: int, length: int) -> bytes:
        """Read some bytes from a place; less where the file ends."""
        end = min(max(0, start) + max(0, length), self.size_bytes)
        if start >= end:
            return b""
        first, last = start // BLOCK_BYTES, (end - 1) // BLOCK_BYTES
        self._fetch(first, last)
        whole = b"".join(self._blocks[number] for number in range(first, last + 1))
        return whole[start - first * BLOCK_BYTES : end - first * BLOCK_BYTES]

    def _fetch(self, first: int, last: int) -> None:
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        if not missing:
            return
        start = missing[0] * BLOCK_BYTES
        length = min((missing[-1] + 1) * BLOCK_BYTES, self.size_bytes) - start
        self._left -= length
        if self._left < 0:
            raise Invalid("A preview would have to read too much of this file.", hint="Download it.")
        data = self._read_range(start, length)
        if len(data) < length:
            raise Invalid("The file ends before its listed size.", hint="Refresh the list; it may have been replaced.")
        for number in range(missing[0], missing[-1] + 1):
            self._blocks[number] = data[number * BLOCK_BYTES - start : (number + 1) * BLOCK_BYTES - start]
