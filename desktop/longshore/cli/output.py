"""What a command prints: one JSON document, or tables for people; progress and errors on standard error."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import LongshoreError

if TYPE_CHECKING:
    from rich.console import Console


def plain(value: Any) -> Any:
    """Give a value as JSON can hold it: NaN and infinities as MLflow's strings, times as ISO 8601 in UTC."""
    if isinstance(value, float):
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "-Infinity"
        return value
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Path):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return value


class Output:
    """Where one command's answer goes. Only this class writes to standard output."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def document(self, document: Mapping[str, Any]) -> None:
        """Print the command's JSON document; without `--json` nothing."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(document), ensure_ascii=False, allow_nan=False) + "\n")
            sys.stdout.flush()

    def raw(self, text: str) -> None:
        """Print an answer that is a document already, with `--json` or without."""
        sys.stdout.write(text.rstrip("\n") + "\n")
        sys.stdout.flush()

    def text(self, text: str) -> None:
        """Print a line for a person; with `--json` nothing."""
        if not self.as_json:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> None:
        """Print a table for a person, or the sentence that says why it is empty."""
        if self.as_json:
            return
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(cell(value) for value in row))
        if table.row_count:
            _console().print(table)
        else:
            self.text(empty)

    def message(self, text: str) -> None:
        """Tell what is going on, on standard error."""
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def error(self, error: LongshoreError) -> None:
        """Print what went wrong and what to do next, on standard error."""
        if self.as_json:
            document = {"error": {key: value for key, value in error.as_dict().items() if key != "details" or value}}
            self.message(json.dumps(document, ensure_ascii=False))
            return
        self.message(f"{error.title}: {error.reason}")
        if error.details:
            self.message("\n".join(f"  {line}" for line in error.details.strip().splitlines()))
        if error.hint:
            self.message(f"Next: {error.hint}")


def _console() -> Console:
    from rich.console import Console

    # A pipe has no width: rows must not be folded at 80 columns there.
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 240)


def cell(value: Any) -> str:
    """Give a value as a table cell shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, datetime):
        return value.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={cell(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(cell(item) for item in value)
    # Names come from servers too: none may move the cursor or colour the rest of the terminal.
    return "".join(sign if sign.isprintable() else "�" for sign in str(value))


def seconds(value: float | None) -> str:
    """Give a duration as people write it: 0.8 s, 41 s, 3 min 5 s, 2 h 10 min."""
    if value is None:
        return ""
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size(count: int) -> str:
    """Give a number of bytes in the unit that keeps it short, powers of 1000: 812 B, 3.2 GB."""
    amount = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"
