"""Choosing the table's columns: a searchable list, checked ones are shown."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QWidget

from longshore.ui.widgets.basic import Button, row_of, vertical
from longshore.ui.widgets.run_columns import Column


class ColumnChooser(QFrame):
    """A popup below the Columns button."""

    chosen = Signal(list)

    def __init__(
        self, parent: QWidget, columns: Sequence[Column], shown: Sequence[str], defaults: Sequence[str]
    ) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFixedSize(300, 400)
        self._defaults = set(defaults)
        column = vertical(self, (8, 8, 8, 8), 6)
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search columns")
        self._search.setAccessibleName("Search columns")
        self._search.textChanged.connect(self._filter)
        column.addWidget(self._search)
        self._list = QListWidget()
        self._list.setAccessibleName("Columns")
        for each in columns:
            item = QListWidgetItem(f"{each.title}    {each.group}")
            item.setToolTip(each.id)
            item.setData(Qt.ItemDataRole.UserRole, each.id)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            item.setCheckState(Qt.CheckState.Checked if each.id in shown else Qt.CheckState.Unchecked)
            self._list.addItem(item)
        self._list.itemChanged.connect(self._tell)
        column.addWidget(self._list, 1)
        column.addWidget(
            row_of(Button("Defaults", self._reset, kind="link"), None, Button("Done", self.close, size="small"))
        )

    def open_below(self, widget: QWidget) -> None:
        """Show it with its right edge at a widget's right edge."""
        place = widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 4))
        self.move(place)
        self.show()
        self._search.setFocus()

    def _filter(self, text: str) -> None:
        for row in range(self._list.count()):
            item = self._list.item(row)
            item.setHidden(text.lower() not in str(item.data(Qt.ItemDataRole.UserRole)).lower())

    def _tell(self, _item: object = None) -> None:
        items = [self._list.item(row) for row in range(self._list.count())]
        checked = [item.data(Qt.ItemDataRole.UserRole) for item in items if item.checkState() == Qt.CheckState.Checked]
        self.chosen.emit(checked)

    def _reset(self) -> None:
        self._list.blockSignals(True)
        for row in range(self._list.count()):
            item = self._list.item(row)
            on = item.data(Qt.ItemDataRole.UserRole) in self._defaults
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
        self._list.blockSignals(False)
        self._tell()
