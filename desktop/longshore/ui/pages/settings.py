"""Settings: sections at the left, one of them at the right."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QFrame, QScrollArea, QWidget

from longshore.ui.pages.settings_parts import Section
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import Button, horizontal, line, vertical


@dataclass(frozen=True)
class SectionRow:
    """One section; its module is imported when it is opened for the first time."""

    title: str
    icon: str
    where: str  # "module:Class" in ui.pages

    def make(self, context: AppContext) -> Section:
        """Import the section's module and make the section."""
        module, _, name = self.where.partition(":")
        factory = getattr(importlib.import_module(f"longshore.ui.pages.{module}"), name)
        return cast(Callable[[AppContext], Section], factory)(context)


SECTIONS: dict[str, SectionRow] = {
    "appearance": SectionRow("Appearance", "monitor", "settings_appearance:AppearanceSection"),
    "workspaces": SectionRow("Workspaces", "team", "settings_workspaces:WorkspacesSection"),
    "secrets": SectionRow("Secrets", "shield", "settings_secrets:SecretsSection"),
    "trust": SectionRow("Trusted folders", "folder", "settings_trust:TrustSection"),
    "docker": SectionRow("Docker", "box", "settings_machine:DockerSection"),
    "queue": SectionRow("Queue", "clock", "settings_machine:QueueSection"),
    "doctor": SectionRow("This computer", "cpu", "settings_machine:DoctorSection"),
}
# A line of text longer than this is hard to read.
READABLE_WIDTH = 720


class SettingsPage(Page):
    """What a person may change; all of it holds at once, there is nothing to save."""

    title = "Settings"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._sections: dict[str, Section] = {}
        self._current = ""
        row = horizontal(self)
        self._chooser = SectionChooser(self.show_section)
        row.addWidget(self._chooser)
        row.addWidget(line("vStrong"))
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget()
        inner = horizontal(self._body, (28, 24, 28, 24))
        self._place = QWidget()
        self._place.setMaximumWidth(READABLE_WIDTH)
        self._place_column = vertical(self._place)
        inner.addWidget(self._place, 1)
        inner.addStretch()
        self._area.setWidget(self._body)
        row.addWidget(self._area, 1)

    def crumbs(self) -> list[tuple[str, str | None]]:
        title = SECTIONS[self._current].title if self._current else ""
        return [("Settings", "settings"), (title, None)] if title else [("Settings", None)]

    def show_with(self, **arguments: object) -> None:
        section = str(arguments.get("section") or self._current or "appearance")
        self.show_section(section if section in SECTIONS else "appearance", add=bool(arguments.get("add")))

    def show_section(self, name: str, *, add: bool = False) -> None:
        """Bring a section to the front."""
        section = self._sections.get(name)
        if section is None:
            section = self._sections[name] = SECTIONS[name].make(self.context)
            self._place_column.addWidget(section)
        self._chooser.choose(name)
        focused = self.focusWidget()
        if focused is not None and self._place.isAncestorOf(focused):
            # What has the focus is about to be hidden; the focus must not wander through the window.
            self._chooser.take_focus()
        for other in self._sections.values():
            other.setVisible(other is section)
        self._current = name
        self._area.verticalScrollBar().setValue(0)
        section.opened(add=add)
        self.context.actions_changed.emit()

    @property
    def section(self) -> Section:
        """The section in front."""
        return self._sections[self._current]

    def refresh(self) -> None:
        if self._current:
            self.section.refresh()


class SectionChooser(QFrame):
    """The list of sections; arrow keys move."""

    def __init__(self, chosen: Callable[[str], object]) -> None:
        super().__init__()
        self.setFixedWidth(values()["layout"]["sideListWidth"])
        self._buttons: dict[str, Button] = {}
        group = QButtonGroup(self)
        column = vertical(self, (12, 20, 12, 12), 2)
        for name, section in SECTIONS.items():
            button = Button(section.title, partial(chosen, name), icon=section.icon)
            button.setProperty("nav", True)
            button.setCheckable(True)
            group.addButton(button)
            self._buttons[name] = button
            column.addWidget(button)
        column.addStretch(1)

    def choose(self, name: str) -> None:
        """Light a section."""
        self._buttons[name].setChecked(True)

    def take_focus(self) -> None:
        """Give the lit section the keyboard."""
        next(button for button in self._buttons.values() if button.isChecked()).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        names = list(self._buttons)
        now = next(name for name in names if self._buttons[name].isChecked())
        button = self._buttons[names[(names.index(now) + step) % len(names)]]
        button.setFocus(Qt.FocusReason.TabFocusReason)
        button.click()
