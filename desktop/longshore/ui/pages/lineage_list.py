"""The same graph as a list: for screen readers, for many nodes, and for who prefers it."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSortFilterProxyModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from longshore.ui.pages.lineage_work import KIND_NAMES
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.graph_model import Card, Picture

Index = QModelIndex | QPersistentModelIndex
HEADINGS = ("Kind", "Name", "Fact", "Made from", "Led to")


class LineageModel(QAbstractTableModel):
    """One row per node, in the order of the graph's columns."""

    def __init__(self) -> None:
        super().__init__()
        self._cards: tuple[Card, ...] = ()
        self._picture = Picture()

    def show_picture(self, picture: Picture, hidden: frozenset[str]) -> None:
        """Show the nodes of a graph but the hidden ones."""
        self.beginResetModel()
        self._picture = picture
        shown = [card for card in picture.cards if card.id not in hidden]
        self._cards = tuple(sorted(shown, key=lambda card: picture.boxes[card.id][:2]))
        self.endResetModel()

    def card(self, row: int) -> Card:
        """Give the node of a row."""
        return self._cards[row]

    def row_of(self, card_id: str) -> int:
        """Give the row of a node, -1 where it has none."""
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
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(card, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return icons.pixmap(values()["nodeKinds"][card.kind]["icon"], hex_color(f"node.{card.kind}"), 16)
        return None

    def _text(self, card: Card, column: int) -> str:
        if column < 3:
            return (KIND_NAMES[card.kind][0], card.title, card.fact)[column]
        side = self._picture.before if column == 3 else self._picture.after
        titles = [found.title for one in side.get(card.id, ()) if (found := self._picture.card(one))]
        return ", ".join(titles)


class LineageList(QTableView):
    """Shows the nodes as rows. Signals carry the node's id."""

    selected = Signal(str)
    opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Lineage as a list")
        self._rows = LineageModel()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self._rows)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(values()["row"]["default"])
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        for column, width in enumerate((150, 220, 190)):
            self.setColumnWidth(column, width)
        for column in (3, 4):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        # In the order of the graph until a heading is clicked.
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.selectionModel().currentRowChanged.connect(self._changed)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._id(index)))

    def show_picture(self, picture: Picture, hidden: frozenset[str], current: str) -> None:
        """Show a graph's nodes and select one."""
        self.blockSignals(True)
        self._rows.show_picture(picture, hidden)
        self.blockSignals(False)
        self.select(current)

    def select(self, card_id: str) -> None:
        """Select a node without telling it."""
        row = self._rows.row_of(card_id)
        if row >= 0:
            self.blockSignals(True)
            self.selectRow(self._sorted.mapFromSource(self._rows.index(row, 0)).row())
            self.blockSignals(False)

    def _id(self, index: QModelIndex) -> str:
        return self._rows.card(self._sorted.mapToSource(index).row()).id

    def _changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        if now.isValid():
            self.selected.emit(self._id(now))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.opened.emit(self._id(self.currentIndex()))
            return
        super().keyPressEvent(event)
