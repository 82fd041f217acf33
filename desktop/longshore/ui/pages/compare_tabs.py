"""The first two tabs of the comparison: what differs as a table, alone and beside the curves."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_part import Part
from longshore.ui.pages.compare_table import Differences
from longshore.ui.pages.compare_work import Compared
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Margins, vertical

GAP, LEAST_TABLE = 16, 260


class DifferencesTab(Part):
    """The table alone."""

    def __init__(
        self,
        layout: CompareLayout,
        pin: Callable[[str], None],
        parent: QWidget,
        margins: Margins = (16, 4, 16, 12),
    ) -> None:
        super().__init__(parent)
        self._layout = layout
        self._shown: tuple[Compared, str] | None = None
        self.differences = Differences(self)
        self.differences.baseline_chosen.connect(pin)
        self.differences.only_chosen.connect(self._only)
        vertical(self, margins).addWidget(self.differences)

    def _only(self, only: bool) -> None:
        self._layout.put("only", only)
        if self._shown is not None:
            self.show_compared(*self._shown)

    def show_compared(self, compared: Compared, baseline: str) -> None:
        self._shown = (compared, baseline)
        self.differences.show_comparison(compared.comparison, baseline, only=self._layout.flag("only", True))

    def show_news(self, compared: Compared, baseline: str) -> None:
        self._shown = (compared, baseline)
        self.differences.show_news(compared.comparison, baseline, only=self._layout.flag("only", True))


class CurvesTab(Part):
    """Curves beside the table."""

    def __init__(self, context: AppContext, layout: CompareLayout, pin: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(parent)
        from longshore.ui.pages.compare_curves import CurvesPart

        self._layout = layout
        column = vertical(self, (16, 2, 16, 10), 6)
        self._split = QSplitter(Qt.Orientation.Horizontal, self)
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(GAP)
        self._split.setProperty("bare", True)
        self.curves = CurvesPart(context, layout, self)
        column.addWidget(self.curves.controls)
        column.addWidget(self._split, 1)
        self._split.addWidget(self.curves)
        self.table = DifferencesTab(layout, pin, self._split, margins=(0, 0, 0, 0))
        self.table.setMinimumWidth(LEAST_TABLE)
        self._split.addWidget(self.table)
        self._split.setStretchFactor(0, 1)
        self._split.splitterMoved.connect(lambda *_: layout.put("split", self._split.sizes()))

    def show_compared(self, compared: Compared, baseline: str) -> None:
        again = self.curves.compared is compared
        self.table.show_compared(compared, baseline)
        self._fit()
        if not again:
            self.curves.show_compared(compared)

    def show_news(self, compared: Compared, baseline: str) -> None:
        self.table.show_news(compared, baseline)
        self.curves.show_news(compared)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give the table what its names need, half at most, unless somebody chose otherwise."""
        kept, room = self._layout.numbers("split"), self.width()
        if len(kept) == 2 and any(kept):
            wanted = room * kept[1] // (kept[0] + kept[1])
        else:
            wanted = min(self.table.differences.wanted_width, max(340, room // 2))
        self._split.setSizes([max(1, room - wanted), max(1, wanted)])
