"""The few rows that the window's first frame shows, read with the standard library: sqlmodel would cost 0.4 s there.

Reads only, never migrates, and answers with nothing where the database is missing, newer or damaged.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from longshore.settings import Home

_WORKSPACES = "SELECT name, kind, current FROM workspace"


def view_state(home: Home, key: str, default: Any = None) -> Any:
    """Give what was saved under a key by `view_state.save`."""
    rows = _read(home, "SELECT value FROM view_state WHERE key = ?", (key,))
    try:
        return json.loads(rows[0][0]) if rows else default
    except (TypeError, ValueError):
        return default


def projects(home: Home) -> list[tuple[str, str, str]]:
    """Give (id, name, path) of the remembered projects, the last opened first."""
    return [tuple(row) for row in _read(home, "SELECT id, name, path FROM project ORDER BY opened_at DESC", ())]


def workspaces(home: Home) -> list[tuple[str, str, bool]]:
    """Give (name, kind, current) of the workspaces beside the personal one."""
    return [(name, kind, bool(current)) for name, kind, current in _read(home, _WORKSPACES, ())]


def _read(home: Home, query: str, parameters: Sequence[Any]) -> list[Any]:
    if not home.database.exists():
        return []
    try:
        connection = sqlite3.connect(f"{home.database.as_uri()}?mode=ro", uri=True, timeout=0.2)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:
        return []
