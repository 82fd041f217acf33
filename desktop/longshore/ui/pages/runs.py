"""Runs: the table of a project's runs, filter in MLflow's language, and the comparison of the selected ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.store import quick
from longshore.tracking.rows import ColumnSet, ListedRows, RunRow, columns_of
from longshore.tracking.snapshot import load_last
from longshore.ui.pages import runs_states as states
from longshore.ui.pages import runs_work as work
from longshore.ui.pages.runs_export import Export
from longshore.ui.pages.runs_search import RunSearch
from longshore.ui.pages.runs_toolbar import RunsToolbar
from longshore.ui.pages.trash_moves import Moves
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.widgets.basic import clear, vertical
from longshore.ui.widgets.run_columns import Column, all_columns, default_ids, index_columns
from longshore.ui.widgets.run_table import RunTable as RunTableView
from longshore.ui.widgets.states import Banner, Choice, ErrorState
from longshore.ui.widgets.times import ago

if TYPE_CHECKING:
    from longshore.tracking.experiment_list import Named
    from longshore.tracking.imports.types import Found
    from longshore.ui.pages.compare_panel import ComparePanel

# Beyond this many selected runs the comparison waits for being asked for.
MOST_COMPARED = 8
# More are too many for one screen.
MOST_SIDE_BY_SIDE = 50


class RunsPage(Page):
    """The run table of the open project, or of the whole workspace without one."""

    title = "Runs"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._project: str | None = None
        self._names = ColumnSet()
        self._chosen: list[str] | None = None
        # What is asked for, and what the rows on screen are sorted by.
        self._order: tuple[Column, bool] | None = None
        self._shown_order: tuple[Column, bool] | None = None
        self._loaded = False
        self.search = RunSearch(context, self)
        self._offline = False
        # The first rows, with every value.
        self._head: Sequence[RunRow] = ()
        self._comparing: list[str] = []
        # Selected as soon as they are in the table.
        self._to_select: list[str] = []
        self._moves = Moves(context, self, self._start_over)
        self._export = Export(context, self, lambda: self.search.answer)
        column = vertical(self)
        self._banner_holder = QWidget()
        self._banner = vertical(self._banner_holder)
        column.addWidget(self._banner_holder)
        self.bar = RunsToolbar()
        self.filter = self.bar.filter
        column.addWidget(self.bar)
        # From the outside in: Qt styles again all that is inside of what moves.
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        column.addWidget(self._splitter, 1)
        self._stack = QStackedWidget(self._splitter)
        self.table = RunTableView(self._stack)
        self._stack.addWidget(self.table)
        self._instead = QWidget(self._stack)
        self._instead_column = vertical(self._instead, (20, 20, 20, 20))
        self._stack.addWidget(self._instead)
        self._connect()

    @cached_property
    def compare_panel(self) -> ComparePanel:
        """The lower half, made when runs are compared for the first time."""
        from longshore.ui.pages.compare_panel import ComparePanel

        panel = ComparePanel(self.context, lambda: self.search.answer, self._splitter)
        panel.closed.connect(self._close_comparison)
        panel.selected.connect(self._select_brushed)
        self.rows_shown.connect(panel.refresh)
        self._splitter.addWidget(panel)
        self._splitter.setSizes([480, 320])
        return panel

    def _connect(self) -> None:
        self.filter.applied.connect(self._start_over)
        self.bar.experiments.activated.connect(self._start_over)
        self.bar.compare_asked.connect(self.compare)
        self.bar.clear_asked.connect(self.table.pinned.clearSelection)
        self.bar.columns_asked.connect(self._choose_columns)
        self.table.sort_asked.connect(self._sort)
        self.search.found.connect(self._show_rows)
        self.search.looked.connect(self._show_age)
        self.search.offline.connect(self._show_offline)
        self.search.experiments_known.connect(self._show_experiments)
        self.search.failed.connect(self._show_failure)
        self.search.waiting.connect(self.bar.show_waiting)
        self.bar.cancel_asked.connect(self._cancel)
        self.table.opened.connect(lambda run_id: self.context.open("run", run_id=run_id))
        self.table.selection_changed.connect(self._show_selection)
        self.table.compare_asked.connect(self.compare)
        self.context.workspace_changed.connect(self._leave)
        self.context.theme.changed.connect(self._redraw)
        self._show_selection()

    def actions_now(self) -> list[Action]:
        selected = self.table.selected_count
        because = "" if selected >= 2 else "Select two runs or more (Space)."
        name = self.context.project.name if self.context.project else ""
        return [
            Action(
                "compare-runs", "Compare runs", self.compare, icon="compare", in_bar=False, disabled_because=because
            ),
            Action(
                "import-runs", "Import…", self.import_runs, icon="download", command=f"longshore import {name}".strip()
            ),
            Action("columns", "Choose columns", self._choose_columns, icon="columns", in_bar=False),
            Action("filter", "Filter runs", self._focus_filter, icon="filter", shortcut="Ctrl+F", in_bar=False),
            *self._moves.actions(selected, self.table.selected_ids),
            self._export.action(),
            Action(
                "launch",
                "Launch run",
                self.context.launch,
                icon="play",
                kind="primary",
                shortcut="Ctrl+R",
                disabled_because="" if self.context.project else "Open a project first.",
                command=f"longshore run {name}".strip(),
            ),
        ]

    def import_runs(self) -> None:
        """Offer the runs that the project's folder holds already."""
        from longshore.ui.pages.import_dialog import ImportDialog

        dialog = ImportDialog(self, self.context)
        dialog.imported.connect(self._start_over)
        dialog.open()

    def _focus_filter(self) -> None:
        self.filter.line.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_with(self, **arguments: object) -> None:
        # Coming to the front and filling the table are two turns of the event loop: one would be a long one.
        QTimer.singleShot(0, self, partial(self._show_with, arguments))

    def _show_with(self, arguments: Mapping[str, object]) -> None:
        project = self.context.project.name if self.context.project else None
        if project != self._project or not self._loaded:
            self._project = project
            self._enter_project()
        if expression := arguments.get("filter"):
            self.filter.set_text(str(expression))
        asked = arguments.get("compare")
        if isinstance(asked, tuple):
            self._to_select = list(asked)
            self._compare(self._to_select)
        self.refresh()

    def _enter_project(self) -> None:
        """Show the last state of this project's table at once."""
        self._loaded, self._head = True, ()
        self._order = self._shown_order = None
        self.search.forget()
        self._chosen = quick.view_state(self.context.home, self._columns_key())
        last = load_last(self.context.home, work.key_of(self.context.workspace_name, self._project))
        rows = ListedRows(last.rows if last else ())
        self._head = rows
        self._names = columns_of(rows)
        self.table.show_rows(rows)
        self._show_columns()
        total = last.total if last else None
        self._show_counts(total if total is not None else len(rows), f"as of {ago(last.as_of)}" if last else "loading…")
        if rows:
            self.note_rows()
        self._start_over()

    def _leave(self) -> None:
        """Show another workspace's runs when the page is seen next."""
        self._loaded = False
        if self.isVisible():
            self.show_with()

    def _columns_key(self) -> str:
        return f"runs.columns/{self._project or ''}"

    def _show_experiments(self, experiments: tuple[Named, ...]) -> None:
        self.bar.show_experiments([each.name for each in experiments])

    def _query(self) -> work.Query:
        order: tuple[str, ...] = ()
        if self._order is not None:
            order = (f"{self._order[0].order_by} {'ASC' if self._order[1] else 'DESC'}",)
        return work.Query(self._project, self.bar.experiment, self.filter.text(), order)

    def _start_over(self, *_arguments: object) -> None:
        if not self._loaded:
            return
        self._mark_order()
        self.search.ask(self._query())

    def _cancel(self) -> None:
        self.search.cancel()
        given_up, self._order = self._order, self._shown_order
        self._mark_order()
        self._show_banner("It was cancelled.", ("Search again", partial(self._search_again, given_up)))

    def _search_again(self, order: tuple[Column, bool] | None) -> None:
        self._order = order
        self._start_over()

    def _mark_order(self) -> None:
        column, ascending = self._order or (None, True)
        self.table.model.show_sorting(column.id if column else None, ascending=ascending)

    def refresh(self) -> None:
        self.search.look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.search.pause()

    def _show_rows(self, found: work.Answer, fresh: bool) -> None:
        if not self._offline:
            self._clear_banner()
        self.filter.show_error("")
        self._head, names = found.head, found.frame.columns
        self.table.show_rows(found.rows)
        if fresh:
            self._shown_order = self._order
            self.table.scroll_to_top()
        if self._to_select and self.table.model.rows.places(self._to_select):
            self.table.select_runs(self._to_select)
            self._to_select = []
        self._names = names
        self._show_columns()
        self.filter.show_frame(found.frame)
        self._show_table_or_empty()
        self.rows_shown.emit()

    def _show_age(self, answer: work.Answer) -> None:
        """Say how many there are and how fresh they are."""
        if not self.isVisible():
            self.search.pause()
        frame, aside = answer.frame, ""
        if not frame.complete and frame.expected:
            aside = f"reading {len(frame):,} of {frame.expected:,}"
        elif frame.as_of is not None:
            aside = f"updated {ago(frame.as_of)}"
        self._show_counts(len(answer.rows), aside)

    def _show_offline(self, error: LongshoreError | None) -> None:
        self._offline = error is not None
        if error is None:
            self._clear_banner()
        else:
            self._show_banner(error.reason, ("Retry", self._start_over), error.hint or "")

    def _show_columns(self) -> None:
        wanted = self._chosen if self._chosen is not None else default_ids(self._head)
        known = {column.id: column for column in all_columns(self._names)}
        shown = [known[each] for each in wanted if each in known]
        self.search.columns = index_columns(shown)
        self.table.model.rows = self.table.model.rows.showing(self.search.columns)
        self.table.show_columns(shown)

    def _show_counts(self, count: int, aside: str = "") -> None:
        words = "1 run" if count == 1 else f"{count:,} runs"
        self.bar.shown.setText(f"Showing {words}" + (f", {aside}" if aside else ""))

    def _show_table_or_empty(self) -> None:
        if len(self.table.model.rows):
            self._stack.setCurrentWidget(self.table)
            return
        if self.filter.text():
            self._show_instead(states.no_fit(self.filter.clear))
        else:
            self._show_instead(states.no_runs(self.context.launch))
            self._offer_import()

    def _offer_import(self) -> None:
        from longshore.ui.pages.import_dialog import find_work

        if self.context.project:
            looking = find_work(self.context.project.path)
            self.context.runner.run(self, looking, self._show_offer, lambda _error: None, key="runs.find")

    def _show_offer(self, found: tuple[Found, ...]) -> None:
        if found and not self.table.model.rows and not self.filter.text():
            self._show_instead(states.importable(found, self.import_runs))

    def _show_instead(self, widget: QWidget) -> None:
        clear(self._instead_column)
        self._instead_column.addWidget(widget)
        self._stack.setCurrentWidget(self._instead)

    def _show_failure(self, error: LongshoreError) -> None:
        if isinstance(error, Invalid):
            self.filter.show_error(f"{error.reason} {error.hint or ''}".strip())
        elif len(self.table.model.rows):
            self._show_banner(error.reason, ("Retry", self._start_over), error.hint or "")
        else:
            self._show_instead(ErrorState(error, "The runs could not be loaded", self._start_over))

    def _show_banner(self, what: str, again: Choice, hint: str = "") -> None:
        self._clear_banner()
        self._banner.addWidget(Banner(f"{what} The table shows the last state. {hint}".strip(), again))

    def _clear_banner(self) -> None:
        clear(self._banner)

    def _sort(self, column: object) -> None:
        assert isinstance(column, Column)
        ascending = not (self._order is not None and self._order[0].id == column.id and self._order[1])
        self._order = (column, ascending)
        self._start_over()

    def _choose_columns(self) -> None:
        shown = [column.id for column in self.table.model.columns]
        from longshore.ui.widgets.column_chooser import ColumnChooser

        chooser = ColumnChooser(self, all_columns(self._names), shown, default_ids(self._head))
        chooser.chosen.connect(self._columns_chosen)
        chooser.open_below(self.bar.columns_button)

    def _columns_chosen(self, ids: list[str]) -> None:
        self._chosen = ids
        self._show_columns()
        saving = work.save_view_work(self.context.home, self._columns_key(), ids)
        self.context.runner.run(self, saving, key="view")

    def _show_selection(self) -> None:
        count = self.table.selected_count
        self.bar.show_selected(count)
        self.context.actions_changed.emit()
        if self._comparing and 2 <= count <= MOST_COMPARED:
            self.compare()

    def compare(self) -> None:
        """Show the selected runs side by side."""
        ids = self.table.selected_ids()
        if len(ids) < 2:
            self.context.tell(
                "info", "Select two runs or more to compare them.", "Space selects the row with the keyboard."
            )
        elif len(ids) > MOST_SIDE_BY_SIDE:
            self.context.tell("info", f"Select at most {MOST_SIDE_BY_SIDE} runs to compare them.")
        else:
            self._compare(ids)

    def _compare(self, ids: list[str]) -> None:
        if sorted(ids) == sorted(self._comparing):
            return
        self._comparing = ids
        self.compare_panel.show_loading(len(ids))
        self.compare_panel.show()
        self.table.show_swatches(ids)
        self.context.runner.run(
            self,
            work.compare_work(self.context.home, self.context.workspace_name, ids),
            lambda compared: self._show_compared(compared, ids),
            self.compare_panel.show_error,
            key="runs.compare",
            title="Comparing runs",
        )

    def _show_compared(self, compared: work.Compared, ids: list[str]) -> None:
        if ids == self._comparing:
            self.compare_panel.show_compared(compared)

    def _select_brushed(self, run_ids: list[str]) -> None:
        """Select runs that a chart chose; those that are compared stay."""
        comparing, self._comparing = self._comparing, []
        self.table.select_runs(run_ids)
        self._comparing = comparing

    def _close_comparison(self) -> None:
        self._comparing = []
        self.compare_panel.hide()
        self.table.show_swatches([])
        self.table.pinned.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._comparing:
            self._close_comparison()
            return
        super().keyPressEvent(event)

    def _redraw(self) -> None:
        for view in (self.table.pinned, self.table.rest):
            view.viewport().update()
        again, self._comparing = self._comparing, []
        if again:
            self._compare(again)
