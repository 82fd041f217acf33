"""What stands where content would: empty, loading, error, and the banner of a service that does not answer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSizePolicy, QStackedWidget, QWidget

from longshore.errors import LongshoreError
from longshore.ui.widgets.basic import Button, Card, IconLabel, clear, horizontal, label, row_of, vertical

Choice = tuple[str, Callable[[], object]]


class EmptyState(QWidget):
    """Outline icon, what belongs here, one action."""

    def __init__(
        self,
        icon: str,
        title: str,
        text: str,
        action: Choice | None = None,
        *,
        action_icon: str = "",
        primary: bool = False,
    ) -> None:
        super().__init__()
        column = vertical(self, (24, 24, 24, 24), 6)
        column.addStretch(1)
        column.addWidget(IconLabel(icon, "text.tertiary", 32), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(6)
        column.addWidget(label(title, "bodyStrong"), 0, Qt.AlignmentFlag.AlignHCenter)
        words = label(text, "small", "secondary", wrap=True)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        words.setMaximumWidth(420)
        # Between two stretches, not aligned: an aligned label gets the height that its text has in the whole width.
        column.addWidget(_centred(words))
        if action is not None:
            column.addSpacing(8)
            self.button = Button(action[0], action[1], icon=action_icon, kind="primary" if primary else "")
            column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)


def _centred(words: QWidget) -> QWidget:
    holder = QWidget()
    row = horizontal(holder)
    row.addStretch(1)
    row.addWidget(words, 100)
    row.addStretch(1)
    return holder


class ErrorState(Card):
    """What failed, why, what to do next; the details folded."""

    def __init__(
        self,
        error: LongshoreError,
        title: str = "",
        retry: Callable[[], object] | None = None,
        *,
        details_shown: bool = False,
    ) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        row = horizontal(self, (16, 14, 16, 14), 12)
        row.addWidget(IconLabel("x-circle", "danger.text", 20), 0, Qt.AlignmentFlag.AlignTop)
        body = QWidget()
        column = vertical(body, spacing=4)
        column.addWidget(label(title or error.title, "bodyStrong"))
        column.addWidget(label(error.reason, "body", "secondary", wrap=True, select=True))
        if error.hint:
            column.addWidget(label(error.hint, "body", "secondary", wrap=True, select=True))
        self._details = label(error.details or "", "mono", "secondary", wrap=True, select=True)
        self._details.setVisible(details_shown and bool(error.details))
        buttons: list[QWidget | None] = []
        if retry is not None:
            buttons.append(Button("Try again", retry, icon="refresh"))
        if error.details:
            self._toggle = Button(
                "Hide details" if details_shown else "Show details", self._toggle_details, kind="link"
            )
            buttons.append(self._toggle)
        if buttons:
            column.addSpacing(6)
            column.addWidget(row_of(*buttons, None, spacing=12))
        column.addWidget(self._details)
        row.addWidget(body, 1)

    def _toggle_details(self) -> None:
        shown = self._details.isHidden()
        self._details.setVisible(shown)
        self._toggle.setText("Hide details" if shown else "Show details")


class Banner(QFrame):
    """A standing line for a service that does not answer, with what still works and Retry."""

    def __init__(self, text: str, action: Choice | None = None, *more: Choice, tone: str = "warning") -> None:
        super().__init__()
        self.setProperty("surface", tone)
        row = horizontal(self, (12, 6, 8, 6), 8)
        row.addWidget(IconLabel("warn" if tone == "warning" else "x-circle", f"{tone}.text"), 0)
        self._words = label(text, "body", tone, wrap=True, select=True)
        row.addWidget(self._words, 1)
        for title, run in (*((action,) if action else ()), *more):
            row.addWidget(Button(title, run, size="small"))

    @property
    def words(self) -> str:
        """What it says."""
        return self._words.text()

    def show_words(self, text: str) -> None:
        """Say something else."""
        self._words.setText(text)


class Loading(QWidget):
    """Says what is being loaded; after a moment only, so that quick answers do not flicker."""

    def __init__(self, text: str = "Loading…") -> None:
        super().__init__()
        column = vertical(self)
        column.addStretch(1)
        words = label(text, "body", "tertiary")
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(words)
        column.addStretch(1)


class StateStack(QStackedWidget):
    """Contents, one of them in front, or what is said instead: loading, nothing there, an error."""

    def __init__(self) -> None:
        super().__init__()
        self._words = QWidget(self)
        self._column = vertical(self._words, (20, 20, 20, 20))
        self.addWidget(self._words)

    def say(self, widget: QWidget) -> None:
        """Show this instead of a content: what is as high as its words at the top, the rest in the middle."""
        clear(self._column)
        self._column.addWidget(widget)
        if not isinstance(widget, EmptyState | Loading):
            self._column.addStretch(1)
        self.setCurrentWidget(self._words)

    @property
    def said(self) -> QWidget | None:
        """What is said now, None while a content is in front."""
        item = self._column.itemAt(0) if self.currentWidget() is self._words else None
        return item.widget() if item is not None else None
