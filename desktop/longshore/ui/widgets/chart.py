"""A chart: a title with the last value over a plot of curves; smoothed, zoomed, saved as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QMenu, QSizePolicy, QWidget

from longshore.progress import CancelToken, Progress
from longshore.ui.widgets.basic import ElidedLabel, horizontal, label, vertical
from longshore.ui.widgets.figure import Figure, Named
from longshore.ui.widgets.plot.curves import Band, Curve, is_long, outlined, smoothed
from longshore.ui.widgets.plot.frame import Measure
from longshore.ui.widgets.plot.plot import Plot
from longshore.ui.widgets.times import number

if TYPE_CHECKING:
    from longshore.ui.shell.tasks import TaskRunner, Work

MIN_HEIGHT = 150


class Chart(Figure):
    """One metric of one or more runs."""

    # Somebody chose a linear (False) or a logarithmic (True) scale.
    scale_chosen = Signal(bool)

    def __init__(self, runner: TaskRunner, title: str, hint: str = "") -> None:
        super().__init__(runner, title)
        self.series, self._weight = tuple[Curve, ...](), 0.0
        column = vertical(self, spacing=2)
        head = QWidget()
        row = horizontal(head, (4, 0, 4, 0), 8)
        row.addWidget(ElidedLabel(title, "bodyStrong"))
        self._last = label("", "bodyStrong")
        row.addWidget(self._last)
        row.addWidget(label(hint, "small", "secondary"))
        row.addStretch(1)
        row.addWidget(self.menu_button())
        column.addWidget(head)
        self.plot = self.drawing = Plot()
        self.plot.setAccessibleName(f"Chart of {title}")
        column.addWidget(self.plot, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, MIN_HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(360, 220)

    def show_series(self, series: Sequence[Curve], *, smoothing: float = 0.0) -> None:
        """Draw these curves; with smoothing, raw ones stay faint below the smoothed ones. Smoothing: 0 to below 1."""
        self.series, self._weight = tuple(series), smoothing
        self._show_last()
        if smoothing <= 0:
            self.plot.show_curves(self.series, log_y=self.plot.log_y)
            if any(is_long(each) for each in self.series):
                outlining = outlining_work(self.series)
                self._runner.run(self, outlining, partial(self._show_outlined, self.series), key="outlining")
            return
        # A million points take a moment, and the first call imports pandas.
        done = partial(self._show_smoothed, self.series, smoothing)
        self._runner.run(self, smoothing_work(self.series, smoothing), done, key="smoothing")

    def _show_outlined(self, series: tuple[Curve, ...], found: tuple[Curve, ...]) -> None:
        if series == self.series and self._weight <= 0:
            self.series = found
            self.plot.show_curves(found, log_y=self.plot.log_y)

    def _show_smoothed(self, series: tuple[Curve, ...], weight: float, found: tuple[Curve, ...]) -> None:
        if (series, weight) == (self.series, self._weight):
            faint = [Curve(each.title, each.x, each.y, each.number, faint=True) for each in series]
            self.plot.show_curves([*faint, *found], log_y=self.plot.log_y)

    def show_drawn(self, curves: Sequence[Curve], bands: Sequence[Band], across: Measure) -> None:
        """Draw curves that are ready, with what lies around them, over any x."""
        self.series = tuple(curve for curve in curves if not curve.faint)
        self._show_last()
        self.plot.show_curves(curves, across=across, log_y=self.plot.log_y, bands=bands)

    def _show_last(self) -> None:
        last = self.series[0].y[-1] if len(self.series) == 1 and len(self.series[0].y) else None
        self._last.setText("" if last is None else number(float(last)))
        self._last.setVisible(last is not None)

    def legend(self) -> Sequence[Named]:
        return [(curve.title, curve.number) for curve in self.series] if len(self.series) > 1 else []

    def add_actions(self, menu: QMenu) -> None:
        menu.addAction("Show everything", self.plot.fit).setEnabled(self.plot.view is not None)
        scale = menu.addAction("Logarithmic scale", self._switch_scale)
        scale.setCheckable(True)
        scale.setChecked(self.plot.log_y)

    def _switch_scale(self) -> None:
        self.show_scale(not self.plot.log_y)
        self.scale_chosen.emit(self.plot.log_y)

    def show_scale(self, log_y: bool) -> None:
        """Show a linear or a logarithmic y axis."""
        self.plot.log_y = log_y
        self.plot.update()


def outlining_work(series: tuple[Curve, ...]) -> Work[tuple[Curve, ...]]:
    """Give the work that gives long curves an outline: no step of a zoom looks at a million points then."""

    def work(_progress: Progress, cancel: CancelToken) -> tuple[Curve, ...]:
        found = []
        for each in series:
            cancel.check()
            found.append(outlined(each))
        return tuple(found)

    return work


def smoothing_work(series: tuple[Curve, ...], weight: float) -> Work[tuple[Curve, ...]]:
    """Give the work that smooths curves."""

    def work(_progress: Progress, cancel: CancelToken) -> tuple[Curve, ...]:
        found = []
        for each in series:
            cancel.check()
            found.append(Curve(each.title, each.x, smoothed(each.y, weight), each.number))
        return tuple(found)

    return work
