"""Markdown and harmless HTML: nothing is loaded, neither from the network nor from a disk, and it comes part by part."""

from __future__ import annotations

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from PySide6.QtCore import QEvent, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QFont,
    QImage,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
    QTextTableFormat,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

from longshore.ui.theme.fonts import MONO_FAMILY, font
from longshore.ui.theme.style import color
from longshore.ui.widgets.late_content import TURN_MS

# HTML inside of Markdown is shown as text.
MARKDOWN = QTextDocument.MarkdownFeature.MarkdownDialectGitHub | QTextDocument.MarkdownFeature.MarkdownNoHTML
# Parts are put in for so long before the event loop comes round.
_TURN_S = 0.008
_HEADINGS = {1: 18, 2: 15, 3: 14, 4: 13, 5: 13, 6: 13}

_NO_PICTURE = QImage(1, 1, QImage.Format.Format_ARGB32)
_NO_PICTURE.fill(0)

Part = Callable[[QTextCursor], object]


class RichText(QTextBrowser):
    """A document that is read. Links say where they lead; a click on one is told, and not followed."""

    # All parts are there.
    filled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setProperty("bare", True)
        self.setAccessibleName("File content")
        self.document().setDocumentMargin(8)
        self.document().setIndentWidth(20)
        self._waiting: deque[Part] = deque()
        self._done: list[Part] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(TURN_MS)
        self._timer.timeout.connect(self._go_on)

    def loadResource(self, kind: int, _name: QUrl | str) -> object:  # noqa: N802
        """Give nothing: pictures and style sheets of a foreign document are not loaded from anywhere.

        Where a picture is nothing, Qt itself looks for a file of that name; so there is one, and nothing is in it.
        """
        return _NO_PICTURE if kind == QTextDocument.ResourceType.ImageResource else ""

    def show_markdown(self, parts: Iterable[str]) -> None:
        """Show Markdown, in parts as `safe_markdown` makes them."""
        self.show_parts(partial(put_markdown, part) for part in parts)

    def show_html(self, parts: Iterable[str]) -> None:
        """Show HTML, in parts as `safe_html` makes them."""
        self.show_parts(partial(put_html, part) for part in parts)

    def show_parts(self, parts: Iterable[Part]) -> None:
        """Show what each part puts in at a cursor."""
        self._done = list(parts)
        self._waiting = deque(self._done)
        self.clear()
        self._go_on()

    def _go_on(self) -> None:
        began = time.monotonic()
        cursor = QTextCursor(self.document())
        while self._waiting and time.monotonic() - began < _TURN_S:
            cursor.movePosition(QTextCursor.MoveOperation.End)
            if not self.document().isEmpty():
                cursor.insertBlock(QTextBlockFormat(), QTextCharFormat())
            self._waiting.popleft()(cursor)
        if self._waiting:
            self._timer.start()
        else:
            self.filled.emit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        # The colours are in the document.
        if event.type() == QEvent.Type.PaletteChange and self._done:
            self.show_parts(self._done)


@contextlib.contextmanager
def one_change(cursor: QTextCursor) -> Iterator[None]:
    """Let a document be laid out once for all that is done to it."""
    cursor.beginEditBlock()
    try:
        yield
    finally:
        cursor.endEditBlock()


def put_markdown(part: str, cursor: QTextCursor) -> None:
    """Put Markdown in at a cursor, in the design's fonts."""
    start = cursor.position()
    with one_change(cursor):
        cursor.insertMarkdown(part, MARKDOWN)
    with one_change(cursor):  # a table is known as one only once it is there
        _restyle(cursor.document(), start)


def put_html(part: str, cursor: QTextCursor) -> None:
    """Put harmless HTML in at a cursor, in the design's fonts."""
    start = cursor.position()
    with one_change(cursor):
        cursor.insertHtml(part)
    with one_change(cursor):
        _restyle(cursor.document(), start)


def _restyle(document: QTextDocument, start: int) -> None:
    """Give headings, code and tables the design's looks."""
    block = document.findBlock(start)
    table: QTextTable | None = None
    while block.isValid():
        level = block.blockFormat().headingLevel()
        for position, length, look in _fragments(block):
            cursor = QTextCursor(document)
            cursor.setPosition(position)
            cursor.setPosition(position + length, QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(_styled(level, look))
        cursor = QTextCursor(block)
        if (found := cursor.currentTable()) is None:
            cursor.mergeBlockFormat(_spacing(level, in_list=block.textList() is not None))
        elif found != table:
            table = found
            table.setFormat(_of_table(table.format()))
        block = block.next()


def _fragments(block: QTextBlock) -> list[tuple[int, int, QTextCharFormat]]:
    found, fragments = [], block.begin()
    while not fragments.atEnd():
        fragment = fragments.fragment()
        found.append((fragment.position(), fragment.length(), fragment.charFormat()))
        fragments += 1
    return found


def _of_table(look: QTextTableFormat) -> QTextTableFormat:
    look.setBorder(1)
    look.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    look.setBorderBrush(color("border.default"))
    look.setBorderCollapse(True)
    look.setCellSpacing(0)
    look.setCellPadding(4)
    return look


def _spacing(level: int, *, in_list: bool) -> QTextBlockFormat:
    made = QTextBlockFormat()
    made.setTopMargin(10 if level else 0)
    made.setBottomMargin(2 if in_list else 6)
    return made


def _styled(level: int, look: QTextCharFormat) -> QTextCharFormat:
    if level:
        # Else Qt makes it larger once more.
        look.clearProperty(QTextFormat.Property.FontSizeAdjustment)
        heading = QFont(font("body"))
        heading.setPixelSize(round(_HEADINGS.get(level, 13) * font("body").pixelSize() / 13))
        heading.setWeight(QFont.Weight.DemiBold)
        look.setFont(heading)
    elif look.fontFixedPitch() or any("mono" in each.lower() for each in _families(look)):
        look.setFont(font("mono"))
        look.setFontFamilies([MONO_FAMILY, "monospace"])
        look.setBackground(color("bg.sunken"))
    elif look.fontWeight() > QFont.Weight.DemiBold:
        # The font comes in no heavier weight; Qt would smear it.
        look.setFontWeight(QFont.Weight.DemiBold)
    if look.isAnchor():
        look.setForeground(color("accent.text"))
        look.setToolTip(look.anchorHref()[:300])
    return look


def _families(look: QTextCharFormat) -> list[str]:
    families = look.fontFamilies()
    return [str(each) for each in families] if isinstance(families, list) else []
