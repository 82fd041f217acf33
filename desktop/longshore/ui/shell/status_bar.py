"""The bar below everything: engine and tracking server, git branch, environment, running tasks."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QPushButton

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color
from longshore.ui.widgets.basic import horizontal

HEIGHT = 28


class StatusItem(QPushButton):
    """A dot or an icon, a fact, and what to do about it in the tooltip."""

    def __init__(self, icon: str = "") -> None:
        super().__init__()
        self.setProperty("nav", "status")
        self._icon, self._tone, self._text = icon, "neutral.solid", ""
        self.hide()

    def set_icon(self, icon: str) -> None:
        """Show another icon."""
        self._icon = icon
        self.update()

    def show_fact(self, text: str, tone: str = "", tip: str = "") -> None:
        """Show a fact; tones success, warning, danger, neutral color the dot. An empty text hides the item."""
        self._text = text
        if tone:
            self._tone = f"{tone}.solid"
        self.setToolTip(tip or text)
        self.setAccessibleName(f"{text}. {tip}" if tip else text)
        self.setVisible(bool(text))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(min(self.fontMetrics().horizontalAdvance(self._text), 320) + 32, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        if self._icon:
            pixmap = icons.pixmap(self._icon, hex_color("text.secondary"), 14, self.devicePixelRatioF())
            painter.drawPixmap(6, round(middle - 7), pixmap)
        else:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color(self._tone))
            painter.drawEllipse(QRectF(8, middle - 4, 8, 8))
        painter.setFont(font("small"))
        painter.setPen(color("text.secondary"))
        room = QRectF(24, 0, self.width() - 28, self.height())
        fitted = painter.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideMiddle, int(room.width()))
        painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), fitted)


class StatusBar(QFrame):
    """What is there and what is not, always in view."""

    tasks_asked = Signal()
    doctor_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("statusBar")
        self.setFixedHeight(HEIGHT)
        row = horizontal(self, (6, 0, 6, 0), 4)
        self.engine, self.server = StatusItem(), StatusItem()
        self.branch, self.environment = StatusItem("branch"), StatusItem("environment")
        self.tasks = StatusItem("clock")
        for item in (self.engine, self.server):
            row.addWidget(item)
            item.clicked.connect(self.doctor_asked)
        row.addStretch(1)
        for item in (self.branch, self.environment, self.tasks):
            row.addWidget(item)
        self.tasks.clicked.connect(self.tasks_asked)

    def show_tasks(self, running: int, waiting: int) -> None:
        """Count the tasks."""
        parts = []
        if running:
            parts.append("1 task running" if running == 1 else f"{running} tasks running")
        if waiting:
            parts.append(f"{waiting} waiting")
        self.tasks.set_icon("ring" if running else "clock" if waiting else "check")
        self.tasks.show_fact(", ".join(parts) or "No tasks running", tip="Show tasks (Ctrl+J)")
