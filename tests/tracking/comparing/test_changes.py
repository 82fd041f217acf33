"""Values against a baseline: how much, how much of it, and whether that is better."""

from __future__ import annotations

import math

import pytest

from longshore.tracking.comparing.changes import Change, change


def test_that_a_metric_tells_amount_share_and_whether_it_is_better() -> None:
    assert change(3.5, 4.0, "val_mae") == Change(-0.5, -0.125, better=True)
    assert change(0.75, 0.5, "accuracy") == Change(0.25, 0.5, better=True)
    assert change(0.25, 0.5, "accuracy") == Change(-0.25, -0.5, better=False)
    assert change(2.0, 1.0, "depth_reached") == Change(1.0, 1.0, better=None), "its name says nothing"


def test_that_a_parameter_that_is_a_number_tells_how_much_and_a_text_only_that() -> None:
    assert change("8", "6") == Change(2.0, 1 / 3)
    assert change("1e-3", "0.001") is None, "one number, spelled twice"
    assert change("mae", "huber") == Change()
    assert change("huber", "huber") is None
    assert change("8", None) == Change()
    assert change(None, "8") == Change()
    assert change(None, None) is None


@pytest.mark.parametrize(("value", "base"), [(math.nan, 1.0), (math.inf, 1.0), (1.7e308, -1.7e308)])
def test_that_what_has_no_difference_is_only_said_to_differ(value: float, base: float) -> None:
    assert change(value, base, "loss") == Change()
    assert change(value, value, "loss") is None


def test_that_a_change_from_zero_has_no_share() -> None:
    assert change(1.0, 0.0) == Change(1.0, None)
    assert change(-1.0, -2.0) == Change(1.0, 0.5)
