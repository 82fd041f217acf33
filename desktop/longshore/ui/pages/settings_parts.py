"""The parts that the sections of the settings are made of."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Card, ElidedLabel, IconLabel, horizontal, label, line, row_of, vertical


class Section(QWidget):
    """One section of the settings: a heading, what it is about, and rows."""

    title, about = "", ""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.column: QVBoxLayout = vertical(self, spacing=12)
        self.column.addWidget(label(self.title, "heading"))
        if self.about:
            self.column.addWidget(label(self.about, "body", "secondary", wrap=True))
        self.column.addSpacing(4)
        self.body = QWidget()
        self.rows: QVBoxLayout = vertical(self.body, spacing=12)
        self.column.addWidget(self.body)
        self.column.addStretch(1)

    def opened(self, *, add: bool = False) -> None:
        """Bring the section up to date; called when it comes to the front."""

    def refresh(self) -> None:
        """Bring it up to date after the local database changed."""


class SettingRow(QWidget):
    """What a setting is called and does, its control at the right, its error below."""

    def __init__(self, title: str, hint: str, control: QWidget, *, stretch: int = 0) -> None:
        super().__init__()
        self.control, self._hint = control, hint
        if not control.accessibleName():
            control.setAccessibleName(title)
        row = horizontal(self, (16, 10, 16, 10), 20)
        words = QWidget()
        column = vertical(words, spacing=2)
        caption = label(title, "bodyMedium")
        caption.setBuddy(control)
        column.addWidget(caption)
        self._below: QLabel = label(hint, "small", "secondary", wrap=True)
        self._below.setVisible(bool(hint))
        column.addWidget(self._below)
        row.addWidget(words, 1)
        row.addWidget(control, stretch, Qt.AlignmentFlag.AlignVCenter)

    def show_error(self, text: str) -> None:
        """Say what is wrong with the value; empty takes it back."""
        from longshore.ui.widgets.basic import restyle

        restyle(self.control, state="error" if text else "")
        self._below.setText(text or self._hint)
        self._below.setVisible(bool(text or self._hint))
        restyle(self._below, tone="danger" if text else "secondary")
        self.control.setAccessibleDescription(text or self._hint)


def group(*rows: QWidget, title: str = "") -> QWidget:
    """Put rows into a bordered box, split by hairlines, under a small title."""
    holder = QWidget()
    column = vertical(holder, spacing=8)
    if title:
        column.addWidget(label(title, "bodyStrong"))
    box = Card(surface="panel")
    box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
    inner = vertical(box, (1, 1, 1, 1))
    for index, row in enumerate(rows):
        if index:
            inner.addWidget(line())
        inner.addWidget(row)
    column.addWidget(box)
    return holder


def fact_row(icon: str, token: str, title: str, lines: Sequence[tuple[str, str]], *right: QWidget) -> QWidget:
    """Give a row with an icon, a title, lines of text (text, tone) and buttons at the right."""
    holder = QWidget()
    row = horizontal(holder, (16, 10, 12, 10), 12)
    mark = IconLabel(icon, token)
    row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop if lines else Qt.AlignmentFlag.AlignVCenter)
    words = QWidget()
    column = vertical(words, spacing=2)
    column.addWidget(ElidedLabel(title, "bodyMedium", mode=Qt.TextElideMode.ElideMiddle))
    for text, tone in lines:
        column.addWidget(label(text, "small", tone, wrap=True, select=True))
    row.addWidget(words, 1)
    if right:
        row.addWidget(row_of(*right), 0, Qt.AlignmentFlag.AlignVCenter)
    return holder
