"""The lower half of the Runs page: the selected runs side by side, only what differs; curves and a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QSlider,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from longshore.errors import LongshoreError
from longshore.tracking.rows import RunRow
from longshore.ui.pages.runs_work import Compared
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import Button, clear, horizontal, label, row_of, text_width, vertical
from longshore.ui.widgets.choices import Tabs
from longshore.ui.widgets.states import ErrorState, Loading
from longshore.ui.widgets.times import decimals_of, fixed

if TYPE_CHECKING:
    from longshore.ui.widgets.chart import Chart

KINDS = (
    ("metrics", ""),
    ("params", ""),
    ("data", "dataset "),
    ("code", ""),
    ("environment", "package "),
    ("tags", "tag "),
)
# A run's name stands whole up to the larger width; the swatch before it and the margins take the rest.
NAME_WIDTH, RUN_WIDTHS, BESIDE_NAME = 120, (96, 220), 44
SCROLL_BAR = 12
HEAD, LEAST_BODY = 44, 180


class ComparePanel(QFrame):
    """Shows a comparison; the page fetches it."""

    closed = Signal()

    def __init__(self, runner: TaskRunner) -> None:
        super().__init__()
        self._runner = runner
        self.setProperty("surface", "surface")
        self._compared: Compared | None = None
        self._charts: list[Chart] = []
        self._table: QWidget | None = None
        self._wanted = 0  # the table's width with every run's name whole
        self.setMinimumHeight(HEAD + LEAST_BODY)
        column = vertical(self)
        head = QWidget()
        head.setFixedHeight(HEAD)
        row = horizontal(head, (20, 0, 12, 0), 16)
        self._title = label("Compare", "title")
        row.addWidget(self._title)
        self._tabs = Tabs([("curves", "Curves"), ("differences", "Differences")])
        self._tabs.chosen.connect(self._choose)
        row.addWidget(self._tabs)
        row.addStretch(1)
        self._smoothing = QSlider(Qt.Orientation.Horizontal)
        self._smoothing.setRange(0, 95)
        self._smoothing.setFixedWidth(100)
        self._smoothing.setAccessibleName("Smoothing")
        self._smoothing.valueChanged.connect(self._smooth)
        self._weight = label("0.00", "small", "secondary")
        self._smooth_row = row_of(label("Smoothing", "small", "secondary"), self._smoothing, self._weight)
        row.addWidget(self._smooth_row)
        row.addWidget(
            Button(
                "", self.closed.emit, icon="x", kind="ghost", size="icon", tip="Close the comparison", shortcut="Esc"
            )
        )
        column.addWidget(head)
        self._body = QWidget()
        self._body_row = horizontal(self._body, (16, 4, 16, 12), 16)
        column.addWidget(self._body, 1)

    def show_loading(self, count: int) -> None:
        """Say that runs are being compared."""
        self._title.setText(f"Compare {count} runs")
        if self._compared is None:
            clear(self._body_row)
            self._body_row.addWidget(Loading("Comparing…"))

    def show_error(self, error: LongshoreError) -> None:
        """Say why there is no comparison."""
        self._compared = None
        clear(self._body_row)
        self._body_row.addWidget(ErrorState(error, "The runs could not be compared"))

    def show_compared(self, compared: Compared) -> None:
        """Show curves and differences."""
        self._compared = compared
        self._title.setText(f"Compare {len(compared.comparison.runs)} runs")
        self._build()

    def _choose(self, _tab: str) -> None:
        self._build()

    def _build(self) -> None:
        clear(self._body_row)
        self._charts = []
        compared = self._compared
        if compared is None:
            return
        curves = self._tabs.current == "curves" and bool(compared.curves)
        self._smooth_row.setVisible(curves)
        if curves:
            self._body_row.addWidget(self._curves(compared), 1)
        table = self._differences(compared)
        self._table = table if curves else None
        self._fit_table()
        self._body_row.addWidget(table, 0 if curves else 1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_table()

    def _fit_table(self) -> None:
        """Give the table what its names need, half of the panel at most: the rest is for the curves."""
        if self._table is not None:
            self._table.setFixedWidth(min(self._wanted, max(340, self.width() // 2)))

    def _curves(self, compared: Compared) -> QWidget:
        from longshore.tracking.direction import less_is_better
        from longshore.ui.widgets.chart import Chart
        from longshore.ui.widgets.chart_grid import ChartGrid

        self._charts = [
            Chart(self._runner, name, "lower is better" if less_is_better(name) else "") for name in compared.curves
        ]
        self._smooth(self._smoothing.value())
        return ChartGrid(self._charts)

    def _smooth(self, percent: int) -> None:
        from longshore.ui.widgets.plot.curves import Curve

        self._weight.setText(f"{percent / 100:.2f}")
        if self._compared is None:
            return
        numbers = {row.run_id: number for number, row in enumerate(self._compared.comparison.runs)}
        names = {row.run_id: row.name for row in self._compared.comparison.runs}
        for chart in self._charts:
            series = [
                Curve(names[run_id], history.steps, history.values, numbers[run_id])
                for run_id, history in self._compared.curves[chart.title].items()
                if len(history)
            ]
            chart.show_series(series, smoothing=percent / 100)

    def _differences(self, compared: Compared) -> QWidget:
        found = compared.comparison
        holder = QWidget()
        column = vertical(holder, spacing=6)
        rows = [
            (prefix + name, kind, values)
            for kind, prefix in KINDS
            for name, values in getattr(found, kind).items()
            if not (kind == "metrics" and name.startswith("system/"))
        ]
        column.addWidget(
            row_of(label("Only differences", "bodyStrong"), label(f"{len(rows)}", "small", "secondary"), None)
        )
        table = QTableWidget(len(rows), len(found.runs) + 1)
        table.setAccessibleName("Differences between the runs")
        table.setHorizontalHeaderLabels(["Difference", *(run.name for run in found.runs)])
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(28)
        table.setShowGrid(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        for section, run in enumerate(found.runs, start=1):
            _mark(table, section, run, section - 1)
            width = text_width(run.name, "smallStrong") + BESIDE_NAME
            table.setColumnWidth(section, min(max(width, RUN_WIDTHS[0]), RUN_WIDTHS[1]))
        table.setColumnWidth(0, NAME_WIDTH)
        self._wanted = header.length() + SCROLL_BAR
        header.setStretchLastSection(True)
        for row, (name, kind, values) in enumerate(rows):
            _fill_row(table, row, name, kind, values, found.runs)
        column.addWidget(table, 1)
        return holder


def _mark(table: QTableWidget, section: int, run: RunRow, swatch: int) -> None:
    from PySide6.QtGui import QIcon, QPainter, QPixmap

    from longshore.ui.theme.swatches import swatch_pen

    item = QTableWidgetItem(run.name)
    item.setToolTip(f"{run.name}\n{run.run_id}")
    drawn = QPixmap(40, 24)
    drawn.setDevicePixelRatio(2.0)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setPen(swatch_pen(swatch))
    painter.drawLine(0, 6, 18, 6)
    painter.end()
    item.setIcon(QIcon(drawn))
    table.setHorizontalHeaderItem(section, item)


def _fill_row(
    table: QTableWidget, row: int, name: str, kind: str, values: Mapping[str, object], runs: tuple[RunRow, ...]
) -> None:
    head = QTableWidgetItem(name)
    head.setToolTip(name)
    head.setFont(font("small"))
    table.setItem(row, 0, head)
    first = values.get(runs[0].run_id)
    decimals = decimals_of([value for value in values.values() if isinstance(value, float)])
    for section, run in enumerate(runs, start=1):
        value = values.get(run.run_id)
        words = "—" if value is None else fixed(value, decimals) if isinstance(value, float) else str(value)
        item = QTableWidgetItem(words)
        item.setToolTip("" if value is None else str(value))
        item.setFont(font("small" if kind == "metrics" else "mono"))
        if section > 1 and value != first and kind != "metrics":
            item.setBackground(color("diff.changed"))
        table.setItem(row, section, item)
