"""Text of several lines that breaks anywhere, to be selected and copied: a command, as high as it needs to be."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent, QTextOption
from PySide6.QtWidgets import QPlainTextEdit

MOST_LINES = 12


class WrappedText(QPlainTextEdit):
    """A label would grow wider than its place for a word that does not fit."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setProperty("mono", True)
        self.setProperty("bare", True)
        self.setAccessibleName(name)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabChangesFocus(True)
        self.document().setDocumentMargin(0)
        self.setMinimumWidth(40)
        self.setPlainText(text)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines, block = 0, self.document().begin()
        while block.isValid():
            lines += max(1, block.layout().lineCount())
            block = block.next()
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setVerticalScrollBarPolicy(needed if lines > MOST_LINES else off)
        margins = self.contentsMargins()
        around = margins.top() + margins.bottom() + self.viewportMargins().top() + self.viewportMargins().bottom()
        height = min(lines, MOST_LINES) * self.fontMetrics().lineSpacing() + around + 2
        if height != self.height():
            self.setFixedHeight(height)
