"""What floats over a graph: the minimap and the zoom buttons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QFrame, QWidget

from longshore.ui.theme import icons
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import Button, horizontal, label, line

if TYPE_CHECKING:
    from longshore.ui.widgets.graph_view import GraphView

MAP_SIZE = (172, 110)
_INSET = 12.0
# Lower cards are drawn without their round corners.
_TINY = 4.0


class Minimap(QWidget):
    """The whole graph in small, with a frame around what is on screen; a click or drag goes there."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self._view = view
        self._edges_look: tuple[object, ...] = ()
        self._edges_drawn = QPixmap()
        self.setFixedSize(*MAP_SIZE)
        self.setToolTip("Overview of the graph")
        self.setAccessibleName("Overview of the graph")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def _factor(self) -> float:
        picture = self._view.picture
        wide, high = self.width() - 2 * _INSET, self.height() - 2 * _INSET
        return min(wide / max(picture.width, 1), high / max(picture.height, 1), 0.2)

    def _origin(self) -> QPointF:
        picture, factor = self._view.picture, self._factor()
        return QPointF((self.width() - picture.width * factor) / 2, (self.height() - picture.height * factor) / 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color("border.default"), 1))
        painter.setBrush(color("bg.surface"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, 6, 6)
        origin, factor = self._origin(), self._factor()
        self._paint_graph(painter, origin, factor)
        seen = self._view.mapToScene(self._view.viewport().rect()).boundingRect()
        box = QRectF(origin + seen.topLeft() * factor, seen.size() * factor).intersected(frame.adjusted(2, 2, -2, -2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(color("edge.focus"), 1.5))
        painter.drawRoundedRect(box, 2, 2)

    def _paint_graph(self, painter: QPainter, origin: QPointF, factor: float) -> None:
        picture, hidden, dimmed = self._view.picture, self._view.hidden, self._view.dimmed
        painter.drawPixmap(0, 0, self._edges(origin, factor))
        painter.setPen(Qt.PenStyle.NoPen)
        for card in picture.cards:
            if card.id in hidden:
                continue
            left, top, width, height = picture.boxes[card.id]
            painter.setBrush(color("border.control") if card.id in dimmed else self._view.block_color(card.id))
            block = QRectF(origin.x() + left * factor, origin.y() + top * factor, width * factor, height * factor)
            block.setHeight(max(2.0, block.height()))
            if block.height() < _TINY:
                painter.fillRect(block, painter.brush())
            else:
                painter.drawRoundedRect(block, 1.5, 1.5)

    def _edges(self, origin: QPointF, factor: float) -> QPixmap:
        """Draw the edges once for all the times that only the cards or the frame change."""
        picture, hidden = self._view.picture, self._view.hidden
        look = (picture, hidden, factor, color("edge.default").rgba(), self.devicePixelRatioF())
        if look != self._edges_look:
            self._edges_look, self._edges_drawn = look, self._draw_edges(origin, factor)
        return self._edges_drawn

    def _draw_edges(self, origin: QPointF, factor: float) -> QPixmap:
        hidden = self._view.hidden

        def paint(painter: QPainter) -> None:
            painter.setPen(QPen(color("edge.default"), 0.8))
            for edge in self._view.picture.lines:
                if edge.source not in hidden and edge.target not in hidden:
                    first, last = (QPointF(*edge.points[place]) for place in (0, -1))
                    painter.drawLine(origin + first * factor, origin + last * factor)

        return icons.drawn(self.width(), self.height(), self.devicePixelRatioF(), paint)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        self._view.centerOn((event.position() - self._origin()) / self._factor())


class ZoomBar(QFrame):
    """Less, the zoom, more, fit."""

    def __init__(self, view: QWidget, zoom_by: Callable[[float], object], fit: Callable[[], object]) -> None:
        super().__init__(view)
        self.setProperty("surface", "panel")
        row = horizontal(self, (1, 1, 1, 1))
        self._words = label("100 %", "small", "secondary")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setFixedWidth(52)
        less = Button(
            "", partial(zoom_by, 1 / 1.2), icon="minus", kind="ghost", size="icon", tip="Zoom out", shortcut="-"
        )
        more = Button("", partial(zoom_by, 1.2), icon="plus", kind="ghost", size="icon", tip="Zoom in", shortcut="+")
        whole = Button("", fit, icon="fit", kind="ghost", size="icon", tip="Fit the graph", shortcut="Home")
        for widget in (less, line("v"), self._words, line("v"), more, line("v"), whole):
            row.addWidget(widget)

    def show_zoom(self, zoom: float) -> None:
        """Write the zoom."""
        self._words.setText(f"{round(zoom * 100)} %")
