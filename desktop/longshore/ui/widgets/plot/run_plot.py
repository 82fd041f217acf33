"""What the charts of many runs share: one run under the pointer or chosen by keyboard, told in a box, opened by a click."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.theme.swatches import SWATCHES
from longshore.ui.widgets.plain_words import one_line
from longshore.ui.widgets.plot.dense import paint_levels

if TYPE_CHECKING:
    import numpy as np

    from longshore.tracking.comparing.fields import RunSet
    from longshore.ui.widgets.plot.frame import Frame

# A run is under the pointer up to this far from it; a longer drag is no click.
REACH_PX, _CLICK_PX = 12.0, 4
_PAD, _LINE = 8.0, 17.0
# More points than this are stamped into a picture.
_DRAWN_POINTS = 1_500
_DOT = 5.0
# Of a text; measuring all of a parameter's six thousand letters takes longer than a frame.
_LONGEST = 200


class RunPlot(QWidget):
    """Draws `runs`; those in `marked` in their colour, over the others."""

    opened = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.runs: RunSet | None = None
        # Run id -> number of its colour and dash.
        self.marked: Mapping[str, int] = {}
        # The place of the run that the box tells of.
        self.pointed: int | None = None
        self._marked_places: list[tuple[int, int]] = []
        self.pressed: QPointF | None = None
        self.setAccessibleName(name)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        return QSize(420, 220)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 110)

    # Not abstract methods: Qt's metaclass leaves no room for abc's.
    # -- what each kind of plot says ----------------------------------------------------------------------------

    def paint(self, painter: QPainter) -> object:
        """Draw on the screen, into a picture or a file."""
        raise NotImplementedError

    def run_at(self, at: QPointF) -> int | None:
        """Give the place of the run at a pixel, None where there is none."""
        raise NotImplementedError

    def pixel_of(self, place: int) -> QPointF | None:
        """Give where a run is, None where it is not drawn."""
        raise NotImplementedError

    def told(self, place: int) -> Sequence[tuple[str, str]]:
        """Give what the box says of a run below its name: titles and values."""
        raise NotImplementedError

    def order(self) -> np.ndarray:
        """Give the places of the runs in the order in which the arrow keys go through them."""
        raise NotImplementedError

    # -- the same for all ---------------------------------------------------------------------------------------

    def show_runs(self, runs: RunSet, marked: Mapping[str, int]) -> None:
        """Take other runs."""
        self.runs, self.marked, self.pointed = runs, dict(marked), None
        places = runs.places
        self._marked_places = [(places[run_id], number) for run_id, number in marked.items() if run_id in places]

    def marked_places(self) -> list[tuple[int, int]]:
        """Give (place, swatch) of the marked runs that are here."""
        return self._marked_places

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.paint(painter)
        if self.pointed is not None and self.runs is not None:
            at = self.pixel_of(self.pointed)
            if at is not None:
                self._paint_box(painter, at, self.pointed)

    def _paint_box(self, painter: QPainter, at: QPointF, place: int) -> None:
        assert self.runs is not None
        number = self.marked.get(self.runs.ids[place])
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_mark(painter, at, number, ring=True)
        lines = [(self.runs.run_names[place], ""), *self.told(place)]
        metrics, most = QFontMetricsF(font("small")), self.width() * 0.45
        middle = Qt.TextElideMode.ElideMiddle
        shown = [tuple(metrics.elidedText(one_line(word, _LONGEST), middle, most) for word in line) for line in lines]
        width = max(metrics.horizontalAdvance(f"{a}   {b}") for a, b in shown) + 2 * _PAD
        height = _LINE * len(shown) + 2 * _PAD - 4
        left = at.x() + 12 if at.x() + 12 + width <= self.width() else max(0.0, at.x() - 12 - width)
        top = min(max(0.0, at.y() - height / 2), max(0.0, self.height() - height))
        box = QRectF(left, top, width, height)
        painter.setPen(QPen(color("border.default"), 1))
        painter.setBrush(color("bg.raised"))
        painter.drawRoundedRect(box, 6, 6)
        y = box.top() + _PAD + metrics.ascent() - 1
        for row, (title, value) in enumerate(shown):
            painter.setFont(font("smallStrong" if row == 0 else "small"))
            painter.setPen(color("text.primary" if row == 0 else "text.secondary"))
            painter.drawText(QPointF(box.left() + _PAD, y), title)
            painter.setPen(color("text.primary"))
            painter.drawText(QPointF(box.right() - _PAD - metrics.horizontalAdvance(value), y), value)
            y += _LINE

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.point_at(self.run_at(event.position()) if self.runs is not None else None)

    def point_at(self, place: int | None) -> None:
        """Tell of a run, or of none."""
        if place != self.pointed:
            self.pointed = place
            self.setCursor(Qt.CursorShape.ArrowCursor if place is None else Qt.CursorShape.PointingHandCursor)
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed = event.position()
        else:
            super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self.pressed = self.pressed, None
        if pressed is None or (event.position() - pressed).manhattanLength() > _CLICK_PX:
            return
        place = self.run_at(event.position()) if self.runs is not None else None
        if place is not None:
            self._open(place)

    def _open(self, place: int) -> None:
        assert self.runs is not None
        self.opened.emit(self.runs.ids[place])

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if not self.hasFocus():
            self.point_at(None)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        step = {keys.Key_Right: 1, keys.Key_Down: 1, keys.Key_Left: -1, keys.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None and self.runs is not None:
            self.step_by(step)
        elif event.key() in (keys.Key_Return, keys.Key_Enter) and self.pointed is not None:
            self._open(self.pointed)
        else:
            super().keyPressEvent(event)

    def step_by(self, step: int) -> None:
        """Tell of the next run, or of the one before."""
        import numpy as np

        order = self.order()
        if not len(order):
            return
        found = np.flatnonzero(order == (-1 if self.pointed is None else self.pointed))
        at = int(found[0]) + step if len(found) else 0 if step > 0 else len(order) - 1
        self.point_at(int(order[min(max(at, 0), len(order) - 1)]))
        assert self.runs is not None and self.pointed is not None
        said = [self.runs.run_names[self.pointed], *(f"{title} {value}" for title, value in self.told(self.pointed))]
        self.setAccessibleDescription(", ".join(said))


def paint_mark(painter: QPainter, at: QPointF, number: int | None, *, ring: bool = False) -> None:
    """Draw the dot of a run: in its colour, or grey; the shape tells four colours apart, as dashes do for lines."""
    shade = color("text.tertiary" if number is None else SWATCHES[number % len(SWATCHES)])
    painter.setPen(QPen(color("focus.ring") if ring else color("bg.surface"), 2 if ring else 1.25))
    painter.setBrush(shade)
    size = _DOT + (1.5 if ring else 0)
    kind = 0 if number is None else number % 4
    box = QRectF(at.x() - size, at.y() - size, 2 * size, 2 * size)
    if kind == 0:
        painter.drawEllipse(box.adjusted(0.5, 0.5, -0.5, -0.5))
    elif kind == 1:
        painter.drawRect(box.adjusted(1, 1, -1, -1))
    else:
        sides = 3 if kind == 2 else 4
        painter.drawPolygon([_corner(at, size + 0.5, turn / sides) for turn in range(sides)])


def _corner(at: QPointF, radius: float, turn: float) -> QPointF:
    import math

    angle = 2 * math.pi * turn - math.pi / 2
    return QPointF(at.x() + radius * math.cos(angle), at.y() + radius * math.sin(angle))


def paint_points(painter: QPainter, px: np.ndarray, py: np.ndarray, token: str, opacity: float = 0.55) -> None:
    """Draw many small dots. Shape: (n,) and (n,), in pixels. Those that would lie on each other are drawn once."""
    import numpy as np

    there = np.isfinite(px) & np.isfinite(py)
    if not there.any():
        return
    x, y = px[there].round().astype(np.int64), py[there].round().astype(np.int64)
    left, top = int(x.min()) - 2, int(y.min()) - 2
    # Where points are: those that would lie on each other are one.
    taken = np.zeros((int(y.max()) + 3 - top, int(x.max()) + 3 - left), bool)
    taken[y - top, x - left] = True
    rows, columns = taken.nonzero()
    shade = color(token)
    shade.setAlphaF(opacity)
    if len(rows) > _DRAWN_POINTS:
        _stamp(painter, taken, left, top, shade)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(shade)
    for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
        painter.drawEllipse(QPointF(column + left, row + top), 2.75, 2.75)


def _stamp(painter: QPainter, taken: np.ndarray, left: int, top: int, shade: QColor) -> None:
    """Draw a small cross at each taken pixel, all at once; there is a free border of two."""
    import numpy as np

    grown = taken.copy()
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        grown |= np.roll(taken, shift, axis)
    paint_levels(painter, left, top, grown.astype(np.uint8), np.array([0.0, shade.alphaF()]), shade)


def nearest_point(px: np.ndarray, py: np.ndarray, at: QPointF) -> int | None:
    """Give the place of the point nearest to a pixel, None where none is in reach."""
    import numpy as np

    if not len(px):
        return None
    far = np.hypot(px - at.x(), py - at.y())
    far = np.where(np.isfinite(far), far, np.inf)
    place = int(far.argmin())
    return place if far[place] <= REACH_PX else None


class PointPlot(RunPlot):
    """A plot in which each run is a point."""

    def frame_now(self) -> Frame | None:
        """Give the axes for the size that the plot has, None where nothing is drawn."""
        raise NotImplementedError

    def placed(self, frame: Frame) -> tuple[np.ndarray, np.ndarray]:
        """Give the pixels of all runs, NaN for one that is not drawn."""
        raise NotImplementedError

    def run_at(self, at: QPointF) -> int | None:
        frame = self.frame_now()
        return None if frame is None else nearest_point(*self.placed(frame), at)

    def pixel_of(self, place: int) -> QPointF | None:
        frame = self.frame_now()
        if frame is None:
            return None
        px, py = self.placed(frame)
        return QPointF(px[place], py[place]) if px[place] == px[place] else None
