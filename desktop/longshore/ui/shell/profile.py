"""`longshore gui --profile-startup`: how long the first frame and the rows of the last state took; then quit."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

if TYPE_CHECKING:
    from longshore.ui.shell.app import Shell

# A page that has no rows of a last state to show must not keep the measurement waiting for ever.
GIVE_UP_MS = 30_000


def process_age_ms() -> float:
    """Tell how long this process has run, by the system's own record of its start."""
    try:
        # Since the boot, as the kernel keeps it: psutil adds the boot's time of day, which is known in whole seconds.
        ticks = int(Path("/proc/self/stat").read_text("ascii").rpartition(")")[2].split()[19])
        return (time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")) * 1000
    except (OSError, AttributeError):
        import psutil

        return float(time.time() - psutil.Process().create_time()) * 1000


class Profile(QObject):
    """Waits for the first frame, the rows, and the answer to a key press; prints the figures and quits."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._first_paint = self._rows = 0.0
        shell.window.first_painted.connect(self._painted)
        shell.context.place_changed.connect(self._listen)
        QTimer.singleShot(GIVE_UP_MS, self._finish)

    def _listen(self, _place: object) -> None:
        page = self._shell.window.page
        if page is not None:
            page.rows_shown.connect(self._rows_are_there, Qt.ConnectionType.SingleShotConnection)

    def _painted(self) -> None:
        # The clock first: reading the process's start may import psutil.
        now = time.monotonic()
        self._first_paint = process_age_ms() - (time.monotonic() - now) * 1000

    def _rows_are_there(self) -> None:
        QTimer.singleShot(0, self._note_rows)

    def _note_rows(self) -> None:
        page = self._shell.window.page
        if self._rows or page is None:
            return
        # Rows count when they are painted, not when the model has them.
        page.repaint()
        self._rows = process_age_ms()
        self._shell.window.installEventFilter(self)
        QApplication.postEvent(
            self._shell.window, QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_F24, Qt.KeyboardModifier.NoModifier)
        )

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_F24:
            QTimer.singleShot(0, self._finish)
            return True
        return False

    def _finish(self) -> None:
        figures = {"first_paint_ms": round(self._first_paint, 1), "rows_ms": round(self._rows, 1) or None}
        sys.stdout.write(json.dumps(figures) + "\n")
        sys.stdout.flush()
        self._shell.window.close()
        QApplication.quit()
