"""How several processes share the tests out: the longest files are begun first, and no test is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sharing_out import LONG, longest_first

ROOT = Path(__file__).resolve().parents[1]


def test_that_every_file_that_is_begun_first_exists() -> None:
    assert not [name for name in LONG if not (ROOT / name).is_file()]


def test_that_long_files_come_first_and_all_else_keeps_its_order(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    ordered = longest_first(items)
    assert set(ordered) == set(items) and len(ordered) == len(items)
    files = list(dict.fromkeys(item.nodeid.partition("::")[0] for item in ordered))
    there = [name for name in LONG if name in files]
    assert files[: len(there)] == there
    rest = [item for item in items if item.nodeid.partition("::")[0] not in LONG]
    assert ordered[len(ordered) - len(rest) :] == rest
