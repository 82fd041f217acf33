"""A dialog with a list that is searched by typing: the arrows move in the list while the search has the focus."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from longshore.errors import LongshoreError
from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.states import ErrorState

_KEY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Entry:
    """One line of the list; `found_by` is what is searched, `icon` a name and the token of its colour."""

    key: str
    words: str
    tip: str
    found_by: str
    icon: tuple[str, str] | None = None


class SearchDialog(Dialog):
    """Tells the key of the entry that was chosen. Subclasses read the entries."""

    chosen = Signal(str)

    def __init__(
        self, parent: QWidget, title: str, confirm: str, *, placeholder: str, search: str, listed: str, none: str
    ) -> None:
        """`search` and `listed` name the two parts to a screen reader; `none` is said while there is no entry."""
        super().__init__(parent, title, confirm, size="medium")
        self._entries: Sequence[Entry] | None = None
        self._suggested, self._none = "", none
        column = vertical(self.body, (24, 0, 24, 16), 10)
        self.search = QLineEdit()
        self.search.setPlaceholderText(placeholder)
        self.search.setAccessibleName(search)
        self.search.textChanged.connect(self._show)
        column.addWidget(self.search)
        self.list = QListWidget()
        self.list.setFixedHeight(296)
        self.list.setIconSize(QSize(16, 16))
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName(listed)
        self.list.itemActivated.connect(lambda _item: self.confirmed())
        column.addWidget(self.list)
        self._state = label("Loading…", "small", "tertiary", wrap=True)
        column.addWidget(self._state)
        self.confirm_button.disable("The list is being read.")
        self.search.setFocus()

    def show_entries(self, entries: Sequence[Entry], suggested: str = "") -> None:
        """Show what can be chosen; the entry with the key `suggested` is chosen already."""
        self._entries, self._suggested = entries, suggested
        self._show()

    def show_failure(self, error: LongshoreError, title: str) -> None:
        """Say why there is no list."""
        self._state.hide()
        self.list.hide()
        layout = self.body.layout()
        assert layout is not None
        layout.addWidget(ErrorState(error, title))

    def answer(self) -> str:
        """Give the key that would be told now, empty for none."""
        item = self.list.currentItem()
        return "" if item is None else str(item.data(_KEY))

    def confirmed(self) -> None:
        if answer := self.answer():
            self.accept()
            self.chosen.emit(answer)

    def _show(self, _text: str = "") -> None:
        wanted = self.search.text().strip().lower()
        self.list.clear()
        for entry in self._entries or ():
            if wanted in entry.found_by.lower():
                self._add(entry)
        if self.list.currentRow() < 0 < self.list.count():
            self.list.setCurrentRow(0)
        if self._entries is not None:
            self._state.setText("Nothing is called that here." if wanted else self._none)
            self._state.setVisible(self.list.count() == 0)
        answer = self.answer()
        self.confirm_button.setEnabled(bool(answer))
        self.confirm_button.setToolTip("" if answer else self._state.text())

    def _add(self, entry: Entry) -> None:
        item = QListWidgetItem(entry.words)
        if entry.icon is not None:
            name, token = entry.icon
            item.setIcon(icons.icon(name, hex_color(token)))
        item.setData(_KEY, entry.key)
        item.setToolTip(entry.tip)
        self.list.addItem(item)
        if entry.key == self._suggested:
            self.list.setCurrentItem(item)
            self.list.scrollToItem(item)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirmed()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.search.hasFocus():
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), self.list.count() - 1))
        else:
            super().keyPressEvent(event)
