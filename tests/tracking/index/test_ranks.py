"""The order of many texts is that of their bytes, however alike they begin and end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from longshore.tracking.index import bridge, ordering, ranks

LETTERS = some.text(alphabet="ab\x00\x01é\U0001f600", max_size=12)
ALIKE = some.builds("{}{}".format, some.sampled_from(["", "run-000000", "0.123456789", "é" * 20]), LETTERS)


def places(texts: list[str | None]) -> list[int]:
    """Give the places by Python's own sorting."""
    known = sorted({text.encode() for text in texts if text is not None})
    return [known.index(text.encode()) + 1 for text in texts if text is not None]


@settings(max_examples=300)
@given(some.lists(ALIKE, min_size=1, max_size=60))
def test_that_texts_are_ranked_by_their_bytes_and_equal_ones_share_a_rank(texts: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ranks, "_MANY", 0)
        assert ranks.dense(bridge.strings(texts)).tolist() == places(texts)
        # A part of an array has its bytes somewhere within the whole's.
        assert ranks.dense(bridge.strings(["z", *texts, "a"])[1:-1]).tolist() == places(texts)


def test_that_many_texts_with_gaps_among_them_are_ranked_too() -> None:
    texts = [None if number % 7 == 0 else str(number % 4000) for number in range(9000)]
    found = ranks.dense(bridge.strings(texts))
    assert [rank for rank, text in zip(found.tolist(), texts, strict=True) if text is not None] == places(texts)


@given(some.lists(some.integers(0, 2**31 - 1), min_size=1, max_size=50), some.booleans())
def test_that_large_numbers_are_sorted_and_equal_ones_stay_as_they_stood(keys: list[int], descending: bool) -> None:
    found = ordering._stable(np.array(keys * 2), ordering.Order("x", descending))
    wanted = sorted(range(2 * len(keys)), key=lambda at: -(keys * 2)[at] if descending else (keys * 2)[at])
    assert found.tolist() == wanted
