"""A chart: a title with the last value over a plot of curves; smoothed, zoomed, saved as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QSizePolicy, QWidget

from longshore.errors import LongshoreError, Unavailable
from longshore.progress import CancelToken, Progress
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import ElidedLabel, horizontal, label, vertical
from longshore.ui.widgets.plot.curves import Curve, smoothed
from longshore.ui.widgets.plot.plot import Plot
from longshore.ui.widgets.times import number

if TYPE_CHECKING:
    from longshore.ui.shell.tasks import TaskRunner, Work

# Pixels a point in a saved picture, so that it is sharp in a slide.
_PICTURE_RATIO = 3.0
_HEAD = 24
MIN_HEIGHT = 150


class Chart(QWidget):
    """One metric of one or more runs."""

    def __init__(self, runner: TaskRunner, title: str, hint: str = "") -> None:
        super().__init__()
        self.title, self.series = title, tuple[Curve, ...]()
        self._runner, self._weight = runner, 0.0
        column = vertical(self, spacing=2)
        head = QWidget()
        row = horizontal(head, (4, 0, 4, 0), 8)
        row.addWidget(ElidedLabel(title, "bodyStrong"))
        self._last = label("", "bodyStrong")
        row.addWidget(self._last)
        row.addWidget(label(hint, "small", "secondary"))
        row.addStretch(1)
        column.addWidget(head)
        self.plot = Plot()
        self.plot.setAccessibleName(f"Chart of {title}")
        column.addWidget(self.plot, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(220, MIN_HEIGHT)

    def sizeHint(self) -> QSize:
        return QSize(360, 220)

    def show_series(self, series: Sequence[Curve], *, smoothing: float = 0.0, x_title: str = "step") -> None:
        """Draw these curves; with smoothing, raw ones stay faint below the smoothed ones. Smoothing: 0 to below 1."""
        self.series, self._weight = tuple(series), smoothing
        last = self.series[0].y[-1] if len(self.series) == 1 and len(self.series[0].y) else None
        self._last.setText("" if last is None else number(float(last)))
        self._last.setVisible(last is not None)
        if smoothing <= 0:
            self.plot.show_curves(self.series, x_title=x_title, log_y=self.plot.log_y)
            return
        # A million points take a moment, and the first call imports pandas.
        done = partial(self._show_smoothed, self.series, smoothing, x_title)
        self._runner.run(self, smoothing_work(self.series, smoothing), done, key="smoothing")

    def _show_smoothed(self, series: tuple[Curve, ...], weight: float, x_title: str, found: tuple[Curve, ...]) -> None:
        if (series, weight) == (self.series, self._weight):
            faint = [Curve(each.title, each.x, each.y, each.number, faint=True) for each in series]
            self.plot.show_curves([*faint, *found], x_title=x_title, log_y=self.plot.log_y)

    def redraw(self) -> None:
        """Draw again, after the theme changed."""
        self.plot.update()

    # -- pictures -----------------------------------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """Give what can be done with the chart."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Show everything", self.plot.fit).setEnabled(self.plot.view is not None)
        scale = menu.addAction("Logarithmic scale", self._switch_scale)
        scale.setCheckable(True)
        scale.setChecked(self.plot.log_y)
        menu.addSeparator()
        menu.addAction("Copy picture", self.copy)
        menu.addAction("Save as PNG…", partial(self._ask_file, "png"))
        menu.addAction("Save as SVG…", partial(self._ask_file, "svg"))
        return menu

    def _switch_scale(self) -> None:
        self.plot.log_y = not self.plot.log_y
        self.plot.update()

    def copy(self) -> None:
        """Put the chart on the clipboard as a picture."""
        QGuiApplication.clipboard().setImage(self.image())

    def image(self) -> QImage:
        """Give the chart with its title as a picture, three pixels a point."""
        size = self.plot.size() + QSize(0, _HEAD)
        made = QImage(size * _PICTURE_RATIO, QImage.Format.Format_ARGB32_Premultiplied)
        made.setDevicePixelRatio(_PICTURE_RATIO)
        made.fill(color("bg.surface"))
        painter = QPainter(made)
        self._paint(painter, size)
        painter.end()
        return made

    def save(self, file: Path) -> None:
        """Write the chart into a .png or .svg file. Raises: Unavailable."""
        if file.suffix.lower() == ".svg":
            self._write_svg(file)
        elif not self.image().save(str(file)):
            raise _unwritten(file)

    def _write_svg(self, file: Path) -> None:
        from PySide6.QtSvg import QSvgGenerator

        size = self.plot.size() + QSize(0, _HEAD)
        drawn = QBuffer()
        drawn.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QSvgGenerator()
        writer.setOutputDevice(drawn)
        writer.setSize(size)
        writer.setViewBox(QRectF(0, 0, size.width(), size.height()))
        writer.setTitle(self.title)
        painter = QPainter(writer)
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), color("bg.surface"))
        self._paint(painter, size)
        painter.end()
        try:
            file.write_bytes(drawn.data().data())
        except OSError as error:
            raise _unwritten(file) from error

    def _paint(self, painter: QPainter, size: QSize) -> None:
        painter.setFont(font("bodyStrong"))
        painter.setPen(color("text.primary"))
        painter.drawText(QRectF(4, 0, size.width() - 8, _HEAD), int(Qt.AlignmentFlag.AlignVCenter), self.title)
        painter.translate(0, _HEAD)
        self.plot.paint(painter)

    def _ask_file(self, kind: str) -> None:
        plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in self.title)
        asked = f"Save {self.title}"
        chosen, _filter = QFileDialog.getSaveFileName(self, asked, f"{plain}.{kind}", f"{kind.upper()} (*.{kind})")
        if not chosen:
            return
        file = Path(chosen)
        try:
            self.save(file if file.suffix else file.with_suffix(f".{kind}"))
        except LongshoreError as error:
            self._runner.failed_unseen.emit("The chart could not be saved", error)


def _unwritten(file: Path) -> Unavailable:
    return Unavailable(f"{file} cannot be written.", hint="Choose a folder that you may write to, with room left.")


def smoothing_work(series: tuple[Curve, ...], weight: float) -> Work[tuple[Curve, ...]]:
    """Give the work that smooths curves."""

    def work(_progress: Progress, cancel: CancelToken) -> tuple[Curve, ...]:
        found = []
        for each in series:
            cancel.check()
            found.append(Curve(each.title, each.x, smoothed(each.y, weight), each.number))
        return tuple(found)

    return work
