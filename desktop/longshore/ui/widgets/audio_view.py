"""A sound: its outline where the file shows one, and how to hear it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.times import duration

if TYPE_CHECKING:
    from longshore.tracking.content.audio import Audio

_HEIGHT = 96


class Outline(QWidget):
    """The lowest and highest value of each moment, from left to right."""

    def __init__(self, audio: Audio) -> None:
        super().__init__()
        self._audio = audio
        self.setFixedHeight(_HEIGHT)
        self.setAccessibleName(f"Outline of the first {duration(audio.outlined_s)}")

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle, half, found = self.height() / 2, self.height() / 2 - 2, self._audio.outline
        painter.setPen(color("chart.axis"))
        painter.drawLine(QLineF(0, middle, self.width(), middle))
        painter.setPen(color("chart.1"))
        step = len(found) / max(1, self.width())
        for x in range(self.width()):
            part = found[int(x * step) : max(int(x * step) + 1, int((x + 1) * step))]
            low, high = min(each[0] for each in part), max(each[1] for each in part)
            painter.drawLine(QLineF(x, middle - high * half, x, middle - low * half))


class AudioView(QWidget):
    """What can be seen of a sound."""

    def __init__(self, audio: Audio) -> None:
        super().__init__()
        column = vertical(self, (16, 12, 16, 12), 8)
        if audio.outline:
            column.addWidget(Outline(audio))
            column.addWidget(label(f"First {duration(audio.outlined_s)} of the first channel", "small", "secondary"))
        words = label(
            "To hear it, open it with the program that you play sounds with.", "small", "secondary", wrap=True
        )
        words.setAlignment(Qt.AlignmentFlag.AlignLeft)
        column.addWidget(words)
        column.addStretch(1)
