"""A table as a preview shows it: a few rows of short texts, and what is known of each column."""

from __future__ import annotations

from dataclasses import dataclass

ROWS, COLUMNS = 200, 100
# A cell may be huge, and no widget shows it.
CELL = 500


@dataclass(frozen=True)
class Column:
    """A column's name and type. `nulls`: how many values are missing, None where nobody counted."""

    name: str
    type: str
    nulls: int | None


@dataclass(frozen=True)
class Table:
    """The head of a table."""

    columns: tuple[Column, ...]  # the shown ones
    rows: tuple[tuple[str, ...], ...]  # without the head
    all_columns: int
    # None where only the end of the file would tell.
    all_rows: int | None
    # The nulls were counted in so many rows, from the first on; None: in all.
    counted_rows: int | None = None
    # Why some of it is not shown, in a sentence.
    note: str = ""
