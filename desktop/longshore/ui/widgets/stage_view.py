"""A pipeline's graph: cards with command, state and progress, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPen

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font, scale
from longshore.ui.theme.style import color, hex_color
from longshore.ui.widgets import pill
from longshore.ui.widgets.graph_items import RADIUS, NodeItem, draw_text
from longshore.ui.widgets.graph_model import Card, Picture, Rect
from longshore.ui.widgets.graph_view import GraphView

# What a step is, where it is more than a command.
KIND_ICONS = {
    "input": "dataset",
    "foreach": "group",
    "join": "link",
    "condition": "branch",
    "loop": "refresh",
    "group": "group",
}
_LEFT = 12.0


class StageLook(Protocol):
    """What of a card changes while the pipeline runs."""

    @property
    def state(self) -> str: ...
    @property
    def line(self) -> str: ...
    @property
    def fraction(self) -> float | None: ...
    @property
    def waits(self) -> bool: ...


class _Rest:
    """Before the first run."""

    state, line, fraction, waits = "", "", None, False


class StageItem(NodeItem):
    """A step: name and state, its command, one line of facts, how far it is."""

    def __init__(self, card: Card, box: Rect) -> None:
        super().__init__(card, box)
        self.look: StageLook = _Rest()

    def show_look(self, look: StageLook) -> bool:
        """Show another state; tells whether anything changed."""
        if look == self.look:
            return False
        self.look = look
        parts = (self.card.title, self.card.fact, look.line)
        self.setToolTip("\n".join(part[:600] for part in parts if part))
        self.update()
        return True

    @property
    def tone(self) -> str:
        """The tone of its state."""
        return pill.describe(self.look.state)[1] if self.look.state else ""

    def block_color(self) -> QColor:
        return color("border.control" if self.dimmed or not self.tone else f"{self.tone}.solid")

    def _paint_body(self, painter: QPainter) -> None:
        fill = "bg.selected" if self.selected_now else "bg.hover" if self._hovered else "bg.raised"
        box = self._box.adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(box, RADIUS, RADIUS)
        painter.fillPath(shape, color("bg.sunken" if self.dimmed and not self._hovered else fill))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self.selected_now:
            painter.setPen(QPen(color("edge.focus"), 2))
            painter.drawRoundedRect(self._box, RADIUS + 0.5, RADIUS + 0.5)
            return
        lit = "" if self.dimmed else self.tone
        token = {"danger": "danger.solid", "info": "info.solid"}.get(lit, "border.default")
        pen = QPen(color("border.control" if self.look.waits else token), 1)
        if self.look.waits:
            pen.setDashPattern([3, 2.4])
        painter.setPen(pen)
        painter.drawPath(shape)

    def _paint_words(self, painter: QPainter) -> None:
        factor, dim = scale(), self.dimmed
        width, height = self._box.width(), self._box.height()
        room = QRectF(_LEFT, 9 * factor, width - 2 * _LEFT, 20 * factor)
        if self.look.state:
            word, tone, icon = pill.describe(self.look.state)
            wide = pill.width_of(word)
            at = QRectF(width - 9 - wide, room.top() - (20 - room.height()) / 2, wide, 20)
            pill.paint(painter, at, word, "neutral" if dim else tone, icon)
            room.setRight(at.left() - 6)
        if kind := KIND_ICONS.get(self.card.kind):
            at = QRectF(_LEFT, room.center().y() - 7 * factor, 14 * factor, 14 * factor)
            icons.paint(painter, kind, color("node.dataset" if self.card.kind == "input" else "text.secondary"), at)
            room.setLeft(at.right() + 6)
        first, second = ("text.tertiary", "text.tertiary") if dim else ("text.primary", "text.secondary")
        middle = Qt.TextElideMode.ElideMiddle
        draw_text(painter, room, self.card.title, "bodyStrong", first, middle)
        below = QRectF(_LEFT, 31 * factor, width - 2 * _LEFT, 16 * factor)
        draw_text(painter, below, self.card.fact, "mono", second)
        failed = self.look.state == "failed" and not dim
        bar = self.look.fraction is not None
        line = QRectF(_LEFT, (47 if bar else 50) * factor, width - 2 * _LEFT, 16 * factor)
        draw_text(painter, line, self.look.line, "small", "danger.text" if failed else second)
        if self.look.fraction is not None:
            self._paint_bar(painter, QRectF(_LEFT, height - 11, width - 2 * _LEFT, 4), self.look.fraction)

    def _paint_bar(self, painter: QPainter, track: QRectF, fraction: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("bar.track"))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(color("accent.solid"))
        painter.drawRoundedRect(QRectF(track.left(), track.top(), max(4.0, track.width() * fraction), 4), 2, 2)

    def _paint_name_alone(self, painter: QPainter, zoom: float) -> None:
        drawn = font("bodyStrong")
        larger = type(drawn)(drawn)
        larger.setPixelSize(round(drawn.pixelSize() * min(0.5 / zoom, 1.6) * 1.35))
        painter.setFont(larger)
        painter.setPen(color("text.tertiary" if self.dimmed else "text.primary"))
        side = 0.0
        if self.look.state:
            side = 24.0
            icon = pill.describe(self.look.state)[2]
            at = QRectF(self._box.width() - side - 12, self._box.center().y() - side / 2, side, side)
            image = icons.pixmap(icon, hex_color(f"{self.tone}.text"), 24, 1.0)
            painter.drawPixmap(at, image, QRectF(image.rect()))
        room = self._box.adjusted(_LEFT, 0, -_LEFT - side, 0)
        words = QFontMetrics(larger).elidedText(self.card.title, Qt.TextElideMode.ElideMiddle, int(room.width()))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), words)


class StageView(GraphView):
    """Shows a picture of a pipeline, and how its steps stand."""

    readable = 0.72

    def __init__(self) -> None:
        self._looks: Mapping[str, StageLook] = {}
        super().__init__()
        self._path_shown = False
        self.setViewportUpdateMode(self.ViewportUpdateMode.SmartViewportUpdate)
        self.setAccessibleName("Pipeline")

    def _make_node(self, card: Card, box: Rect) -> NodeItem:
        item = StageItem(card, box)
        if card.id in self._looks:
            item.show_look(self._looks[card.id])
        return item

    def show_picture(self, picture: Picture, current: str = "", *, keep_place: bool = False) -> None:
        super().show_picture(picture, current, keep_place=keep_place)
        self._place_overlays()

    def show_looks(self, looks: Mapping[str, StageLook]) -> None:
        """Show how the steps stand now; what did not change is not drawn again."""
        self._looks = {**self._looks, **looks}
        changed = set()
        for card_id, look in looks.items():
            node = self._nodes.get(card_id)
            if isinstance(node, StageItem) and node.show_look(look):
                changed.add(card_id)
        if changed:
            self._show_edges(changed)
            self.map.update()
            self._describe()

    def look_of(self, card_id: str) -> StageLook:
        """Give what a card shows of its state."""
        return self._looks.get(card_id) or _Rest()

    def forget_looks(self) -> None:
        """Be ready for another pipeline."""
        self._looks = {}

    def _show_edges(self, into: set[str] | None = None) -> None:
        """Show the edges, or those into some cards, as their cards stand."""
        dimmed = self.dimmed
        lifted = self._path_shown and bool(self.current)
        for edge in self._edges:
            if into is not None and edge.line.target not in into:
                continue
            target = self.look_of(edge.line.target)
            strong = lifted and not {edge.line.source, edge.line.target} & dimmed
            edge.show_state(strong=strong or target.state == "running", dashed=target.waits)

    def _show_states(self) -> None:
        super()._show_states()
        self._show_edges()

    def _describe(self) -> None:
        card = self.picture.card(self.current)
        if card is not None:
            look = self.look_of(card.id)
            state = pill.describe(look.state)[0] if look.state else ""
            self.setAccessibleDescription(", ".join(part for part in (card.title, state, look.line, card.fact) if part))

    def _set_zoom(self, zoom: float) -> None:
        super()._set_zoom(zoom)
        self._place_overlays()

    def _place_overlays(self) -> None:
        """Zoom buttons above, as pipelines grow downwards; the minimap where not all is in view."""
        self.zoom_bar.adjustSize()
        self.zoom_bar.move(self.width() - self.zoom_bar.width() - 16, 16)
        self.map.move(16, self.height() - self.map.height() - 16)
        wide, high = self.picture.width * self.zoom, self.picture.height * self.zoom
        whole = wide <= self.viewport().width() and high <= self.viewport().height()
        self.map.setVisible(self.height() >= 360 and bool(self.picture.cards) and not whole)
