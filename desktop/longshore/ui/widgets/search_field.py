"""The field that finds cards in a graph."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLineEdit

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color


class SearchField(QLineEdit):
    """Finds nodes; Enter goes to the next one, Esc gives the keyboard back."""

    next_asked = Signal()
    left = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setPlaceholderText("Search the graph")
        self.setAccessibleName("Search the graph")
        self._words = ""

    def show_place(self, place: int, count: int) -> None:
        """Say which of how many matches is shown."""
        self._words = f"{place} of {count}" if self.text().strip() else ""
        self.setTextMargins(20, 0, QFontMetrics(font("caption")).horizontalAdvance(self._words or "/") + 8, 0)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.next_asked.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        mark = icons.pixmap("search", hex_color("text.tertiary"), 14, self.devicePixelRatioF())
        painter.drawPixmap(8, (self.height() - 14) // 2, mark)
        painter.setFont(font("caption"))
        painter.setPen(color("text.secondary"))
        right = QRectF(0, 0, self.width() - 9, self.height())
        middle = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
        painter.drawText(right, middle, self._words or "/")
