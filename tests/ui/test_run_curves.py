"""The curves of a run and their charts: as high as there is room, smoothed in a worker, saved as pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from longshore.errors import Unavailable
from longshore.tracking.histories import History
from longshore.ui.pages.run_live import CHART_HEIGHT, CurveGrid
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.widgets.chart import Chart
from longshore.ui.widgets.plot.curves import Curve


@pytest.fixture
def grid(qapp: QApplication, qtbot: QtBot) -> Iterator[CurveGrid]:
    owner = QObject()
    runner = TaskRunner(owner)
    made = CurveGrid(runner)
    qtbot.addWidget(made)
    made.resize(800, 400)
    made.show()
    made.show_curves({name: history() for name in ("loss", "val_loss")})
    yield made
    runner.close()


def history() -> History:
    steps = np.arange(60)
    return History(steps, steps * 1000, 1 / (steps + 1.0))


@pytest.fixture
def chart(grid: CurveGrid) -> Chart:
    return grid._charts["loss"]


@pytest.mark.parametrize("height", [170, 200, 300])
def test_that_no_axis_is_cut_in_a_low_window(qtbot: QtBot, grid: CurveGrid, chart: Chart, height: int) -> None:
    grid.resize(800, height)
    qtbot.waitUntil(lambda: chart.mapTo(grid, chart.rect().bottomLeft()).y() < height)
    assert chart.minimumHeight() <= CHART_HEIGHT


def test_that_the_numbers_of_both_axes_lie_within_the_plot(chart: Chart) -> None:
    frame = chart.plot.frame_now()
    assert frame is not None
    assert len(frame.x_ticks) >= 2
    assert len(frame.y_ticks) >= 2
    assert frame.inside.left() > 0
    assert frame.inside.bottom() < chart.plot.height() - 10


def test_that_smoothing_keeps_the_raw_curve_faint_below(qtbot: QtBot, chart: Chart) -> None:
    raw = chart.series
    chart.show_series(raw, smoothing=0.6)
    qtbot.waitUntil(lambda: len(chart.plot.curves) == 2, timeout=20_000)
    faint, smooth = chart.plot.curves
    assert (faint.faint, smooth.faint) == (True, False)
    assert list(faint.y) == list(raw[0].y)
    assert smooth.y[0] == raw[0].y[0]
    assert smooth.y[-1] > raw[0].y[-1]
    chart.show_series(raw)
    assert len(chart.plot.curves) == 1


def test_that_a_long_curve_gets_an_outline_and_looks_the_same(qtbot: QtBot, chart: Chart) -> None:
    steps = np.arange(300_000)
    chart.show_series([Curve("loss", steps, np.sin(steps / 1000))])
    before = chart.plot.frame_now()
    qtbot.waitUntil(lambda: chart.series[0].outline is not None, timeout=20_000)
    assert chart.plot.curves == chart.series
    after = chart.plot.frame_now()
    assert before is not None
    assert after is not None
    assert after.x == before.x
    assert (after.y.low, after.y.high) == pytest.approx((before.y.low, before.y.high), rel=1e-6)
    assert list(chart.series[0].x[:3]) == [0, 1, 2]


def test_that_an_older_smoothing_never_replaces_a_newer_one(qtbot: QtBot, chart: Chart) -> None:
    raw = chart.series
    for percent in range(5, 95, 5):
        chart.show_series(raw, smoothing=percent / 100)
    chart.show_series(raw)
    qtbot.wait(300)
    assert len(chart.plot.curves) == 1


def test_that_a_chart_is_saved_as_a_picture_and_as_outlines(chart: Chart, tmp_path: Path) -> None:
    chart.save(tmp_path / "loss.png")
    picture = QImage(str(tmp_path / "loss.png"))
    assert picture.width() == chart.plot.width() * 3
    chart.save(tmp_path / "loss.svg")
    drawing = ElementTree.parse(tmp_path / "loss.svg").getroot()
    words = [element.text for element in drawing.iter() if element.tag.endswith("text")]
    assert "loss" in [word and word.strip() for word in words]
    assert any(element.tag.endswith("polyline") for element in drawing.iter())


def test_that_a_copied_chart_is_on_the_clipboard(chart: Chart) -> None:
    chart.copy()
    assert QGuiApplication.clipboard().image().width() == chart.plot.width() * 3


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_that_a_picture_that_cannot_be_written_is_said(chart: Chart, tmp_path: Path, kind: str) -> None:
    with pytest.raises(Unavailable, match="cannot be written"):
        chart.save(tmp_path / "no such folder" / f"loss.{kind}")


def test_that_the_menu_switches_to_a_logarithmic_scale(chart: Chart) -> None:
    def scale() -> bool:
        frame = chart.plot.frame_now()
        assert frame is not None
        return frame.y.log

    entry = next(action for action in chart.menu().actions() if action.text() == "Logarithmic scale")
    entry.trigger()
    assert scale()
    chart.menu()
    chart._switch_scale()
    assert not scale()
