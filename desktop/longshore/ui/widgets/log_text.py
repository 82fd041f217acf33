"""A log's lines with their numbers and the hits of a search; only what is in view is marked."""

from __future__ import annotations

import bisect
from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import (
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextBlock,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color

# Older lines are let go; the file and the search over it have them all.
KEPT_LINES = 20_000
# A line that holds the text a thousand times is marked this often.
MOST_MARKS = 50

# Its number, its text, its level.
Entry = tuple[int, str, str]


class LineNumbers(QWidget):
    """The numbers beside the text."""

    def __init__(self, text: LogText) -> None:
        super().__init__(text)
        self._text = text

    def sizeHint(self) -> QSize:
        return QSize(self._text.number_width(), 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._text.paint_numbers(QPainter(self), event.rect())


class LogText(QPlainTextEdit):
    """The lines themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setProperty("bare", True)
        self.setProperty("mono", True)
        self.setFont(font("log"))
        self.setAccessibleName("Log")
        self.setMaximumBlockCount(KEPT_LINES)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setUndoRedoEnabled(False)
        self.numbers: deque[int] = deque(maxlen=KEPT_LINES)
        # What stands before the first line that was given; None while it is being counted.
        self.before: int | None = 0
        self._wanted, self._current = "", 0
        self._area = LineNumbers(self)
        self.updateRequest.connect(self._scrolled)
        self.fit_numbers()

    def number_width(self) -> int:
        """Measure the widest number. Units: device-independent pixels."""
        last = (self.numbers[-1] if self.numbers else 1) + (self.before or 0)
        return QFontMetrics(font("log")).horizontalAdvance("8" * max(3, len(str(last)))) + 24

    def fit_numbers(self) -> None:
        """Make room for the numbers."""
        self.setViewportMargins(self.number_width(), 0, 0, 0)
        inside = self.contentsRect()
        self._area.setGeometry(QRect(inside.left(), inside.top(), self.number_width(), inside.height()))
        self._area.update()

    def put(self, entries: Sequence[Entry]) -> None:
        """Put lines at the end."""
        self.numbers.extend(number for number, _line, _level in entries)
        cursor = QTextCursor(self.document())
        cursor.movePosition(QTextCursor.MoveOperation.End)
        cursor.beginEditBlock()
        # An empty first line is a line too, so the document's emptiness does not tell whether something stands in it.
        fresh = len(self.numbers) == len(entries)
        for place, (_count, line, level) in enumerate(entries):
            if place or not fresh:
                cursor.insertBlock()
            cursor.setCharFormat(_format(level))
            cursor.insertText(line)
        cursor.endEditBlock()
        self.fit_numbers()

    def forget(self) -> None:
        """Be empty."""
        self.clear()
        self.numbers.clear()

    def mark(self, wanted: str, current: int = 0) -> None:
        """Mark a text wherever it is in view, and the line of the hit that somebody went to."""
        self._wanted, self._current = wanted, current
        self.mark_view()

    def mark_view(self) -> None:
        """Mark what is in view now."""
        selections: list[QTextEdit.ExtraSelection] = []
        block, last = self.firstVisibleBlock(), self.viewport().height()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while self._wanted and block.isValid() and top <= last:
            selections += self._marks_of(block)
            top += self.blockBoundingRect(block).height()
            block = block.next()
        if selections or self.extraSelections():
            self.setExtraSelections(selections)

    def _marks_of(self, block: QTextBlock) -> list[QTextEdit.ExtraSelection]:
        found: list[QTextEdit.ExtraSelection] = []
        text, wanted = block.text().lower(), self._wanted.lower()
        if self._current and self._number_of(block) == self._current and wanted in text:
            whole = QTextCharFormat()
            whole.setBackground(color("bg.pressed"))
            whole.setProperty(QTextFormat.Property.FullWidthSelection, True)
            found.append(_selection(QTextCursor(block), whole))
        place = text.find(wanted)
        while place >= 0 and len(found) < MOST_MARKS:
            cursor = QTextCursor(block)
            cursor.setPosition(block.position() + place)
            cursor.setPosition(block.position() + place + len(wanted), QTextCursor.MoveMode.KeepAnchor)
            hit = QTextCharFormat()
            hit.setBackground(color("search.hit"))
            hit.setForeground(color("text.primary"))
            found.append(_selection(cursor, hit))
            place = text.find(wanted, place + len(wanted))
        return found

    def _number_of(self, block: QTextBlock) -> int:
        place = block.blockNumber()
        return self.numbers[place] if place < len(self.numbers) else 0

    def go_to(self, number: int) -> bool:
        """Bring a line to the middle; False where it is not there any more."""
        place = bisect.bisect_left(self.numbers, number)
        if place >= len(self.numbers) or self.numbers[place] != number:
            return False
        self.setTextCursor(QTextCursor(self.document().findBlockByNumber(place)))
        self.centerCursor()
        return True

    def first_in_view(self) -> int:
        """Give the number of the first line in view, 0 where there is none."""
        return self._number_of(self.firstVisibleBlock())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_numbers()
        self.mark_view()

    def _scrolled(self, rect: QRect, dy: int) -> None:
        if dy:
            self._area.scroll(0, dy)
        else:
            self._area.update(0, rect.y(), self._area.width(), rect.height())

    def paint_numbers(self, painter: QPainter, rect: QRect) -> None:
        """Draw the numbers of the lines in view."""
        painter.fillRect(rect, color("bg.sunken"))
        if self.before is None:
            return
        painter.setFont(font("log"))
        painter.setPen(color("text.tertiary"))
        line_height = QFontMetrics(font("log")).height()
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        while block.isValid() and top <= rect.bottom():
            number = self._number_of(block)
            if block.isVisible() and number:
                place = QRect(0, int(top), self._area.width() - 12, line_height)
                painter.drawText(place, int(Qt.AlignmentFlag.AlignRight), str(number + self.before))
            top += self.blockBoundingRect(block).height()
            block = block.next()


def _selection(cursor: QTextCursor, look: QTextCharFormat) -> QTextEdit.ExtraSelection:
    made = QTextEdit.ExtraSelection()
    # The binding's stubs know these fields as read-only.
    made.cursor, made.format = cursor, look
    return made


def _format(level: str) -> QTextCharFormat:
    made = QTextCharFormat()
    # What is nothing special keeps the palette's colour, which follows the theme.
    if level:
        made.setForeground(color({"error": "danger.text", "warning": "warning.text"}[level]))
    return made
