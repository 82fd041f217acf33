"""The parameters of a launch: those that the entry point declares, and where it takes more, those too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from longshore.tracking.rows import RunRow
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.launch_copy import CopyDialog, copied
from longshore.ui.widgets.basic import Button, badge, label, line, row_of, vertical
from longshore.ui.widgets.parameter_fields import ParameterForm
from longshore.ui.widgets.parameter_rows import ParameterRows

if TYPE_CHECKING:
    from longshore.projects.model import EntryPoint


class ParametersPart(QWidget):
    """A head with what can be done, the form, and the rows of undeclared ones."""

    changed = Signal()

    def __init__(self, context: AppContext, project: str) -> None:
        super().__init__()
        self._context, self._project = context, project
        self._entry: EntryPoint | None = None
        column = vertical(self, spacing=12)
        self.changed_badge = badge("")
        copy = Button("Copy from run…", self.ask_to_copy, kind="link")
        between: QFrame = line("v")
        between.setFixedHeight(16)
        reset = Button("Reset", self.reset, kind="link", tip="Go back to the defaults")
        column.addWidget(row_of(label("Parameters", "bodyStrong"), self.changed_badge, None, copy, between, reset))
        self.copied_note = label("", "small", "secondary", wrap=True)
        self.copied_note.hide()
        column.addWidget(self.copied_note)
        self.form = ParameterForm()
        self.form.changed.connect(self._look)
        column.addWidget(self.form)
        self.rows = ParameterRows()
        self.rows.changed.connect(self._look)
        column.addWidget(self.rows)

    def show_entry(self, entry: EntryPoint, values: Mapping[str, str], *, undeclared: bool = True) -> None:
        """Show an entry point's parameters, filled with values; undeclared ones too, where it takes any."""
        self._entry = entry
        self._say_copied("")
        more = {name: value for name, value in values.items() if name not in entry.parameters}
        self.rows.show_values(more if undeclared and entry.open_ended else {}, entry.parameters)
        self.rows.setVisible(entry.open_ended)
        self.form.show_entry(entry, {name: value for name, value in values.items() if name in entry.parameters})

    def values(self) -> dict[str, str]:
        """Give what differs from the defaults, as it would be given with `-P`."""
        more = self.rows.values() if self._entry is not None and self._entry.open_ended else {}
        return more | self.form.values()

    def problem(self) -> str:
        """Say what is wrong with the first wrong value; empty where all are right."""
        return self.form.problem() or (self.rows.problem() if self._entry and self._entry.open_ended else "")

    def reset(self) -> None:
        """Go back to the defaults."""
        self._say_copied("")
        self.rows.show_values({}, self._entry.parameters if self._entry else ())
        self.form.reset()

    def ask_to_copy(self) -> None:
        """Ask for a run, then take its parameters."""
        dialog = CopyDialog(self.window(), self._context, self._project)
        dialog.picked.connect(self.copy_from)
        dialog.open()

    def copy_from(self, run: RunRow) -> None:
        """Take a run's parameters as far as they are declared, and say what is left out."""
        if self._entry is None:
            return
        found = copied(run, self._entry.parameters)
        self.form.fill(found.values)
        self._say_copied(found.words)

    def _say_copied(self, words: str) -> None:
        self.copied_note.setText(words)
        self.copied_note.setVisible(bool(words))

    def _look(self) -> None:
        count = len(self.values()) if self._entry is not None else 0
        self.changed_badge.setText(f"{count} changed")
        self.changed_badge.setVisible(bool(count))
        self.changed.emit()
