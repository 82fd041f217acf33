"""A line plot: drag to zoom, wheel to zoom around the pointer, double click for everything; values under the pointer.

matplotlib takes 50 to 300 ms for a picture, which is no answer to a wheel; this one takes a few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.theme.style import color
from longshore.ui.theme.swatches import swatch_pen
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.plot.curves import LEAST_LOG, Band, Curve, Seen, span_x, span_y
from longshore.ui.widgets.plot.frame import Frame, Measure, paint_frame
from longshore.ui.widgets.plot.lines import paint_band, paint_dot, paint_line
from longshore.ui.widgets.plot.readout import paint_readout
from longshore.ui.widgets.plot.scales import padded

_ZOOM = 1.25
# A shorter drag is a click.
_DRAG_PX = 6


class Plot(QWidget):
    """Curves over one x axis."""

    # The x values at both ends, or None for everything; emitted when the person zooms.
    zoomed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.curves: tuple[Curve, ...] = ()
        self.bands: tuple[Band, ...] = ()
        self.across, self.log_y = Measure("step"), False
        # The part of x that is in view; None: all of it.
        self.view: tuple[float, float] | None = None
        self._seen: list[Seen] = []
        self._pointer: QPointF | None = None
        self._pressed: float | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTipDuration(0)

    def sizeHint(self) -> QSize:
        return QSize(340, 180)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 100)

    def show_curves(
        self,
        curves: Sequence[Curve],
        *,
        across: Measure = Measure("step"),  # noqa: B008
        log_y: bool = False,
        bands: Sequence[Band] = (),
    ) -> None:
        """Draw these; the zoom stays. Bands lie below the curves, faint ones below the others."""
        known = {id(each.curve): each for each in self._seen}
        self.curves = tuple(sorted(curves, key=lambda curve: not curve.faint))
        self._seen = [known.get(id(curve)) or Seen(curve) for curve in self.curves]
        self.bands, self.across, self.log_y = tuple(bands), across, log_y
        self.update()

    def show_view(self, view: tuple[float, float] | None) -> None:
        """Show this part of x, or everything."""
        if view != self.view:
            self.view = view
            self.update()

    def frame_now(self) -> Frame | None:
        """Give the axes as they are drawn, None where there is nothing to draw."""
        whole = span_x(self.curves)
        if whole is None:
            return None
        low, high = self.view or whole
        if low == high:
            low, high = low - 0.5, high + 0.5
        width = self.width_px()
        found = span_y(self._seen, low, high, width, log=self.log_y, bands=self.bands) or (1.0, 1.0)
        y = padded(*found, log=self.log_y)
        across = self.across
        if across.kind == "number" and all(curve.x.dtype.kind in "iu" for curve in self.curves):
            across = replace(across, kind="count")
        return Frame.of(QRectF(self.rect()), (low, high), y, across, Measure("", log=self.log_y))

    def width_px(self) -> int:
        """Give how many pixels there are from left to right. Units: device pixels."""
        return max(1, round(self.width() * self.devicePixelRatioF()))

    # -- drawing ------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        frame = self.paint(painter)
        if frame is None:
            return
        if self._pressed is not None and self._pointer is not None:
            self._paint_drag(painter, frame)
        elif self._pointer is not None and frame.inside.contains(self._pointer):
            paint_readout(painter, frame, self._pointer, [each for each in self.curves if not each.faint])

    def paint(self, painter: QPainter) -> Frame | None:
        """Draw axes and curves on the screen, into a picture or a file, and give the axes."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = self.frame_now()
        if frame is None:
            return None
        paint_frame(painter, frame)
        painter.save()
        painter.setClipRect(frame.inside.adjusted(0, -4, 6, 1))
        for band in self.bands:
            for x, low, high in band.pieces(frame.x.low, frame.x.high, log=self.log_y):
                paint_band(painter, frame.pixels(x, low), frame.pixels(x, high), band.number)
        for seen in self._seen:
            self._paint_curve(painter, frame, seen)
        painter.restore()
        return frame

    def _paint_curve(self, painter: QPainter, frame: Frame, seen: Seen) -> None:
        look, curve = values()["chart"], seen.curve
        pen = swatch_pen(curve.number, look["rawLine"] if curve.faint else look["line"])
        if curve.faint:
            pen.setStyle(Qt.PenStyle.SolidLine)
        painter.setOpacity(look["rawOpacity"] if curve.faint else 1.0)
        last: QPointF | None = None
        for x, y in seen.pieces(frame.x.low, frame.x.high, self.width_px()):
            if self.log_y:
                x, y = x[y > LEAST_LOG], y[y > LEAST_LOG]
            if not len(x):
                continue
            px, py = frame.pixels(x, y)
            last = QPointF(float(px[-1]), float(py[-1]))
            if len(x) == 1:
                paint_dot(painter, last, pen)
            else:
                paint_line(painter, px, py, pen)
        if last is not None and not curve.faint:
            paint_dot(painter, last, pen)
        painter.setOpacity(1.0)

    def _paint_drag(self, painter: QPainter, frame: Frame) -> None:
        assert self._pressed is not None and self._pointer is not None
        left, right = sorted((self._pressed, self._pointer.x()))
        shade = color("accent.solid")
        shade.setAlphaF(0.14)
        box = QRectF(left, frame.inside.top(), right - left, frame.inside.height())
        painter.fillRect(box.intersected(frame.inside), shade)

    # -- zoom ---------------------------------------------------------------------------------------------------

    def zoom_to(self, low: float, high: float) -> None:
        """Show the x values between, or everything where that is more than there is."""
        whole = span_x(self.curves)
        if whole is None or not low < high:
            return
        low, high = max(low, whole[0]), min(high, whole[1])
        view = None if (low, high) == whole or not low < high else (low, high)
        if view != self.view:
            self.show_view(view)
            self.zoomed.emit(view)

    def zoom_by(self, factor: float, around: float | None = None) -> None:
        """Show more (`factor` above 1) or less of x around a value, the middle without one."""
        frame = self.frame_now()
        if frame is None:
            return
        low, high = frame.x.low, frame.x.high
        middle = (low + high) / 2 if around is None else around
        self.zoom_to(middle - (middle - low) * factor, middle + (high - middle) * factor)

    def pan_by(self, share: float) -> None:
        """Move the view by a share of its width."""
        whole = span_x(self.curves)
        if self.view is None or whole is None:
            return
        width = self.view[1] - self.view[0]
        low = min(max(self.view[0] + share * width, whole[0]), whole[1] - width)
        self.zoom_to(low, low + width)

    def fit(self) -> None:
        """Show everything."""
        if self.view is not None:
            self.show_view(None)
            self.zoomed.emit(None)

    # -- mouse and keyboard -------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        frame, turned = self.frame_now(), event.angleDelta().y()
        # A plain wheel scrolls the page that the plot stands in.
        if frame is None or not turned or event.modifiers() != Qt.KeyboardModifier.ControlModifier:
            event.ignore()
            return
        self.zoom_by(_ZOOM ** (-turned / 120), frame.x.value(event.position().x()))
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().x()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._pointer = event.position()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        frame = self.frame_now()
        if pressed is not None and frame is not None and abs(event.position().x() - pressed) >= _DRAG_PX:
            self.zoom_to(*sorted((frame.x.value(pressed), frame.x.value(event.position().x()))))
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._pointer = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = Qt.Key
        if event.key() in (keys.Key_Plus, keys.Key_Equal):
            self.zoom_by(1 / _ZOOM)
        elif event.key() == keys.Key_Minus:
            self.zoom_by(_ZOOM)
        elif event.key() == keys.Key_Home:
            self.fit()
        elif event.key() in (keys.Key_Left, keys.Key_Right) and self.view is not None:
            self.pan_by(-0.2 if event.key() == keys.Key_Left else 0.2)
        else:
            super().keyPressEvent(event)
