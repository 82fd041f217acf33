"""A box per value of a parameter: quartiles, whiskers, every run as a dot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter, QPen

from longshore.ui.theme.style import color
from longshore.ui.widgets.plot.frame import Frame, Measure, paint_frame
from longshore.ui.widgets.plot.run_plot import PointPlot, paint_mark, paint_points
from longshore.ui.widgets.plot.scales import padded
from longshore.ui.widgets.times import number

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.comparing.boxes import Box
    from longshore.tracking.comparing.fields import Field, RunSet

_WIDEST, _SHARE, _CAP = 64.0, 0.5, 0.4


class BoxPlot(PointPlot):
    """The boxes stand in the order of the values, named with how many runs they hold."""

    def __init__(self) -> None:
        super().__init__("Box plot")
        self.boxes: tuple[Box, ...] = ()
        self._metric: Field | None = None
        self._by = ""
        self._x: np.ndarray | None = None

    def show_boxes(self, runs: RunSet, metric: Field, by: str, boxes: Sequence[Box], marked: Mapping[str, int]) -> None:
        """Draw the boxes of these runs. `by`: the parameter's name."""
        import numpy as np

        self.show_runs(runs, marked)
        self._metric, self._by, self.boxes = metric, by, tuple(boxes)
        self._x = np.full(len(runs), np.nan)
        for place, box in enumerate(self.boxes):
            shift = (np.arange(len(box.members)) * 0.618034) % 1 - 0.5
            self._x[box.members] = place + shift * _SHARE * 0.6
        self.update()

    def frame_now(self) -> Frame | None:
        """Give the axes as they are drawn, None where there is no box."""
        import numpy as np

        if self._metric is None or not self.boxes:
            return None
        values = np.concatenate([self._metric.numbers[box.members] for box in self.boxes])
        names = tuple(f"{box.name} ({len(box.members):,})" for box in self.boxes)
        whole = QRectF(0, 0, self.width(), self.height())
        ends = padded(float(values.min()), float(values.max()))
        return Frame.of(whole, (-0.5, len(names) - 0.5), ends, Measure(self._by, names=names))

    def placed(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        assert self._metric is not None and self._x is not None
        return frame.pixels(self._x, self._metric.numbers)

    def paint(self, painter: QPainter) -> Frame | None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self.frame_now()
        if frame is None:
            return None
        paint_frame(painter, frame)
        for place, box in enumerate(self.boxes):
            _paint_box(painter, frame, place, box, len(self.boxes))
        px, py = self.placed(frame)
        paint_points(painter, px, py, "text.tertiary", 0.4)
        for place, swatch in self.marked_places():
            if px[place] == px[place]:
                paint_mark(painter, QPointF(px[place], py[place]), swatch)
        return frame

    def told(self, place: int) -> Sequence[tuple[str, str]]:
        assert self._metric is not None and self._x is not None
        told = [(self._metric.title, number(float(self._metric.numbers[place])))]
        if self._x[place] == self._x[place]:
            box = self.boxes[round(float(self._x[place]))]
            told += [
                (self._by, box.name),
                ("median of the box", number(box.median)),
                ("middle half", f"{number(box.first)} to {number(box.third)}"),
            ]
        return told

    def order(self) -> np.ndarray:
        import numpy as np

        assert self._metric is not None and self._x is not None
        there = np.flatnonzero(np.isfinite(self._x))
        return there[np.lexsort((self._metric.numbers[there], np.round(self._x[there])))]


def _paint_box(painter: QPainter, frame: Frame, place: int, box: Box, count: int) -> None:
    middle = frame.x.px(place)
    half = min(_WIDEST, frame.inside.width() / count * _SHARE) / 2
    top, bottom = frame.y.px(box.third), frame.y.px(box.first)
    painter.setPen(QPen(color("border.control"), 1))
    for end, edge in ((box.high, top), (box.low, bottom)):
        y = frame.y.px(end)
        painter.drawLine(QPointF(middle, edge), QPointF(middle, y))
        painter.drawLine(QPointF(middle - half * _CAP, y), QPointF(middle + half * _CAP, y))
    painter.setBrush(color("bar.fill"))
    painter.drawRect(QRectF(middle - half, top, 2 * half, max(1.0, bottom - top)))
    painter.setPen(QPen(color("accent.solid"), 2))
    y = frame.y.px(box.median)
    painter.drawLine(QPointF(middle - half, y), QPointF(middle + half, y))
