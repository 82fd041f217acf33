"""CSV and TSV: the head as a table, with the type that the values of each column have and how many are missing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from longshore.tracking.content.table import CELL, COLUMNS, ROWS, Column, Table

# What pandas reads as missing, by its own list of the common ones.
_MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "#n/a", "<na>", "-nan"})
_INTEGER = re.compile(r"[+-]?\d{1,30}")
_NUMBER = re.compile(r"[+-]?(\d{1,40}\.?\d{0,40}|\.\d{1,40})([eE][+-]?\d{1,4})?|[+-]?inf(inity)?", re.IGNORECASE)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?")
_BOOLEAN = frozenset({"true", "false"})
_JOINED = {frozenset({"integer", "number"}): "number", frozenset({"date", "time"}): "time"}


def read(text: str, separator: str, *, truncated: bool) -> Table | None:
    """Read the head of a table; None where it is no table. `truncated`: the last line may be half a line."""
    lines = text if not truncated else text[: text.rfind("\n") + 1] or text
    try:
        rows = [row for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator) if row]
    except csv.Error:
        return None
    if not rows:
        return None
    head, body = rows[0], rows[1:]
    wide = max(map(len, rows))
    columns = tuple(_column(place, head, body) for place in range(min(wide, COLUMNS)))
    shown = tuple(tuple(cell[:CELL] for cell in row[:COLUMNS]) for row in body[:ROWS])
    return Table(columns, shown, wide, None if truncated else len(body), len(body) if truncated else None)


def _column(place: int, head: Sequence[str], body: Iterable[Sequence[str]]) -> Column:
    kind, nulls = "", 0
    for row in body:
        value = row[place].strip() if place < len(row) else ""
        if value.lower() in _MISSING:
            nulls += 1
        elif kind != "text":
            kind = _wider(kind, _kind_of(value))
    return Column(head[place][:CELL] if place < len(head) else "", kind or "empty", nulls)


def _kind_of(value: str) -> str:
    if value.lower() in _BOOLEAN:
        return "boolean"
    for kind, form in (("integer", _INTEGER), ("number", _NUMBER), ("date", _DATE), ("time", _TIME)):
        if form.fullmatch(value):
            return kind
    return "text"


def _wider(before: str, kind: str) -> str:
    if not before or before == kind:
        return kind
    return _JOINED.get(frozenset({before, kind}), "text")
