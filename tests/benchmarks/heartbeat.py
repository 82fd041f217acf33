"""A heartbeat in the event loop: what the loop did not do for how long. Run as a program it beats in a bare window."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer

EVERY_MS = 5
NOTED_MS = 8.0


class Heartbeat(QObject):
    """Notes each gap between two beats that is longer than a beat should be."""

    def __init__(self) -> None:
        super().__init__()
        self.gaps: list[tuple[float, float]] = []  # when it began (seconds since the epoch), milliseconds
        self._last = time.time()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(EVERY_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.time()
        gap_ms = (now - self._last) * 1000 - EVERY_MS
        if gap_ms > NOTED_MS:
            self.gaps.append((self._last, gap_ms))
        self._last = now

    def longest(self, began: float, ended: float) -> float:
        """Give the longest gap of a stretch of time. Units: milliseconds."""
        return longest(self.gaps, began, ended)


def longest(gaps: list[tuple[float, float]], began: float, ended: float) -> float:
    """Give the longest gap that began in a stretch of time."""
    return round(max((gap for at, gap in gaps if began <= at <= ended), default=0.0), 1)


def beat_in_a_bare_window(until: Path) -> None:
    """Beat until a file exists, then print the gaps."""
    from PySide6.QtWidgets import QApplication, QLabel

    app = QApplication([])
    window = QLabel("bare")
    window.resize(1440, 900)
    window.show()
    heart, look = Heartbeat(), QTimer()
    look.timeout.connect(lambda: app.quit() if until.exists() else None)
    look.start(100)
    app.exec()
    print(json.dumps(heart.gaps))


if __name__ == "__main__":
    beat_in_a_bare_window(Path(sys.argv[1]))
