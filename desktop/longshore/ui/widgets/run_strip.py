"""Around the run table's two halves: the strip that names the groups of columns, and the line between the halves."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.run_columns import PINNED
from longshore.ui.widgets.run_model import RunTableModel
from longshore.ui.widgets.run_view import RunView

STRIP = 20


class GroupStrip(QWidget):
    """Names the groups of columns above the header; follows widths and scrolling."""

    def __init__(self, view: RunView, model: RunTableModel, pinned: bool) -> None:
        super().__init__()
        self._view, self._model, self._pinned = view, model, pinned
        self.setFixedHeight(STRIP)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        header = view.horizontalHeader()
        header.sectionResized.connect(self._redraw)
        header.sectionCountChanged.connect(self._redraw)
        view.horizontalScrollBar().valueChanged.connect(self._redraw)

    def _redraw(self, *_arguments: int) -> None:
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, STRIP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.sunken"))
        painter.setFont(font("caption"))
        header, last = self._view.horizontalHeader(), ""
        for section, column in enumerate(self._model.columns):
            if (section < len(PINNED)) != self._pinned or column.group == last:
                continue
            last = column.group
            left = header.sectionViewportPosition(section)
            if section > (0 if self._pinned else len(PINNED)):
                painter.setPen(color("border.default"))
                painter.drawLine(left, 4, left, STRIP - 4)
            painter.setPen(color("text.tertiary"))
            words = QRectF(max(left, 0) + 8, 0, 200, STRIP)
            painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), column.group)
        painter.setPen(color("border.subtle"))
        painter.drawLine(0, STRIP - 1, self.width(), STRIP - 1)


class Edge(QWidget):
    """The line where the pinned columns end."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), color("border.control"))
