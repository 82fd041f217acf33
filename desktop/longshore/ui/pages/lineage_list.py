"""The nodes of a lineage graph as a list."""

from __future__ import annotations

from PySide6.QtCore import Qt

from longshore.ui.pages.lineage_work import KIND_NAMES
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.card_list import CardList, CardModel, Index
from longshore.ui.widgets.graph_model import Card, Picture

HEADINGS = ("Kind", "Name", "Fact", "Made from", "Led to")


class LineageModel(CardModel):
    """One row per node."""

    def __init__(self) -> None:
        super().__init__(HEADINGS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        card = self._cards[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(card, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return icons.pixmap(values()["nodeKinds"][card.kind]["icon"], hex_color(f"node.{card.kind}"), 16)
        return None

    def _text(self, card: Card, column: int) -> str:
        if column < 3:
            return (KIND_NAMES[card.kind][0], card.title, card.fact)[column]
        side = self._picture.before if column == 3 else self._picture.after
        return self.titles(side.get(card.id, ()))


class LineageList(CardList):
    """Shows the nodes as rows, in the order of the graph's columns."""

    def __init__(self) -> None:
        super().__init__("Lineage as a list", LineageModel(), (150, 220, 190))

    def show_picture(self, picture: Picture, hidden: frozenset[str], current: str) -> None:
        """Show a graph's nodes but the hidden ones, and select one."""
        shown = [card for card in picture.cards if card.id not in hidden]
        self.put(picture, sorted(shown, key=lambda card: picture.boxes[card.id][:2]), current)
