"""Asking whether a folder's code may run: once per folder, before the first thing of it that runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import Card, ElidedLabel, IconLabel, horizontal, label, vertical
from longshore.ui.widgets.dialog import Dialog

MEANING = (
    "Its code has not run here yet: Longshore has only read its text. Once you trust the folder, its scripts, notebooks, "
    "build files and pipelines can run on this computer with your rights, when you start them and when they are asked "
    "for their steps and parameters."
)
ADVICE = "Trust it if you know where it comes from. You can take this back in Settings at any time."


def trusted_work(home: Home, path: str) -> Work[bool]:
    """Give the work that tells whether a folder is trusted."""

    def work(_progress: Progress, _cancel: CancelToken) -> bool:
        from longshore.projects import trust

        return trust.is_trusted(home, path)

    return work


def change_work(home: Home, path: str, *, trusted: bool) -> Work[None]:
    """Give the work that trusts a folder, or does so no more."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.projects import trust

        (trust.trust if trusted else trust.distrust)(home, path)

    return work


def when_trusted(
    context: AppContext,
    parent: QWidget,
    path: str,
    then: Callable[[], object],
    otherwise: Callable[[], object] | None = None,
) -> None:
    """Do something that runs a folder's code; ask first where the folder is not trusted. `otherwise`: it was refused."""

    def answer(trusted: bool) -> None:
        if trusted:
            then()
            return
        dialog = ask(context, parent, path, then)
        if otherwise is not None:
            dialog.rejected.connect(otherwise)

    context.runner.run(parent, trusted_work(context.home, path), answer, partial(_tell, context))


def ask(context: AppContext, parent: QWidget, path: str, then: Callable[[], object] | None = None) -> TrustDialog:
    """Ask whether a folder is trusted; then go on with what was to be done."""
    dialog = TrustDialog(parent, context, path, then)
    dialog.open()
    return dialog


def _tell(context: AppContext, error: LongshoreError) -> None:
    context.tell("error", error.reason, error.hint or "")


class TrustDialog(Dialog):
    """Names the folder and what trusting it means; the focus starts on the safe choice."""

    def __init__(
        self, parent: QWidget, context: AppContext, path: str, then: Callable[[], object] | None = None
    ) -> None:
        confirm = "Trust and run" if then is not None else "Trust folder"
        super().__init__(parent, "Trust this folder?", confirm, cancel="Don't trust")
        self._context, self._path, self._then = context, path, then
        column = vertical(self.body, (24, 0, 24, 16), 10)
        box = Card(surface="panel")
        row = horizontal(box, (12, 8, 12, 8), 10)
        row.addWidget(IconLabel("folder", "text.secondary"))
        words = QWidget()
        inner = vertical(words, spacing=1)
        inner.addWidget(ElidedLabel(Path(path).name or path, "bodyStrong", mode=Qt.TextElideMode.ElideMiddle))
        inner.addWidget(ElidedLabel(path, "mono", "secondary", mode=Qt.TextElideMode.ElideMiddle))
        row.addWidget(words, 1)
        column.addWidget(box)
        for text in (MEANING, ADVICE):
            words = label(text, "body", "secondary", wrap=True)
            words.ensurePolished()
            words.setMinimumHeight(words.heightForWidth(self.width() - 48))
            column.addWidget(words)
        self.confirm_button.set_icon("shield")
        self.cancel_button.setFocus(Qt.FocusReason.TabFocusReason)

    def confirmed(self) -> None:
        self.confirm_button.show_busy("Trusting…")
        work = change_work(self._context.home, self._path, trusted=True)
        self._context.runner.run(self, work, self._trusted, self._refused)

    def _trusted(self, _nothing: None) -> None:
        context, then = self._context, self._then
        self.accept()
        context.rows_changed.emit()
        if then is not None:
            then()

    def _refused(self, error: LongshoreError) -> None:
        self.confirm_button.show_rest()
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())
