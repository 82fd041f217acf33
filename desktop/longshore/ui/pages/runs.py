"""Runs: the table of a project's runs, filter in MLflow's language, and the comparison of the selected ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QSplitter, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.tracking.comparing.places import RunAt
from longshore.tracking.rows import ListedRows, columns_of
from longshore.tracking.snapshot import load_last
from longshore.ui.pages import runs_states as states
from longshore.ui.pages import runs_work as work
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.runs_columns import TableColumns
from longshore.ui.pages.runs_comparing import MOST_SIDE_BY_SIDE, Comparing
from longshore.ui.pages.runs_copy import Copying
from longshore.ui.pages.runs_density import Density
from longshore.ui.pages.runs_edits import Edits
from longshore.ui.pages.runs_export import Export
from longshore.ui.pages.runs_groups import TableGroups
from longshore.ui.pages.runs_kept import KeptStrip
from longshore.ui.pages.runs_look import TableLook
from longshore.ui.pages.runs_menu import show_below, show_menu
from longshore.ui.pages.runs_past import TablePast
from longshore.ui.pages.runs_search import RunSearch
from longshore.ui.pages.runs_states import BannerPlace, NoticePlace, TablePlace
from longshore.ui.pages.runs_toolbar import RunsToolbar
from longshore.ui.pages.runs_views import SavedViews
from longshore.ui.pages.trash_moves import Moves
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.widgets.basic import vertical
from longshore.ui.widgets.late_content import TURN_MS
from longshore.ui.widgets.run_columns import default_ids
from longshore.ui.widgets.run_table import RunTable as RunTableView
from longshore.ui.widgets.states import ErrorState
from longshore.ui.widgets.times import ago

if TYPE_CHECKING:
    from longshore.tracking.experiment_list import Named
    from longshore.tracking.imports.types import Found
    from longshore.ui.pages.compare_panel import ComparePanel


class RunsPage(Page):
    """The run table of the open project, or of the whole workspace without one."""

    title = "Runs"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._project: str | None = None
        self._loaded = False
        self.search = RunSearch(context, self)
        self._offline = False
        # Selected as soon as they are in the table.
        self._to_select: list[str] = []
        self._moves = Moves(context, self, self._start_over)
        self._export = Export(context, self, self.search)
        column = vertical(self)
        self._banner = BannerPlace()
        column.addWidget(self._banner)
        self._notice = NoticePlace(self)
        column.addWidget(self._notice)
        self.bar = RunsToolbar()
        self.filter = self.bar.filter
        column.addWidget(self.bar)
        self.kept_strip = KeptStrip(context.kept, self)
        column.addWidget(self.kept_strip)
        # From the outside in: Qt styles again all that is inside of what moves.
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        column.addWidget(self._splitter, 1)
        self._place = TablePlace(self._splitter)
        self.table = RunTableView(self._place)
        self._place.hold(self.table)
        self.comparing = Comparing(context, self, self.table, self._splitter)
        self.columns = TableColumns(context, self, self.table, self.search)
        self.edits = Edits(context, self, self.table, self.search)
        self.groups = TableGroups(context, self, self.table, self.search)
        self.copying = Copying(context, self, self.table, self.search)
        self.density = Density(context, self, self.table)
        self.charts = CompareLayout(context, self)
        self.look = TableLook(self.table, self.filter, self.columns, self.groups, self.density, self.charts)
        self.past = TablePast(context, self, self.table, self.search, self.look, self._notice)
        self.views = SavedViews(context, self, self.look.look)
        self._connect()

    @property
    def compare_panel(self) -> ComparePanel:
        """The lower half, made when runs are compared for the first time."""
        return self.comparing.panel

    def _connect(self) -> None:
        self.filter.applied.connect(self._start_over)
        self.bar.experiments.activated.connect(self._start_over)
        self.bar.compare_asked.connect(self.comparing.compare)
        self.kept_strip.compare_asked.connect(self.comparing.compare_kept)
        self.bar.clear_asked.connect(self.table.pinned.clearSelection)
        self.bar.columns_asked.connect(self._choose_columns)
        self.bar.edit_asked.connect(self.edits.ask)
        self.bar.group_asked.connect(self._choose_groups)
        self.table.group_asked.connect(self._choose_groups)
        self.groups.changed.connect(self._show_grouping)
        self.bar.views_asked.connect(self._show_views)
        self.table.views_asked.connect(self._show_views)
        self.views.current_changed.connect(self.bar.show_view)
        self.views.shown.connect(self.look.show_view)
        self.look.changed.connect(self._start_over)
        self.columns.changed.connect(self.views.look_again)
        self.columns.changed.connect(self.past.columns_changed)
        self.density.changed.connect(self.views.look_again)
        self.charts.changed.connect(self.views.look_again)
        self.bar.density_asked.connect(self._show_densities)
        self.table.density_asked.connect(self._show_densities)
        self.search.found.connect(self._show_rows)
        self.search.looked.connect(self._show_age)
        self.search.offline.connect(self._show_offline)
        self.search.experiments_known.connect(self._show_experiments)
        self.search.failed.connect(self._show_failure)
        self.search.waiting.connect(self.bar.show_waiting)
        self.bar.cancel_asked.connect(self._cancel)
        self.table.opened.connect(lambda run_id: self.context.open("run", run_id=run_id))
        self.table.selection_changed.connect(self._show_selection)
        self.table.compare_asked.connect(self.comparing.compare)
        self.table.keep_asked.connect(self.keep)
        self.table.menu_asked.connect(partial(show_menu, self))
        self.context.workspace_changed.connect(self._leave)
        self.context.theme.changed.connect(self._redraw)
        self._show_selection()

    def actions_now(self) -> list[Action]:
        selected = self.table.selected_count
        because = "" if selected >= 2 else "Select two runs or more (Space)."
        name = self.context.project.name if self.context.project else ""
        return [
            Action(
                "compare-runs",
                "Compare runs",
                self.comparing.compare,
                icon="compare",
                in_bar=False,
                disabled_because=because,
            ),
            Action(
                "keep-runs",
                "Keep for comparing",
                self.keep,
                icon="pin",
                in_bar=False,
                disabled_because="" if selected else "Select a run or more (Space).",
            ),
            Action(
                "import-runs", "Import…", self.import_runs, icon="download", command=f"longshore import {name}".strip()
            ),
            Action("columns", "Choose columns", self._choose_columns, icon="columns", in_bar=False),
            Action("group-runs", "Group runs…", self._choose_groups, icon="group", in_bar=False),
            Action("filter", "Filter runs", self._focus_filter, icon="filter", shortcut="Ctrl+F", in_bar=False),
            *self.edits.actions(),
            *self.views.actions(),
            *self.copying.actions(),
            *self.density.actions(),
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

    def keep(self) -> None:
        """Keep the selected runs for comparing, also with those of another workspace."""
        ids = self.table.selected_ids()
        if not ids or len(ids) > MOST_SIDE_BY_SIDE:
            words = f"Select up to {MOST_SIDE_BY_SIDE} runs to keep them for comparing."
            self.context.tell("info", words, "Space selects the row with the keyboard.")
            return
        rows = self.table.model.rows
        self.context.kept.keep([(run_id, rows[place].name) for run_id, place in rows.places(ids).items()])

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
        QTimer.singleShot(TURN_MS, self, partial(self._show_with, arguments))

    def _show_with(self, arguments: Mapping[str, object]) -> None:
        project = self.context.project.name if self.context.project else None
        if project != self._project or not self._loaded:
            self._project = project
            self._enter_project()
        if expression := arguments.get("filter"):
            self.filter.set_text(str(expression))
        asked = arguments.get("compare")
        if isinstance(asked, tuple):
            self._to_select, workspace = list(asked), self.context.workspace_now()
            self.comparing.compare_runs([RunAt(run_id, workspace) for run_id in asked])
        if arguments.get("compare_kept"):
            self.comparing.compare_kept()
        self.refresh()

    def _enter_project(self) -> None:
        """Show the last state of this project's table at once."""
        self._loaded = True
        self.look.forget()
        self.search.forget()
        self.past.forget()
        self.edits.forget()
        self.groups.forget()
        self.bar.show_grouping(())
        self.views.enter(self._project)
        self.columns.enter(self._project)
        self.charts.enter_project()
        last = load_last(self.context.home, work.key_of(self.context.workspace_name, self._project))
        rows = ListedRows(last.rows if last else ())
        self.table.show_rows(rows)
        self.columns.show(default_ids(rows), columns_of(rows))
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

    def _show_experiments(self, experiments: tuple[Named, ...]) -> None:
        self.bar.show_experiments([each.name for each in experiments])

    def _query(self) -> work.Query:
        text, order = self.filter.text(), self.look.order_by
        return work.Query(self._project, self.bar.experiment, text, order, self.groups.grouping)

    def _start_over(self, *_arguments: object) -> None:
        if not self._loaded:
            return
        self.look.mark()
        self.search.ask(self._query())
        self.views.look_again()

    def _cancel(self) -> None:
        self.search.cancel()
        given_up = self.look.give_up()
        self._banner.show_banner("It was cancelled.", ("Search again", partial(self.look.sort_by, given_up)))

    def refresh(self) -> None:
        self.search.look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.search.pause()

    def _show_rows(self, found: work.Answer, fresh: bool) -> None:
        if not self._offline:
            self._banner.clear()
        self.filter.show_error("")
        self.table.show_rows(self.groups.rows_of(found))
        if fresh:
            self.look.note_shown()
            self.table.scroll_to_top()
        if self._to_select and self.table.model.rows.places(self._to_select):
            self.table.select_runs(self._to_select)
            self._to_select = []
        self.columns.show(found.at_first, found.frame.columns)
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
        self._show_counts(len(answer.rows), aside, self.groups.words(answer))

    def _show_offline(self, error: LongshoreError | None) -> None:
        self._offline = error is not None
        if error is None:
            self._banner.clear()
        else:
            self._banner.show_banner(error.reason, ("Retry", self._start_over), error.hint or "")

    def _show_counts(self, count: int, aside: str = "", groups: str = "") -> None:
        words = "1 run" if count == 1 else f"{count:,} runs"
        self.bar.shown.setText(f"Showing {words}{groups}" + (f", {aside}" if aside else ""))

    def _show_table_or_empty(self) -> None:
        if len(self.table.model.rows):
            self._place.show_table()
            return
        if self.filter.text():
            self._place.show_instead(states.no_fit(self.filter.clear))
        else:
            self._place.show_instead(states.no_runs(self.context.launch))
            self._offer_import()

    def _offer_import(self) -> None:
        from longshore.ui.pages.import_dialog import find_work

        if self.context.project:
            looking = find_work(self.context.project.path)
            self.context.runner.run(self, looking, self._show_offer, lambda _error: None, key="runs.find")

    def _show_offer(self, found: tuple[Found, ...]) -> None:
        if found and not self.table.model.rows and not self.filter.text():
            self._place.show_instead(states.importable(found, self.import_runs))

    def _show_failure(self, error: LongshoreError) -> None:
        if isinstance(error, Invalid):
            self.filter.show_error(f"{error.reason} {error.hint or ''}".strip())
        elif len(self.table.model.rows):
            self._banner.show_banner(error.reason, ("Retry", self._start_over), error.hint or "")
        else:
            self._place.show_instead(ErrorState(error, "The runs could not be loaded", self._start_over))

    def _choose_groups(self) -> None:
        self.groups.choose(self.bar.group_button)

    def _show_grouping(self) -> None:
        self.bar.show_grouping([name.partition(":")[2] or name for name in self.groups.grouping.by])
        self._start_over()

    def _show_views(self) -> None:
        show_below(self.views.menu(), self.bar.views_button)

    def _show_densities(self) -> None:
        show_below(self.density.menu(), self.bar.density_button)

    def _choose_columns(self) -> None:
        self.columns.choose(self.bar.columns_button)

    def _show_selection(self) -> None:
        count = self.table.selected_count
        self.bar.show_selected(count)
        self.context.actions_changed.emit()
        kept = self.context.kept
        # Whoever selects thousands does not compare them with the kept ones.
        known = sum(map(kept.holds, self.table.selected_ids())) if kept.runs and count <= MOST_SIDE_BY_SIDE else 0
        self.kept_strip.show_selected(count - known)
        self.comparing.show_selection()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.comparing.active:
            self.comparing.close()
            return
        super().keyPressEvent(event)

    def _redraw(self) -> None:
        for view in (self.table.pinned, self.table.rest):
            view.viewport().update()
        self.comparing.redraw()
