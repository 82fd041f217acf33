"""Parts of the launch form that are the same for every entry point: limits, environment variables, secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from longshore.errors import Invalid
from longshore.ui.widgets.basic import Button, horizontal, label, row_of, vertical
from longshore.ui.widgets.choices import Field


def _typed(placeholder: str, changed: Callable[[], None]) -> QLineEdit:
    edit = QLineEdit()
    edit.setProperty("mono", True)
    edit.setPlaceholderText(placeholder)
    edit.textChanged.connect(lambda _text: changed())
    return edit


def read_field(field: Field, text: str, reader: Callable[[str], Any]) -> Any:
    """Read what is typed; None where nothing is. Raises: Invalid, said below the field."""
    try:
        value = reader(text.strip()) if text.strip() else None
    except Invalid as error:
        field.show_error(error.hint or error.reason)
        raise
    field.show_error("")
    return value


class LimitsPart(QWidget):
    """What a run may use, and how long it may take."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        row = horizontal(self, spacing=12)
        self.cpus = _typed("no limit", self.changed.emit)
        self.memory = _typed("no limit", self.changed.emit)
        self.timeout = _typed("none", self.changed.emit)
        self.cpus_field = Field("CPU cores", self.cpus)
        self.memory_field = Field("Memory, such as 2g", self.memory)
        self.timeout_field = Field("Time limit, seconds", self.timeout)
        for field in (self.cpus_field, self.memory_field, self.timeout_field):
            row.addWidget(field)


class VariablesPart(QWidget):
    """Environment variables, and secrets by name."""

    changed = Signal()

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__()
        column = vertical(self, spacing=8)
        self.env = _typed("KEY=value OTHER=value", self.changed.emit)
        self.env_field = Field("Environment variables", self.env)
        column.addWidget(self.env_field)
        self.secrets: dict[str, Button] = {}
        if not secrets:
            words = "Secrets that you keep in Settings can be given here by name."
            column.addWidget(label(words, "small", "tertiary", wrap=True))
            return
        column.addWidget(label("Secrets, by name, from the keyring", "small", "secondary"))
        for name in secrets:
            button = Button(name, self.changed.emit, kind="ghost", size="small", icon="shield")
            button.setCheckable(True)
            self.secrets[name] = button
        column.addWidget(row_of(*self.secrets.values(), None))

    @property
    def chosen_secrets(self) -> tuple[str, ...]:
        """The names of the secrets that are given."""
        return tuple(name for name, button in self.secrets.items() if button.isChecked())

    def choose_secrets(self, names: Sequence[str]) -> None:
        """Give these, as far as they are there."""
        for name, button in self.secrets.items():
            button.setChecked(name in names)
