"""The uncommitted changes that a run launched now would keep, as a patch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import ElidedLabel, clear, label, vertical
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.diff_view import DiffView
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading

if TYPE_CHECKING:
    from longshore.projects.capture import Patch


def patch_work(path: Path) -> Work[Patch]:
    """Give the work that reads the patch."""

    def work(_progress: object, _cancel: object) -> Patch:
        from longshore.projects.capture import patch_now

        return patch_now(path)

    return work


class PatchDialog(Dialog):
    """Shows the patch, and what stays out of it."""

    def __init__(self, parent: QWidget, context: AppContext, path: Path, title: str) -> None:
        super().__init__(parent, "Uncommitted changes", "", size="large", cancel="Close")
        self._context, self._path = context, path
        self.confirm_button.hide()
        self.setFixedHeight(max(320, parent.window().height() - 40))
        self.head_row.insertWidget(1, ElidedLabel(title, "mono", "secondary"))
        self._column = vertical(self.body, (24, 0, 24, 16), 10)
        self.diff: DiffView | None = None
        self._read()

    def _read(self) -> None:
        clear(self._column)
        self._column.addWidget(Loading("Reading the changes…"))
        self._context.runner.run(self, patch_work(self._path), self._show, self._fail)

    def _fail(self, error: LongshoreError) -> None:
        clear(self._column)
        self._column.addWidget(ErrorState(error, "The changes could not be read", self._read))
        self._column.addStretch(1)

    def _show(self, patch: Patch) -> None:
        clear(self._column)
        if not patch.text and not patch.withheld:
            text = "What was changed is committed by now, or is in no file that git follows."
            self._column.addWidget(EmptyState("code", "No uncommitted changes", text))
        if patch.text:
            self.diff = DiffView("Patch")
            left_out = self.diff.show_text(patch.text)
            self._column.addWidget(self.diff, 1)
            self.diff.setFocus()
            if patch.cut or left_out:
                self._say("This is the beginning of it; the run keeps all.")
        if patch.withheld:
            self._say(f"Not kept, since it looks like a secret: {_listed(patch.withheld)}", "warning")
        if patch.untracked:
            self._say(f"Not in git, listed by name with the run: {_listed(patch.untracked)}")
        if not patch.text and patch.withheld:
            self._column.addStretch(1)

    def _say(self, text: str, tone: str = "secondary") -> None:
        self._column.addWidget(label(text, "small", tone, wrap=True))


def _listed(names: tuple[str, ...], most: int = 8) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
