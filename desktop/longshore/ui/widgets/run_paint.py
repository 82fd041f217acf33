"""Draws the rows of one half of the run table at once.

A delegate is asked for each of five hundred cells, and each way through Qt costs: 25 ms a frame. Column by column, with
one font and one pen for each, a frame takes a few.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, QRect, QRectF, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen, QPixmap

from longshore.tracking.rows import GroupRow, RunRow
from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color
from longshore.ui.theme.swatches import swatch_pen
from longshore.ui.widgets import pill
from longshore.ui.widgets.plain_words import one_line
from longshore.ui.widgets.run_columns import BOX, Column
from longshore.ui.widgets.run_model import RunTableModel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QTableView

ROW_HEIGHT = 28
BOX_SIZE = 16
_PADDING = 8
# A number's room before its bar, where the column does not tell how long its numbers are.
NUMBER_WIDTH = 52
_BAR, _SHORTEST_BAR = 6, 6.0
_SWATCH_WIDTH = 16
# How far the number of a group's runs and the names below it stand to the right.
_CHEVRON, _INDENT = 16, 14

# A row in sight: its number in the model, its top in the viewport, the run.
Line = tuple[int, int, RunRow]


@dataclass
class RowsPainter:
    """What one half of the table looks like."""

    hovered: int = -1
    # What is in a row stands in its middle, however high it is.
    row_height: int = ROW_HEIGHT
    # run id -> number of its colour and dash
    swatches: dict[str, int] = field(default_factory=dict)

    def paint(self, painter: QPainter, view: QTableView, dirty: QRect) -> None:
        """Draw the rows and columns that a rectangle of the viewport holds."""
        painter.fillRect(dirty, color("bg.surface"))
        model = view.model()
        assert isinstance(model, RunTableModel)
        first = view.rowAt(max(dirty.top(), 0))
        if first < 0:
            return
        last = view.rowAt(min(dirty.bottom(), view.viewport().height() - 1))
        last = len(model.rows) - 1 if last < 0 else last
        top = view.rowViewportPosition(first)
        runs = model.runs_between(first, last)
        rows = [(first + at, top + at * self.row_height, run) for at, run in enumerate(runs)]
        selected = _selected(view, first, last)
        self._backgrounds(painter, rows, selected, dirty)
        above = (self.row_height - ROW_HEIGHT) // 2
        lines = [(row, top + above, run) for row, top, run in rows]
        for column, left, width in _columns(view, model, dirty):
            self._column(painter, model, column, left, width, lines, selected)

    def _backgrounds(self, painter: QPainter, lines: Sequence[Line], selected: set[int], dirty: QRect) -> None:
        for row, top, _run in lines:
            token = "bg.selected" if row in selected else ""
            if row == self.hovered:
                token = "bg.selectedHover" if token else "bg.hover"
            if token:
                painter.fillRect(dirty.left(), top, dirty.width(), self.row_height, color(token))
        painter.setPen(QPen(color("border.subtle"), 1))
        ends = [top + self.row_height - 0.5 for _row, top, _run in lines]
        painter.drawLines([QLineF(dirty.left(), y, dirty.right() + 1, y) for y in ends])

    def _column(
        self,
        painter: QPainter,
        model: RunTableModel,
        column: Column,
        left: int,
        width: int,
        lines: Sequence[Line],
        selected: set[int],
    ) -> None:
        inner = left + _PADDING
        room = width - 2 * _PADDING
        if column is BOX:
            self._boxes(painter, left, width, lines, selected)
        elif column.id == "status":
            self._pills(painter, model, column, inner, room, lines)
        elif column.id == "name":
            self._names(painter, model, column, inner, room, lines)
        elif column.is_metric:
            self._metrics(painter, model, column, inner, room, lines)
        else:
            texts = [(top, model.text(run, column)) for _row, top, run in lines]
            mono = column.kind == "params"
            _texts(painter, "mono" if mono else "small", "text.secondary", inner, room, texts, right=mono)

    def _boxes(self, painter: QPainter, left: int, width: int, lines: Sequence[Line], selected: set[int]) -> None:
        ratio = painter.device().devicePixelRatioF()
        x = left + (width - BOX_SIZE) // 2
        for row, top, _run in lines:
            painter.drawPixmap(x, top + (ROW_HEIGHT - BOX_SIZE) // 2, box("check" if row in selected else "", ratio))

    def _pills(
        self, painter: QPainter, model: RunTableModel, column: Column, left: int, room: int, lines: Sequence[Line]
    ) -> None:
        ratio = painter.device().devicePixelRatioF()
        counts: list[tuple[int, str]] = []
        for _row, top, run in lines:
            if isinstance(run, GroupRow):
                mark = icons.pixmap(
                    "chev-down" if run.is_open else "chev-right", hex_color("text.secondary"), 16, ratio
                )
                painter.drawPixmap(left - 4, top + (ROW_HEIGHT - 16) // 2, mark)
                counts.append((top, model.text(run, column)))
                continue
            text, tone, icon = pill.describe(model.text(run, column))
            drawn = pill.pixmap(text, tone, icon, room, ratio)
            painter.drawPixmap(left, top + (ROW_HEIGHT - pill.HEIGHT) // 2, drawn)
        _texts(painter, "small", "text.secondary", left + _CHEVRON, room - _CHEVRON, counts)

    def _names(
        self, painter: QPainter, model: RunTableModel, column: Column, left: int, room: int, lines: Sequence[Line]
    ) -> None:
        if model.grouping:
            groups = [(top, model.text(run, column)) for _row, top, run in lines if isinstance(run, GroupRow)]
            _texts(painter, "bodyMedium", "text.primary", left, room, groups)
            lines = [line for line in lines if not isinstance(line[2], GroupRow)]
            left, room = left + _INDENT, room - _INDENT
        numbers = [self.swatches.get(run.run_id) for _row, _top, run in lines]
        plain: list[tuple[int, str]] = []
        marked: list[tuple[int, str]] = []
        for (_row, top, run), number in zip(lines, numbers, strict=True):
            (plain if number is None else marked).append((top, model.text(run, column)))
        _texts(painter, "body", "text.primary", left, room, plain, middle=True)
        narrow = room - _SWATCH_WIDTH - 10
        widths = _texts(painter, "body", "text.primary", left, narrow, marked, middle=True)
        for (top, _words), drawn, number in zip(
            marked, widths, (number for number in numbers if number is not None), strict=True
        ):
            painter.setPen(swatch_pen(number))
            start, y = left + drawn + 8, top + ROW_HEIGHT // 2
            painter.drawLine(start, y, start + _SWATCH_WIDTH, y)

    def _metrics(
        self, painter: QPainter, model: RunTableModel, column: Column, left: int, room: int, lines: Sequence[Line]
    ) -> None:
        width = min(_number_width(font("smallStrong").key(), model.widest(column)), room)
        plain: list[tuple[int, str]] = []
        best: list[tuple[int, str]] = []
        bars: list[QLineF] = []
        full: list[QLineF] = []
        start, longest = left + width + 8, room - width - 8
        for _row, top, run in lines:
            share = model.bar(run, column)
            (best if share == 1.0 else plain).append((top, model.text(run, column)))
            if share is not None and longest > 2 * _SHORTEST_BAR:
                length = max(_SHORTEST_BAR, longest * (0.12 + 0.88 * share))
                y, half = top + ROW_HEIGHT / 2, _BAR / 2
                (full if share == 1.0 else bars).append(QLineF(start + half, y, start + length - half + 0.01, y))
        _texts(painter, "small", "text.primary", left, width, plain, right=True)
        _texts(painter, "smallStrong", "text.primary", left, width, best, right=True)
        _bars(painter, "bar.mark", bars)
        _bars(painter, "accent.solid", full)


def _selected(view: QTableView, first: int, last: int) -> set[int]:
    found: set[int] = set()
    for part in view.selectionModel().selection().toList():
        found.update(range(max(part.top(), first), min(part.bottom(), last) + 1))
    return found


def _columns(view: QTableView, model: RunTableModel, dirty: QRect) -> Iterator[tuple[Column, int, int]]:
    """Give the columns in sight with their left edge and width."""
    header = view.horizontalHeader()
    for section, column in enumerate(model.columns):
        if header.isSectionHidden(section):
            continue
        left, width = header.sectionViewportPosition(section), header.sectionSize(section)
        if left <= dirty.right() and left + width >= dirty.left():
            yield column, left, width


def _bars(painter: QPainter, token: str, bars: Sequence[QLineF]) -> None:
    if not bars:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(color(token), _BAR)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawLines(bars)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _texts(
    painter: QPainter,
    role: str,
    token: str,
    left: int,
    room: int,
    texts: Sequence[tuple[int, str]],
    *,
    right: bool = False,
    middle: bool = False,
) -> list[int]:
    """Draw words at their rows' tops, all in one font and colour, and give their widths."""
    drawn = font(role)
    key, baseline = drawn.key(), _baseline(drawn.key(), role)
    painter.setFont(drawn)
    painter.setPen(color(token))
    widths = []
    for top, words in texts:
        fitted, width = _fitted(key, role, words, room, middle=middle) if words else ("", 0)
        if fitted:
            painter.drawText(left + room - width if right else left, top + baseline, fitted)
        widths.append(width)
    return widths


@functools.lru_cache(maxsize=50)
def _baseline(_font_key: str, role: str) -> int:
    metrics = QFontMetrics(font(role))
    return (ROW_HEIGHT + metrics.ascent() - metrics.descent()) // 2


@functools.lru_cache(maxsize=200)
def _number_width(_font_key: str, widest: str) -> int:
    return QFontMetrics(font("smallStrong")).horizontalAdvance(widest) + 2 if widest else NUMBER_WIDTH


@functools.lru_cache(maxsize=20_000)
def _fitted(_font_key: str, role: str, words: str, width: int, *, middle: bool) -> tuple[str, int]:
    metrics = QFontMetrics(font(role))
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    # Beyond some hundred letters nothing is seen, and measuring six thousand would take a while.
    plain = words if len(words) <= 400 else f"{words[:200]}…{words[-200:]}"
    fitted = metrics.elidedText(one_line(plain), mode, width)
    return fitted, metrics.horizontalAdvance(fitted)


def box(mark: str, ratio: float) -> QPixmap:
    """Give a check box. Marks: "" for empty, check, minus."""
    tokens = ("accent.solid", "accent.solid") if mark else ("border.control", "bg.surface")
    return _box(mark, ratio, *map(hex_color, (*tokens, "text.onAccent")))


@functools.lru_cache(maxsize=60)
def _box(mark: str, ratio: float, _edge: str, _face: str, _sign: str) -> QPixmap:
    return icons.drawn(BOX_SIZE, BOX_SIZE, ratio, lambda painter: _paint_box(painter, mark))


def _paint_box(painter: QPainter, mark: str) -> None:
    painter.setPen(QPen(color("accent.solid" if mark else "border.control"), 1))
    painter.setBrush(color("accent.solid" if mark else "bg.surface"))
    painter.drawRoundedRect(QRectF(0.5, 0.5, BOX_SIZE - 1, BOX_SIZE - 1), 3, 3)
    if mark:
        icons.paint(painter, mark, color("text.onAccent"), QRectF(2, 2, BOX_SIZE - 4, BOX_SIZE - 4))
