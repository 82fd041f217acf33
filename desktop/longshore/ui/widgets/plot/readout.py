"""What the curves are worth under the pointer: a vertical line, a dot on each, and a box that names them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.theme.swatches import swatch_pen
from longshore.ui.widgets.plain_words import one_line
from longshore.ui.widgets.plot.curves import LEAST_LOG, Curve
from longshore.ui.widgets.plot.frame import Frame
from longshore.ui.widgets.times import number

# More lines would cover the plot.
# Beyond some hundred letters nothing is seen, and measuring six thousand would take a while.
_LONGEST = 400
MOST = 8
_PAD, _SWATCH, _LINE = 8.0, 22.0, 17.0


def nearest(curve: Curve, x: float) -> int | None:
    """Give the place of the point whose x is nearest, None for an empty curve."""
    import numpy as np

    if not len(curve.x):
        return None
    right = int(np.searchsorted(curve.x, x))
    if right == 0:
        return 0
    if right == len(curve.x):
        return right - 1
    return right if curve.x[right] - x < x - curve.x[right - 1] else right - 1


def paint_readout(painter: QPainter, frame: Frame, pointer: QPointF, curves: Sequence[Curve]) -> None:
    """Draw line, dots and box."""
    wanted = frame.x.value(pointer.x())
    found = [(curve, place) for curve in curves if (place := nearest(curve, wanted)) is not None]
    if not found:
        return
    # The curve with the nearest point decides which x it is about.
    leader, place = min(found, key=lambda each: abs(float(each[0].x[each[1]]) - wanted))
    x = float(leader.x[place])
    rows = [(curve, float(curve.y[at])) for curve, at in found if float(curve.x[at]) == x or len(found) == 1]
    px = frame.x.px(x)
    painter.setPen(QPen(color("chart.axis"), 1))
    painter.drawLine(QPointF(px, frame.inside.top()), QPointF(px, frame.inside.bottom()))
    for curve, value in rows:
        if math.isfinite(value) and not (frame.y.log and value <= LEAST_LOG):
            painter.setPen(QPen(color("bg.surface"), 1.5))
            painter.setBrush(swatch_pen(curve.number).color())
            painter.drawEllipse(QPointF(px, frame.y.px(value)), 3.5, 3.5)
    rows.sort(key=lambda row: -row[1] if math.isfinite(row[1]) else math.inf)
    _paint_box(painter, frame, px, x, rows[:MOST])


def _paint_box(painter: QPainter, frame: Frame, px: float, x: float, rows: Sequence[tuple[Curve, float]]) -> None:
    drawn = font("small")
    metrics = QFontMetricsF(drawn)
    head = f"{frame.measure.title} {frame.measure.said(x)}" if frame.measure.kind != "time" else frame.measure.said(x)
    most = min(180.0, frame.inside.width() * 0.5)
    lines = [
        (curve, metrics.elidedText(one_line(curve.title, _LONGEST), Qt.TextElideMode.ElideMiddle, most), number(value))
        for curve, value in rows
    ]
    names = max((metrics.horizontalAdvance(name) for _curve, name, _value in lines), default=0.0)
    figures = max((metrics.horizontalAdvance(value) for _curve, _name, value in lines), default=0.0)
    width = max(metrics.horizontalAdvance(head), _SWATCH + names + 10 + figures) + 2 * _PAD
    height = _LINE * (len(lines) + 1) + 2 * _PAD - 4
    left = px + 12 if px + 12 + width <= frame.inside.right() else px - 12 - width
    box = QRectF(max(left, 0.0), frame.inside.top(), width, height)
    painter.setPen(QPen(color("border.default"), 1))
    painter.setBrush(color("bg.raised"))
    painter.drawRoundedRect(box, 6, 6)
    painter.setFont(drawn)
    painter.setPen(color("text.secondary"))
    y = box.top() + _PAD + metrics.ascent() - 1
    painter.drawText(QPointF(box.left() + _PAD, y), head)
    for curve, name, value in lines:
        y += _LINE
        painter.setPen(swatch_pen(curve.number))
        middle = y - metrics.ascent() / 2 + 2
        painter.drawLine(QPointF(box.left() + _PAD, middle), QPointF(box.left() + _PAD + 16, middle))
        painter.setPen(color("text.secondary"))
        painter.drawText(QPointF(box.left() + _PAD + _SWATCH, y), name)
        painter.setPen(color("text.primary"))
        painter.drawText(QPointF(box.right() - _PAD - metrics.horizontalAdvance(value), y), value)
