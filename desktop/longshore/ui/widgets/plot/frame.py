"""The axes of a plot: left and bottom spine, horizontal grid, tick labels, and where a value lies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.plot.scales import Scale, labels, ticks

if TYPE_CHECKING:
    import numpy as np

ROLE = "caption"
_GAP, _TICK = 6.0, 4.0
# Between two tick labels, so that they are told apart.
_APART_X, _APART_Y = 28.0, 34.0


@dataclass(frozen=True)
class Frame:
    """Where everything of one plot is. Units: device-independent pixels."""

    inside: QRectF
    x: Scale
    y: Scale
    x_title: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]

    @classmethod
    def of(
        cls,
        whole: QRectF,
        x: tuple[float, float],
        y: tuple[float, float],
        x_title: str,
        *,
        log_y: bool = False,
        whole_x: bool = False,
    ) -> Self:
        """Lay a plot out: as much room beside it as the labels need. `whole_x`: x is counted, like steps."""
        metrics = QFontMetricsF(font(ROLE))
        bottom = whole.bottom() - metrics.height() - _GAP
        top = whole.top() + metrics.height() / 2 + 2
        most = max(2, int((bottom - top) / _APART_Y))
        at = ticks(*y, most, log=log_y)
        y_ticks = tuple(zip(at, labels(at), strict=True))
        left = whole.left() + max((metrics.horizontalAdvance(word) for _at, word in y_ticks), default=10.0) + _GAP + 2
        right = whole.right() - 10
        x_ticks = _x_ticks(x, right - left, metrics, whole=whole_x)
        inside = QRectF(left, top, max(1.0, right - left), max(1.0, bottom - top))
        return cls(
            inside,
            Scale(*x, inside.left(), inside.right()),
            Scale(*y, inside.bottom(), inside.top(), log=log_y),
            x_title,
            x_ticks,
            y_ticks,
        )

    def pixels(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the pixels of points. Shape: (n,) and (n,)."""
        import numpy as np

        low, high = self.y.low, self.y.high
        if self.y.log:
            y, low, high = np.log10(y), float(np.log10(low)), float(np.log10(high))
        across = (x - self.x.low) / (self.x.high - self.x.low)
        # Halved: the difference of two huge values has no float.
        up = (y / 2 - low / 2) / (high / 2 - low / 2)
        inside = self.inside
        return inside.left() + across * inside.width(), inside.bottom() - up * inside.height()


def _x_ticks(
    x: tuple[float, float], width: float, metrics: QFontMetricsF, *, whole: bool
) -> tuple[tuple[float, str], ...]:
    """Choose as many ticks as stand apart with their words."""
    for most in (8, 6, 5, 4, 3, 2):
        at = ticks(*x, most, whole=whole)
        said = labels(at)
        widest = max((metrics.horizontalAdvance(word) for word in said), default=0.0)
        if len(at) * (widest + _APART_X) <= width:
            return tuple(zip(at, said, strict=True))
    return ()


def paint_frame(painter: QPainter, frame: Frame) -> None:
    """Draw grid, spines and labels."""
    inside, metrics = frame.inside, QFontMetricsF(font(ROLE))
    painter.setFont(font(ROLE))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for value, word in frame.y_ticks:
        y = round(frame.y.px(value)) + 0.0
        painter.setPen(QPen(color("chart.grid"), 1))
        painter.drawLine(QPointF(inside.left(), y), QPointF(inside.right(), y))
        painter.setPen(color("chart.text"))
        box = QRectF(0, y - metrics.height() / 2, inside.left() - _GAP, metrics.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter), word)
    painter.setPen(QPen(color("chart.axis"), 1))
    painter.drawLine(inside.topLeft(), inside.bottomLeft())
    painter.drawLine(inside.bottomLeft(), inside.bottomRight())
    _paint_x(painter, frame, metrics)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)


def _paint_x(painter: QPainter, frame: Frame, metrics: QFontMetricsF) -> None:
    inside, taken = frame.inside, list[tuple[float, float]]()
    for value, word in frame.x_ticks:
        x, half = frame.x.px(value), metrics.horizontalAdvance(word) / 2
        painter.setPen(QPen(color("chart.axis"), 1))
        painter.drawLine(QPointF(round(x), inside.bottom()), QPointF(round(x), inside.bottom() + _TICK - 1))
        # The words at the ends stay within the plot.
        left = min(max(x - half, 0.0), inside.right() + 10 - 2 * half)
        taken.append((left, left + 2 * half))
        painter.setPen(color("chart.text"))
        painter.drawText(QPointF(left, inside.bottom() + _TICK + metrics.ascent() + 1), word)
    _paint_x_title(painter, frame, metrics, taken)


def _paint_x_title(painter: QPainter, frame: Frame, metrics: QFontMetricsF, taken: list[tuple[float, float]]) -> None:
    """Write what the axis measures into the last gap between its numbers that has room."""
    width, right = metrics.horizontalAdvance(frame.x_title), frame.inside.right() + 10
    gaps = [(last, first) for (_a, last), (first, _b) in pairwise(taken)]
    gaps.append((taken[-1][1] if taken else frame.inside.left(), right))
    for start, end in reversed(gaps):
        if end - start >= width + 12:
            at = QPointF((start + end - width) / 2, frame.inside.bottom() + _TICK + metrics.ascent() + 1)
            painter.drawText(at, frame.x_title)
            return
