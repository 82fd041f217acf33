"""Names with values: a grid for inspectors, a searchable table for many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QGridLayout, QLineEdit, QTableWidget, QTableWidgetItem, QWidget

from longshore.ui.theme.fonts import font
from longshore.ui.widgets.basic import Button, ElidedLabel, clear, label, row_of, vertical
from longshore.ui.widgets.plain_words import one_line

# A run may have a million tags: more rows than these nobody reads, and making them would take a while.
MOST_ROWS = 1_000
# In characters.
MOST_SHOWN, MOST_TIP = 500, 10_000


class Mono(str):
    """A value that a person could paste, such as a commit: shown in monospace."""

    __slots__ = ()


Fact = tuple[str, str] | tuple[str, str, Callable[[], object]]


class FactGrid(QWidget):
    """A few facts, one a row; a third item makes the value a link."""

    def __init__(self, facts: Sequence[Fact] = (), *, name_width: int = 110) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnMinimumWidth(0, name_width)
        self._grid.setColumnStretch(1, 1)
        self.show_facts(facts)

    def show_facts(self, facts: Sequence[Fact]) -> None:
        """Show these facts; those without a value are left out."""
        clear(self._grid)
        for row, fact in enumerate(each for each in facts if each[1]):
            self._grid.addWidget(label(fact[0], "body", "secondary"), row, 0)
            if len(fact) == 3:
                link = Button(fact[1], fact[2], kind="link")
                self._grid.addWidget(row_of(link, None), row, 1)
            else:
                role = "mono" if isinstance(fact[1], Mono) else "body"
                self._grid.addWidget(ElidedLabel(fact[1], role, mode=Qt.TextElideMode.ElideMiddle), row, 1)


class ValueTable(QWidget):
    """Many names with values, found by typing."""

    def __init__(self, title: str, *, mono: bool, nothing: QWidget | None = None) -> None:
        """`nothing` stands in the table's place while there is no value."""
        super().__init__()
        self._mono, self._nothing = mono, nothing
        column = vertical(self, (20, 12, 20, 12), 8)
        self._search = QLineEdit()
        self._search.setPlaceholderText(f"Search {title.lower()}")
        self._search.setAccessibleName(f"Search {title.lower()}")
        self._search.setFixedWidth(240)
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._filter)
        column.addWidget(row_of(self._search, None))
        self.table = QTableWidget(0, 2)
        self.table.setAccessibleName(title)
        self.table.setHorizontalHeaderLabels(["Name", "Value"])
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.setColumnWidth(0, 280)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(28)
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        column.addWidget(self.table, 1)
        if nothing is not None:
            column.addWidget(nothing, 1)
            self.table.hide()
            self._search.hide()
        self.more = label("", "small", "tertiary")
        self.more.hide()
        column.addWidget(self.more)
        self._shown: dict[str, str] = {}

    def show_values(self, values: Mapping[str, str]) -> None:
        """Show these; nothing flickers where they are the same as before."""
        if dict(values) == self._shown:
            return
        self._shown = dict(values)
        if self._nothing is not None:
            self._nothing.setVisible(not values)
            self.table.setVisible(bool(values))
            self._search.setVisible(bool(values))
        self._filter(self._search.text())

    def _filter(self, text: str) -> None:
        wanted = text.lower()
        found = [each for each in self._shown.items() if wanted in f"{each[0]} {each[1]}".lower()]
        more = len(found) - MOST_ROWS
        self.more.setText(
            f"{len(found):,} fit; the first {MOST_ROWS:,} are shown. Search to find others." if more > 0 else ""
        )
        self.more.setVisible(more > 0)
        self.table.setRowCount(min(len(found), MOST_ROWS))
        for row, pair in enumerate(found[:MOST_ROWS]):
            for column, words in enumerate(pair):
                self._put(row, column, words)

    def _put(self, row: int, column: int, words: str) -> None:
        item = self.table.item(row, column)
        if item is None:
            item = QTableWidgetItem()
            item.setFont(font("mono" if self._mono or column == 0 else "body"))
            self.table.setItem(row, column, item)
        item.setText(one_line(words, MOST_SHOWN))
        item.setToolTip(words[:MOST_TIP])
