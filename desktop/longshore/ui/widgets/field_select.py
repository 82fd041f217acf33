"""A choice of one parameter or metric among any number: the list opens with a search."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QSortFilterProxyModel, QStringListModel, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QWidget

from longshore.ui.widgets.basic import vertical
from longshore.ui.widgets.select import Select

_KINDS = {"m": "metric", "p": "parameter"}
_SIZE = (300, 340)


def field_words(field: str) -> str:
    """Say a field's name; `p:depth` is depth."""
    return field[2:]


class FieldSelect(Select):
    """Holds the choice alone; the others are in the list that it opens."""

    field_chosen = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._fields: tuple[str, ...] = ()
        self.setMinimumContentsLength(9)

    def show_fields(self, fields: Sequence[str], chosen: str) -> None:
        """Offer these; the first one is chosen where the wanted one is not offered."""
        self._fields = tuple(fields)
        if chosen not in self._fields:
            chosen = self._fields[0] if self._fields else ""
        self.show_options([(field_words(chosen), chosen)] if chosen else [])
        self.setEnabled(bool(self._fields))

    def showPopup(self) -> None:  # noqa: N802
        popup = FieldList(self, self._fields)
        popup.chosen.connect(self._take)
        popup.open_below(self)

    def _take(self, field: str) -> None:
        if field != self.value:
            self.show_options([(field_words(field), field)])
            self.field_chosen.emit(field)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # With one item there is nothing to step through: the arrows open the list.
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.showPopup()
        else:
            super().keyPressEvent(event)


class FieldList(QFrame):
    """Typing narrows the list, Enter takes the first one or the current one."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, fields: Sequence[str]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedSize(*_SIZE)
        self._fields = tuple(fields)
        column = vertical(self, (8, 8, 8, 8), 6)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search metrics and parameters")
        self.search.setAccessibleName("Search metrics and parameters")
        column.addWidget(self.search)
        words = [f"{field_words(field)}    {_KINDS.get(field[:1], '')}" for field in fields]
        self._model = QSortFilterProxyModel(self)
        self._model.setSourceModel(QStringListModel(words, self))
        self._model.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.list = QListView()
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Metrics and parameters")
        self.list.setModel(self._model)
        self.list.clicked.connect(lambda _index: self._take())
        column.addWidget(self.list, 1)
        self.search.textChanged.connect(self._narrow)
        self._narrow("")

    def open_below(self, widget: QWidget) -> None:
        """Show it below a widget."""
        self.move(widget.mapToGlobal(QPoint(0, widget.height() + 4)))
        self.show()
        self.search.setFocus()

    def _narrow(self, text: str) -> None:
        self._model.setFilterFixedString(text)
        self.list.setCurrentIndex(self._model.index(0, 0))

    def _take(self) -> None:
        index = self._model.mapToSource(self.list.currentIndex())
        if index.isValid():
            self.chosen.emit(self._fields[index.row()])
            self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._take()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            row = self.list.currentIndex().row() + (1 if key == Qt.Key.Key_Down else -1)
            self.list.setCurrentIndex(self._model.index(min(max(row, 0), self._model.rowCount() - 1), 0))
        else:
            super().keyPressEvent(event)
