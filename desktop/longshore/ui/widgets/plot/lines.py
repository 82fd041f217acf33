"""Draws a line through many points without Qt's worst case.

A thick, smooth line through n points costs Qt n^2 where it crosses itself: 2 s for 4,000 noisy points. Short pieces and,
where there are more points than can be told apart, a line of one pixel cost a few milliseconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPen, QPolygonF
from shiboken6 import VoidPtr

from longshore.ui.theme.style import color
from longshore.ui.theme.swatches import SWATCHES
from longshore.ui.theme.tokens import values

if TYPE_CHECKING:
    import numpy as np

# Beyond, a line of one pixel is drawn; below, pieces of so many points.
_THICK, _PIECE = 400, 16
# How much of a band's colour is seen over what lies below.
_BAND_OPACITY = 0.16


def polyline(x: np.ndarray, y: np.ndarray) -> QPolygonF:
    """Give points as Qt wants them, written into its memory at once. Shape: (n,) and (n,)."""
    import numpy as np

    made = QPolygonF()
    made.resize(len(x))
    # The stubs say that `data` gives a point; it stands for the address of the first.
    first: Any = made.data()
    points: np.ndarray = np.frombuffer(VoidPtr(first, len(x) * 16, True), np.float64).reshape(-1, 2)  # type: ignore
    points[:, 0], points[:, 1] = x, y
    return made


def paint_line(painter: QPainter, x: np.ndarray, y: np.ndarray, pen: QPen) -> None:
    """Draw a line through pixels. Shape: (n,) and (n,), n at least 2."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    drawn = QPen(pen)
    if len(x) > _THICK:
        drawn.setWidthF(1.0)
        drawn.setCosmetic(True)
        drawn.setStyle(Qt.PenStyle.SolidLine)
        painter.setPen(drawn)
        painter.drawPolyline(polyline(x, y))
        return
    drawn.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    drawn.setCapStyle(Qt.PenCapStyle.FlatCap if pen.dashPattern() else Qt.PenCapStyle.RoundCap)
    passed = _passed(x, y) / pen.widthF() if pen.dashPattern() else None
    painter.setPen(drawn)
    for first in range(0, len(x) - 1, _PIECE):
        if passed is not None:  # the dashes go on where the last piece ended
            drawn.setDashOffset(float(passed[first]))
            painter.setPen(drawn)
        piece = slice(first, first + _PIECE + 1)
        painter.drawPolyline(polyline(x[piece], y[piece]))


def _passed(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])


def paint_band(
    painter: QPainter, low: tuple[np.ndarray, np.ndarray], high: tuple[np.ndarray, np.ndarray], number: int
) -> None:
    """Fill what lies between two lines of pixels that go over the same x. Shape: each (n,) and (n,)."""
    import numpy as np

    shade = color(SWATCHES[number % len(SWATCHES)])
    shade.setAlphaF(_BAND_OPACITY)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    across, up = np.concatenate([low[0], high[0][::-1]]), np.concatenate([low[1], high[1][::-1]])
    painter.drawPolygon(polyline(across, up))


def paint_dot(painter: QPainter, place: QPointF, pen: QPen) -> None:
    """Draw the dot of a last or lonely value."""
    radius = values()["chart"]["markerSize"] / 2
    painter.save()
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(pen.color())
    painter.drawEllipse(place, radius, radius)
    painter.restore()
