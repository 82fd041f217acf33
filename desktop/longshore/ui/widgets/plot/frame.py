"""The axes of a plot: left and bottom spine, horizontal grid, tick labels, and where a value lies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Self

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.plain_words import one_line
from longshore.ui.widgets.plot.clock import clock_ticks, moment_word, unit_of
from longshore.ui.widgets.plot.scales import Scale, labels, ticks
from longshore.ui.widgets.times import number

if TYPE_CHECKING:
    import numpy as np

ROLE = "caption"
_GAP, _TICK = 6.0, 4.0
# Between two tick labels, so that they are told apart.
_APART_X, _APART_Y = 28.0, 34.0
# The words of an axis take at most this share of the plot.
_WIDEST = 0.28
# Of a name; parameters of six thousand letters exist.
_LONGEST = 200
Ticks = tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class Measure:
    """What an axis measures."""

    title: str
    kind: str = "number"  # number; count: whole numbers, like steps; time: seconds since the epoch; relative: seconds
    log: bool = False
    # What the places 0, 1, 2 stand for; empty: the numbers themselves.
    names: tuple[str, ...] = ()

    def said(self, value: float) -> str:
        """Give a value as it is read alone."""
        if self.names:
            place = round(value)
            return self.names[place] if 0 <= place < len(self.names) else ""
        if self.kind == "time":
            return moment_word(value)
        if self.kind == "relative":
            size, unit = unit_of(abs(value))
            return f"{number(value / size)} {unit}"
        return number(value)

    def ticks(self, low: float, high: float, most: int) -> Ticks:
        """Choose at most `most` places between two values, with what they say."""
        if self.names:
            return self._named(low, high, most)
        if self.kind == "time":
            return clock_ticks(low, high, most)
        size = unit_of(max(abs(low), abs(high)))[0] if self.kind == "relative" else 1.0
        at = ticks(low / size, high / size, most, log=self.log, whole=self.kind == "count")
        return tuple((value * size, word) for value, word in zip(at, labels(at), strict=True))

    def _named(self, low: float, high: float, most: int) -> Ticks:
        every = max(1, -(-len(self.names) // most))
        places = [place for place in range(0, len(self.names), every) if low <= place <= high]
        return tuple((float(place), self.names[place]) for place in places)

    def heading(self, highest: float) -> str:
        """Give what stands at the axis, with the unit that its ticks count."""
        return f"{unit_of(abs(highest))[1]} {self.title}" if self.kind == "relative" else self.title


@dataclass(frozen=True)
class Frame:
    """Where everything of one plot is. Units: device-independent pixels."""

    inside: QRectF
    x: Scale
    y: Scale
    x_title: str
    x_ticks: Ticks
    y_ticks: Ticks
    measure: Measure

    @classmethod
    def of(
        cls,
        whole: QRectF,
        x: tuple[float, float],
        y: tuple[float, float],
        across: Measure,
        up: Measure = Measure(""),
    ) -> Self:
        """Lay a plot out: as much room beside it as the labels need."""
        metrics = QFontMetricsF(font(ROLE))
        bottom = whole.bottom() - metrics.height() - _GAP
        top = whole.top() + metrics.height() / 2 + 2
        y_ticks = up.ticks(*y, max(2, int((bottom - top) / _APART_Y)))
        y_ticks = _elided(y_ticks, metrics, whole.width() * _WIDEST)
        left = whole.left() + max((metrics.horizontalAdvance(word) for _at, word in y_ticks), default=10.0) + _GAP + 2
        right = whole.right() - 10
        x_ticks = _x_ticks(across, x, right - left, metrics)
        inside = QRectF(left, top, max(1.0, right - left), max(1.0, bottom - top))
        return cls(
            inside,
            Scale(*x, inside.left(), inside.right(), log=across.log),
            Scale(*y, inside.bottom(), inside.top(), log=up.log),
            across.heading(max(map(abs, x))),
            x_ticks,
            y_ticks,
            across,
        )

    def pixels(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the pixels of points. Shape: (n,) and (n,)."""
        inside = self.inside
        across, up = _shares(self.x, x), _shares(self.y, y)
        return inside.left() + across * inside.width(), inside.bottom() - up * inside.height()


def _shares(scale: Scale, values: np.ndarray) -> np.ndarray:
    """Tell how far along an axis values lie, from 0 to 1."""
    import numpy as np

    low, high = scale.low, scale.high
    if scale.log:
        values, low, high = np.log10(values), float(np.log10(low)), float(np.log10(high))
    # Halved: the difference of two huge values has no float.
    shares: np.ndarray = (values / 2 - low / 2) / (high / 2 - low / 2)
    return shares


def _elided(found: Ticks, metrics: QFontMetricsF, most: float) -> Ticks:
    return tuple(
        (at, metrics.elidedText(one_line(word, _LONGEST), Qt.TextElideMode.ElideMiddle, most)) for at, word in found
    )


def _x_ticks(across: Measure, x: tuple[float, float], width: float, metrics: QFontMetricsF) -> Ticks:
    """Choose as many ticks as stand apart with their words."""
    if across.names:
        found = across.ticks(*x, max(1, int(width / (2 * _APART_X))))
        return _elided(found, metrics, max(_APART_X, width / max(1, len(found)) - 8))
    for most in (8, 6, 5, 4, 3, 2):
        found = across.ticks(*x, most)
        widest = max((metrics.horizontalAdvance(word) for _at, word in found), default=0.0)
        if len(found) * (widest + _APART_X) <= width:
            return found
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
