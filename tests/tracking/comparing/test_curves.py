"""Curves for a comparison: any x axis, and runs of a group as one mean with what lies around it."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import pytest

from longshore.tracking.comparing import axes
from longshore.tracking.comparing.bands import MOST_PLACES, STD, UNSET, band, bands, groupable, groups_by
from longshore.tracking.histories import History
from longshore.tracking.rows import RunRow


def run(name: str, **params: str) -> RunRow:
    return RunRow(name, name, "FINISHED", None, None, "", "1", "e", params, {}, {})


def test_that_a_curve_stands_over_steps_the_clock_or_the_time_since_its_run_began() -> None:
    history = History(np.array([0, 10, 20]), np.array([5_000, 6_000, 8_500]), np.array([3.0, 2.0, 1.0]))
    assert axes.on_axis(history, axes.STEP)[0].tolist() == [0, 10, 20]
    assert axes.on_axis(history, axes.TIME)[0].tolist() == [5.0, 6.0, 8.5]
    assert axes.on_axis(history, axes.RELATIVE)[0].tolist() == [0.0, 1.0, 3.5]
    began = datetime.fromtimestamp(4, UTC)
    assert axes.on_axis(history, axes.RELATIVE, began)[0].tolist() == [1.0, 2.0, 4.5]
    late = datetime.fromtimestamp(7, UTC)
    assert axes.on_axis(history, axes.RELATIVE, late)[0].tolist() == [0.0, 1.0, 3.5], "no time before the beginning"


def test_that_values_logged_out_of_order_stand_in_the_order_of_time() -> None:
    history = History(np.array([0, 1, 2]), np.array([3_000, 1_000, 2_000]), np.array([3.0, 1.0, 2.0]))
    x, y = axes.on_axis(history, axes.TIME)
    assert (x.tolist(), y.tolist()) == ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])


@pytest.mark.parametrize("axis", axes.AXES)
def test_that_a_history_without_values_has_no_points(axis: str) -> None:
    nothing = np.empty(0, np.int64)
    assert len(axes.on_axis(History(nothing, nothing, np.empty(0)), axis)[0]) == 0


def test_that_runs_are_grouped_by_a_parameter_in_the_order_of_its_values() -> None:
    runs = [run("a", depth="10"), run("b", depth="9"), run("c"), run("d", depth="10"), run("e", depth="none")]
    found = groups_by(runs, "depth")
    assert {value: [each.name for each in group] for value, group in found.items()} == {
        "9": ["b"], "10": ["a", "d"], "none": ["e"], UNSET: ["c"],
    }  # fmt: skip
    assert list(found) == ["9", "10", "none", UNSET]


def test_that_only_parameters_that_make_groups_are_offered() -> None:
    runs = [run("a", seed="1", kind="tree", same="x"), run("b", seed="2", kind="tree", same="x")]
    runs.append(run("c", seed="3", kind="line", same="x"))
    assert groupable(runs) == ("kind",)


def test_that_a_band_goes_from_the_least_to_the_greatest_around_the_mean() -> None:
    steps = np.arange(3)
    found = band([(steps, np.array([1.0, 2.0, 3.0])), (steps, np.array([3.0, 4.0, math.nan]))])
    assert found.x.tolist() == [0, 1, 2]
    assert found.mean.tolist() == [2.0, 3.0, 3.0]
    assert found.low.tolist() == [1.0, 2.0, 3.0]
    assert found.high.tolist() == [3.0, 4.0, 3.0]
    assert found.count.tolist() == [2, 2, 1]


def test_that_a_band_of_a_standard_deviation_is_that_of_a_sample() -> None:
    steps = np.arange(1)
    values = [1.0, 2.0, 6.0]
    found = band([(steps, np.array([value])) for value in values], STD)
    assert found.high[0] - found.mean[0] == pytest.approx(np.std(values, ddof=1))
    alone = band([(steps, np.array([4.0]))], STD)
    assert (alone.low[0], alone.high[0]) == (4.0, 4.0)


def test_that_a_short_run_counts_only_where_it_was() -> None:
    long, short = (np.arange(5), np.arange(5.0)), (np.array([1, 3]), np.array([10.0, 30.0]))
    found = band([long, short])
    assert found.count.tolist() == [1, 2, 2, 2, 1]
    assert found.high.tolist() == [0.0, 10.0, 20.0, 30.0, 4.0], "read off between its own points"


def test_that_long_curves_are_averaged_and_not_sampled() -> None:
    x = np.arange(1_000_000)
    noisy = np.where(x % 2, 1.0, -1.0)
    found = band([(x, noisy), (x, noisy + 2)])
    assert len(found.x) == MOST_PLACES
    assert np.abs(found.mean - 1).max() < 0.01
    assert found.count.min() == 2


def test_that_a_group_without_the_metric_is_left_out() -> None:
    runs = [run("a", kind="tree"), run("b", kind="line")]
    found = bands({"a": (np.arange(2), np.ones(2))}, groups_by(runs, "kind"))
    assert list(found) == ["tree"]
    assert len(band([(np.arange(2), np.array([math.nan, math.inf]))]).x) == 0


def test_that_runs_of_different_hours_are_no_line_from_one_to_the_other() -> None:
    morning, evening = (np.arange(3.0), np.ones(3)), (np.arange(10.0, 13.0), np.ones(3))
    found = band([morning, evening])
    assert np.isnan(found.mean).tolist() == [False, False, False, True, False, False, False]
    assert found.x[3] == 6.0
    assert found.count[3] == 0
