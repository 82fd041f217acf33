"""Segmented controls, tabs, and form rows with their error beside the field."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QLabel, QPushButton, QSizePolicy, QWidget

from longshore.ui.widgets.basic import Button, IconLabel, horizontal, label, restyle, vertical


class Segmented(QFrame):
    """2 to 4 exclusive choices; arrow keys move between them."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str] | tuple[str, str, str]], *, large: bool = False) -> None:
        """Make it of (id, title) or (id, title, icon)."""
        super().__init__()
        self.setProperty("segmented", True)
        if large:
            self.setProperty("extent", "large")
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        row = horizontal(self, (2, 2, 2, 2), 2)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, Button] = {}
        for option in options:
            identity, title = option[0], option[1]
            button = Button(title, icon=option[2] if len(option) == 3 else "")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, identity=identity: self.chosen.emit(identity))
            self._group.addButton(button)
            self._buttons[identity] = button
            row.addWidget(button, 1)
        self.choose(options[0][0])

    @property
    def current(self) -> str:
        """The id of the choice."""
        return next(identity for identity, button in self._buttons.items() if button.isChecked())

    def choose(self, identity: str) -> None:
        """Make a choice without telling it."""
        self._buttons[identity].setChecked(True)

    def button(self, identity: str) -> Button:
        """Give one choice's button, to disable it with a reason."""
        return self._buttons[identity]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Right: 1, Qt.Key.Key_Left: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        enabled = [identity for identity, button in self._buttons.items() if button.isEnabled()]
        place = (enabled.index(self.current) + step) % len(enabled)
        self.choose(enabled[place])
        self._buttons[enabled[place]].setFocus(Qt.FocusReason.TabFocusReason)
        self.chosen.emit(enabled[place])


class Tabs(QWidget):
    """A row of tabs with counts; the pages themselves are the caller's."""

    chosen = Signal(str)

    def __init__(self, options: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._titles = dict(options)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QPushButton] = {}
        row = horizontal(self, spacing=18)
        for identity, title in options:
            button = QPushButton(title)
            button.setProperty("nav", "tab")
            button.setCheckable(True)
            button.clicked.connect(lambda _checked=False, identity=identity: self.chosen.emit(identity))
            self._group.addButton(button)
            self._buttons[identity] = button
            row.addWidget(button)
        row.addStretch(1)
        self.choose(options[0][0])

    @property
    def current(self) -> str:
        """The id of the tab in front."""
        return next(identity for identity, button in self._buttons.items() if button.isChecked())

    def choose(self, identity: str) -> None:
        """Bring a tab to the front without telling it."""
        self._buttons[identity].setChecked(True)

    def set_count(self, identity: str, count: int | None) -> None:
        """Write a count behind a tab's title."""
        self._buttons[identity].setText(self._titles[identity] + ("" if count is None else f"  {count:,}"))

    def set_shown(self, identity: str, shown: bool) -> None:
        """Leave a tab out, or show it."""
        self._buttons[identity].setVisible(shown)


class Field(QWidget):
    """A form's field: title above, the input, and below it the hint or the error."""

    def __init__(self, title: str, widget: QWidget, hint: str = "") -> None:
        super().__init__()
        self.widget = widget
        self._hint = hint
        column = vertical(self, spacing=4)
        caption = label(title, "small", "secondary")
        caption.setBuddy(widget)
        widget.setAccessibleName(title)
        column.addWidget(caption)
        column.addWidget(widget)
        self._icon = IconLabel("x-circle", "danger.text", 12)
        self._below: QLabel = label(hint, "small", "tertiary", wrap=True)
        self._row = QWidget()
        below = horizontal(self._row, spacing=4)
        below.addWidget(self._icon)
        below.addWidget(self._below, 1)
        column.addWidget(self._row)
        self.show_error("")

    def show_error(self, text: str) -> None:
        """Say what is wrong with the value below the field; empty takes it back."""
        restyle(self.widget, state="error" if text else "")
        self._below.setText(text or self._hint)
        restyle(self._below, tone="danger" if text else "tertiary")
        self._icon.setVisible(bool(text))
        self._row.setVisible(bool(text or self._hint))
        self.widget.setAccessibleDescription(text or self._hint)
