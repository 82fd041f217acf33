"""Segment files: written once, then only read, through a memory map that loads no column before it is asked for."""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from longshore.tracking.index import bridge, columns
from longshore.tracking.index.layout import SEGMENT_SUFFIX
from longshore.tracking.index.manifest import IndexBroken, Manifest, Segment, read_manifest

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

# A batch is in memory while it is written; a file of one batch gives its columns without a copy.
_BATCH_BYTES = 64_000_000
# Larger files would be read whole for it: their columns are checked one by one when they are asked for.
_VERIFIED_BYTES = 128_000_000
_PIECE_BYTES = 1 << 20
_TRIES = 20
# Files never change under their names, so each process reads one for its checksum once.
_verified: set[tuple[Path, int]] = set()


def write(folder: Path, number: int, table: pa.Table, order: np.ndarray | None) -> Segment:
    """Write the rows of a table in this order (None: as they stand) into a new file. Raises: OSError."""
    import pyarrow as pa

    file = folder / f"{number:06}-{secrets.token_hex(4)}{SEGMENT_SUFFIX}"
    rows = len(table) if order is None else len(order)
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        for batch in _batches(table, order, rows):
            writer.write_table(batch)
    with file.open("rb+") as written:
        os.fsync(written.fileno())
        return Segment(file.name, rows, size_bytes=file.stat().st_size, crc32=_checksum(written))


def open_segments(folder: Path) -> tuple[Manifest, tuple[pa.Table, ...]] | None:
    """Give the state of an index and its segments, oldest first; None where there is no index yet.

    Raises: IndexBroken.
    """
    missing: Manifest | None = None
    for _ in range(_TRIES):
        manifest = read_manifest(folder)
        if manifest is None:
            return None
        try:
            return manifest, tuple(_open(folder, segment) for segment in manifest.segments)
        except FileNotFoundError:
            # A writer merged and removed files since: the manifest names others now.
            if manifest == missing:
                break
            missing = manifest
    raise IndexBroken(folder, "a file of it is missing")


def open_one(folder: Path, segment: Segment) -> pa.Table:
    """Give the rows of a segment; its columns are read when they are asked for. Raises: IndexBroken."""
    try:
        return _open(folder, segment)
    except FileNotFoundError as error:
        raise IndexBroken(folder, f"{segment.file} is missing") from error


def checked(folder: Path, table: pa.Table, column: str) -> pa.ChunkedArray:
    """Give a column that can be read without harm, whatever a damaged file holds. Raises: IndexBroken."""
    import pyarrow as pa

    found = table[column]
    try:
        found.validate(full=True)
    except pa.ArrowInvalid as error:
        raise IndexBroken(folder, f"the column {column[:80]!r} is damaged ({error})") from error
    return found


def _open(folder: Path, segment: Segment) -> pa.Table:
    import pyarrow as pa

    file = folder / segment.file
    try:
        _verify(folder, file, segment)
        with pa.memory_map(str(file), "r") as source:
            table = pa.ipc.open_file(source).read_all()
        if len(table) != segment.rows:
            raise IndexBroken(folder, f"{segment.file} has {len(table)} rows instead of {segment.rows}")
        if wrong := [field.name for field in table.schema if not _conforms(field)]:
            raise IndexBroken(folder, f"{segment.file} has a column that this version does not know: {wrong[0][:80]!r}")
        if columns.RUN_ID not in table.column_names or columns.LIFECYCLE not in table.column_names:
            raise IndexBroken(folder, f"{segment.file} lacks a column")
    except FileNotFoundError:
        raise
    # A damaged header shows itself as a wrong length, a wrong type, or no memory for an absurd size.
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError, OverflowError) as error:
        raise IndexBroken(folder, f"{segment.file} is damaged ({error})") from error
    return table


def _verify(folder: Path, file: Path, segment: Segment) -> None:
    size = file.stat().st_size
    if size != segment.size_bytes:
        raise IndexBroken(folder, f"{segment.file} has {size} bytes instead of {segment.size_bytes}")
    if size > _VERIFIED_BYTES or (file, segment.crc32) in _verified:
        return
    with file.open("rb") as opened:
        found = _checksum(opened)
    if found != segment.crc32:
        raise IndexBroken(folder, f"{segment.file} has another checksum than when it was written")
    _verified.add((file, segment.crc32))


def _checksum(file: BinaryIO) -> int:
    # In pieces: a map of the whole would count as this process's memory.
    found = 0
    while piece := file.read(_PIECE_BYTES):
        found = zlib.crc32(piece, found)
    return found


def _conforms(field: pa.Field) -> bool:
    try:
        return bool(field.type == columns.type_of(field.name))
    except KeyError:
        return False


def _batches(table: pa.Table, order: np.ndarray | None, rows: int) -> Iterator[pa.Table]:
    size = max(1, rows * _BATCH_BYTES // max(table.nbytes, 1))
    for start in range(0, max(rows, 1), size):
        part = table.slice(start, size) if order is None else table.take(bridge.places(order[start : start + size]))
        yield part.combine_chunks()
