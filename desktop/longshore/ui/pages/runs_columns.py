"""Which columns the run table shows: what most runs have, or what somebody chose; kept per project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.store import quick
from longshore.tracking.rows import ColumnSet, RunRow
from longshore.ui.pages import runs_work as work
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.run_columns import all_columns, default_ids, index_columns
from longshore.ui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.ui.pages.runs_search import RunSearch


class TableColumns(QObject):
    """Shows columns, lets a person choose them, and keeps the choice."""

    def __init__(self, context: AppContext, page: QWidget, table: RunTable, search: RunSearch) -> None:
        super().__init__(page)
        self._context, self._page, self._table, self._search = context, page, table, search
        self._key = ""
        self._names = ColumnSet()
        # The first rows, with every value: they tell what most runs have.
        self._head: Sequence[RunRow] = ()
        # None: nobody chose.
        self.chosen: list[str] | None = None

    def enter(self, project: str | None) -> None:
        """Show what was chosen for a project."""
        self._key = f"runs.columns/{project or ''}"
        self.chosen = quick.view_state(self._context.home, self._key)

    def show(self, head: Sequence[RunRow], names: ColumnSet) -> None:
        """Show the columns of these rows."""
        self._head, self._names = head, names
        wanted = self.chosen if self.chosen is not None else default_ids(head)
        known = {column.id: column for column in all_columns(names)}
        shown = [known[each] for each in wanted if each in known]
        self._search.columns = index_columns(shown)
        self._table.model.rows = self._table.model.rows.showing(self._search.columns)
        self._table.show_columns(shown)

    def choose(self, below: QWidget) -> None:
        """Let a person choose."""
        from longshore.ui.widgets.column_chooser import ColumnChooser

        shown = [column.id for column in self._table.model.columns]
        chooser = ColumnChooser(self._page, all_columns(self._names), shown, default_ids(self._head))
        chooser.chosen.connect(self.take)
        chooser.open_below(below)

    def take(self, ids: list[str] | None) -> None:
        """Show what was chosen and keep it; None goes back to what most runs have."""
        self.chosen = ids
        self.show(self._head, self._names)
        saving = work.save_view_work(self._context.home, self._key, ids)
        self._context.runner.run(self, saving, key="view")
