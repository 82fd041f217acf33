"""The head of a Parquet file: its columns with types and null counts from the footer, and the first rows.

Nothing that the file says of itself is believed: the footer's length is looked at first, what its parts may take is
limited, and each column's pages are looked at before they are decompressed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid, LongshoreError
from longshore.tracking.content import parquet_pages
from longshore.tracking.content.ranges import RangeFile
from longshore.tracking.content.table import CELL, COLUMNS, ROWS, Column, Table

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"PAR1"
_FOOTER_BYTES = 16 << 20
_BUDGET_BYTES = 64 << 20
# So much of the first rows' pages is fetched.
_ROWS_BYTES = 24 << 20
_STRING_BYTES, _CONTAINER_ITEMS = 4 << 20, 1_000_000
_MOST_GROUPS = 2_000
_STREAM_BYTES = 64 * 1024
_DEEPEST = 20
_NAME, _TYPE = 200, 120
UNREAD = "…"


def read(read_range: Callable[[int, int], bytes], size_bytes: int) -> Table:
    """Read the head of a Parquet file. Raises: Invalid for what is none or is too wild to be read, and what reading raises."""
    import pyarrow as pa

    file = RangeFile(read_range, size_bytes, _BUDGET_BYTES)
    _check_footer(file)
    try:
        return _table(file)
    except LongshoreError:
        raise
    # Arrow raises its own errors, and plain ones for what it could not even begin to read.
    except (pa.ArrowException, OSError, ValueError, RuntimeError, MemoryError, OverflowError, KeyError) as error:
        raise Invalid(
            "This Parquet file is damaged.", hint="Download it to look closer.", details=str(error)
        ) from error


def _open(file: RangeFile, **more: Any) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    return pq.ParquetFile(
        pa.PythonFile(file, mode="r"),
        # A column is read as a stream: else its whole part of the row group would be fetched.
        buffer_size=_STREAM_BYTES,
        pre_buffer=False,
        thrift_string_size_limit=_STRING_BYTES,
        thrift_container_size_limit=_CONTAINER_ITEMS,
        arrow_extensions_enabled=False,
        **more,
    )


def _check_footer(file: RangeFile) -> None:
    end = file.at(file.size_bytes - 8, 8)
    if file.size_bytes < 12 or end[4:] != MAGIC:
        raise Invalid("This is no Parquet file, or its end is missing.", hint="Download it to look closer.")
    length = int.from_bytes(end[:4], "little")
    if length > min(_FOOTER_BYTES, file.size_bytes - 12):
        raise Invalid("The footer of this Parquet file is damaged or too large for a preview.", hint="Download it.")


def _table(file: RangeFile) -> Table:
    parquet = _open(file)
    metadata, schema = parquet.metadata, parquet.schema_arrow
    leaves = _leaves(schema)
    rows, note = _rows(file, parquet, leaves)
    columns = tuple(
        Column(name[:_NAME], str(kind := schema.field(place).type)[:_TYPE], _nulls(metadata, kind, leaves[place]))
        for place, name in enumerate(schema.names[:COLUMNS])
    )
    return Table(columns, rows, len(schema.names), metadata.num_rows, None, note)


def _leaves(schema: Any) -> list[range]:
    """Give the stored columns of each shown one: a nested one has several."""
    found, first = list[range](), 0
    for place in range(min(len(schema.names), COLUMNS)):
        count = _stored(schema.field(place).type, 0)
        found.append(range(first, first + count))
        first += count
    return found


def _stored(kind: Any, depth: int) -> int:
    if depth > _DEEPEST:
        raise Invalid("This Parquet file nests its columns too deeply for a preview.", hint="Download it.")
    return sum(_stored(kind.field(place).type, depth + 1) for place in range(kind.num_fields)) or 1


def _nulls(metadata: Any, kind: Any, leaves: range) -> int | None:
    """Add what the footer says of a flat column's row groups; None where it does not."""
    if kind.num_fields or metadata.num_row_groups > _MOST_GROUPS:
        return None
    total = 0
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(leaves[0]).statistics
        if statistics is None or not statistics.has_null_count:
            return None
        total += statistics.null_count
    return total if 0 <= total <= metadata.num_rows else None


def _rows(file: RangeFile, parquet: Any, leaves: list[range]) -> tuple[tuple[tuple[str, ...], ...], str]:
    """Give the first rows, with an ellipsis in columns that may not be read, and a sentence about these."""
    if not parquet.metadata.num_row_groups or not parquet.metadata.num_rows:
        return (), ""
    group, left, readable = parquet.metadata.row_group(0), _ROWS_BYTES, list[int]()
    for place, stored in enumerate(leaves):
        sizes = [_needed(file, group, leaf, nested=len(stored) > 1) for leaf in stored]
        cost = sum(size or 0 for size in sizes)
        if None not in sizes and cost <= left:
            left -= cost
            readable.append(place)
    if not readable:
        return (), "Its values are packed in larger parts than a preview reads."
    note = "" if len(readable) == len(leaves) else "Values marked … are packed in larger parts than a preview reads."
    return _first_rows(file, parquet, readable, leaves), note


def _needed(file: RangeFile, group: Any, leaf: int, *, nested: bool) -> int | None:
    column = group.column(leaf)
    start = column.data_page_offset
    if column.has_dictionary_page and column.dictionary_page_offset:
        start = min(start, column.dictionary_page_offset)
    end = start + column.total_compressed_size
    if start < 4 or end > file.size_bytes or end <= start:
        raise Invalid("The footer of this Parquet file names places outside of it.", hint="Download it.")
    # A row of a list has any number of values: its whole part is looked at.
    wanted = column.num_values if nested or column.num_values != group.num_rows else ROWS
    return parquet_pages.needed_bytes(file, start, end, wanted)


def _first_rows(file: RangeFile, parquet: Any, readable: list[int], leaves: list[range]) -> tuple[tuple[str, ...], ...]:
    schema = parquet.schema_arrow
    # A long value that stands in every row is there once as a dictionary.
    texts = [schema.names[place] for place in readable if _is_text(schema.field(place).type)]
    reader = _open(file, metadata=parquet.metadata, read_dictionary=texts).reader
    indices = [leaf for place in readable for leaf in leaves[place]]
    batches = reader.iter_batches(ROWS, row_groups=[0], column_indices=indices, use_threads=False)
    batch = next(iter(batches), None)
    if batch is None:
        return ()
    read = dict(zip(readable, map(_texts, batch.columns), strict=True))
    columns = [read.get(place) or [UNREAD] * batch.num_rows for place in range(len(leaves))]
    return tuple(zip(*columns, strict=True))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_binary(kind))


def _texts(column: Any) -> list[str]:
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        words = _texts(column.dictionary)
        return ["" if place is None else words[place] for place in column.indices.to_pylist()]
    return [_text(value) for value in column]


def _text(value: Any) -> str:
    import pyarrow as pa

    if not value.is_valid:
        return ""
    # A string is a kind of binary value to Arrow.
    if isinstance(value, pa.StringScalar | pa.LargeStringScalar):
        return bytes(value.as_buffer()[: CELL * 4]).decode("utf-8", "replace")[:CELL]
    if isinstance(value, pa.BinaryScalar | pa.LargeBinaryScalar | pa.FixedSizeBinaryScalar):
        return bytes(value.as_buffer()[:CELL]).hex(" ")[:CELL]
    if isinstance(value, pa.ListScalar | pa.LargeListScalar):
        return f"{len(value):,} values" if len(value) > 50 else str(value.as_py())[:CELL]
    return str(value.as_py())[:CELL]
