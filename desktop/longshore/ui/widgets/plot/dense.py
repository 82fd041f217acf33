"""Pictures of what is too much for Qt to draw piece by piece: thousands of points or of lines that are seen through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QColor, QImage, QPainter

if TYPE_CHECKING:
    import numpy as np

# Lines are looked at so often a pixel, so that steep ones have no gaps.
_A_PIXEL = 2


def paint_dense(painter: QPainter, left: float, right: float, y1: np.ndarray, y2: np.ndarray, shade: QColor) -> None:
    """Draw lines from one x to another, the darker the more there are. Shape: (n,) and (n,), in pixels; NaN is no line."""
    import numpy as np

    there = np.isfinite(y1) & np.isfinite(y2)
    if not there.any():
        return
    y1, y2 = y1[there].astype(np.float32), y2[there].astype(np.float32)
    top = int(min(y1.min(), y2.min()))
    wide, high = max(1, round(right - left)), int(max(y1.max(), y2.max())) + 2 - top
    share = np.linspace(0, 1, wide * _A_PIXEL, dtype=np.float32)[:, None]
    rows = ((y1 - top) + share * (y2 - y1)).round().astype(np.int32)
    columns = (np.arange(wide * _A_PIXEL, dtype=np.int32) // _A_PIXEL)[:, None]
    counts = np.bincount((rows * wide + columns).ravel(), minlength=wide * high).reshape(high, wide)
    opacities = 1 - (1 - shade.alphaF()) ** (np.arange(int(counts.max()) + 1) / _A_PIXEL)
    paint_levels(painter, round(left), top, counts, opacities, shade)


def paint_levels(
    painter: QPainter, left: int, top: int, levels: np.ndarray, opacities: np.ndarray, shade: QColor
) -> None:
    """Draw a colour where levels are, each as dense as its opacity. Shape: (rows, columns) whole numbers; (levels,)."""
    import numpy as np

    colors = np.zeros(len(opacities), np.uint32)
    for part, bits in ((255, 24), (shade.red(), 16), (shade.green(), 8), (shade.blue(), 0)):
        colors |= (opacities * part).round().astype(np.uint32) << np.uint32(bits)
    high, wide = levels.shape
    image = QImage(colors[levels].tobytes(), wide, high, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
    painter.drawImage(left, top, image)
