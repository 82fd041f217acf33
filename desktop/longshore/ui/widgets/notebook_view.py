"""A notebook: its cells and outputs as text and images, one after the other in one document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from PySide6.QtGui import QImage, QTextBlockFormat, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.artifact_decode import ShownCell
from longshore.ui.widgets.code_text import TOKENS
from longshore.ui.widgets.rich_text import Part, RichText, one_change, put_markdown

_LINES_A_PART = 30
# What notebooks call the languages that are known here.
_LANGUAGES = {
    "python": "python",
    "ipython": "python",
    "r": "r",
    "julia": "r",
    "javascript": "script",
    "typescript": "script",
}
_LANGUAGES |= {"bash": "shell", "sql": "sql", "scala": "c", "java": "c", "c++": "c", "rust": "c"}


class NotebookView(RichText):
    """Shows the cells of a notebook."""

    def __init__(self, cells: Sequence[ShownCell], language: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._language = _LANGUAGES.get(language, "")
        self.show_parts(part for cell in cells for part in self._parts(cell))

    def _parts(self, cell: ShownCell) -> Iterator[Part]:
        yield from (partial(put_markdown, markdown) for markdown in cell.markdown)
        if cell.markdown:
            return
        yield partial(_caption, f"In [{'' if cell.number is None else cell.number}]")
        yield from (partial(self._code, lines) for lines in _slices(cell.code))
        for kind, text, image in cell.outputs:
            if image is not None:
                yield partial(self._image, image)
                continue
            token = "danger.text" if kind == "error" else "text.primary"
            yield from (partial(_lines, lines, token) for lines in _slices(text))

    def _code(self, lines: Sequence[str], cursor: QTextCursor) -> None:
        from longshore.tracking.content.highlight import spans

        with one_change(cursor):
            cursor.setBlockFormat(_box("bg.sunken"))
            for place, line in enumerate(lines):
                if place:
                    cursor.insertBlock()
                done = 0
                for start, length, kind in spans(line, self._language):
                    cursor.insertText(line[done:start], _look("text.primary"))
                    cursor.insertText(line[start : start + length], _look(TOKENS[kind]))
                    done = start + length
                cursor.insertText(line[done:], _look("text.primary"))

    def _image(self, image: QImage, cursor: QTextCursor) -> None:
        room = max(200, self.viewport().width() - 40)
        cursor.insertImage(image if image.width() <= room else image.scaledToWidth(room))


def _slices(text: str) -> Iterator[Sequence[str]]:
    lines = text.rstrip("\n").split("\n") if text.strip() else []
    for start in range(0, len(lines), _LINES_A_PART):
        yield lines[start : start + _LINES_A_PART]


def _caption(text: str, cursor: QTextCursor) -> None:
    block = QTextBlockFormat()
    block.setTopMargin(10)
    cursor.setBlockFormat(block)
    look = QTextCharFormat()
    look.setFont(font("small"))
    look.setForeground(color("text.tertiary"))
    cursor.insertText(text, look)


def _lines(lines: Sequence[str], token: str, cursor: QTextCursor) -> None:
    with one_change(cursor):
        cursor.setBlockFormat(QTextBlockFormat())
        for place, line in enumerate(lines):
            if place:
                cursor.insertBlock()
            cursor.insertText(line, _look(token))


def _box(token: str) -> QTextBlockFormat:
    made = QTextBlockFormat()
    made.setBackground(color(token))
    return made


def _look(token: str) -> QTextCharFormat:
    made = QTextCharFormat()
    made.setFont(font("mono"))
    made.setForeground(color(token))
    return made
