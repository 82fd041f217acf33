"""Settings: the folders whose code may run, and taking that back."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import TrustedFolder
from longshore.ui.pages.settings_parts import Section, fact_row, group
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.shell.trusting import change_work
from longshore.ui.widgets.basic import Button, Card, clear, vertical
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState
from longshore.ui.widgets.times import ago

# What is trusted, and whether a person is asked at all.
Found = tuple[tuple[TrustedFolder, ...], bool]


def read_trusted(home: Home) -> Work[Found]:
    """Give the work that reads which folders are trusted."""

    def work(_progress: Progress, _cancel: CancelToken) -> Found:
        from longshore.projects import trust

        return trust.listing(home), trust.asks(home)

    return work


class TrustSection(Section):
    """Lists trusted folders; each can be taken back, and that can be undone."""

    title = "Trusted folders"
    about = "The code in these folders may run on this computer. Every other folder is shown from its text alone."

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._shown: Found | None = None
        self._list = QWidget()
        self._list_column = vertical(self._list, spacing=12)
        self.rows.addWidget(self._list)

    def opened(self, *, add: bool = False) -> None:
        self.refresh()

    def refresh(self) -> None:
        work = read_trusted(self.context.home)
        self.context.runner.run(self, work, self._show, self._fail, key="trusted-folders")

    def _show(self, found: Found) -> None:
        if found == self._shown:
            return
        self._shown = found
        folders, asks = found
        clear(self._list_column)
        if not asks:
            self._list_column.addWidget(Banner("Every folder is trusted here: the setting `trust` says always."))
        if not folders:
            box = Card(surface="panel")
            words = "You are asked before the code of a folder runs for the first time."
            vertical(box).addWidget(EmptyState("shield", "No folder is trusted yet", words))
            self._list_column.addWidget(box)
            return
        self._list_column.addWidget(group(*map(self._row, folders)))

    def _row(self, folder: TrustedFolder) -> QWidget:
        name = Path(folder.path).name or folder.path
        remove = Button("Remove", partial(self._remove, folder.path), size="small", tip=f"Trust {name} no more")
        lines = [(f"Trusted {ago(folder.trusted_at)}", "secondary")]
        return fact_row("folder", "text.secondary", folder.path, lines, remove)

    def _remove(self, path: str) -> None:
        work = change_work(self.context.home, path, trusted=False)
        self.context.runner.run(self, work, partial(self._removed, path), self._tell)

    def _removed(self, path: str, _nothing: None) -> None:
        self.refresh()
        self.context.rows_changed.emit()
        undo = ("Undo", partial(self._trust_again, path))
        self.context.offer("success", f"{Path(path).name} is trusted no more", "What runs already runs on.", undo)

    def _trust_again(self, path: str) -> None:
        work = change_work(self.context.home, path, trusted=True)
        self.context.runner.run(self, work, lambda _nothing: self.refresh(), self._tell)

    def _tell(self, error: LongshoreError) -> None:
        self.context.tell("error", error.reason, error.hint or "")

    def _fail(self, error: LongshoreError) -> None:
        self._shown = None
        clear(self._list_column)
        self._list_column.addWidget(ErrorState(error, "The trusted folders could not be read", self.refresh))
