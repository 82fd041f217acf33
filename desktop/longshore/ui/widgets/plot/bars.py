"""Bars from 0 to 1 with a name before and words behind: what each parameter tells about a metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.theme.fonts import font, grown
from longshore.ui.theme.style import color
from longshore.ui.widgets.plain_words import one_line

# Beyond some hundred letters nothing is seen, and measuring six thousand would take a while.
_LONGEST = 400
_ROW, _BAR, _GAP = 26, 8.0, 12.0
_NAME_SHARE, _WORDS_SHARE = 0.28, 0.36


@dataclass(frozen=True)
class Bar:
    """One row. `share` from 0 to 1; a faint one may be chance."""

    title: str
    share: float
    words: str
    faint: bool = False


class Bars(QWidget):
    """As high as its rows; it stands in a scroll area."""

    def __init__(self) -> None:
        super().__init__()
        self.bars: tuple[Bar, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: Sequence[Bar]) -> None:
        """Draw these."""
        self.bars = tuple(bars)
        self.setAccessibleDescription("; ".join(f"{bar.title}: {bar.words}" for bar in self.bars))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, max(1, len(self.bars)) * grown(_ROW))

    def minimumSizeHint(self) -> QSize:
        return QSize(260, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        self.paint(QPainter(self))

    def paint(self, painter: QPainter) -> None:
        """Draw on the screen, into a picture or a file."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width, row = float(self.width()), grown(_ROW)
        names, words = width * _NAME_SHARE, width * _WORDS_SHARE
        track = QRectF(names + _GAP, 0, max(10.0, width - names - words - 2 * _GAP), _BAR)
        for number, bar in enumerate(self.bars):
            middle = number * row + row / 2
            _write(painter, bar.title, QRectF(0, middle - row / 2, names, row), "mono", "text.primary")
            box = QRectF(track)
            box.moveCenter(QPointF(track.center().x(), middle))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color("bar.track"))
            painter.drawRoundedRect(box, 3, 3)
            box.setWidth(max(2.0, box.width() * min(1.0, bar.share)))
            painter.setBrush(color("neutral.solid" if bar.faint else "bar.mark"))
            painter.drawRoundedRect(box, 3, 3)
            left = track.right() + _GAP
            role = "text.tertiary" if bar.faint else "text.secondary"
            _write(painter, bar.words, QRectF(left, middle - row / 2, width - left, row), "small", role)


def _write(painter: QPainter, text: str, room: QRectF, role: str, token: str) -> None:
    painter.setFont(font(role))
    painter.setPen(color(token))
    shown = QFontMetricsF(font(role)).elidedText(one_line(text, _LONGEST), Qt.TextElideMode.ElideRight, room.width())
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
