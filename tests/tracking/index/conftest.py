"""Rows and folders of indexes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from longshore.tracking.index import columns, segments
from longshore.tracking.index.manifest import Manifest

Row = Mapping[str, Any]


def table(rows: Sequence[Row]) -> pa.Table:
    """Give rows as a table; what a row does not name is null, but for its id, status and lifecycle."""
    filled = [
        {"run_id": f"{number:032x}", "status": "FINISHED", "lifecycle": "active"} | dict(row)
        for number, row in enumerate(rows)
    ]
    names = dict.fromkeys(name for row in filled for name in row)
    return pa.table({name: _column(name, [row.get(name) for row in filled]) for name in names})


def _column(name: str, values: list[Any]) -> pa.Array:
    kind = columns.type_of(name)
    if pa.types.is_dictionary(kind):
        return pa.array(values, pa.string()).dictionary_encode()
    # Without `from_pandas` a NaN stays a value beside null.
    return pa.array(values, kind, from_pandas=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def add(folder: Path) -> Callable[..., Manifest]:
    """Give a function that appends rows as one segment."""

    def append(*rows: Row, complete: bool = True) -> Manifest:
        return segments.append(folder, [table(rows)], as_of=1.0, complete=complete, expected=None, source={})

    return append
