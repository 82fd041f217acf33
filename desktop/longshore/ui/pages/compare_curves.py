"""The comparison's curves: over step, time or relative time, smoothed, put together by a parameter, zoomed as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QSlider, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.tracking.comparing import axes, bands
from longshore.tracking.rows import ColumnSet
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_work import (
    Compared,
    CurveCache,
    Drawn,
    Histories,
    Look,
    curve_names,
    drawn_work,
    histories_work,
)
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, clear, horizontal, label, vertical
from longshore.ui.widgets.plot.frame import Measure
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading

if TYPE_CHECKING:
    from longshore.tracking.histories import History
    from longshore.ui.widgets.chart import Chart
    from longshore.ui.widgets.chart_grid import ChartGrid

ACROSS = {
    axes.STEP: ("x: step", Measure("step")),
    axes.TIME: ("x: time", Measure("time", "time")),
    axes.RELATIVE: ("x: relative time", Measure("since the run began", "relative")),
}
SPREADS = {bands.MIN_MAX: "Least to greatest", bands.STD: "± standard deviation"}
SIZES = {"small": (180, 130), "medium": (220, 150), "large": (440, 260)}
# The slider is moved pixel by pixel.
_SETTLE_MS = 40


class CurvesPart(QWidget):
    """The grid of charts, and the controls that stand over it."""

    # There are curves to show, or none.
    filled = Signal(bool)
    # The histories of more metrics were read; those of a chosen one could not be.
    fetched = Signal()
    failed = Signal(object)

    def __init__(self, context: AppContext, layout: CompareLayout, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context, self._layout = context, layout
        self.compared: Compared | None = None
        self._histories: dict[str, Mapping[str, History]] = {}
        self._cache = CurveCache()
        # The parameters that runs can be put together by now.
        self._groups: tuple[str, ...] = ()
        # Curves are being made ready, and there are newer ones by now; histories are being read.
        self._drawing = self._outdated = self._fetching = False
        self._token: CancelToken | None = None
        self._view: tuple[float, float] | None = None
        self.charts: dict[str, Chart] = {}
        self._grid: ChartGrid | None = None
        # Stands over the charts and the table beside them.
        self.controls = QWidget(parent)
        self._make_controls()
        self._body = vertical(self)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(_SETTLE_MS)
        self._settle.timeout.connect(self._draw)

    def _make_controls(self) -> None:
        row = horizontal(self.controls, spacing=8)
        self.axis = Select("X axis", [(words, axis) for axis, (words, _measure) in ACROSS.items()])
        self.group = Select("Runs put together by", [("Each run", "")], widest=180)
        self.spread = Select("Band", [(words, spread) for spread, words in SPREADS.items()])
        self.size_of_charts = Select("Size of charts", [(f"{size.title()} charts", size) for size in SIZES])
        for select, key in ((self.axis, "axis"), (self.group, "group"), (self.spread, "spread")):
            select.activated.connect(partial(self._chosen, select, key))
            row.addWidget(select)
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        self.smoothing.setRange(0, 95)
        self.smoothing.setFixedWidth(90)
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.valueChanged.connect(self._smooth)
        self.weight = label("0.00", "small", "secondary")
        row.addWidget(label("Smoothing", "small", "secondary"))
        row.addWidget(self.smoothing)
        row.addWidget(self.weight)
        row.addStretch(1)
        self.metrics = Button("Metrics", self._choose_metrics, icon="columns", kind="ghost", size="small")
        self.metrics.setToolTip("Choose which metrics have a chart")
        row.addWidget(self.metrics)
        self.size_of_charts.activated.connect(self._resize)
        row.addWidget(self.size_of_charts)

    def show_compared(self, compared: Compared) -> None:
        """Show these runs' curves."""
        before = self.compared
        self.compared = compared
        self._histories, self._cache = dict(compared.curves), CurveCache()
        if before is None or {r.run_id for r in before.comparison.runs} != {r.run_id for r in compared.comparison.runs}:
            self._view = None
        self._restore()
        self.fetch_or_draw()

    def show_news(self, compared: Compared) -> None:
        """Draw the same runs' curves on; zoom and what is chosen stay."""
        before, self.compared = self._histories, compared
        self._histories = {**before, **compared.curves}
        if bands.groupable(compared.comparison.runs) != self._groups:
            self._restore()
        if any(metric not in self._histories for metric in self._wanted):
            self.fetch_or_draw()
        elif not _same(before, self._histories):
            # To begin anew each time would never end where a million points take longer than a second.
            self._outdated = self._drawing
            if not self._drawing:
                self._draw()

    @property
    def followed(self) -> tuple[str, ...]:
        """The metrics whose histories are drawn on, also those that may become curves."""
        if self.compared is None:
            return ()
        names = {*self._wanted, *curve_names(self.compared.comparison.runs)}
        return tuple(name for name in self._histories if name in names)

    @property
    def histories(self) -> Histories:
        """What is drawn: of more metrics than were compared at first, where somebody chose them."""
        return self._histories

    def _restore(self) -> None:
        assert self.compared is not None
        runs, layout = self.compared.comparison.runs, self._layout
        names = self._groups = bands.groupable(runs)
        self.group.show_options([("Each run", ""), *((f"Mean by {name}", name) for name in names)])
        self.axis.choose(layout.text("axis", axes.STEP, axes.AXES))
        self.group.choose(layout.text("group", "", names))
        self.spread.choose(layout.text("spread", bands.MIN_MAX, bands.SPREADS))
        self.size_of_charts.choose(layout.text("charts", "medium", tuple(SIZES)))
        self.spread.setVisible(bool(self.group.value))
        self.smoothing.blockSignals(True)
        self.smoothing.setValue(min(95, max(0, layout.number("smoothing", 0))))
        self.smoothing.blockSignals(False)
        self.weight.setText(f"{self.smoothing.value() / 100:.2f}")

    # -- which metrics ------------------------------------------------------------------------------------------

    @property
    def _wanted(self) -> tuple[str, ...]:
        """The metrics that have a chart: those that somebody chose, of those that these runs have."""
        assert self.compared is not None
        chosen = self._layout.texts("metrics")
        known = {name for run in self.compared.comparison.runs for name in run.metrics}
        wanted = tuple(name for name in chosen or () if name in known)
        return wanted or self._defaults

    @property
    def _defaults(self) -> tuple[str, ...]:
        """The metrics that matter first, without those that have one value alone."""
        assert self.compared is not None
        names, known = curve_names(self.compared.comparison.runs), self._histories
        return tuple(name for name in names if name not in known or _is_curve(known[name]))

    def _choose_metrics(self) -> None:
        from longshore.ui.widgets.column_chooser import picker_of
        from longshore.ui.widgets.run_columns import all_columns

        if self.compared is None:
            return
        names = sorted({name for run in self.compared.comparison.runs for name in run.metrics})
        columns = [each for each in all_columns(ColumnSet(metrics=tuple(names))) if each.kind == "metrics"]
        ids = [f"metrics.{name}" for name in self._wanted]
        defaults = [f"metrics.{name}" for name in self._defaults]
        chooser = picker_of(self, "metrics", columns, ids)
        chooser.chosen.connect(self._metrics_chosen)
        chooser.reset_asked.connect(lambda: chooser.show_chosen(defaults))
        chooser.reset_asked.connect(lambda: self._metrics_chosen(defaults))
        chooser.open_below(self.metrics)

    def _metrics_chosen(self, ids: Sequence[str]) -> None:
        self._layout.put("metrics", [each.removeprefix("metrics.") for each in ids])
        self.fetch_or_draw()

    def fetch_or_draw(self) -> None:
        """Read what is missing of the metrics that have a chart, and draw."""
        assert self.compared is not None
        missing = [metric for metric in self._wanted if metric not in self._histories]
        if not missing:
            self._draw()
            return
        context = self._context
        if not self.charts:
            self._show_instead(Loading("Reading curves…"))
        fetching = histories_work(context.home, self.compared, missing)
        if self._fetching:
            return
        self._fetching, ids = True, self._ids
        context.runner.run(
            self, fetching, lambda found: self._fetched(ids, found), self._show_failure, key="compare.histories",
            title="Reading curves",
        )  # fmt: skip

    def _fetched(self, ids: Sequence[str], found: dict[str, dict[str, History]]) -> None:
        self._fetching = False
        if ids != self._ids:
            self.fetch_or_draw()
            return
        self._histories.update(found)
        self.fetched.emit()
        self.fetch_or_draw()

    @property
    def _ids(self) -> list[str]:
        return [run.run_id for run in self.compared.comparison.runs] if self.compared is not None else []

    # -- drawing ------------------------------------------------------------------------------------------------

    @property
    def look(self) -> Look:
        """How curves are drawn now."""
        return Look(
            self.axis.value,
            self.group.value,
            self.spread.value,
            self.smoothing.value() / 100,
        )

    def _chosen(self, select: Select, key: str, _place: int) -> None:
        self._layout.put(key, select.value)
        if key == "axis":
            self._view = None
        self.spread.setVisible(bool(self.group.value))
        self._draw()

    def _smooth(self, percent: int) -> None:
        self.weight.setText(f"{percent / 100:.2f}")
        self._layout.put("smoothing", percent)
        self._settle.start()

    def _draw(self) -> None:
        compared = self.compared
        if compared is None:
            return
        histories = {metric: self._histories[metric] for metric in self._wanted if metric in self._histories}
        if self._token is not None:
            self._token.cancel()
        if not histories:
            self._show_nothing()
            return
        look = self.look
        self._drawing = True
        work = drawn_work(compared.comparison.runs, histories, look, self._cache)
        done = partial(self._show_drawn, look)
        self._token = self._context.runner.run(self, work, done, self._show_failure, key="compare.curves")

    def _show_drawn(self, look: Look, found: dict[str, Drawn]) -> None:
        self._drawing = False
        if self._outdated:
            self._outdated = False
            QTimer.singleShot(0, self, self._draw)
        if list(found) != list(self.charts):
            self._make_charts(list(found))
        measure = ACROSS[look.axis][1]
        for metric, drawn in found.items():
            chart = self.charts[metric]
            chart.show_drawn(drawn.curves, drawn.bands, measure)
            chart.plot.show_view(self._view)
        self.filled.emit(True)

    def _make_charts(self, metrics: Sequence[str]) -> None:
        from longshore.tracking.direction import less_is_better
        from longshore.ui.widgets.chart import Chart
        from longshore.ui.widgets.chart_grid import ChartGrid

        clear(self._body)
        logarithmic = self._layout.texts("log") or ()
        self.charts = {}
        for metric in metrics:
            chart = Chart(self._context.runner, metric, "lower is better" if less_is_better(metric) else "")
            chart.show_scale(metric in logarithmic)
            chart.scale_chosen.connect(self._keep_scales)
            chart.plot.zoomed.connect(self._zoom)
            self.charts[metric] = chart
        self._grid = ChartGrid(list(self.charts.values()))
        self._grid.show_size(*SIZES[self.size_of_charts.value])
        self._body.addWidget(self._grid)

    def _keep_scales(self, _log: bool) -> None:
        gone = [name for name in self._layout.texts("log") or () if name not in self.charts]
        shown = [name for name, chart in self.charts.items() if chart.plot.log_y]
        self._layout.put("log", [*gone, *shown])

    def _zoom(self, view: tuple[float, float] | None) -> None:
        """All charts show the same part of x."""
        self._view = view
        for chart in self.charts.values():
            chart.plot.show_view(view)

    def _resize(self, _place: int) -> None:
        size = self.size_of_charts.value
        self._layout.put("charts", size)
        if self._grid is not None:
            self._grid.show_size(*SIZES[size])

    def _show_nothing(self) -> None:
        self._show_instead(
            EmptyState(
                "compare", "No curves", "These runs logged no metric more than once. The table shows their values."
            )
        )
        self.filled.emit(False)

    def _show_failure(self, error: LongshoreError) -> None:
        self._drawing = self._fetching = False
        if self.charts:
            self.failed.emit(error)  # what is drawn stays
            return
        self._show_instead(ErrorState(error, "The curves could not be read", self.fetch_or_draw))

    def _show_instead(self, widget: QWidget) -> None:
        self.charts, self._grid = {}, None
        clear(self._body)
        self._body.addWidget(widget)


def _is_curve(of_runs: Mapping[str, History]) -> bool:
    return any(len(history) > 1 for history in of_runs.values())


def _same(before: Histories, now: Histories) -> bool:
    """Tell whether nothing was logged."""
    return before.keys() == now.keys() and all(
        before[metric].keys() == now[metric].keys()
        and all(before[metric][run_id] is history for run_id, history in now[metric].items())
        for metric in now
    )
