"""The Live tab of a run: metric curves above, the console below."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QSplitter, QStackedWidget, QWidget

from longshore.store.records import Job
from longshore.ui.pages.run_console import Console
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import vertical
from longshore.ui.widgets.log_view import LogView
from longshore.ui.widgets.states import EmptyState

if TYPE_CHECKING:
    from longshore.tracking.histories import History
    from longshore.ui.shell.tasks import TaskRunner
    from longshore.ui.widgets.chart import Chart

# A row of charts is as high as its pane, so that no axis is cut, between these.
CHART_HEIGHT, LEAST_HEIGHT = 210, 150
_MARGINS = (16, 10, 16, 8)


class CurveGrid(QWidget):
    """One small chart per metric that has more than one value."""

    def __init__(self, runner: TaskRunner, columns: int = 2) -> None:
        super().__init__()
        self._runner, self._columns = runner, columns
        self._charts: dict[str, Chart] = {}
        self._known: dict[str, History] = {}
        self._stack = QStackedWidget()
        vertical(self).addWidget(self._stack)
        self._empty = EmptyState("run", "No curves yet", "A metric that is logged at several steps is drawn here.")
        self._stack.addWidget(self._empty)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(*_MARGINS)
        self._grid.setSpacing(12)
        area.setWidget(holder)
        self._stack.addWidget(area)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for chart in self._charts.values():
            chart.setMinimumHeight(self._row_height())

    def _row_height(self) -> int:
        return min(CHART_HEIGHT, max(LEAST_HEIGHT, self.height() - _MARGINS[1] - _MARGINS[3]))

    @property
    def known(self) -> Mapping[str, History]:
        """The histories that are drawn."""
        return self._known

    def clear(self) -> None:
        """Forget all curves, for another run."""
        for chart in self._charts.values():
            chart.hide()
            chart.deleteLater()
        self._charts, self._known = {}, {}
        self._stack.setCurrentIndex(0)

    def show_curves(self, found: Mapping[str, History]) -> None:
        """Draw what changed since the last time."""
        from longshore.tracking.direction import less_is_better
        from longshore.ui.widgets.chart import Chart
        from longshore.ui.widgets.plot.curves import Curve

        for name, history in found.items():
            if len(history) < 2 or self._known.get(name) is history:
                continue
            self._known[name] = history
            chart = self._charts.get(name)
            if chart is None:
                chart = Chart(self._runner, name, "lower is better" if less_is_better(name) else "")
                chart.setMinimumHeight(self._row_height())
                place = len(self._charts)
                self._grid.addWidget(chart, place // self._columns, place % self._columns)
                self._charts[name] = chart
            chart.show_series([Curve(name, history.steps, history.values)])
        self._known = dict(found) | self._known
        self._stack.setCurrentIndex(1 if self._charts else 0)

    def redraw(self) -> None:
        """Draw all again in another theme."""
        for chart in self._charts.values():
            chart.redraw()


class LivePanel(QWidget):
    """Curves and console of one run, made in this order in turns of their own."""

    curves: CurveGrid
    console: Console
    log: LogView

    def __init__(self, context: AppContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        column = vertical(self)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._has_log: bool | None = None
        column.addWidget(self._splitter)

    def make_curves(self) -> None:
        """Make the upper half."""
        self.curves = CurveGrid(self._context.runner)
        self._splitter.addWidget(self.curves)
        self._context.theme.changed.connect(self.curves.redraw)

    def make_console(self) -> None:
        """Make the lower half."""
        self.console = Console(self._context)
        self.log = self.console.log
        self._splitter.addWidget(self.console)
        self._share(has_log=True)

    def clear(self) -> None:
        """Forget everything, for another run."""
        self.console.clear()
        self.curves.clear()

    def show_job(self, job: Job | None) -> None:
        """Follow the log of a job; a run that was made elsewhere has none, and its curves get the room."""
        self._share(has_log=job is not None)
        self.console.show_job(job)

    def _share(self, *, has_log: bool) -> None:
        if has_log != self._has_log:
            self._has_log = has_log
            self._splitter.setSizes([270, 420] if has_log else [520, 170])
