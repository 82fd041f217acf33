"""A timeline: one bar per task, in the order in which they began; what runs grows to the right."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QScrollArea, QToolTip, QWidget

from longshore.ui.theme.fonts import font, scale
from longshore.ui.theme.style import color
from longshore.ui.widgets import pill
from longshore.ui.widgets.graph_items import draw_text
from longshore.ui.widgets.times import duration

ROW, HEAD, NAMES, RIGHT = 24, 24, 200, 104
_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True)
class Bar:
    """One task. Units: seconds since 1970; no end while it runs."""

    step: str
    title: str
    state: str
    began_at: float
    ended_at: float | None


class Gantt(QScrollArea):
    """Shows bars; a click or Enter chooses a step."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.rows = _Rows(self)
        self.rows.setAccessibleName("Timeline")
        self.setWidget(self.rows)

    def show_bars(self, bars: tuple[Bar, ...], now: float) -> None:
        """Show these; `now` is where the bars of what runs end. Units: seconds since 1970."""
        self.rows.bars, self.rows.now = tuple(sorted(bars, key=lambda bar: bar.began_at)), now
        self.rows.place = min(self.rows.place, max(0, len(bars) - 1))
        self.rows.setMinimumHeight(HEAD + ROW * len(bars) + 8)
        self.rows.updateGeometry()
        self.rows.update()

    def light(self, step: str) -> None:
        """Mark the bars of the step that is selected elsewhere."""
        if step != self.rows.lit:
            self.rows.lit = step
            self.rows.update()


class _Rows(QWidget):
    def __init__(self, area: Gantt) -> None:
        super().__init__()
        self._area = area
        self.bars: tuple[Bar, ...] = ()
        self.now = 0.0
        self.lit = ""
        self.place = 0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(400, HEAD + ROW * len(self.bars) + 8)

    @property
    def _span(self) -> tuple[float, float]:
        first = min((bar.began_at for bar in self.bars), default=0.0)
        last = max((self._end(bar) for bar in self.bars), default=1.0)
        return first, max(last, first + 0.1)

    def _end(self, bar: Bar) -> float:
        return max(bar.began_at, self.now if bar.ended_at is None else bar.ended_at)

    def _x(self, time: float) -> float:
        first, last = self._span
        room = max(20.0, self.width() - self._names - 20 - RIGHT)
        return self._names + 20 + (time - first) / (last - first) * room

    @property
    def _names(self) -> int:
        return round(min(NAMES * scale(), self.width() * 0.35))

    def _row_at(self, y: float) -> int:
        row = int((y - HEAD) // ROW)
        return row if y >= HEAD and row < len(self.bars) else -1

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), color("bg.surface"))
        self._paint_grid(painter)
        first = max(0, (event.rect().top() - HEAD) // ROW)
        last = min(len(self.bars), (event.rect().bottom() - HEAD) // ROW + 1)
        for row in range(first, last):
            self._paint_row(painter, row)

    def _paint_grid(self, painter: QPainter) -> None:
        first, last = self._span
        step = next((one for one in _STEPS if (last - first) / one <= 8), _STEPS[-1])
        painter.setFont(font("caption"))
        at = 0.0
        while at <= last - first:
            x = self._x(first + at)
            painter.setPen(QPen(color("chart.grid"), 1))
            painter.drawLine(QPointF(x, HEAD), QPointF(x, self.height()))
            painter.setPen(color("chart.text"))
            words = "0" if at == 0 else f"{at:.0f} s" if at < 60 else duration(at)
            painter.drawText(QRectF(x - 40, 0, 80, HEAD - 2), int(Qt.AlignmentFlag.AlignCenter), words)
            at += step

    def _paint_row(self, painter: QPainter, row: int) -> None:
        bar, top = self.bars[row], HEAD + row * ROW
        whole = QRectF(0, top, self.width(), ROW)
        if bar.step == self.lit:
            painter.fillRect(whole, color("bg.selected"))
        if self.hasFocus() and row == self.place:
            painter.setPen(QPen(color("focus.ring"), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(whole.adjusted(2, 1, -2, -1), 4, 4)
        name = QRectF(20, top, self._names - 8, ROW)
        draw_text(painter, name, bar.title, "small", "text.primary", Qt.TextElideMode.ElideMiddle)
        word, tone, _icon = pill.describe(bar.state)
        left, right = self._x(bar.began_at), self._x(self._end(bar))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color(f"{tone}.solid"))
        painter.drawRoundedRect(QRectF(left, top + 7, max(3.0, right - left), ROW - 14), 3, 3)
        took = self._end(bar) - bar.began_at
        words = word if bar.state in ("cached", "skipped") else duration(took)
        words = f"{words}, {word.lower()}" if bar.state in ("failed", "stopped") else words
        room = QFontMetrics(font("caption")).horizontalAdvance(words)
        painter.setFont(font("caption"))
        painter.setPen(color("danger.text" if bar.state == "failed" else "text.secondary"))
        x = min(max(left + 3.0, right) + 6, self.width() - room - 4)
        painter.drawText(QRectF(x, top, room + 2, ROW), int(Qt.AlignmentFlag.AlignVCenter), words)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().y())
        if row >= 0:
            self.place = row
            self._area.chosen.emit(self.bars[row].step)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()))
        if step is not None and self.bars:
            self.place = min(max(self.place + step, 0), len(self.bars) - 1)
            self._area.ensureVisible(0, HEAD + self.place * ROW + ROW // 2, 0, ROW)
            self._area.chosen.emit(self.bars[self.place].step)
            self.update()
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            row = self._row_at(event.pos().y())
            if row >= 0:
                bar = self.bars[row]
                took = duration(self._end(bar) - bar.began_at)
                QToolTip.showText(event.globalPos(), f"{bar.title}\n{pill.describe(bar.state)[0]}, {took}", self)
            return True
        return super().event(event)
