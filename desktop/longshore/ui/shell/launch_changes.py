"""What the packages of a day are beside today's: read in the background, shown in a list that folds."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.launch_environment_work import changes_work
from longshore.ui.widgets.basic import Button, label, restyle, row_of, vertical
from longshore.ui.widgets.plain_table import ROW_HEIGHT, PlainTable, TextColumn, TextRow

if TYPE_CHECKING:
    from longshore.projects.time_travel import Change

# A slider passes many days: only the one that it rests on is resolved.
_REST_MS = 400
_MOST_SHOWN = 7


class ChangesPart(QWidget):
    """Hidden while no day is asked for."""

    def __init__(self, context: AppContext, path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._path = context, path
        self._asked: tuple[str, str] = ("", "")
        self._known: dict[tuple[str, str], tuple[Change, ...]] = {}
        self._token: CancelToken | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REST_MS)
        self._timer.timeout.connect(self._read)
        column = vertical(self, spacing=6)
        self.said = label("", "small", "secondary", wrap=True)
        self.fold = Button("", self._toggle, kind="link", icon="chev-right", tip="Show or hide what changed")
        self._again = Button("Try again", self._read, kind="link")
        column.addWidget(row_of(self.fold, None))
        column.addWidget(self.said)
        column.addWidget(row_of(self._again, None))
        columns = (TextColumn("Package"), TextColumn("Then", 110), TextColumn("Now", 110))
        self.table = PlainTable("What changed since", columns)
        column.addWidget(self.table)
        for part in (self.table, self.fold, self._again):
            part.hide()
        self.hide()

    def show_day(self, python: str, as_of: str) -> None:
        """Read what changed since a day, once it stays; none hides all."""
        if (python, as_of) == self._asked:
            return
        self._asked = (python, as_of)
        if self._token is not None:
            self._token.cancel()
            self._token = None
        self._timer.stop()
        self.setVisible(bool(as_of))
        if not as_of:
            return
        if self._asked in self._known:
            self._show(self._asked, self._known[self._asked])
            return
        self._say(f"Reading what changed since {as_of}…")
        self._timer.start()

    def _read(self) -> None:
        asked = self._asked
        self._say(f"Reading what changed since {asked[1]}…")
        work = changes_work(self._context.home, self._path, *asked)
        self._token = self._context.runner.run(self, work, partial(self._show, asked), partial(self._fail, asked))

    def _show(self, asked: tuple[str, str], found: tuple[Change, ...]) -> None:
        self._known[asked] = found
        if asked != self._asked:
            return
        if not found:
            self._say(f"The packages are today's: nothing changed since {asked[1]}.")
            return
        count = len(found)
        self._say("")
        self.fold.setText(
            f"{count} package{'' if count == 1 else 's'} {'differs' if count == 1 else 'differ'} from today"
        )
        self.fold.show()
        none = "not there"
        self.table.show_rows([TextRow(one.name, (one.name, one.then or none, one.now or none)) for one in found])
        self.table.setFixedHeight((min(count, _MOST_SHOWN) + 1) * ROW_HEIGHT + 4)

    def _fail(self, asked: tuple[str, str], error: LongshoreError) -> None:
        if asked == self._asked:
            self._say(f"{error.reason} {error.hint or ''}".strip(), "danger")
            self._again.show()

    def _say(self, text: str, tone: str = "secondary") -> None:
        self.said.setText(text)
        restyle(self.said, tone=tone)
        self.said.setVisible(bool(text))
        self._again.hide()
        self._fold_in()
        self.fold.hide()

    def _fold_in(self) -> None:
        self.table.hide()
        self.fold.set_icon("chev-right")

    def _toggle(self) -> None:
        if self.table.isVisibleTo(self):
            self._fold_in()
        else:
            self.table.show()
            self.fold.set_icon("chev-down")
