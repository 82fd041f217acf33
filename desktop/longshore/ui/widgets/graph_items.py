"""The graphics items of a graph: node cards, edges with arrow heads, the count of what is not shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPainterPathStroker, QPen, QPolygonF
from PySide6.QtWidgets import (
    QGraphicsItem,
    QGraphicsSceneHoverEvent,
    QGraphicsSceneMouseEvent,
    QStyleOptionGraphicsItem,
    QWidget,
)

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font, scale
from longshore.ui.theme.style import color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.graph_model import Card, Frame, Line, Point, Rect

# Below these zooms a card is drawn as stripe and name, then as a block.
PLAIN_BELOW, BLOCK_BELOW = 0.5, 0.25
RADIUS = 8.0
# The room for the title of a frame, at its top.
FRAME_HEAD = 22.0


class NodeItem(QGraphicsItem):
    """One node card: stripe and icon in the colour of its kind, name, one fact."""

    def __init__(self, card: Card, box: Rect) -> None:
        super().__init__()
        self.card = card
        self.selected_now = self.dimmed = False
        self._hovered = False
        self._box = QRectF(0, 0, box[2], box[3])
        self.setPos(box[0], box[1])
        self.setAcceptHoverEvents(True)
        self.setToolTip(f"{card.title}\n{card.fact}" if card.fact else card.title)
        self.setZValue(2)

    def boundingRect(self) -> QRectF:
        return self._box.adjusted(-2, -2, 2, 2)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self._box)
        return path

    def show_state(self, *, selected: bool, dimmed: bool) -> None:
        """Show it as selected, or as off the focused path."""
        if (selected, dimmed) != (self.selected_now, self.dimmed):
            self.selected_now, self.dimmed = selected, dimmed
            self.setZValue(3 if selected else 2)
            self.update()

    def hoverEnterEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._hovered = True
        self.update()

    def hoverLeaveEvent(self, event: QGraphicsSceneHoverEvent) -> None:
        self._hovered = False
        self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if zoom < BLOCK_BELOW:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("edge.focus") if self.selected_now else self.block_color())
            painter.drawRoundedRect(self._box, RADIUS, RADIUS)
            return
        self._paint_body(painter)
        if zoom < PLAIN_BELOW:
            self._paint_name_alone(painter, zoom)
        else:
            self._paint_words(painter)

    def block_color(self) -> QColor:
        """Give the one colour that it is drawn in where it is very small."""
        return color("border.control") if self.dimmed else color(f"node.{self.card.kind}")

    def _paint_body(self, painter: QPainter) -> None:
        fill = "bg.selected" if self.selected_now else "bg.hover" if self._hovered else "bg.raised"
        if self.dimmed and not self._hovered:
            fill = "bg.sunken"
        box = self._box.adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(box, RADIUS, RADIUS)
        painter.fillPath(shape, color(fill))
        painter.save()
        painter.setClipPath(shape)
        stripe = float(values()["node"]["stripe"])
        painter.fillRect(
            QRectF(box.left(), box.top(), stripe + 0.5, box.height()),
            color("border.default" if self.dimmed else f"node.{self.card.kind}"),
        )
        painter.restore()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.selected_now:
            painter.setPen(QPen(color("edge.focus"), 2))
            painter.drawRoundedRect(self._box, RADIUS + 0.5, RADIUS + 0.5)
        else:
            painter.setPen(QPen(color("border.default"), 1))
            painter.drawPath(shape)

    def _paint_words(self, painter: QPainter) -> None:
        factor, kind = scale(), self.card.kind
        side = values()["node"]["iconTile"] * factor
        tile = QRectF(14 * factor, (self._box.height() - side) / 2, side, side)
        if self.dimmed:
            painter.setPen(QPen(color("border.default"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(tile.adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(f"node.{kind}.bg"))
            painter.drawRoundedRect(tile, 6, 6)
        inset = (side - 16 * factor) / 2
        icon = "text.tertiary" if self.dimmed else f"node.{kind}"
        icons.paint(
            painter, values()["nodeKinds"][kind]["icon"], color(icon), tile.adjusted(inset, inset, -inset, -inset)
        )
        left = tile.right() + 9 * factor
        room = QRectF(left, 0, self._box.width() - left - 8 * factor, self._box.height())
        title = QRectF(room.left(), room.center().y() - 18 * factor, room.width(), 18 * factor)
        fact = QRectF(room.left(), room.center().y() + 1 * factor, room.width(), 16 * factor)
        middle = Qt.TextElideMode.ElideMiddle
        draw_text(
            painter, title, self.card.title, "bodyStrong", "text.tertiary" if self.dimmed else "text.primary", middle
        )
        draw_text(painter, fact, self.card.fact, "small", "text.tertiary" if self.dimmed else "text.secondary")

    def _paint_name_alone(self, painter: QPainter, zoom: float) -> None:
        drawn = font("bodyStrong")
        larger = type(drawn)(drawn)
        larger.setPixelSize(round(drawn.pixelSize() * min(PLAIN_BELOW / zoom, 1.6) * 1.35))
        painter.setFont(larger)
        painter.setPen(color("text.tertiary" if self.dimmed else "text.primary"))
        room = self._box.adjusted(12, 0, -8, 0)
        words = QFontMetrics(larger).elidedText(self.card.title, Qt.TextElideMode.ElideMiddle, int(room.width()))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), words)


def draw_text(
    painter: QPainter,
    room: QRectF,
    text: str,
    role: str,
    token: str,
    mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
) -> None:
    """Write one line in a role of the type scale, shortened to its room."""
    drawn = font(role)
    painter.setFont(drawn)
    painter.setPen(color(token))
    painter.drawText(
        room, int(Qt.AlignmentFlag.AlignVCenter), QFontMetrics(drawn).elidedText(text, mode, int(room.width()))
    )


class EdgeItem(QGraphicsItem):
    """One edge as a path with an arrow head; the relation is its tooltip."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line
        self.strong = self.dashed = False
        # A curve lies between its control points; the path itself is made when it is drawn for the first time.
        across, down = zip(*line.points, strict=True)
        left, top = min(across) - 6, min(down) - 6
        self._bounds = QRectF(left, top, max(across) + 6 - left, max(down) + 6 - top)
        if line.relation:
            self.setToolTip(line.relation)
        self.setZValue(0)

    @cached_property
    def _path(self) -> QPainterPath:
        points = self.line.points
        x, y = points[-1]
        right, down = _way(points)
        # The line ends inside its head, so that the point stays sharp.
        inside = values()["node"]["arrow"] - 1
        ends = [*points[:-1], (x - right * inside, y - down * inside)]
        path = QPainterPath(QPointF(*ends[0]))
        for place in range(1, len(ends) - 2, 3):
            a, b, end = (QPointF(*point) for point in ends[place : place + 3])
            path.cubicTo(a, b, end)
        return path

    @cached_property
    def _head(self) -> QPolygonF:
        return _arrow(self.line.points)

    def boundingRect(self) -> QRectF:
        return self._bounds

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(10)
        return stroker.createStroke(self._path)

    def show_state(self, *, strong: bool, dashed: bool = False) -> None:
        """Show it as on the focused path; dashed, as leading to what is not there yet."""
        if (strong, dashed) != (self.strong, self.dashed):
            self.strong, self.dashed = strong, dashed
            self.setZValue(1 if strong else 0)
            self.update()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        token = values()["node"]
        tone = color("edge.focus" if self.strong else "edge.default")
        pen = QPen(tone, token["edgeWidthFocus" if self.strong else "edgeWidth"])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if self.dashed:
            pen.setDashPattern([3, 2.4])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        if option.levelOfDetailFromTransform(painter.worldTransform()) >= BLOCK_BELOW:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(tone)
            painter.drawPolygon(self._head)


def _way(points: tuple[Point, ...]) -> Point:
    """Give the direction in which an edge arrives, one of the four: its last control point is beside the end, or above."""
    (from_x, from_y), (x, y) = points[-2:]
    if abs(y - from_y) > abs(x - from_x):
        return 0.0, 1.0 if from_y <= y else -1.0
    return 1.0 if from_x <= x else -1.0, 0.0


def _arrow(points: tuple[Point, ...]) -> QPolygonF:
    size = float(values()["node"]["arrow"])
    x, y = points[-1]
    right, down = _way(points)
    half = size * 0.62
    foot_x, foot_y = x - right * size, y - down * size
    side_x, side_y = down * half, right * half
    return QPolygonF(
        [QPointF(x, y), QPointF(foot_x + side_x, foot_y + side_y), QPointF(foot_x - side_x, foot_y - side_y)]
    )


class MoreItem(QGraphicsItem):
    """Says how many neighbours are known beyond the depth that is shown; a click shows them."""

    def __init__(self, count: int, box: Rect, *, before: bool, joined: bool, asked: Callable[[], object]) -> None:
        super().__init__()
        self._text, self._asked = f"+{count}", asked
        factor = scale()
        self._width = QFontMetrics(font("caption")).horizontalAdvance(self._text) + 12.0
        self._height = 18.0 * factor
        gap, middle = 10.0, box[1] + box[3] / 2
        left = box[0] - gap - self._width if before else box[0] + box[2] + gap
        self._line = (self._width, self._width + gap) if before else (-gap, 0.0)
        if joined:
            # An edge is in the middle: sit on the corner, out of its way.
            left = box[0] - self._width / 2 if before else box[0] + box[2] - self._width / 2
            middle, self._line = box[1], (0.0, 0.0)
        self.setPos(left, middle - self._height / 2)
        where = "before" if before else "after"
        self.setToolTip(f"{count} more {where} this. Click to show one step more.")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setZValue(4)

    def boundingRect(self) -> QRectF:
        return QRectF(-10, 0, self._width + 20, self._height)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if option.levelOfDetailFromTransform(painter.worldTransform()) < PLAIN_BELOW:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self._height / 2
        painter.setPen(QPen(color("edge.default"), values()["node"]["edgeWidth"]))
        painter.drawLine(QPointF(self._line[0], middle), QPointF(self._line[1], middle))
        box = QRectF(0.5, 0.5, self._width - 1, self._height - 1)
        painter.setPen(QPen(color("border.control"), 1))
        painter.setBrush(color("bg.surface"))
        painter.drawRoundedRect(box, middle, middle)
        painter.setFont(font("caption"))
        painter.setPen(color("text.secondary"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), self._text)

    def mousePressEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        event.accept()

    def mouseReleaseEvent(self, event: QGraphicsSceneMouseEvent) -> None:
        if self.boundingRect().contains(event.pos()):
            self._asked()


class FrameItem(QGraphicsItem):
    """A titled box behind the cards that belong together."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self._title = frame.title
        left, top, width, height = frame.box
        self.setPos(left, top)
        self._box = QRectF(0, 0, width, height)
        self.setZValue(-1)
        self.setToolTip(frame.title)

    def boundingRect(self) -> QRectF:
        return self._box.adjusted(-1, -1, 1, 1)

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color("border.default"), 1))
        painter.setBrush(color("bg.window"))
        painter.drawRoundedRect(self._box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS + 2, RADIUS + 2)
        if option.levelOfDetailFromTransform(painter.worldTransform()) >= BLOCK_BELOW:
            room = QRectF(12, 2, self._box.width() - 24, FRAME_HEAD * scale())
            draw_text(painter, room, self._title, "small", "text.secondary", Qt.TextElideMode.ElideMiddle)
