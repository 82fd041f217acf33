"""Files as they are logged, in memory."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest


class Counted:
    """A file that is read in places, and how much of it was read."""

    def __init__(self, data: bytes) -> None:
        self.data, self.read_bytes = data, 0

    def __call__(self, start: int, length: int) -> bytes:
        found = self.data[start : start + length]
        self.read_bytes += len(found)
        return found


@pytest.fixture
def parquet_file() -> Callable[..., Counted]:
    """Give a function that writes columns as a Parquet file."""

    def make(columns: dict[str, Any], **options: Any) -> Counted:
        import pyarrow as pa
        import pyarrow.parquet as pq

        target = io.BytesIO()
        pq.write_table(pa.table(columns), target, **options)
        return Counted(target.getvalue())

    return make
