"""The limit: a bare PySide6 window with a label, as a whole process. Prints milliseconds to its first painted frame."""

from __future__ import annotations

import json
import sys
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication, QLabel


class Window(QLabel):
    """Notes when it was painted for the first time."""

    painted_at = 0.0

    def event(self, event: QEvent) -> bool:
        answer = super().event(event)
        if event.type() == QEvent.Type.Paint and not self.painted_at:
            self.painted_at = time.time()
            QTimer.singleShot(0, QApplication.quit)
        return answer


def main() -> None:
    app = QApplication([])
    window: QObject = Window("bare")
    window.resize(1440, 900)
    window.show()
    app.exec()
    print(json.dumps({"first_paint_ms": (window.painted_at - float(sys.argv[1])) * 1000}))


main()
