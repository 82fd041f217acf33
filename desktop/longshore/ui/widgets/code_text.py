"""Code and other text, its words coloured as far as they are in view."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect
from PySide6.QtGui import QResizeEvent, QTextBlock, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from longshore.ui.theme.style import color

TOKENS = {
    "comment": "syntax.operator",
    "text": "syntax.string",
    "number": "syntax.number",
    "word": "syntax.keyword",
    "name": "syntax.field",
    "added": "success.text",
    "removed": "danger.text",
}


class CodeText(QPlainTextEdit):
    """A text that is read, in the colours of its language."""

    def __init__(self, text: str, language: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlainText(text)
        self._language = language
        self._marked: tuple[int, int] | None = None
        self.setReadOnly(True)
        self.setProperty("bare", True)
        self.setProperty("mono", True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName("File content")
        if language:
            self.updateRequest.connect(self._scrolled)

    def _scrolled(self, _rect: QRect, _dy: int) -> None:
        self._mark()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._mark()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._marked = None
            self._mark()

    def _mark(self) -> None:
        """Colour the lines in view, once for each view."""
        if not self._language:
            return
        block, bottom = self.firstVisibleBlock(), self.viewport().height()
        top, blocks = self.blockBoundingGeometry(block).translated(self.contentOffset()).top(), list[QTextBlock]()
        while block.isValid() and top <= bottom:
            blocks.append(block)
            top += self.blockBoundingRect(block).height()
            block = block.next()
        view = (blocks[0].blockNumber(), len(blocks)) if blocks else None
        if view != self._marked:
            self._marked = view
            self.setExtraSelections([mark for each in blocks for mark in self._marks_of(each)])

    def _marks_of(self, block: QTextBlock) -> list[QTextEdit.ExtraSelection]:
        from longshore.tracking.content.highlight import spans

        found = []
        for start, length, kind in spans(block.text(), self._language):
            mark = QTextEdit.ExtraSelection()
            cursor = QTextCursor(block)
            cursor.setPosition(block.position() + start)
            cursor.setPosition(block.position() + start + length, QTextCursor.MoveMode.KeepAnchor)
            look = QTextCharFormat()
            look.setForeground(color(TOKENS[kind]))
            # The binding's stubs know these fields as read-only.
            mark.cursor, mark.format = cursor, look
            found.append(mark)
        return found
