"""A point per run: one field against another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPainter

from longshore.ui.widgets.plot.curves import LEAST_LOG
from longshore.ui.widgets.plot.frame import Frame, Measure, paint_frame
from longshore.ui.widgets.plot.run_plot import PointPlot, paint_mark, paint_points
from longshore.ui.widgets.plot.scales import padded

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.comparing.fields import Field, RunSet

# Points of one name lie beside each other, by up to this share of the room that the name has.
_SPREAD = 0.5


class ScatterPlot(PointPlot):
    """Both axes take numbers or names; logarithmic where they are told to be and all values allow it."""

    def __init__(self) -> None:
        super().__init__("Scatter plot")
        self._x: Field | None = None
        self._y: Field | None = None
        self.log_x = self.log_y = False
        self._pixels: tuple[tuple[int, int, bool, bool], np.ndarray, np.ndarray] | None = None

    def show_fields(self, runs: RunSet, x: Field, y: Field, marked: Mapping[str, int]) -> None:
        """Draw these runs."""
        self.show_runs(runs, marked)
        self._x, self._y, self._pixels = x, y, None
        self.update()

    def show_scales(self, *, log_x: bool, log_y: bool) -> None:
        """Make axes logarithmic or not."""
        self.log_x, self.log_y, self._pixels = log_x, log_y, None
        self.update()

    def frame_now(self) -> Frame | None:
        """Give the axes as they are drawn, None where no run has both fields."""
        import numpy as np

        if self._x is None or self._y is None:
            return None
        x, y = self._x.numbers, self._y.numbers
        there = np.isfinite(x) & np.isfinite(y)
        if not there.any():
            return None
        log_x, log_y = self.log_x and _allows(self._x, x[there]), self.log_y and _allows(self._y, y[there])
        across = Measure(self._x.title, log=log_x, names=self._x.names)
        up = Measure(self._y.title, log=log_y, names=self._y.names)
        whole = QRectF(0, 0, self.width(), self.height())
        return Frame.of(whole, _ends(self._x, x[there], log_x), _ends(self._y, y[there], log_y), across, up)

    def placed(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """Give the pixel of every run. Kept until size or scale change."""
        import numpy as np

        assert self._x is not None and self._y is not None
        key = (self.width(), self.height(), self.log_x, self.log_y)
        if self._pixels is None or self._pixels[0] != key:
            there = np.isfinite(self._x.numbers) & np.isfinite(self._y.numbers)
            px, py = np.full(len(there), np.nan), np.full(len(there), np.nan)
            x, y = _beside(self._x), _beside(self._y)
            px[there], py[there] = frame.pixels(x[there], y[there])
            self._pixels = (key, px, py)
        return self._pixels[1:]

    def paint(self, painter: QPainter) -> Frame | None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self.frame_now()
        if frame is None:
            return None
        paint_frame(painter, frame)
        px, py = self.placed(frame)
        paint_points(painter, px, py, "text.tertiary")
        for place, number in self.marked_places():
            if px[place] == px[place]:
                paint_mark(painter, QPointF(px[place], py[place]), number)
        return frame

    def told(self, place: int) -> Sequence[tuple[str, str]]:
        return [
            (field.title, Measure("", names=field.names).said(float(field.numbers[place])))
            for field in (self._x, self._y)
            if field is not None
        ]

    def order(self) -> np.ndarray:
        import numpy as np

        assert self._x is not None and self._y is not None
        there = np.flatnonzero(np.isfinite(self._x.numbers) & np.isfinite(self._y.numbers))
        return there[np.lexsort((self._y.numbers[there], self._x.numbers[there]))]


def _allows(field: Field, values: np.ndarray) -> bool:
    return not field.is_text and float(values.min()) > LEAST_LOG


def _ends(field: Field, values: np.ndarray, log: bool) -> tuple[float, float]:
    if field.is_text:
        return -0.5, len(field.names) - 0.5
    return padded(float(values.min()), float(values.max()), log=log)


def _beside(field: Field) -> np.ndarray:
    """Move the points of a name apart, each time the same way."""
    import numpy as np

    if not field.is_text:
        return field.numbers
    shift = (np.arange(len(field.numbers)) * 0.618034) % 1 - 0.5
    moved: np.ndarray = field.numbers + _SPREAD * shift
    return moved
