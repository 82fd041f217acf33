"""The lower half of the Runs page: which runs are compared, selected in the table or kept from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QSplitter

from longshore.tracking.comparing.places import RunAt
from longshore.ui.pages.compare_work import Compared, compare_work
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.late_content import TURN_MS

if TYPE_CHECKING:
    from longshore.ui.pages.compare_panel import ComparePanel
    from longshore.ui.pages.runs import RunsPage
    from longshore.ui.widgets.run_table import RunTable

# Beyond this many selected runs the comparison waits for being asked for.
MOST_COMPARED = 8
# More are too many for one screen.
MOST_SIDE_BY_SIDE = 50


class Comparing(QObject):
    """Follows the table's selection while runs are compared."""

    def __init__(self, context: AppContext, page: RunsPage, table: RunTable, splitter: QSplitter) -> None:
        super().__init__(page)
        self._context, self._page, self._table, self._splitter = context, page, table, splitter
        self._comparing: list[RunAt] = []
        # The kept runs are among them, whatever is selected.
        self._with_kept = False
        context.kept.changed.connect(self._kept_changed)

    @cached_property
    def panel(self) -> ComparePanel:
        """What shows them, made when runs are compared for the first time."""
        from longshore.ui.pages.compare_panel import ComparePanel

        panel = ComparePanel(self._context, lambda: self._page.search.answer, self._page.charts, self._splitter)
        panel.closed.connect(self.close)
        panel.selected.connect(self._select_brushed)
        panel.retried.connect(self._again)
        panel.left_out.connect(self._leave_out)
        self._page.rows_shown.connect(panel.refresh)
        self._splitter.addWidget(panel)
        self._splitter.setSizes([480, 320])
        return panel

    @property
    def active(self) -> bool:
        """Tell whether runs are compared now."""
        return bool(self._comparing)

    def show_selection(self) -> None:
        """Compare what is selected by now."""
        selected = self._table.selected_count
        if not self._comparing:
            return
        if self._with_kept:
            if selected <= MOST_COMPARED:
                self.compare_kept()
        elif 2 <= selected <= MOST_COMPARED:
            self.compare()

    def compare(self) -> None:
        """Show the selected runs side by side."""
        ids = self._table.selected_ids()
        if len(ids) < 2:
            self._context.tell(
                "info", "Select two runs or more to compare them.", "Space selects the row with the keyboard."
            )
        elif len(ids) > MOST_SIDE_BY_SIDE:
            self._context.tell("info", f"Select at most {MOST_SIDE_BY_SIDE} runs to compare them.")
        else:
            self._with_kept, workspace = False, self._context.workspace_now()
            self.compare_runs([RunAt(run_id, workspace) for run_id in ids])

    def compare_kept(self) -> None:
        """Show the kept runs side by side with those that are selected."""
        kept = [RunAt(run.run_id, run.workspace) for run in self._context.kept.runs]
        known = {place.run_id for place in kept}
        ids = [run_id for run_id in self._table.selected_ids() if run_id not in known]
        workspace = self._context.workspace_now()
        places = [*kept, *(RunAt(run_id, workspace) for run_id in ids)]
        if len(places) < 2:
            self._context.tell("info", "Keep two runs or more to compare them.", "K keeps the selected runs.")
        elif len(places) > MOST_SIDE_BY_SIDE:
            self._context.tell("info", f"At most {MOST_SIDE_BY_SIDE} runs are compared. Select fewer, or let some go.")
        else:
            self._with_kept = True
            self.compare_runs(places)

    def _kept_changed(self) -> None:
        if self._with_kept and self._comparing and len(self._context.kept.runs) + self._table.selected_count >= 2:
            self.compare_kept()

    def compare_runs(self, places: Sequence[RunAt]) -> None:
        """Show these runs side by side."""
        ids = sorted(place.run_id for place in places)
        if ids == sorted(place.run_id for place in self._comparing):
            return
        self._comparing = list(places)
        self.panel.show()
        # The panel may just have been made: what it shows first comes in a turn of its own.
        QTimer.singleShot(TURN_MS, self, partial(self._read, self._comparing))

    def _read(self, places: list[RunAt]) -> None:
        if places is not self._comparing:
            return
        self.panel.show_loading(len(places))
        self._table.show_swatches([place.run_id for place in places])
        self._context.runner.run(
            self,
            compare_work(self._context.home, places),
            lambda compared: self._show(compared, places),
            lambda error: self.panel.show_error(error) if places is self._comparing else None,
            key="runs.compare",
            title="Comparing runs",
        )

    def _show(self, compared: Compared, places: list[RunAt]) -> None:
        if places is self._comparing:
            self.panel.show_compared(compared)

    def _again(self) -> None:
        """Read the same runs once more."""
        if self._comparing:
            self._read(self._comparing)

    def _leave_out(self, run_ids: list[str]) -> None:
        self.compare_runs([place for place in self._comparing if place.run_id not in run_ids])

    def _select_brushed(self, run_ids: list[str]) -> None:
        """Select runs that a chart chose; those that are compared stay."""
        comparing, self._comparing = self._comparing, []
        self._table.select_runs(run_ids)
        self._comparing = comparing

    def close(self) -> None:
        """Compare no more."""
        self._comparing, self._with_kept = [], False
        self.panel.hide()
        self._table.show_swatches([])
        self._table.pinned.setFocus()

    def redraw(self) -> None:
        """Draw what is compared in another theme."""
        if self._comparing:
            self.panel.redraw()
