"""Parallel coordinates: a line per run over one axis per field; ranges brushed on axes choose runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen, QPixmap

from longshore.ui.theme.fonts import font, grown
from longshore.ui.theme.style import color
from longshore.ui.theme.swatches import swatch_pen
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.plain_words import one_line
from longshore.ui.widgets.plot.dense import paint_dense
from longshore.ui.widgets.plot.frame import Measure
from longshore.ui.widgets.plot.run_plot import REACH_PX, RunPlot
from longshore.ui.widgets.plot.scales import Scale, padded

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.comparing.fields import Field, RunSet

# More lines than this can't be told apart; brushing still looks at every run.
MOST_LINES = 1_000
_TOP, _BOTTOM, _SIDE = 30.0, 10.0, 56
_BRUSH, _LEAST_BRUSH = 7.0, 3.0
_KEY_STEP = 0.05
_LONGEST = 200  # letters of a name
# More lines than this are put together as a picture: Qt takes a tenth of a millisecond for each that is seen through.
_FEW = 200


class ParallelPlot(RunPlot):
    """Drag along an axis to choose a range, click on the axis to let it go; the arrow keys do both."""

    # Run ids within all ranges; None where nothing is brushed.
    brushed = Signal(object)

    def __init__(self) -> None:
        super().__init__("Parallel coordinates")
        self.fields: tuple[Field, ...] = ()
        self._ends: list[tuple[float, float]] = []
        # Axis -> low and high value.
        self.ranges: dict[int, tuple[float, float]] = {}
        self.axis = 0  # that the keyboard is at
        self._drag: tuple[int, float] | None = None
        self._lines: tuple[tuple[object, ...], QPixmap] | None = None
        self._chosen: tuple[tuple[object, ...], np.ndarray] | None = None

    def show_fields(self, runs: RunSet, fields: Sequence[Field], marked: Mapping[str, int]) -> None:
        """Draw these runs over one axis per field, in this order; ranges go with their fields."""
        before = {self.fields[axis].id: ends for axis, ends in self.ranges.items()}
        self.show_runs(runs, marked)
        self.fields, self._lines, self._chosen = tuple(fields), None, None
        self._ends = [_ends_of(field) for field in fields]
        self.ranges = {axis: before[field.id] for axis, field in enumerate(fields) if field.id in before}
        self.axis = min(self.axis, max(0, len(fields) - 1))
        self.update()

    # -- where everything is ------------------------------------------------------------------------------------

    def _axis_px(self, axis: int) -> float:
        inner = max(1.0, self.width() - 2 * _side())
        return _side() + inner * axis / max(1, len(self.fields) - 1)

    def scale_of(self, axis: int) -> Scale:
        """Give one axis."""
        return Scale(*self._ends[axis], self.height() - _BOTTOM, _TOP)

    def _pixels(self, places: np.ndarray) -> np.ndarray:
        """Give the height of runs on each axis. Shape: (places, axes), NaN where a run has none."""
        import numpy as np

        found = []
        for axis, field in enumerate(self.fields):
            scale = self.scale_of(axis)
            share = (field.numbers[places] / 2 - scale.low / 2) / (scale.high / 2 - scale.low / 2)
            found.append(scale.start_px + share * (scale.end_px - scale.start_px))
        return np.stack(found, axis=1)

    def chosen(self) -> np.ndarray:
        """Tell per run whether it lies within all ranges."""
        import numpy as np

        assert self.runs is not None
        key = (self.runs, tuple(self.ranges.items()))
        if self._chosen is None or self._chosen[0] != key:
            fits = np.ones(len(self.runs), bool)
            for axis, (low, high) in self.ranges.items():
                numbers = self.fields[axis].numbers
                fits &= (numbers >= low) & (numbers <= high)
            self._chosen = (key, fits)
        return self._chosen[1]

    def _drawn(self) -> np.ndarray:
        """Give the places of the runs that have a line."""
        import numpy as np

        assert self.runs is not None
        count = len(self.runs)
        if count <= MOST_LINES:
            return np.arange(count)
        return np.linspace(0, count - 1, MOST_LINES).astype(int)

    # -- drawing ------------------------------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self.runs is None or not self.fields:
            return
        self._paint_others(painter)
        fits = self.chosen()
        for place, number in self.marked_places():
            pen = swatch_pen(number, values()["chart"]["lineFocus"] if fits[place] else 1.0)
            painter.setOpacity(1.0 if fits[place] else 0.35)
            self._paint_run(painter, place, pen)
        painter.setOpacity(1.0)
        if self.pointed is not None:
            self._paint_pointed(painter, self.pointed)
        for axis in range(len(self.fields)):
            self._paint_axis(painter, axis)

    def _paint_pointed(self, painter: QPainter, place: int) -> None:
        assert self.runs is not None
        number = self.marked.get(self.runs.ids[place])
        self._paint_run(painter, place, QPen(color("accent.solid"), 2.5) if number is None else swatch_pen(number, 3))

    def _paint_others(self, painter: QPainter) -> None:
        if painter.device() is not self:
            self._paint_lines(painter)
            return
        ratio = self.devicePixelRatioF()
        key = (self.size(), ratio, tuple(self.ranges.items()), color("text.tertiary").rgba())
        if self._lines is None or self._lines[0] != key:
            drawn = QPixmap(self.size() * ratio)
            drawn.setDevicePixelRatio(ratio)
            drawn.fill(Qt.GlobalColor.transparent)
            inner = QPainter(drawn)
            self._paint_lines(inner)
            inner.end()
            self._lines = (key, drawn)
        painter.drawPixmap(0, 0, self._lines[1])

    def _paint_lines(self, painter: QPainter) -> None:
        places = self._drawn()
        fits = self.chosen()[places]
        looks = (
            ("text.tertiary", 0.12 if self.ranges else 0.0, ~fits),
            ("accent.solid" if self.ranges else "text.tertiary", 0.5 if len(places) <= _FEW else 0.3, fits),
        )
        for token, opacity, which in looks:
            if not opacity or not which.any():
                continue
            shade = color(token)
            shade.setAlphaF(opacity)
            heights = self._pixels(places[which])
            for axis in range(len(self.fields) - 1):
                left, right = self._axis_px(axis), self._axis_px(axis + 1)
                if len(places) <= _FEW:
                    _paint_few(painter, left, right, heights[:, axis], heights[:, axis + 1], shade)
                else:
                    paint_dense(painter, left, right, heights[:, axis], heights[:, axis + 1], shade)

    def _paint_run(self, painter: QPainter, place: int, pen: QPen) -> None:
        import numpy as np

        heights = self._pixels(np.array([place]))[0]
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for axis in range(len(heights) - 1):
            y1, y2 = float(heights[axis]), float(heights[axis + 1])
            if y1 == y1 and y2 == y2:
                painter.drawLine(QPointF(self._axis_px(axis), y1), QPointF(self._axis_px(axis + 1), y2))

    def _paint_axis(self, painter: QPainter, axis: int) -> None:
        field, x, scale = self.fields[axis], self._axis_px(axis), self.scale_of(axis)
        metrics = QFontMetricsF(font("caption"))
        here = self.hasFocus() and axis == self.axis
        painter.setPen(QPen(color("focus.ring" if here else "chart.axis"), 2 if here else 1))
        painter.drawLine(QPointF(x, _TOP), QPointF(x, self.height() - _BOTTOM))
        room = (self.width() - 2 * _side()) / max(1, len(self.fields) - 1) - 8 if len(self.fields) > 1 else self.width()
        strong = QFontMetricsF(font("captionStrong"))
        title = strong.elidedText(
            one_line(field.title, _LONGEST), Qt.TextElideMode.ElideMiddle, min(max(room, 30.0), 2 * _side())
        )
        painter.setFont(font("captionStrong"))
        painter.setPen(color("text.primary"))
        painter.drawText(QPointF(x - strong.horizontalAdvance(title) / 2, metrics.ascent() + 2), title)
        painter.setFont(font("caption"))
        measure = Measure("", names=field.names)
        last = axis == len(self.fields) - 1
        most = _side() - 8 if last or not axis else room * 0.45
        for value, word in measure.ticks(scale.low, scale.high, max(2, int((self.height() - _TOP) / 30))):
            y = scale.px(value)
            shown = metrics.elidedText(one_line(word, _LONGEST), Qt.TextElideMode.ElideRight, max(most, 18.0))
            painter.setPen(color("chart.axis"))
            painter.drawLine(QPointF(x - 3, y), QPointF(x, y))
            self._paint_word(painter, shown, QPointF(x + 5 if last else x - 6 - metrics.horizontalAdvance(shown), y))
        if axis in self.ranges:
            self._paint_brush(painter, x, scale, self.ranges[axis])

    def _paint_word(self, painter: QPainter, word: str, at: QPointF) -> None:
        """Write over the lines, so that it can be read."""
        metrics = QFontMetricsF(font("caption"))
        ground = color("bg.surface")
        ground.setAlphaF(0.8)
        box = QRectF(at.x() - 1, at.y() - metrics.height() / 2, metrics.horizontalAdvance(word) + 2, metrics.height())
        painter.fillRect(box, ground)
        painter.setPen(color("chart.text"))
        painter.drawText(QPointF(at.x(), at.y() + metrics.ascent() / 2 - 1), word)

    def _paint_brush(self, painter: QPainter, x: float, scale: Scale, ends: tuple[float, float]) -> None:
        shade = color("accent.solid")
        painter.setPen(QPen(shade, 1))
        shade.setAlphaF(0.25)
        painter.setBrush(shade)
        top, bottom = (min(max(scale.px(end), _TOP), self.height() - _BOTTOM) for end in (ends[1], ends[0]))
        painter.drawRect(QRectF(x - _BRUSH, top, 2 * _BRUSH, max(2.0, bottom - top)))

    # -- one run ------------------------------------------------------------------------------------------------

    def run_at(self, at: QPointF) -> int | None:
        import numpy as np

        if self.runs is None or len(self.fields) < 2 or self.axis_at(at) is not None:
            return None
        x = [self._axis_px(axis) for axis in range(len(self.fields))]
        left = int(np.searchsorted(x, at.x())) - 1
        if not 0 <= left < len(self.fields) - 1:
            return None
        marked = np.array([place for place, _number in self.marked_places()], int)
        places = np.unique(np.concatenate([self._drawn(), marked]))
        places = places[self.chosen()[places]]
        if not len(places):
            return None
        heights = self._pixels(places)[:, left : left + 2]
        share = (at.x() - x[left]) / (x[left + 1] - x[left])
        far = np.abs(heights[:, 0] * (1 - share) + heights[:, 1] * share - at.y())
        far = np.where(np.isfinite(far), far, np.inf)
        best = int(far.argmin())
        return int(places[best]) if far[best] <= REACH_PX / 2 else None

    def pixel_of(self, place: int) -> QPointF | None:
        import numpy as np

        heights = self._pixels(np.array([place]))[0]
        there = np.flatnonzero(np.isfinite(heights))
        if not len(there):
            return None
        axis = int(there[len(there) // 2])
        return QPointF(self._axis_px(axis), float(heights[axis]))

    def told(self, place: int) -> Sequence[tuple[str, str]]:
        return [
            (field.title, Measure("", names=field.names).said(float(field.numbers[place])))
            for field in self.fields
            if field.numbers[place] == field.numbers[place]
        ]

    def order(self) -> np.ndarray:
        import numpy as np

        places = np.flatnonzero(self.chosen())
        last = self.fields[-1].numbers[places]
        return places[np.argsort(last, kind="stable")]

    # -- brushing -----------------------------------------------------------------------------------------------

    def axis_at(self, at: QPointF) -> int | None:
        """Give the axis at a pixel, None between them."""
        for axis in range(len(self.fields)):
            if abs(self._axis_px(axis) - at.x()) <= _BRUSH + 3:
                return axis
        return None

    def brush(self, axis: int, ends: tuple[float, float] | None) -> None:
        """Choose a range of an axis, or let it go."""
        if ends is None:
            self.ranges.pop(axis, None)
        else:
            self.ranges[axis] = (min(ends), max(ends))
        self.update()

    def clear_brushes(self) -> None:
        """Let all ranges go."""
        self.ranges.clear()
        self.update()
        self._tell()

    def _tell(self) -> None:
        if self.runs is None:
            return
        fits = self.chosen() if self.ranges else None
        chosen = None if fits is None else [self.runs.ids[place] for place in fits.nonzero()[0].tolist()]
        self.brushed.emit(chosen)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        axis = self.axis_at(event.position())
        if event.button() == Qt.MouseButton.LeftButton and axis is not None:
            self._drag, self.axis = (axis, event.position().y()), axis
            self.update()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            super().mouseMoveEvent(event)
            if self.axis_at(event.position()) is not None:
                self.setCursor(Qt.CursorShape.SizeVerCursor)
            elif self.pointed is None:
                self.setCursor(Qt.CursorShape.ArrowCursor)
            return
        axis, start = self._drag
        if abs(event.position().y() - start) >= _LEAST_BRUSH:
            scale = self.scale_of(axis)
            self.brush(axis, (scale.value(start), scale.value(event.position().y())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag is None:
            super().mouseReleaseEvent(event)
            return
        (axis, start), self._drag = self._drag, None
        if abs(event.position().y() - start) < _LEAST_BRUSH:
            self.brush(axis, None)
        self._tell()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys, key = Qt.Key, Qt.Key(event.key())
        grows = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in (keys.Key_Left, keys.Key_Right) and self.fields:
            step = 1 if key == keys.Key_Right else -1
            self.axis = min(max(self.axis + step, 0), len(self.fields) - 1)
            self.setAccessibleDescription(f"Axis {self.fields[self.axis].title}")
            self.update()
        elif key in (keys.Key_Up, keys.Key_Down) and self.fields:
            self._brush_by(_KEY_STEP if key == keys.Key_Up else -_KEY_STEP, grows=grows)
        elif key in (keys.Key_Delete, keys.Key_Backspace) and self.axis in self.ranges:
            self.brush(self.axis, None)
            self._tell()
        elif key == keys.Key_Escape and self.ranges:
            self.clear_brushes()
        elif key in (keys.Key_N, keys.Key_P) and self.runs is not None:
            self.step_by(1 if key == keys.Key_N else -1)
        else:
            super().keyPressEvent(event)

    def _brush_by(self, step: float, *, grows: bool) -> None:
        """Move the range of the keyboard's axis, or its upper end; without one, begin at the axis' end."""
        scale = self.scale_of(self.axis)
        size = scale.high - scale.low
        if self.axis not in self.ranges:
            ends = (scale.low, scale.low + size / 4) if step > 0 else (scale.high - size / 4, scale.high)
        else:
            low, high = self.ranges[self.axis]
            ends = (low, max(high + step * size, low)) if grows else (low + step * size, high + step * size)
            if not grows and (ends[1] < scale.low or ends[0] > scale.high):
                return
        self.brush(self.axis, ends)
        self._tell()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def minimumSizeHint(self) -> QSize:
        return QSize(260, 130)


def _side() -> float:
    """Give the room beside the outer axes; their words stand there."""
    return float(grown(_SIDE))


def _ends_of(field: Field) -> tuple[float, float]:
    import numpy as np

    if field.is_text:
        return -0.4, len(field.names) - 0.6
    there = field.numbers[np.isfinite(field.numbers)]
    return padded(float(there.min()), float(there.max())) if len(there) else (0.0, 1.0)


def _paint_few(painter: QPainter, left: float, right: float, y1: np.ndarray, y2: np.ndarray, shade: QColor) -> None:
    painter.setPen(QPen(shade, 1))
    lines = [QLineF(left, a, right, b) for a, b in zip(y1.tolist(), y2.tolist(), strict=True) if a == a and b == b]
    painter.drawLines(lines)
