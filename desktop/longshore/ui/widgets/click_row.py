"""A row of a list that a click or Enter opens."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import Card


class ClickRow(Card):
    """One target without a border of its own; lit while the pointer is on it."""

    hovered = Signal(bool)

    def __init__(self, name: str, height: int = 40) -> None:
        super().__init__(interactive=True, surface="plain")
        self.setFixedHeight(height)
        self.setAccessibleName(name)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()
        self.hovered.emit(True)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.update()
        self.hovered.emit(False)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.underMouse():
            QPainter(self).fillRect(self.rect(), color("bg.hover"))
        super().paintEvent(event)


def fixed(widget: QWidget, width: int) -> QWidget:
    """Give a widget the width of its column."""
    widget.setFixedWidth(width)
    return widget
