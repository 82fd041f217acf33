"""Groups in the run table: by what, which of them are open, and what their rows are."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from longshore.progress import CancelToken, Progress
from longshore.tracking.rows import Grouping, Rows
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.run_columns import all_columns

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.tracking.run_index import Selection
    from longshore.ui.pages.runs_search import RunSearch
    from longshore.ui.pages.runs_work import Answer
    from longshore.ui.shell.tasks import Work
    from longshore.ui.widgets.run_table import RunTable

# Of more params nobody groups by all that differ.
MOST_PARAMS = 300
# More open groups are only a longer list of runs.
MOST_OPENED = 1_000


def varying_work(selection: Selection) -> Work[tuple[str, ...]]:
    """Give the work that finds the params in which runs differ."""

    def work(_progress: Progress, cancel: CancelToken) -> tuple[str, ...]:
        from longshore.tracking import run_index
        from longshore.tracking.index import columns

        params = selection.frame.columns.params[:MOST_PARAMS]
        return run_index.varying(selection, map(columns.param, params), cancel)

    return work


class TableGroups(QObject):
    """Remembers how the table is grouped. Each change asks for other rows."""

    changed = Signal()

    def __init__(self, context: AppContext, page: QWidget, table: RunTable, search: RunSearch) -> None:
        super().__init__(page)
        self._context, self._page, self._table, self._search = context, page, table, search
        self.grouping = Grouping()
        self._open: frozenset[str] = frozenset()
        table.group_toggled.connect(self.toggle)

    def forget(self) -> None:
        """Group nothing: another project is shown."""
        self.grouping, self._open = Grouping(), frozenset()

    def rows_of(self, answer: Answer) -> Rows:
        """Give what the table shows of an answer."""
        return answer.rows if answer.groups is None else answer.groups.opened(self._open)

    def words(self, answer: Answer) -> str:
        """Say how many groups there are, empty where there are none."""
        if answer.groups is None:
            return ""
        count = answer.groups.group_count
        return " in 1 group" if count == 1 else f" in {count:,} groups"

    def toggle(self, group_id: str) -> None:
        """Open a group, or close it."""
        self._open = self._open ^ {group_id}
        self._show()

    def open_all(self, *, opened: bool) -> None:
        """Open every group, or close them."""
        answer = self._search.answer
        if answer is None or answer.groups is None:
            return
        if opened and answer.groups.group_count > MOST_OPENED:
            self._context.tell("info", f"{answer.groups.group_count:,} groups are too many to open together.")
            return
        self._open = frozenset(answer.groups.group_ids) if opened else frozenset()
        self._show()

    def _show(self) -> None:
        answer = self._search.answer
        if answer is not None and answer.groups is not None:
            self._table.show_rows(self.rows_of(answer).showing(self._search.columns or ()))

    def choose(self, below: QWidget) -> None:
        """Let a person choose what to group by."""
        answer = self._search.answer
        if answer is None:
            self._context.tell("info", "The runs are being read.")
            return
        work = varying_work(answer.rows.selection)
        self._context.runner.run(self, work, partial(self._open_chooser, below, answer), key="runs.varying")

    def _open_chooser(self, below: QWidget, answer: Answer, varying: Sequence[str]) -> None:
        from longshore.ui.widgets.group_chooser import GroupChooser

        columns = all_columns(answer.frame.columns)
        chooser = GroupChooser(self._page, columns, self.grouping, varying)
        chooser.chosen.connect(self.take)
        chooser.open_below(below)

    def take(self, grouping: Grouping) -> None:
        """Group so."""
        if grouping != self.grouping:
            if grouping.by != self.grouping.by:
                self._open = frozenset()
            self.grouping = grouping
            self.changed.emit()
