"""A searchable list of many names with a box each; those that are checked stand first, in an order of their own.

Thousands of names cost no more than some: nothing is made per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import (
    QAbstractListModel,
    QByteArray,
    QEvent,
    QMimeData,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import label, text_width, vertical

Index = QModelIndex | QPersistentModelIndex
ASIDE = Qt.ItemDataRole.UserRole + 1
ROW = 28
# The box, and what stands free around title and aside.
_BESIDE = 60
_MIME = "application/x-longshore-name"


@dataclass(frozen=True)
class Entry:
    """One name."""

    id: str
    title: str
    aside: str  # what it belongs to, at the right
    dimmed: bool = False


class CheckedModel(QAbstractListModel):
    """The names that fit what is searched for."""

    # The checked ones changed, or their order.
    changed = Signal(list)

    def __init__(self, entries: Sequence[Entry], checked: Sequence[str]) -> None:
        super().__init__()
        self._entries = {entry.id: entry for entry in entries}
        self.checked = [each for each in checked if each in self._entries]
        self._search = ""
        self._shown: list[Entry] = []
        self._arrange()

    def search(self, text: str) -> None:
        """Show the names that hold a text."""
        self._search = text.strip().lower()
        self._again()

    def put(self, checked: Sequence[str]) -> None:
        """Check these instead, and tell it."""
        self.show_checked(checked)
        self.changed.emit(list(self.checked))

    def show_checked(self, checked: Sequence[str]) -> None:
        """Check these instead, telling nobody."""
        self.checked = [each for each in checked if each in self._entries]
        self._again()

    def add(self, entry: Entry) -> None:
        """Offer one more name; it is seen once it is checked or searched."""
        self._entries.setdefault(entry.id, entry)

    def row_of(self, entry_id: str) -> int:
        """Tell in which row a name stands, -1 where it is not seen."""
        return next((row for row, entry in enumerate(self._shown) if entry.id == entry_id), -1)

    def toggle(self, row: int) -> None:
        """Check a name, or take that back; it stays where it stands until the list is searched or opened again."""
        entry = self._shown[row]
        if entry.id in self.checked:
            self.checked.remove(entry.id)
        else:
            self.checked.append(entry.id)
        self.dataChanged.emit(self.index(row), self.index(row))
        self.changed.emit(list(self.checked))

    def move(self, row: int, step: int) -> int:
        """Move a checked name among the checked ones and give its new row."""
        entry = self._shown[row]
        if entry.id in self.checked:
            at = self.checked.index(entry.id)
            self.move_to(entry.id, at + step)
        place = self.row_of(entry.id)
        return row if place < 0 else place

    def move_to(self, entry_id: str, at: int) -> None:
        """Put a checked name at a place among the checked ones."""
        before = list(self.checked)
        self.checked.remove(entry_id)
        self.checked.insert(max(0, min(at, len(self.checked))), entry_id)
        if self.checked != before:
            self._again()
            self.changed.emit(list(self.checked))

    def entry(self, row: int) -> Entry:
        """Give the name in a row."""
        return self._shown[row]

    def _again(self) -> None:
        self.beginResetModel()
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        first = [self._entries[each] for each in self.checked]
        known = set(self.checked)
        rest = [entry for entry in self._entries.values() if entry.id not in known]
        self._shown = [entry for entry in (*first, *rest) if self._search in entry.id.lower() + entry.title.lower()]

    # -- Qt's side ----------------------------------------------------------------------------------------------

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._shown)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self._shown[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.id if "<" not in entry.id else None
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if entry.id in self.checked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.ForegroundRole:
            return color("text.tertiary" if entry.dimmed else "text.primary")
        return entry.aside if role == ASIDE else None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if role != Qt.ItemDataRole.CheckStateRole or not index.isValid():
            return False
        self.toggle(index.row())
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.ItemIsDropEnabled
        found = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
        dragged = self._shown[index.row()].id in self.checked
        return found | Qt.ItemFlag.ItemIsDragEnabled if dragged else found

    def supportedDropActions(self) -> Qt.DropAction:  # noqa: N802
        return Qt.DropAction.MoveAction

    def mimeTypes(self) -> list[str]:  # noqa: N802
        return [_MIME]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setData(_MIME, QByteArray(self._shown[indexes[0].row()].id.encode()))
        return data

    def dropMimeData(  # noqa: N802
        self, data: QMimeData, action: Qt.DropAction, row: int, column: int, parent: Index
    ) -> bool:
        dragged = bytes(data.data(_MIME).data()).decode()
        if dragged not in self.checked:
            return False
        above = [entry.id for entry in self._shown[: len(self._shown) if row < 0 else row]]
        at = len([each for each in self.checked if each in set(above) and each != dragged])
        self.move_to(dragged, at)
        return False  # nothing is left for the view to remove


class _Delegate(QStyledItemDelegate):
    """Draws what a name belongs to at the right."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        painter.save()
        painter.setFont(font("small"))
        painter.setPen(color("text.tertiary"))
        at_right = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        rect: QRect = option.rect
        painter.drawText(rect.adjusted(0, 0, -8, 0), at_right, str(index.data(ASIDE) or ""))
        painter.restore()

    def initStyleOption(self, option: QStyleOptionViewItem, index: Index) -> None:  # noqa: N802
        super().initStyleOption(option, index)
        room = option.rect.width() - _BESIDE - text_width(str(index.data(ASIDE) or ""), "small")
        option.text = option.fontMetrics.elidedText(option.text, Qt.TextElideMode.ElideMiddle, room)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, ROW)


class _View(QListView):
    """Space checks; Alt with the arrows moves a checked name."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row, model = self.currentIndex().row(), self.model()
        assert isinstance(model, CheckedModel)
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if row >= 0 and step and event.modifiers() & Qt.KeyboardModifier.AltModifier:
            self.setCurrentIndex(model.index(model.move(row, step)))
        elif row >= 0 and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            model.toggle(row)
        else:
            super().keyPressEvent(event)


class CheckedList(QWidget):
    """The search above the list."""

    changed = Signal(list)

    def __init__(self, parent: QWidget, what: str, entries: Sequence[Entry], checked: Sequence[str]) -> None:
        super().__init__(parent)
        self.model = CheckedModel(entries, checked)
        self.model.setParent(self)
        self.model.changed.connect(self.changed)
        column = vertical(self, spacing=6)
        self.search = QLineEdit()
        self.search.setPlaceholderText(f"Search {what}")
        self.search.setAccessibleName(f"Search {what}")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._search)
        self.search.installEventFilter(self)
        column.addWidget(self.search)
        self.view = _View()
        self.view.setAccessibleName(what.capitalize())
        self.view.setModel(self.model)
        self.view.setItemDelegate(_Delegate(self.view))
        self.view.setUniformItemSizes(True)
        self.view.setMouseTracking(True)
        self.view.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.view.setDefaultDropAction(Qt.DropAction.MoveAction)
        self.view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        column.addWidget(self.view, 1)
        self._none = label("", "small", "secondary", wrap=True)
        self._none.hide()
        column.addWidget(self._none)

    def _search(self, text: str) -> None:
        self.model.search(text)
        found = self.model.rowCount()
        self._none.setText(f"Nothing is called {text!r}.")
        self._none.setVisible(not found)
        if found:
            self.view.setCurrentIndex(self.model.index(0))

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.search:
            if event.key() == Qt.Key.Key_Down:
                self.view.setFocus(Qt.FocusReason.TabFocusReason)
                self.view.setCurrentIndex(self.model.index(0))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.model.rowCount():
                self.model.toggle(max(self.view.currentIndex().row(), 0))
                return True
        return False
