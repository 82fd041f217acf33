"""The base of dialogs: header, body, footer; Esc cancels, Ctrl+Enter confirms. Shown with `open()`, never `exec()`."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QWidget

from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import Button, KeyButton, horizontal, label, line, vertical


class Dialog(QDialog):
    """A dialog over the window. Subclasses fill `body` and connect `confirm_button`."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        confirm: str,
        *,
        size: str = "small",
        kind: str = "primary",
        cancel: str = "Cancel",
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setWindowTitle(title)
        width = min(values()["layout"]["dialogWidth"][size], max(parent.window().width() - 48, 360))
        self.setFixedWidth(width)
        column = vertical(self)
        self.head = QWidget()
        self.head.setFixedHeight(values()["row"]["dialogHeader"])
        self.head_row = horizontal(self.head, (24, 0, 16, 0), 10)
        self.head_row.addWidget(label(title, "heading"))
        self.head_row.addStretch(1)
        self.head_row.addWidget(
            Button("", self.reject, icon="x", kind="ghost", size="icon", tip="Close", shortcut="Esc")
        )
        column.addWidget(self.head)
        self.body = QWidget()
        column.addWidget(self.body, 1)
        column.addWidget(line("hStrong"))
        foot = QWidget()
        foot.setFixedHeight(values()["row"]["dialogFooter"])
        self.foot_row = horizontal(foot, (24, 0, 24, 0), 8)
        self.message = label("", "small", "danger", wrap=True)
        self.foot_row.addWidget(self.message, 1)
        leaving = KeyButton if size == "large" else Button
        self.cancel_button: Button = leaving(cancel, self.reject, size="large", tip=cancel, shortcut="Esc")
        agreeing = KeyButton if kind == "primary" else Button
        self.confirm_button: Button = agreeing(
            confirm, self._confirm, kind=kind, size="large", tip=confirm, shortcut="Ctrl+Enter"
        )
        self.foot_row.addWidget(self.cancel_button)
        self.foot_row.addWidget(self.confirm_button)
        column.addWidget(foot)

    def confirmed(self) -> None:
        """Do what the dialog is for; called by the confirming button and by Ctrl+Enter."""
        self.accept()

    def _confirm(self) -> None:
        if self.confirm_button.isEnabled():
            self.confirmed()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._confirm()
        elif enter and isinstance(self.focusWidget(), Button):
            self.focusWidget().click()  # type: ignore[attr-defined]
        elif not enter:
            super().keyPressEvent(event)


class ConfirmDialog(Dialog):
    """Names the object and the effect; the focus starts on the safe choice."""

    def __init__(
        self,
        parent: QWidget,
        title: str,
        text: str,
        confirm: str,
        run: Callable[[], object],
        *,
        keep: str = "Cancel",
        kind: str = "dangerSolid",
    ) -> None:
        super().__init__(parent, title, confirm, kind=kind, cancel=keep)
        self._run = run
        column = vertical(self.body, (24, 0, 24, 16), 0)
        words = label(text, "body", "secondary", wrap=True)
        # A dialog is made as high as its text is in one guess of Qt's: several paragraphs would be cut.
        words.ensurePolished()
        words.setMinimumHeight(words.heightForWidth(self.width() - 48))
        column.addWidget(words)
        self.cancel_button.setFocus(Qt.FocusReason.TabFocusReason)

    def confirmed(self) -> None:
        self.accept()
        self._run()
