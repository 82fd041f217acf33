"""The cards of a graph as a list: for screen readers, for many cards, and for who prefers it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from longshore.ui.theme.tokens import values
from longshore.ui.widgets.graph_model import Card, Picture

Index = QModelIndex | QPersistentModelIndex


class CardModel(QAbstractTableModel):
    """One row per card. Subclasses say what stands in a cell (`data`)."""

    def __init__(self, headings: Sequence[str]) -> None:
        super().__init__()
        self._headings = tuple(headings)
        self._cards: tuple[Card, ...] = ()
        self._picture = Picture()

    def put(self, picture: Picture, cards: Sequence[Card]) -> None:
        """Show these cards of a graph, in this order."""
        self.beginResetModel()
        self._picture, self._cards = picture, tuple(cards)
        self.endResetModel()

    def card(self, row: int) -> Card:
        """Give the card of a row."""
        return self._cards[row]

    def row_of(self, card_id: str) -> int:
        """Give the row of a card, -1 where it has none."""
        return next((row for row, card in enumerate(self._cards) if card.id == card_id), -1)

    def titles(self, card_ids: Sequence[str]) -> str:
        """Name these cards, as far as they are in the graph."""
        return ", ".join(found.title for one in card_ids if (found := self._picture.card(one)))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._cards)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._headings[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None


class CardList(QTableView):
    """Shows a model of cards. Signals carry the card's id. The columns behind the given widths share the rest."""

    selected = Signal(str)
    opened = Signal(str)

    def __init__(self, name: str, model: CardModel, widths: Sequence[int]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._cards = model
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(model)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(values()["row"]["default"])
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in enumerate(widths):
            self.setColumnWidth(column, width)
        for column in range(len(widths), model.columnCount()):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        # In the order of the graph until a heading is clicked.
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._changed)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._id(index)))

    def put(self, picture: Picture, cards: Sequence[Card], current: str) -> None:
        """Show these cards of a graph and select one."""
        self.blockSignals(True)
        self._cards.put(picture, cards)
        self.blockSignals(False)
        self.select(current)

    def select(self, card_id: str) -> None:
        """Select a card without telling it."""
        row = self._cards.row_of(card_id)
        if row >= 0:
            self.blockSignals(True)
            self.selectRow(self._sorted.mapFromSource(self._cards.index(row, 0)).row())
            self.blockSignals(False)

    def _id(self, index: QModelIndex) -> str:
        return self._cards.card(self._sorted.mapToSource(index).row()).id

    def _changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.selected.emit(self._id(now))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self._id(self.currentIndex()))
            return
        super().keyPressEvent(event)
