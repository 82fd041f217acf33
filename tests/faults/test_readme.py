"""The list of bad input names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_that_every_test_named_in_the_list_of_bad_input_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (Path(__file__).with_name("README.md")).read_text("utf-8")))
    written = set()
    for file in TESTS.rglob("test_*.py"):
        written |= set(re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.MULTILINE))
    assert len(named) > 20
    assert not named - written
