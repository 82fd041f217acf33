"""The plot: round ticks that tell apart, curves with every peak and gap, zoom by mouse and keyboard."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from longshore.ui.theme.style import color
from longshore.ui.widgets.plot.clock import clock_ticks
from longshore.ui.widgets.plot.curves import Curve, Seen, outlined, smoothed, within
from longshore.ui.widgets.plot.frame import Measure
from longshore.ui.widgets.plot.lines import polyline
from longshore.ui.widgets.plot.plot import Plot
from longshore.ui.widgets.plot.readout import nearest
from longshore.ui.widgets.plot.scales import Scale, labels, padded, ticks

NUMBERS = st.floats(-1e300, 1e300, allow_nan=False)


@given(low=NUMBERS, high=NUMBERS, most=st.integers(2, 12))
def test_that_ticks_are_few_between_the_ends_and_say_different_things(low: float, high: float, most: int) -> None:
    low, high = padded(min(low, high), max(low, high))
    found = ticks(low, high, most)
    slack = (high - low) * 1e-6
    assert len(found) <= most
    assert all(low - slack <= value <= high + slack for value in found)
    assert list(found) == sorted(set(found))
    assert len(set(labels(found))) == len(found)


@given(power=st.floats(-200, 200), decades=st.floats(0.05, 30), most=st.integers(2, 8))
def test_that_ticks_of_a_logarithmic_axis_lie_between_its_ends(power: float, decades: float, most: int) -> None:
    low, high = 10**power, 10 ** (power + decades)
    found = ticks(low, high, most, log=True)
    assert len(found) <= most
    assert all(low * 0.999 <= value <= high * 1.001 for value in found)


def test_that_a_plain_axis_has_at_least_two_ticks() -> None:
    for low, high in ((0, 60), (3.31, 6.4), (-1, 1), (0, 1e6), (2e-6, 7e-6), (99.8, 100.1), (0, 9)):
        assert len(ticks(low, high, 6)) >= 2, (low, high)


def test_that_steps_are_counted_in_whole_numbers() -> None:
    assert ticks(0, 3, 8, whole=True) == (0, 1, 2, 3)
    assert ticks(4.5, 5.5, 8, whole=True) == (5,)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ((0, 20, 40, 60), ("0", "20", "40", "60")),
        ((0.1, 0.15, 0.2), ("0.10", "0.15", "0.20")),
        ((0, 250_000, 500_000), ("0", "250,000", "500,000")),
        ((2e-6, 4e-6), ("2e-6", "4e-6")),
        ((0, 1.5e9, 3e9), ("0", "1.5e9", "3.0e9")),
    ],
)
def test_that_labels_have_the_same_decimals(values: Sequence[float], said: tuple[str, ...]) -> None:
    assert labels(values) == said


@given(value=st.floats(0.001, 1e6), log=st.booleans())
def test_that_a_pixel_leads_back_to_its_value(value: float, *, log: bool) -> None:
    scale = Scale(0.001, 1e6, 10, 700, log=log)
    assert math.isclose(scale.value(scale.px(value)), value, rel_tol=1e-6, abs_tol=1e-6)


def test_that_thinning_keeps_the_peak_and_the_gap_of_a_million_points() -> None:
    y = np.sin(np.arange(1_000_000) / 1e5)
    y[123_456] = 9.0
    y[500_000:510_000] = np.nan
    curve = Curve("loss", np.arange(1_000_000), y)
    pieces = Seen(curve).pieces(0, 999_999, 700)
    assert len(pieces) == 2
    assert sum(len(x) for x, _y in pieces) <= 2 * 2 * 700
    assert max(float(y.max()) for _x, y in pieces) == 9.0
    assert pieces[0][0][-1] == 499_999


def test_that_an_outline_of_a_million_points_keeps_peak_and_gap_and_close_views_show_the_points_themselves() -> None:
    y = np.sin(np.arange(1_000_000) / 1e5)
    y[123_456] = 9.0
    y[500_000:510_000] = np.nan
    curve = outlined(Curve("loss", np.arange(1_000_000), y))
    assert curve.outline is not None
    assert len(curve.outline[0]) < 150_000
    seen = Seen(curve)
    whole = seen.pieces(0, 999_999, 700)
    assert max(float(y.max()) for _x, y in whole) == 9.0
    assert len(whole) == 2
    (close,) = seen.pieces(123_450, 123_460, 700)
    assert close[0].tolist() == list(range(123_449, 123_462))
    assert outlined(Curve("short", np.arange(9), np.zeros(9))).outline is None


def test_that_ticks_of_the_clock_are_round_and_say_different_things() -> None:
    for seconds in (3, 50, 600, 7_000, 90_000, 900_000, 40_000_000):
        found = clock_ticks(1_760_000_000, 1_760_000_000 + seconds, 6)
        assert 1 <= len(found) <= 6, seconds
        assert len({word for _at, word in found}) == len(found)
        assert all(1_760_000_000 <= at <= 1_760_000_000 + seconds for at, _word in found)


def test_that_spans_are_said_in_a_unit_that_keeps_them_short() -> None:
    relative = Measure("since the run began", "relative")
    assert relative.ticks(0, 600, 6) == ((0, "0"), (120, "2"), (240, "4"), (360, "6"), (480, "8"), (600, "10"))
    assert relative.heading(600) == "min since the run began"
    assert relative.said(90_000) == "25 h"


def test_that_a_view_keeps_the_neighbours_that_lines_come_from() -> None:
    curve = Curve("loss", np.arange(100), np.zeros(100))
    x, _y = within(curve, 10.5, 20.5)
    assert (x[0], x[-1]) == (10, 21)


def _tensorboards(y: Sequence[float], weight: float) -> list[float]:
    """TensorBoard's own loop, as its web page has it."""
    last, count, found = 0.0, 0, []
    for value in y:
        if math.isfinite(value):
            last = last * weight + (1 - weight) * value
            count += 1
            found.append(last / (1 - weight**count))
        else:
            found.append(value)
    return found


@settings(deadline=None)  # the first call imports pandas
@given(
    y=st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(math.nan)), min_size=3, max_size=40),
    weight=st.floats(0.05, 0.98),
)
def test_that_smoothing_gives_what_tensorboard_gives(y: list[float], weight: float) -> None:
    np.testing.assert_allclose(smoothed(np.array(y), weight), _tensorboards(y, weight), rtol=1e-6, atol=1e-6)


def test_that_the_pointer_finds_the_nearest_point() -> None:
    curve = Curve("loss", np.array([0, 10, 20]), np.zeros(3))
    assert [nearest(curve, x) for x in (-5, 4, 6, 14, 99)] == [0, 0, 1, 1, 2]
    assert nearest(Curve("none", np.array([]), np.array([])), 1) is None


def test_that_points_are_handed_to_qt_as_they_are() -> None:
    made = polyline(np.array([1.0, 2.5]), np.array([3.0, -4.0]))
    assert [(point.x(), point.y()) for point in made] == [(1.0, 3.0), (2.5, -4.0)]


@pytest.fixture
def plot(qtbot: QtBot) -> Plot:
    made = Plot()
    qtbot.addWidget(made)
    made.resize(420, 220)
    made.show_curves([Curve("calm-ibis", np.arange(101), np.linspace(5, 1, 101))])
    made.show()
    return made


def colored(image: QImage, wanted: QColor) -> int:
    near = [
        1
        for x in range(image.width())
        for y in range(image.height())
        if abs(image.pixelColor(x, y).red() - wanted.red()) < 30
        and abs(image.pixelColor(x, y).blue() - wanted.blue()) < 30
        and abs(image.pixelColor(x, y).green() - wanted.green()) < 30
    ]
    return len(near)


def test_that_a_curve_is_drawn_in_its_colour(plot: Plot) -> None:
    assert colored(plot.grab().toImage(), color("chart.1")) > 300
    plot.show_curves([])
    assert colored(plot.grab().toImage(), color("chart.1")) == 0


def test_that_dragging_zooms_and_a_double_click_shows_everything(qtbot: QtBot, plot: Plot) -> None:
    told: list[object] = []
    plot.zoomed.connect(told.append)
    frame = plot.frame_now()
    assert frame is not None
    left, right = (QPoint(round(frame.x.px(x)), 80) for x in (20, 60))
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=left)
    qtbot.mouseMove(plot, right)
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=right)
    assert plot.view is not None
    assert plot.view == pytest.approx((20, 60), abs=0.5)
    zoomed = plot.frame_now()
    assert zoomed is not None
    assert (zoomed.y.low, zoomed.y.high) != (frame.y.low, frame.y.high)
    qtbot.mouseDClick(plot, Qt.MouseButton.LeftButton, pos=left)
    # To the test's library a double click ends with the button pressed; to the tests after this one it would stay so.
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=left)
    assert plot.view is None
    assert told == [pytest.approx((20, 60), abs=0.5), None]


def test_that_the_keyboard_zooms_moves_and_goes_back(qtbot: QtBot, plot: Plot) -> None:
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    qtbot.keyClick(plot, Qt.Key.Key_Plus)
    assert plot.view is not None
    before = plot.view
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.view is not None
    assert plot.view[0] > before[0]
    assert plot.view[1] - plot.view[0] == pytest.approx(before[1] - before[0])
    for _ in range(30):
        qtbot.keyClick(plot, Qt.Key.Key_Right)
    assert plot.view[1] == 100
    qtbot.keyClick(plot, Qt.Key.Key_Home)
    assert plot.view is None


def test_that_the_values_under_the_pointer_are_shown(plot: Plot) -> None:
    frame = plot.frame_now()
    assert frame is not None
    before = plot.grab().toImage()
    plot._pointer = QPointF(frame.x.px(50), 60)
    assert plot.grab().toImage() != before


@pytest.mark.parametrize(
    "y",
    [[math.nan] * 4, [math.inf, 1, -math.inf, 2], [1.7e308, -1.7e308, 0, 1], [0, 0, 0, 0], [5e-324, 0, 1e-320, 0]],
    ids=["nan", "infinite", "huge", "flat", "tiny"],
)
@pytest.mark.parametrize("log", [False, True])
def test_that_no_value_stops_the_plot(plot: Plot, y: list[float], *, log: bool) -> None:
    plot.show_curves([Curve("odd", np.arange(4), np.array(y)), Curve("one", np.array([3]), np.array([1.0]))], log_y=log)
    plot._pointer = QPointF(200, 60)
    plot.grab()
    plot.zoom_by(0.5)
    plot.grab()
