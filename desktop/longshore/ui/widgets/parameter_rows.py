"""Parameters that an entry point does not declare: rows of a name and a value, each removed with one click."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from longshore.ui.widgets.basic import Button, horizontal, label, restyle, row_of, vertical


class _Row(QWidget):
    """A name and a value."""

    changed = Signal()
    removed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = horizontal(self, spacing=8)
        self.name, self.value = QLineEdit(self), QLineEdit(self)
        for edit, words, room in ((self.name, "Name", 2), (self.value, "Value", 3)):
            edit.setProperty("mono", True)
            edit.setPlaceholderText(words.lower())
            edit.setAccessibleName(f"{words} of an undeclared parameter")
            edit.textChanged.connect(lambda _text: self.changed.emit())
            row.addWidget(edit, room)
        row.addWidget(Button("", self.removed.emit, icon="x", kind="ghost", size="icon", tip="Remove this parameter"))


class ParameterRows(QWidget):
    """Shown where an entry point passes on what it does not declare."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        column = vertical(self, spacing=6)
        self._add = Button("Add a parameter", self.add, kind="link", tip="It is passed on under its name")
        column.addWidget(row_of(label("Not declared, passed on as they are", "small", "secondary"), None, self._add))
        holder = QWidget(self)
        self._column = vertical(holder, spacing=6)
        column.addWidget(holder)
        self._wrong = label("", "small", "danger", wrap=True)
        column.addWidget(self._wrong)
        self._wrong.hide()
        self._rows: list[_Row] = []
        self._declared: frozenset[str] = frozenset()

    def show_values(self, values: Mapping[str, str], declared: Iterable[str]) -> None:
        """Show these; a name that is declared has a field of its own and is refused here."""
        self._declared = frozenset(declared)
        for row in list(self._rows):
            self._drop(row)
        for name, value in values.items():
            self._append(name, value)
        self._look()

    def add(self) -> None:
        """Offer an empty row, with the focus in it."""
        row = self._append("", "")
        self._look()
        row.name.setFocus()

    def values(self) -> dict[str, str]:
        """Give what is entered; a row without a name counts for nothing."""
        return {row.name.text().strip(): row.value.text() for row in self._rows if row.name.text().strip()}

    def problem(self) -> str:
        """Say what is wrong with the first wrong row; empty where all are right."""
        return next((said for row in self._rows if (said := self._problem_of(row))), "")

    def _problem_of(self, row: _Row) -> str:
        name = row.name.text().strip()
        if not name:
            return "Give the parameter a name, or remove it." if row.value.text() else ""
        if name in self._declared:
            return f"{name} is declared: it has a field above."
        if any(other.name.text().strip() == name for other in self._rows[: self._rows.index(row)]):
            return f"{name} is given twice."
        if "=" in name or any(letter.isspace() for letter in name):
            return f"{name} is not a name: no spaces and no = in it."
        return ""

    def _append(self, name: str, value: str) -> _Row:
        row = _Row(self)
        row.name.setText(name)
        row.value.setText(value)
        row.changed.connect(self._look)
        row.removed.connect(lambda: self._remove(row))
        self._rows.append(row)
        self._column.addWidget(row)
        return row

    def _remove(self, row: _Row) -> None:
        place = self._rows.index(row)
        self._drop(row)
        left = self._rows[min(place, len(self._rows) - 1)].name if self._rows else self._add
        left.setFocus()
        self._look()

    def _drop(self, row: _Row) -> None:
        self._rows.remove(row)
        self._column.removeWidget(row)
        row.hide()
        row.deleteLater()

    def _look(self) -> None:
        for row in self._rows:
            restyle(row.name, state="error" if self._problem_of(row) else "")
        said = self.problem()
        self._wrong.setText(said)
        self._wrong.setVisible(bool(said))
        self.changed.emit()
