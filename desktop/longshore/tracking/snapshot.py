"""The last state of a table in a file, for the first rows on screen. Standard library alone."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from longshore.settings import Home
from longshore.tracking.rows import RunRow, RunTable

_VERSION = 1
# What fits on a tall screen, and no tag that nobody reads in a table (MLflow keeps model histories in tags).
_ROWS = 200
_LONGEST_TAG = 300


def save_last(home: Home, key: str, table: RunTable) -> None:
    """Keep the first rows of a table. A full disk only costs the next start its first rows."""
    content = {
        "version": _VERSION,
        "total": table.total,
        "as_of": table.as_of.timestamp(),
        "rows": [_written(row) for row in table.rows[:_ROWS]],
    }
    file = _file(home, key)
    fresh = file.with_suffix(f".{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(content, separators=(",", ":")), "utf-8")
        fresh.replace(file)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()


def load_last(home: Home, key: str) -> RunTable | None:
    """Give the table as it was last saved, None where there is none that can be read."""
    try:
        content = json.loads(_file(home, key).read_bytes())
        if content["version"] != _VERSION:
            return None
        rows = tuple(map(_read, content["rows"]))
        return RunTable(rows, content["total"], datetime.fromtimestamp(content["as_of"], UTC), None)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _file(home: Home, key: str) -> Path:
    return home.index / "last" / f"{hashlib.sha256(key.encode('utf-8')).hexdigest()[:24]}.json"


def _written(row: RunRow) -> list[Any]:
    tags = {name: value for name, value in row.tags.items() if len(value) <= _LONGEST_TAG}
    return [
        row.run_id,
        row.name,
        row.status,
        row.start_time and row.start_time.timestamp(),
        row.end_time and row.end_time.timestamp(),
        row.user,
        row.experiment_id,
        row.experiment,
        dict(row.params),
        dict(row.metrics),
        tags,
    ]


def _read(entry: list[Any]) -> RunRow:
    run_id, name, status, start, end, *rest = entry
    return RunRow(run_id, name, status, _moment(start), _moment(end), *rest)


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
