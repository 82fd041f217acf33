"""Content made part by part after the first frame, so that no single turn of the event loop is a long one."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from longshore.ui.widgets.basic import horizontal, line

# Long enough for a key press or a frame between two parts.
TURN_MS = 3


class LateContent(QWidget):
    """A widget whose parts come one a turn.

    Qt styles all that is inside each time that something is put into something else. So the parts are made one after
    the other, each in its place from the start, in a widget that stands in the window already.
    """

    # Everything is there.
    made = Signal()

    def __init__(self, *parts: Callable[[QWidget], object]) -> None:
        """Take what makes each part; it is given this widget."""
        super().__init__()
        self._parts = list(parts)
        self._begun = False
        self.ready = False

    def begin(self) -> None:
        """Make the parts, one each time that the event loop comes round."""
        if not self._begun:
            self._begun = True
            QTimer.singleShot(0, self, self._next)

    def when_ready(self, run: Callable[[], None]) -> bool:
        """Tell whether it is ready; where it is not, `run` is called a turn later, to ask again."""
        if not self.ready:
            self.begin()
            QTimer.singleShot(TURN_MS, self, run)
        return self.ready

    def _next(self) -> None:
        self._parts.pop(0)(self)
        if self._parts:
            QTimer.singleShot(TURN_MS, self, self._next)
            return
        # What fills it is as long as a part.
        QTimer.singleShot(TURN_MS, self, self._finish)

    def _finish(self) -> None:
        self.ready = True
        self.made.emit()


def beside(holder: QWidget, side: QWidget, rest: QWidget) -> None:
    """Lay a list out at the left of the rest, with a line between; both are in the holder already."""
    row = horizontal(holder)
    row.addWidget(side)
    row.addWidget(line("vStrong"))
    row.addWidget(rest, 1)
