"""The same steps as a list: for screen readers, for many steps, and for who prefers it."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from longshore.ui.pages.pipeline_looks import Look
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets import pill
from longshore.ui.widgets.graph_model import Card, Picture

Index = QModelIndex | QPersistentModelIndex
HEADINGS = ("Step", "State", "How it stands", "Command", "After")


class StepModel(QAbstractTableModel):
    """One row per card, from top to bottom."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: tuple[Card, ...] = ()
        self._picture = Picture()
        self._looks: Mapping[str, Look] = {}

    def show_picture(self, picture: Picture) -> None:
        """Show the steps of a graph."""
        self.beginResetModel()
        self._picture, self._looks = picture, {}
        self._cards = tuple(sorted(picture.cards, key=lambda card: picture.boxes[card.id][1::-1]))
        self.endResetModel()

    def show_looks(self, looks: Mapping[str, Look]) -> None:
        """Show how they stand now."""
        changed = {one for one, look in looks.items() if self._looks.get(one) != look}
        self._looks = {**self._looks, **looks}
        for row, card in enumerate(self._cards):
            if card.id in changed:
                self.dataChanged.emit(self.index(row, 1), self.index(row, 2))

    def card(self, row: int) -> Card:
        """Give the step of a row."""
        return self._cards[row]

    def row_of(self, card_id: str) -> int:
        """Give the row of a step, -1 where it has none."""
        return next((row for row, card in enumerate(self._cards) if card.id == card_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._cards)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        card = self._cards[index.row()]
        look = self._looks.get(card.id, Look())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return (card.title, look.word, look.line, card.fact, self._after(card))[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 1 and look.word:
            return icons.pixmap(pill.describe(look.state)[2], hex_color(f"{look.tone}.text"), 16)
        return None

    def _after(self, card: Card) -> str:
        before = self._picture.before.get(card.id, ())
        return ", ".join(found.title for one in before if (found := self._picture.card(one)))


class StepList(QTableView):
    """Shows the steps as rows. Signals carry the card's id."""

    selected = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Steps as a list")
        self.rows = StepModel()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.rows)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(values()["row"]["default"])
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in enumerate((180, 96, 220)):
            self.setColumnWidth(column, width)
        for column in (3, 4):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        # In the order of the graph until a heading is clicked.
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._changed)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._id(index)))

    def show_picture(self, picture: Picture, current: str) -> None:
        """Show a graph's steps and select one."""
        self.blockSignals(True)
        self.rows.show_picture(picture)
        self.blockSignals(False)
        self.select(current)

    def select(self, card_id: str) -> None:
        """Select a step without telling it."""
        row = self.rows.row_of(card_id)
        if row >= 0:
            self.blockSignals(True)
            self.selectRow(self._sorted.mapFromSource(self.rows.index(row, 0)).row())
            self.blockSignals(False)

    def _id(self, index: QModelIndex) -> str:
        return self.rows.card(self._sorted.mapToSource(index).row()).id

    def _changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.selected.emit(self._id(now))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self._id(self.currentIndex()))
            return
        super().keyPressEvent(event)
