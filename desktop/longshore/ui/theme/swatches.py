"""The colour and the dash that a run or a curve has everywhere on the screen."""

from __future__ import annotations

from PySide6.QtGui import QPen

from longshore.ui.theme.style import color

SWATCHES = ("chart.1", "chart.2", "chart.3", "chart.4", "chart.5", "chart.6", "chart.7", "chart.8")
DASHES: tuple[tuple[float, ...], ...] = ((), (4, 2), (1.5, 1.5), (5, 2, 1.5, 2))


def swatch_pen(number: int, width: float = 2.0) -> QPen:
    """Give a pen for the run or curve of this number."""
    pen = QPen(color(SWATCHES[number % len(SWATCHES)]), width)
    dashes = DASHES[number % len(DASHES)]
    if dashes:
        pen.setDashPattern(list(dashes))
    return pen
