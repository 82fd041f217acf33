"""A small line without axes: how a value went from run to run, or a meter over time."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.theme.style import color


class Sparkline(QWidget):
    """Draws values from left to right, filled below, a dot on the last one."""

    def __init__(self, values: Sequence[float] = (), *, token: str = "chart.1", floor: float | None = None) -> None:
        super().__init__()
        self._values = [value for value in values if value == value]
        self._token, self._floor = token, floor
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def show_values(self, values: Sequence[float]) -> None:
        """Draw other values; NaN is left out."""
        self._values = [value for value in values if value == value]
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(84, 32)

    def paintEvent(self, event: QPaintEvent) -> None:
        if len(self._values) < 2:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(2, 4, -5, -2)
        points = self._points(area)
        line = QPainterPath(points[0])
        for point in points[1:]:
            line.lineTo(point)
        fill = QPainterPath(line)
        fill.lineTo(points[-1].x(), area.bottom())
        fill.lineTo(points[0].x(), area.bottom())
        fill.closeSubpath()
        shade = QColor(color(self._token))
        shade.setAlphaF(0.12)
        painter.fillPath(fill, shade)
        painter.setPen(QPen(color(self._token), 1.5))
        painter.drawPath(line)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(self._token))
        painter.drawEllipse(points[-1], 2.5, 2.5)

    def _points(self, area: QRectF) -> list[QPointF]:
        low = min(self._values) if self._floor is None else min(self._floor, min(self._values))
        spread = (max(self._values) - low) or 1.0
        step = area.width() / (len(self._values) - 1)
        return [
            QPointF(area.left() + index * step, area.bottom() - (value - low) / spread * area.height())
            for index, value in enumerate(self._values)
        ]
