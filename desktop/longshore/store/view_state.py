"""What the window remembers, by key: sizes, columns, the last page. Values are JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from longshore.settings import Home
from longshore.store.database import reading, writing
from longshore.store.tables import ViewStateRow


def load(home: Home, key: str, default: Any = None) -> Any:
    """Give what was saved under a key."""
    with reading(home) as session:
        row = session.get(ViewStateRow, key)
        return default if row is None else row.value


def save(home: Home, key: str, value: Any) -> None:
    """Save under a key."""
    with writing(home) as session:
        row = session.get(ViewStateRow, key) or ViewStateRow(key=key)
        row.value = value
        session.add(row)


def change(home: Home, key: str, changed: Callable[[Any], Any]) -> None:
    """Replace what was saved under a key (None where nothing was) by what a function makes of it, in one go.

    What the function raises leaves it as it was.
    """
    with writing(home) as session:
        row = session.get(ViewStateRow, key) or ViewStateRow(key=key, value=None)
        row.value = changed(row.value)
        session.add(row)
