"""Which of the run table's runs are compared, and the panel that shows them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from longshore.ui.pages import runs_work as work
from longshore.ui.widgets.late_content import TURN_MS

if TYPE_CHECKING:
    from longshore.ui.pages.compare_panel import ComparePanel
    from longshore.ui.pages.runs import RunsPage

# Beyond this many selected runs the comparison waits for being asked for.
MOST_COMPARED = 8
# More are too many for one screen.
MOST_SIDE_BY_SIDE = 50


class Comparing(QObject):
    """Fetches the comparison of the selected runs and follows the selection."""

    def __init__(self, page: RunsPage) -> None:
        super().__init__(page)
        self._page, self._context, self._table = page, page.context, page.table
        self._ids: list[str] = []

    def __bool__(self) -> bool:
        """Tell whether runs are compared."""
        return bool(self._ids)

    @property
    def _panel(self) -> ComparePanel:
        return self._page.compare_panel

    def selected(self) -> None:
        """Compare the runs that are selected."""
        ids = self._table.selected_ids()
        if len(ids) < 2:
            self._context.tell(
                "info", "Select two runs or more to compare them.", "Space selects the row with the keyboard."
            )
        elif len(ids) > MOST_SIDE_BY_SIDE:
            self._context.tell("info", f"Select at most {MOST_SIDE_BY_SIDE} runs to compare them.")
        else:
            self.compare(ids)

    def follow(self, count: int) -> None:
        """Compare other runs where others are selected by now."""
        if self._ids and 2 <= count <= MOST_COMPARED:
            self.selected()

    def compare(self, ids: list[str]) -> None:
        """Compare these runs."""
        if sorted(ids) == sorted(self._ids):
            return
        self._ids = ids
        self._panel.show()
        # The panel may just have been made: what it shows first comes in a turn of its own.
        QTimer.singleShot(TURN_MS, self, partial(self._read, ids))

    def _read(self, ids: list[str]) -> None:
        if ids != self._ids:
            return
        self._panel.show_loading(len(ids))
        self._table.show_swatches(ids)
        self._context.runner.run(
            self,
            work.compare_work(self._context.home, self._context.workspace_name, ids),
            lambda compared: self._show(compared, ids),
            self._panel.show_error,
            key="runs.compare",
            title="Comparing runs",
        )

    def _show(self, compared: work.Compared, ids: list[str]) -> None:
        if ids == self._ids:
            self._panel.show_compared(compared)

    def select_brushed(self, run_ids: list[str]) -> None:
        """Select runs that a chart chose; those that are compared stay."""
        comparing, self._ids = self._ids, []
        self._table.select_runs(run_ids)
        self._ids = comparing

    def close(self) -> None:
        """Show the table alone."""
        self._ids = []
        self._panel.hide()
        self._table.show_swatches([])
        self._table.pinned.setFocus()

    def again(self) -> None:
        """Fetch the comparison anew."""
        ids, self._ids = self._ids, []
        if ids:
            self.compare(ids)
