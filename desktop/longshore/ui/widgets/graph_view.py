"""A graph of cards: zoom, pan, focus path, the keyboard; what is selected is told by signal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from PySide6.QtCore import QEasingCurve, QPointF, QRect, QRectF, Qt, QVariantAnimation, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.graph_items import EdgeItem, FrameItem, MoreItem, NodeItem
from longshore.ui.widgets.graph_model import Card, Picture, Rect, Way
from longshore.ui.widgets.graph_overlays import Minimap, ZoomBar

LEAST, MOST, STEP = 0.1, 2.0, 1.2
# A graph that would be smaller than this when it fits is shown around its middle instead.
READABLE = 0.62
HEADINGS = 44
_MARGIN = 28.0
_WAYS: dict[Qt.Key, Way] = {
    Qt.Key.Key_Left: "left",
    Qt.Key.Key_Right: "right",
    Qt.Key.Key_Up: "up",
    Qt.Key.Key_Down: "down",
}


class GraphView(QGraphicsView):
    """Shows a picture of a graph."""

    selected = Signal(str)
    inspect_asked = Signal(str)
    opened = Signal(str)
    # More neighbours are wanted: before (towards the data) or after.
    more_asked = Signal(str)
    depth_asked = Signal(int)
    focus_path_asked = Signal()
    # See READABLE; what has smaller letters needs more.
    readable = READABLE

    def __init__(self) -> None:
        super().__init__()
        self.picture = Picture()
        self.current = ""
        self.zoom = 1.0
        self.motion = True
        # Fitted again when the room changes, until somebody zooms or moves.
        self._fitted = True
        self._path_shown = True
        self._hidden_kinds: frozenset[str] = frozenset()
        self._nodes: dict[str, NodeItem] = {}
        self._edges: list[EdgeItem] = []
        self._pressed_at: QPointF | None = None
        self._animation: QVariantAnimation | None = None
        self.setScene(QGraphicsScene(self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        self.setAccessibleName("Graph")
        self.map = Minimap(self)
        self.zoom_bar = ZoomBar(self, self.zoom_by, self.fit)

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_picture(self, picture: Picture, current: str = "", *, keep_place: bool = False) -> None:
        """Show another graph; with `keep_place` where the eye was."""
        self.picture = picture
        scene = self.scene()
        scene.clear()
        self._nodes, self._edges = {}, []
        for frame in picture.frames:
            scene.addItem(FrameItem(frame))
        for line in picture.lines:
            edge = EdgeItem(line)
            self._edges.append(edge)
            scene.addItem(edge)
        for card in picture.cards:
            box = picture.boxes[card.id]
            node = self._nodes[card.id] = self._make_node(card, box)
            scene.addItem(node)
            for count, before in ((card.before, True), (card.after, False)):
                if count:
                    asked = partial(self.more_asked.emit, "before" if before else "after")
                    joined = card.id in (picture.before if before else picture.after)
                    scene.addItem(MoreItem(count, box, before=before, joined=joined, asked=asked))
        # Room on all sides, so that every card can be brought to the middle.
        room = QRectF(0, 0, picture.width, picture.height)
        scene.setSceneRect(room.adjusted(-800, -600, 800, 600))
        self.current = current if current in self._nodes else ""
        self._show_states()
        if not keep_place:
            self.fit()
        self.map.update()

    def _make_node(self, card: Card, box: Rect) -> NodeItem:
        """Give the item that draws a card."""
        return NodeItem(card, box)

    def block_color(self, card_id: str) -> QColor:
        """Give the colour of a card where it is very small."""
        return self._nodes[card_id].block_color()

    def select(self, card_id: str, *, center: bool = False, tell: bool = True) -> None:
        """Select a node."""
        if card_id not in self._nodes:
            return
        changed, self.current = card_id != self.current, card_id
        self._show_states()
        self._describe()
        if center:
            self.bring(card_id)
        if tell and changed:
            self.selected.emit(card_id)

    def show_focus_path(self, shown: bool) -> None:
        """Lift what the selected node was made from and led to, and dim the rest; or show all alike."""
        self._path_shown = shown
        self._show_states()

    def hide_kinds(self, kinds: Iterable[str]) -> None:
        """Leave out the nodes of some kinds."""
        self._hidden_kinds = frozenset(kinds)
        self._show_states()

    @property
    def hidden(self) -> frozenset[str]:
        """The ids of the nodes that are left out."""
        return frozenset(card.id for card in self.picture.cards if card.kind in self._hidden_kinds)

    @property
    def dimmed(self) -> frozenset[str]:
        """The ids of the nodes off the focused path."""
        if not (self._path_shown and self.current):
            return frozenset()
        return frozenset(self._nodes) - self.picture.path_through(self.current)

    def _show_states(self) -> None:
        hidden, dimmed = self.hidden, self.dimmed
        lifted = self._path_shown and bool(self.current)
        for card_id, node in self._nodes.items():
            node.setVisible(card_id not in hidden)
            node.show_state(selected=card_id == self.current, dimmed=card_id in dimmed)
        for edge in self._edges:
            ends = {edge.line.source, edge.line.target}
            edge.setVisible(not ends & hidden)
            edge.show_state(strong=lifted and not ends & dimmed, dashed=edge.dashed)
        self.map.update()
        self.viewport().update()

    def _describe(self) -> None:
        card = self.picture.card(self.current)
        if card is not None:
            before, after = (len(side.get(card.id, ())) for side in (self.picture.before, self.picture.after))
            self.setAccessibleDescription(
                f"{card.title}, {card.kind}, {card.fact}; made from {before}, led to {after} things"
            )

    # -- where the eye is ---------------------------------------------------------------------------------------

    def fit(self) -> None:
        """Show the whole graph where it stays readable, else the part around the selected node."""
        self._fitted = True
        if not self.picture.cards:
            return
        headings = HEADINGS if self.picture.columns else 0
        room = self.viewport().rect().adjusted(0, headings, 0, 0)
        wide, high = self.picture.width + 2 * _MARGIN, self.picture.height + (1 if headings else 2) * _MARGIN
        whole = min(room.width() / wide, room.height() / high, 1.0)
        if whole >= self.readable or not self.current:
            self._set_zoom(max(whole, LEAST))
            middle = QPointF(self.picture.width / 2, self.picture.height / 2 - headings / 2 / self.zoom)
            self.centerOn(middle)
        else:
            self._set_zoom(max(self.readable, min(1.0, room.height() / high)))
            self.bring(self.current, animated=False)

    def bring(self, card_id: str, *, animated: bool = True) -> None:
        """Bring a node to the middle."""
        self._fitted = self._fitted and not animated
        left, top, width, height = self.picture.boxes[card_id]
        target = QPointF(left + width / 2, top + height / 2)
        if not (animated and self.motion and self.isVisible()):
            self.centerOn(target)
            return
        if self._animation is not None:
            self._animation.stop()
        self._animation = QVariantAnimation(self)
        self._animation.setDuration(values()["motion"]["base"])
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.setStartValue(self.mapToScene(self.viewport().rect().center()))
        self._animation.setEndValue(target)
        self._animation.valueChanged.connect(self.centerOn)
        self._animation.start()

    def bring_into_view(self, card_id: str) -> None:
        """Scroll no more than needed to see a node."""
        self._fitted = False
        self.ensureVisible(QRectF(*self.picture.boxes[card_id]), 40, 60)

    def zoom_by(self, factor: float) -> None:
        """Zoom in or out around the middle of the view."""
        self._fitted = False
        anchor = self.transformationAnchor()
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self._set_zoom(self.zoom * factor)
        self.setTransformationAnchor(anchor)

    def _set_zoom(self, zoom: float) -> None:
        zoom = min(max(zoom, LEAST), MOST)
        self.scale(zoom / self.zoom, zoom / self.zoom)
        self.zoom = zoom
        self.zoom_bar.show_zoom(zoom)
        self.map.update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        super().scrollContentsBy(dx, dy)
        self.map.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._fitted:
            self.fit()
        self._place_overlays()

    def _place_overlays(self) -> None:
        """Put the minimap and the zoom buttons into their corners."""
        self.map.move(16, self.height() - self.map.height() - 16)
        self.map.setVisible(self.height() >= 420 and len(self.picture.cards) > 0)
        self.zoom_bar.adjustSize()
        self.zoom_bar.move(self.width() - self.zoom_bar.width() - 16, self.height() - self.zoom_bar.height() - 16)

    # -- pointer and keyboard -----------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed_at = event.position()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        moved = self._pressed_at is None or (event.position() - self._pressed_at).manhattanLength() > 4
        self._fitted = self._fitted and not moved
        node = self.itemAt(event.position().toPoint())
        if not moved and isinstance(node, NodeItem) and event.button() == Qt.MouseButton.LeftButton:
            self.select(node.card.id)
            self.inspect_asked.emit(node.card.id)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        node = self.itemAt(event.position().toPoint())
        if isinstance(node, NodeItem):
            self.opened.emit(node.card.id)

    def make_clear(self, card_id: str, covered: int) -> None:
        """Move a node out from under something that covers the right edge. Units: `covered` in pixels."""
        left, top, width, _height = self.picture.boxes[card_id]
        right = self.mapFromScene(QPointF(left + width, top)).x()
        over = right - (self.viewport().width() - covered - 24)
        if over > 0:
            self._fitted = False
            self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() + over)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._fitted = False
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._set_zoom(self.zoom * (STEP if event.angleDelta().y() > 0 else 1 / STEP))
            event.accept()
            return
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _WAYS:
            self._walk(_WAYS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current:
            self.inspect_asked.emit(self.current)
        elif not self._command(key):
            super().keyPressEvent(event)

    def _walk(self, way: Way) -> None:
        found = self.picture.next_to(self.current, way, self.hidden)
        if found is not None:
            self.select(found)
            self.bring_into_view(found)

    def _command(self, key: Qt.Key) -> bool:
        commands: dict[Qt.Key, Callable[[], object]] = {
            Qt.Key.Key_F: self.focus_path_asked.emit,
            Qt.Key.Key_BracketLeft: partial(self.depth_asked.emit, -1),
            Qt.Key.Key_BracketRight: partial(self.depth_asked.emit, 1),
            Qt.Key.Key_Plus: partial(self.zoom_by, STEP),
            Qt.Key.Key_Equal: partial(self.zoom_by, STEP),
            Qt.Key.Key_Minus: partial(self.zoom_by, 1 / STEP),
            Qt.Key.Key_Home: self.fit,
        }
        command = commands.get(key)
        if command is not None:
            command()
        return command is not None

    # -- painting -----------------------------------------------------------------------------------------------

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        painter.fillRect(rect, color("bg.sunken"))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.picture.columns:
            painter = QPainter(self.viewport())
            self._paint_headings(painter)
            painter.end()

    def _paint_headings(self, painter: QPainter) -> None:
        """Write what each column holds along the upper edge, whatever part is shown."""
        strip = QRectF(0, 0, self.viewport().width(), HEADINGS)
        fade = QColor(color("bg.sunken"))
        fade.setAlpha(235)
        painter.fillRect(strip, fade)
        drawn = font("small")
        painter.setFont(drawn)
        painter.setPen(color("text.secondary"))
        for left, width, heading in self.picture.columns:
            start = self.mapFromScene(QPointF(left, 0)).x()
            room = QRectF(start, 8, width * self.zoom, HEADINGS - 12)
            words = QFontMetrics(drawn).elidedText(heading, Qt.TextElideMode.ElideRight, int(room.width()))
            if room.width() >= 50:
                painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), words)
