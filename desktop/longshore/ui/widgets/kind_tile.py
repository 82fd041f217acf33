"""The icon of a kind of thing on its tint."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from longshore.ui.theme import icons
from longshore.ui.theme.style import color
from longshore.ui.theme.tokens import values


class KindTile(QWidget):
    """The icon of a kind on its tint."""

    def __init__(self, kind: str, side: int = 32) -> None:
        super().__init__()
        self._kind = kind
        self.setFixedSize(side, side)

    def sizeHint(self) -> QSize:
        return self.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(f"node.{self._kind}.bg"))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        inset = (self.width() - 16) / 2
        icons.paint(
            painter,
            values()["nodeKinds"][self._kind]["icon"],
            color(f"node.{self._kind}"),
            QRectF(self.rect()).adjusted(inset, inset, -inset, -inset),
        )
