"""The list of all shortcuts, made of the same actions that the palette shows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QWidget

from longshore.ui.shell.actions import Action
from longshore.ui.widgets.basic import Button, key_hint, label, row_of, vertical

ELSEWHERE = (
    ("Focus the filter or search", "/"),
    ("Confirm a dialog", "Ctrl+Enter"),
    ("Close or cancel", "Esc"),
    ("Table: select", "Space"),
    ("Table: extend the selection", "Shift+arrows"),
    ("Table: open", "Enter"),
    ("Table: compare", "C"),
    ("Table: keep for comparing", "K"),
    ("Table: copy", "Ctrl+C"),
    ("Graph: follow an edge", "Left / Right"),
    ("Graph: zoom", "+ / -"),
)


class ShortcutsDialog(QDialog):
    """Shows what can be typed."""

    def __init__(self, parent: QWidget, actions: list[Action]) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(520, 560)
        column = vertical(self, (20, 16, 20, 16), 12)
        column.addWidget(label("Keyboard shortcuts", "heading"))
        body = QWidget()
        grid = QGridLayout(body)
        grid.setContentsMargins(0, 0, 12, 0)
        grid.setVerticalSpacing(6)
        rows = [(action.title, action.shortcut) for action in actions if action.shortcut] + list(ELSEWHERE)
        for row, (title, keys) in enumerate(rows):
            grid.addWidget(label(title), row, 0)
            grid.addWidget(key_hint(keys), row, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(0, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(body)
        column.addWidget(area, 1)
        column.addWidget(row_of(None, Button("Close", self.close)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close()
        else:
            super().keyPressEvent(event)
