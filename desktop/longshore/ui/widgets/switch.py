"""A switch for a setting that takes effect at once."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from longshore.ui.theme.style import color
from longshore.ui.theme.tokens import values


class Switch(QAbstractButton):
    """On or off; a click, Space or Enter changes it."""

    def __init__(self, name: str, *, on: bool = False) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setChecked(on)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(*values()["control"]["switch"])

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        on, enabled = self.isChecked(), self.isEnabled()
        if on and enabled:
            fill = color("accent.solidHover" if self.underMouse() else "accent.solid")
            painter.setPen(Qt.PenStyle.NoPen)
        else:
            fill = color("bg.hover" if self.underMouse() and enabled else "bg.surface" if enabled else "bg.disabled")
            painter.setPen(QPen(color("border.control" if enabled else "border.default"), 1))
        painter.setBrush(fill)
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        size = box.height() - 5
        left = box.right() - size - 2.5 if on else box.left() + 2.5
        knob = "text.onAccent" if on and enabled else "border.control" if enabled else "text.disabled"
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(knob))
        painter.drawEllipse(QRectF(left, box.top() + 2.5, size, size))
