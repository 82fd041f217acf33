"""Charts side by side, as many as fit and the others below them; none is cut."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from longshore.ui.widgets.chart import MIN_HEIGHT, Chart

GAP, MIN_WIDTH = 16, 220
# So much of the next row shows that there is one.
PEEK = 24
# Of its width, where other charts stand below.
HIGHEST = 0.7


class ChartGrid(QScrollArea):
    """Scrolls up and down only."""

    def __init__(self, charts: Sequence[Chart]) -> None:
        super().__init__()
        self._charts = list(charts)
        self._columns = 0
        self._least = (MIN_WIDTH, MIN_HEIGHT)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        holder = QWidget()
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        for chart in charts:
            chart.setMinimumWidth(MIN_WIDTH)
        self.setWidget(holder)
        self._place()

    def show_size(self, width: int, height: int) -> None:
        """Make charts at least so large; as many as fit stand side by side."""
        if (width, height) != self._least:
            self._least = (width, height)
            for chart in self._charts:
                chart.setMinimumWidth(min(width, MIN_WIDTH))
            self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        room = self.viewport().width()
        width, least = self._least
        columns = max(1, min(len(self._charts), (room + GAP) // (width + GAP)))
        several = len(self._charts) > columns
        height = max(least, self.viewport().height() - (GAP + PEEK if several else 0))
        if several:
            # Rather another row in sight than a tower.
            height = max(least, min(height, round(((room + GAP) / columns - GAP) * HIGHEST)))
        for chart in self._charts:
            chart.setFixedHeight(height)
        if columns == self._columns:
            return
        for column in range(max(columns, self._columns)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._columns = columns
        for number, chart in enumerate(self._charts):
            self._grid.addWidget(chart, number // columns, number % columns)
