"""A plain table of text: rows with an id each, drawn only as far as they are in view, so that ten thousand cost nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
)

from longshore.ui.theme.fonts import grown
from longshore.ui.theme.style import color
from longshore.ui.widgets.plain_words import one_line

# Beyond some hundred letters nothing is seen, and measuring six thousand would take a while.
_LONGEST = 400
ROW_HEIGHT = 28
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class TextColumn:
    """A column. One of width 0 takes the room that is left."""

    title: str
    width: int = 0
    right: bool = False


@dataclass(frozen=True)
class TextRow:
    """A row; the id is what its table's owner knows it by."""

    id: str
    cells: tuple[str, ...]


class _Model(QAbstractTableModel):
    def __init__(self, columns: Sequence[TextColumn]) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.rows: tuple[TextRow, ...] = ()

    def show_rows(self, rows: Sequence[TextRow]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return self._side(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.rows[index.row()].cells[index.column()]
        return self._side(index.column()) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _side(self, section: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self.columns[section].right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter


class _Delegate(QStyledItemDelegate):
    """Draws the text in line with the header's, over a hairline."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        drawn = QStyleOptionViewItem(option)
        self.initStyleOption(drawn, index)
        words, drawn.text = drawn.text, ""
        view = option.widget
        assert isinstance(view, QTableView)
        view.style().drawControl(QStyle.ControlElement.CE_ItemViewItem, drawn, painter, view)
        painter.save()
        painter.setPen(color("border.subtle"))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        painter.setFont(drawn.font)
        painter.setPen(color("text.primary" if index.column() == 0 else "text.secondary"))
        room = option.rect.adjusted(8, 0, -8, 0)
        shown = drawn.fontMetrics.elidedText(one_line(words, _LONGEST), Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, drawn.displayAlignment, shown)
        painter.restore()


class PlainTable(QTableView):
    """Rows can be selected by mouse and keyboard (Space toggles), and opened by Enter or a double click."""

    opened = Signal(str)
    selection_changed = Signal()

    def __init__(self, name: str, columns: Sequence[TextColumn]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.rows = _Model(columns)
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setItemDelegate(_Delegate(self))
        self.setWordWrap(False)
        side = self.verticalHeader()
        side.hide()
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        side.setDefaultSectionSize(grown(ROW_HEIGHT))
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.doubleClicked.connect(lambda index: self.opened.emit(self.rows.rows[index.row()].id))
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_changed.emit())

    def show_rows(self, rows: Sequence[TextRow]) -> None:
        """Show these rows; those that were selected stay selected."""
        kept = set(self.selected())
        if tuple(rows) == self.rows.rows:
            return
        self.rows.show_rows(rows)
        selection, flags = self.selectionModel(), self._select_flags()
        for number, row in enumerate(rows):
            if row.id in kept:
                selection.select(self.rows.index(number, 0), flags)
        self.selection_changed.emit()

    def _select_flags(self, *, toggle: bool = False) -> QItemSelectionModel.SelectionFlag:
        flag = QItemSelectionModel.SelectionFlag
        return (flag.Toggle if toggle else flag.Select) | flag.Rows

    def selected(self) -> list[str]:
        """Give the ids of the selected rows, in the table's order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows(0))
        return [self.rows.rows[row].id for row in rows]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        current = self.currentIndex()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and current.isValid():
            self.opened.emit(self.rows.rows[current.row()].id)
        elif event.key() == Qt.Key.Key_Space and current.isValid():
            self.selectionModel().select(current, self._select_flags(toggle=True))
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        widths = [grown(column.width) for column in self.rows.columns]
        open_ones = [place for place, width in enumerate(widths) if not width]
        rest = max(self.viewport().width() - sum(widths), 120 * len(open_ones))
        for place, width in enumerate(widths):
            self.setColumnWidth(place, width or rest // max(len(open_ones), 1))
