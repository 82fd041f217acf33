"""CSV and Parquet as tables: types, empty values, and what a hostile file gets."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from longshore.errors import Invalid
from longshore.tracking.content import delimited, parquet_pages, parquet_process
from longshore.tracking.content.table import COLUMNS, ROWS
from tests.tracking.content.conftest import Counted


def kinds(text: str) -> list[tuple[str, str, int | None]]:
    table = delimited.read(text, ",", truncated=False)
    assert table is not None
    return [(column.name, column.type, column.nulls) for column in table.columns]


def test_that_each_column_of_a_csv_has_the_type_of_its_values_and_a_count_of_the_empty_ones() -> None:
    text = "id,loss,day,when,ok,name,note\n1,0.5,2026-01-02,2026-01-02T03:04:05Z,true,a,\n2,nan,2026-01-03,,False,é,\n"
    assert kinds(text) == [
        ("id", "integer", 0), ("loss", "number", 1), ("day", "date", 0), ("when", "time", 1), ("ok", "boolean", 0),
        ("name", "text", 0), ("note", "empty", 2),
    ]  # fmt: skip


def test_that_a_value_of_another_kind_makes_a_column_wider() -> None:
    assert [kind for _, kind, _ in kinds("a,b,c\n1,2026-01-01,1\n1.5e-3,2026-01-01 10:00,x\n")] == [
        "number", "time", "text",
    ]  # fmt: skip


def test_that_values_are_counted_beyond_the_rows_that_are_shown() -> None:
    table = delimited.read("a\n" + "1\n" * 1000 + "x\nhalf a li", ",", truncated=True)
    assert table is not None
    assert (len(table.rows), table.columns[0].type, table.counted_rows, table.all_rows) == (ROWS, "text", 1001, None)


@pytest.mark.parametrize("text", ["", "\n\n", '"' + "x" * 200_000])
def test_that_what_is_no_table_is_none(text: str) -> None:
    assert delimited.read(text, ",", truncated=False) is None


def test_that_numbers_of_a_hundred_thousand_digits_are_text() -> None:
    assert kinds("a\n" + "9" * 100_000 + "\n") == [("a", "text", 0)]


def test_that_a_parquet_file_shows_types_null_counts_and_the_first_rows(parquet_file: Callable[..., Counted]) -> None:
    import pyarrow as pa

    columns = {
        "id": [1, 2, None],
        "with.dot": ["é", None, None],
        "list": [[1, 2], [], None],
        "pair": [{"a": 1, "b": "x"}, None, {"a": 2, "b": None}],
        "raw": [b"\x00\xff", b"", None],
        "when": pa.array([0, 1, 2], pa.timestamp("s")),
        "kind": pa.array(["u", "v", "u"]).dictionary_encode(),
    }
    file = parquet_file(columns)
    table = parquet_process.read(file, len(file.data))
    assert [(column.name, column.nulls) for column in table.columns] == [
        ("id", 1), ("with.dot", 2), ("list", None), ("pair", None), ("raw", 1), ("when", 0), ("kind", 0),
    ]  # fmt: skip
    assert table.columns[2].type == "list<element: int64>"
    assert table.rows[0] == ("1", "é", "[1, 2]", "{'a': 1, 'b': 'x'}", "00 ff", "1970-01-01 00:00:00", "u")
    assert table.rows[2][0] == ""
    assert (table.all_rows, table.all_columns) == (3, 7)


def test_that_a_large_parquet_file_is_read_in_few_places(parquet_file: Callable[..., Counted]) -> None:
    import numpy as np

    file = parquet_file({f"c{n}": np.random.default_rng(n).random(1_000_000) for n in range(4)})
    table = parquet_process.read(file, len(file.data))
    assert (len(table.rows), table.all_rows) == (ROWS, 1_000_000)
    assert file.read_bytes < len(file.data) / 2


def test_that_a_parquet_file_of_ten_thousand_columns_shows_the_first_hundred(
    parquet_file: Callable[..., Counted],
) -> None:
    file = parquet_file({f"c{n}": [n] for n in range(10_000)})
    table = parquet_process.read(file, len(file.data))
    assert (len(table.columns), len(table.rows[0]), table.all_columns) == (COLUMNS, COLUMNS, 10_000)


def test_that_a_long_text_in_every_row_is_cut(parquet_file: Callable[..., Counted]) -> None:
    file = parquet_file({"text": ["x" * 1_000_000] * 300})
    table = parquet_process.read(file, len(file.data))
    assert {len(row[0]) for row in table.rows} == {500}


def test_that_a_page_that_claims_gigabytes_is_not_decompressed(parquet_file: Callable[..., Counted]) -> None:
    # A gigabyte of zeros is a few kilobytes here.
    file = parquet_file(
        {"bomb": [b"\0" * (100 << 20)], "n": [7]}, compression="zstd", use_dictionary=False, write_statistics=False
    )
    assert len(file.data) < 1 << 20
    table = parquet_process.read(file, len(file.data))
    assert table.rows == (("…", "7"),)
    assert "larger parts" in table.note


def test_that_a_footer_that_claims_to_be_larger_than_the_file_is_refused(parquet_file: Callable[..., Counted]) -> None:
    file = parquet_file({"a": [1]})
    file.data = file.data[:-8] + struct.pack("<I", 2**31 - 1) + b"PAR1"
    with pytest.raises(Invalid, match="footer"):
        parquet_process.read(file, len(file.data))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1" * 3, b"not a table at all, but long enough", b"\0" * 1000])
def test_that_what_is_no_parquet_file_is_refused(data: bytes) -> None:
    with pytest.raises(Invalid):
        parquet_process.read(Counted(data), len(data))


def test_that_a_file_that_would_end_the_process_that_reads_it_is_only_said_to_be_damaged(
    parquet_file: Callable[..., Counted],
) -> None:
    """Arrow throws through its bindings where a histogram does not fit its column: the reading process aborts."""
    file = parquet_file({"l": [[1, 2], [], None] * 50})
    whole = file.data
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    refused = 0
    for place in (2, 18, 45, 100):
        at = footer + place
        file.data = whole[:at] + bytes([whole[at] ^ 0x15]) + whole[at + 1 :]
        try:
            parquet_process.read(file, len(file.data))
        except Invalid:
            refused += 1
    assert refused >= 2


def test_that_a_page_header_is_read_or_refused() -> None:
    whole = bytes.fromhex("15 04 15 20 15 24 4c 15 04 15 00 12 00 00".replace(" ", ""))
    header = parquet_pages.page_header(whole)
    assert (header.raw_bytes, header.stored_bytes, header.values, header.header_bytes) == (16, 18, 0, len(whole))
    for end in range(len(whole)):
        with pytest.raises(Invalid):
            parquet_pages.page_header(whole[:end])
    for damaged in (b"\xff" * 200, b"\x1c" * 200, b"\x15\x03\x15\x03\x15\x03\x00"):
        with pytest.raises(Invalid):
            parquet_pages.page_header(damaged)
