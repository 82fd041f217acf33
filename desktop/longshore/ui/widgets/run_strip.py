"""Around the run table's two halves: the strip that names the groups of columns, and the line between the halves."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

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

    def _groups(self) -> Iterator[tuple[str, int, int]]:
        """Give the groups of neighbouring columns with their left and right edges."""
        header = self._view.horizontalHeader()
        shown = [
            (section, column)
            for section, column in enumerate(self._model.columns)
            if (section < len(PINNED)) == self._pinned
        ]
        for title, group in groupby(shown, key=lambda each: each[1].group):
            sections = [section for section, _column in group]
            right = header.sectionViewportPosition(sections[-1]) + header.sectionSize(sections[-1])
            yield title, header.sectionViewportPosition(sections[0]), right

    def _redraw(self, *_arguments: int) -> None:
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(100, STRIP)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), color("bg.sunken"))
        painter.setFont(font("caption"))
        for number, (title, left, right) in enumerate(self._groups()):
            if number:
                painter.setPen(color("border.default"))
                painter.drawLine(left, 4, left, STRIP - 4)
            painter.setPen(color("text.tertiary"))
            words = QRectF(max(left, 0) + 8, 0, right - max(left, 0) - 12, STRIP)
            if words.width() > 0:
                fitted = painter.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, int(words.width()))
                painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter), fitted)
        painter.setPen(color("border.subtle"))
        painter.drawLine(0, STRIP - 1, self.width(), STRIP - 1)


class Edge(QWidget):
    """The line where the pinned columns end."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), color("border.control"))
