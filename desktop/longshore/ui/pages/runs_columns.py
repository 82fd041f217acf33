"""Which columns the run table shows: what most runs have, or what somebody chose; kept per project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from longshore.progress import CancelToken, Progress
from longshore.store import quick
from longshore.tracking.rows import ColumnSet
from longshore.ui.pages import runs_work as work
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.run_columns import Column, all_columns, columns_of_ids, index_columns, value_name
from longshore.ui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.tracking.run_index import Selection
    from longshore.ui.pages.runs_search import RunSearch
    from longshore.ui.shell.tasks import Work


SETTLE_MS = 400


def constant_work(selection: Selection, ids: dict[str, str]) -> Work[frozenset[str]]:
    """Give the work that finds the columns in which all runs are alike. `ids`: by the columns' names in the index."""

    def work(_progress: Progress, cancel: CancelToken) -> frozenset[str]:
        from longshore.tracking import run_index

        if len(selection) < 2:
            return frozenset()  # one run differs from nothing
        differ = run_index.varying(selection, ids, cancel)
        return frozenset(ids[name] for name in set(ids) - set(differ))

    return work


class TableColumns(QObject):
    """Shows columns, lets a person choose and order them, and keeps the choice."""

    # Somebody chose.
    changed = Signal()

    def __init__(self, context: AppContext, page: QWidget, table: RunTable, search: RunSearch) -> None:
        super().__init__(page)
        self._context, self._page, self._table, self._search = context, page, table, search
        self._project = ""
        self._names = ColumnSet()
        # What most runs have: the columns where nobody chose.
        self._at_first: Sequence[str] = ()
        # None: nobody chose.
        self.chosen: list[str] | None = None
        # Leave out the columns in which the runs do not differ: these, of those rows.
        self.hide_constant = False
        self._constant: frozenset[str] = frozenset()
        self._measured: tuple[object, tuple[str, ...]] | None = None
        table.columns_moved.connect(self._moved)
        # A dragged edge tells its place a hundred times.
        self._widths_settle = QTimer(self)
        self._widths_settle.setSingleShot(True)
        self._widths_settle.setInterval(SETTLE_MS)
        self._widths_settle.timeout.connect(self._keep_widths)
        table.widths.changed.connect(self._widths_settle.start)

    def enter(self, project: str | None) -> None:
        """Show what was chosen for a project."""
        self._project = project or ""
        home = self._context.home
        self.chosen = quick.view_state(home, self._key("columns"))
        self.hide_constant = quick.view_state(home, self._key("hide_constant"), False) is True
        self._constant, self._measured = frozenset(), None
        self._widths_settle.stop()
        kept = quick.view_state(home, self._key("widths"))
        widths = kept if isinstance(kept, dict) else {}
        self._table.widths.show({column: width for column, width in widths.items() if type(width) is int})

    def _key(self, what: str) -> str:
        return f"runs.{what}/{self._project}"

    def show(self, at_first: Sequence[str], names: ColumnSet) -> None:
        """Show what was chosen of these names, `at_first` where nobody did."""
        self._at_first, self._names = at_first, names
        wanted = columns_of_ids(names, self._wanted())
        if self.hide_constant:
            self._measure(wanted)
            wanted = [column for column in wanted if column.id not in self._constant]
        self._search.columns = index_columns(wanted)
        self._table.model.rows = self._table.model.rows.showing(self._search.columns)
        self._table.show_columns(wanted)

    def _wanted(self) -> list[str]:
        return self.chosen if self.chosen is not None else list(self._at_first)

    def _measure(self, wanted: Sequence[Column]) -> None:
        """Find out in which columns the runs do not differ, once for the same runs and columns."""
        answer = self._search.answer
        names = {name: column.id for column in wanted if (name := value_name(column))}
        if answer is None or (self._measured and self._measured == (answer.rows.selection, tuple(names))):
            return
        self._measured = (answer.rows.selection, tuple(names))
        measuring = constant_work(answer.rows.selection, names)
        self._context.runner.run(self, measuring, partial(self._take_constant, self._measured), key="runs.constant")

    def _take_constant(self, measured: tuple[object, tuple[str, ...]], constant: frozenset[str]) -> None:
        if measured == self._measured and constant != self._constant:
            self._constant = constant
            self.show(self._at_first, self._names)

    def known(self, column_id: str) -> Column | None:
        """Give a column that there is, by its id."""
        return next(iter(columns_of_ids(self._names, [column_id])), None)

    def choose(self, below: QWidget) -> None:
        """Let a person choose."""
        from longshore.ui.widgets.column_chooser import ColumnChooser

        wanted = self._wanted()
        chooser = ColumnChooser(
            self._page,
            [*all_columns(self._names), *(each for each in columns_of_ids(self._names, wanted) if each.is_past)],
            wanted,
            constant=self._constant if self.hide_constant else (),
            hide_constant=self.hide_constant,
        )
        chooser.chosen.connect(self.take)
        chooser.hide_constant_asked.connect(self.set_hide_constant)
        chooser.reset_asked.connect(lambda: self.take(None))
        chooser.reset_asked.connect(lambda: chooser.show_chosen(self._wanted()))
        chooser.open_below(below)

    def take(self, ids: list[str] | None) -> None:
        """Show what was chosen and keep it; None goes back to what most runs have."""
        self.chosen = ids
        self.show(self._at_first, self._names)
        self._keep("columns", ids)

    def take_widths(self, widths: Mapping[str, int]) -> None:
        """Make columns as wide as a view says, and keep it."""
        if widths != self._table.widths.chosen:
            self._table.widths.show(widths)
            self._keep_widths()

    def _keep_widths(self) -> None:
        self._keep("widths", dict(self._table.widths.chosen))

    def set_hide_constant(self, hide: bool) -> None:
        """Leave out the columns in which the runs do not differ, or show them."""
        self.hide_constant = hide
        self._constant, self._measured = frozenset(), None
        self.show(self._at_first, self._names)
        self._keep("hide_constant", hide)

    def _moved(self, ids: list[str]) -> None:
        """Keep the order of the columns in sight; those that are hidden stay behind the one before them."""
        hidden = [each for each in self._wanted() if each not in ids]
        before = self._wanted()
        order = list(ids)
        for each in hidden:
            at = before.index(each)
            place = order.index(before[at - 1]) + 1 if at and before[at - 1] in order else 0
            order.insert(place, each)
        self.take(order)

    def _keep(self, what: str, value: object) -> None:
        self._context.runner.run(self, work.save_view_work(self._context.home, self._key(what), value), key="view")
        self.changed.emit()
