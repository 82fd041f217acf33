"""Toasts: bottom right, at most three, six seconds, longer while the mouse rests on them; errors stay."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QEnterEvent
from PySide6.QtWidgets import QFrame, QLabel, QWidget

from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import Button, IconLabel, column_of, horizontal, label, vertical
from longshore.ui.widgets.plain_words import one_line

WIDTH, GAP, MOST = 400, 8, 3


# In characters: five lines, and what a tooltip still shows.
MOST_WORDS, MOST_TIP = 240, 2_000


class Toast(QFrame):
    """One message."""

    def __init__(
        self, parent: QWidget, kind: str, text: str, detail: str, action: tuple[str, Callable[[], object]] | None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.said = (kind, text, detail)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        row = horizontal(self, (12, 10, 8, 10), 10)
        icon = {"success": "check", "error": "x-circle"}.get(kind, "info")
        # As high as the first line of words, so that both stand on one line.
        mark = column_of(IconLabel(icon, "text.inverse"), None, margins=(0, 4, 0, 0))
        row.addWidget(mark)
        words = QWidget()
        column = vertical(words, (0, 2, 0, 2), 0)
        column.addWidget(_words(text, "bodyMedium", "inverse"))
        if detail:
            column.addWidget(_words(detail, "small", "inverseSecondary"))
        row.addWidget(words, 1)
        if action is not None:
            row.addWidget(Button(action[0], action[1], kind="inverse", size="small"))
        close = Button("", self.close_now, icon="x", kind="inverseGhost", size="iconSmall", tip="Close")
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(f"{text} {detail}".strip())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.close_now)
        self.stays = kind == "error"
        self._resume()

    def close_now(self) -> None:
        """Go away."""
        self.hide()
        self.deleteLater()

    def _resume(self) -> None:
        if not self.stays:
            self._timer.start(values()["motion"]["toastVisible"])

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._resume()
        super().leaveEvent(event)


def _words(text: str, role: str, tone: str) -> QLabel:
    """Give a message's words: a name in them may be of six thousand letters, many lines, or turn the order of the rest."""
    shown = one_line(text, MOST_WORDS)
    made = label(shown, role, tone, wrap=True)
    if shown != text:
        made.setToolTip(one_line(text, MOST_TIP))
    return made


class Toasts(QObject):
    """Places toasts over the window's lower right corner."""

    def __init__(self, window: QWidget, bottom_margin: int) -> None:
        super().__init__(window)
        self._window, self._margin = window, bottom_margin
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def show(
        self, kind: str, text: str, detail: str = "", action: tuple[str, Callable[[], object]] | None = None
    ) -> None:
        """Show a message. Kinds: info, success, error."""
        # Said again, it stands there once.
        for same in [one for one in self._toasts if not one.isHidden() and one.said == (kind, text, detail)]:
            same.close_now()
        toast = Toast(self._window, kind, text, detail, action)
        toast.destroyed.connect(self._forget)
        self._toasts.append(toast)
        self._make_room()
        toast.show()
        self._place()

    def _make_room(self) -> None:
        """Let the oldest go; an error only where errors alone are left."""
        shown = [toast for toast in self._toasts if not toast.isHidden() or toast is self._toasts[-1]]
        passing = [toast for toast in shown[:-1] if not toast.stays]
        errors = [toast for toast in shown[:-1] if toast.stays]
        for old in [*passing, *errors][: max(0, len(shown) - MOST)]:
            old.close_now()

    def _forget(self) -> None:
        import shiboken6

        self._toasts = [toast for toast in self._toasts if shiboken6.isValid(toast) and not toast.isHidden()]
        self._place()

    def _place(self) -> None:
        import shiboken6

        if not shiboken6.isValid(self._window):
            return
        bottom = self._window.height() - self._margin
        for toast in reversed([toast for toast in self._toasts if shiboken6.isValid(toast) and not toast.isHidden()]):
            toast.adjustSize()
            bottom -= toast.height()
            toast.move(self._window.width() - WIDTH - 16, bottom)
            toast.raise_()
            bottom -= GAP

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return False
