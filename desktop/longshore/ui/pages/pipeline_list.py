"""The steps of a pipeline as a list."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt

from longshore.ui.pages.pipeline_looks import Look
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.widgets import pill
from longshore.ui.widgets.card_list import CardList, CardModel, Index
from longshore.ui.widgets.graph_model import Picture

HEADINGS = ("Step", "State", "How it stands", "Command", "After")


class StepModel(CardModel):
    """One row per step."""

    def __init__(self) -> None:
        super().__init__(HEADINGS)
        self._looks: Mapping[str, Look] = {}

    def forget_looks(self) -> None:
        """Know no more how they stand: another graph is about to be shown."""
        self._looks = {}

    def show_looks(self, looks: Mapping[str, Look]) -> None:
        """Show how they stand now."""
        changed = {one for one, look in looks.items() if self._looks.get(one) != look}
        self._looks = {**self._looks, **looks}
        for row, card in enumerate(self._cards):
            if card.id in changed:
                self.dataChanged.emit(self.index(row, 1), self.index(row, 2))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        card = self._cards[index.row()]
        look = self._looks.get(card.id, Look())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            after = self.titles(self._picture.before.get(card.id, ()))
            return (card.title, look.word, look.line, card.fact, after)[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 1 and look.word:
            return icons.pixmap(pill.describe(look.state)[2], hex_color(f"{look.tone}.text"), 16)
        return None


class StepList(CardList):
    """Shows the steps as rows, from top to bottom."""

    def __init__(self) -> None:
        self.rows = StepModel()
        super().__init__("Steps as a list", self.rows, (180, 96, 220))

    def show_picture(self, picture: Picture, current: str) -> None:
        """Show a graph's steps and select one."""
        self.rows.forget_looks()
        self.put(picture, sorted(picture.cards, key=lambda card: picture.boxes[card.id][1::-1]), current)
