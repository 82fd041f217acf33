"""The lower half of the Runs page: the selected runs side by side, in curves, charts, and what differs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QWidget

from longshore.errors import LongshoreError
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_table import Differences
from longshore.ui.pages.runs_work import Compared
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, Margins, clear, horizontal, label, vertical
from longshore.ui.widgets.choices import Tabs
from longshore.ui.widgets.states import ErrorState, Loading

HEAD, LEAST_BODY = 44, 220
GAP, LEAST_TABLE = 16, 260
TABS = (("curves", "Curves"), ("differences", "Differences"))


class Part(QWidget):
    """What a tab shows."""

    def show_compared(self, compared: Compared, baseline: str) -> None:
        """Show these runs, measured against one of them."""
        raise NotImplementedError


class ComparePanel(QFrame):
    """Shows a comparison; the page fetches it."""

    closed = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setProperty("surface", "surface")
        self.setMinimumHeight(HEAD + LEAST_BODY)
        self._layout = CompareLayout(context, self)
        self._compared: Compared | None = None
        self._parts: dict[str, Part] = {}
        # The tabs whose content is older than the comparison.
        self._stale: set[str] = set()
        column = vertical(self)
        self._head = QWidget(self)
        self._head.setFixedHeight(HEAD)
        column.addWidget(self._head)
        self._make_head()
        self._stack = QStackedWidget(self)
        self._instead = QWidget(self._stack)
        self._instead_column = vertical(self._instead, (16, 4, 16, 12))
        self._stack.addWidget(self._instead)
        column.addWidget(self._stack, 1)

    def _make_head(self) -> None:
        row = horizontal(self._head, (20, 0, 12, 0), 16)
        self._title = label("Compare", "title")
        row.addWidget(self._title)
        self.tabs = Tabs(TABS)
        self.tabs.chosen.connect(self._choose)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(
            Button(
                "", self.closed.emit, icon="x", kind="ghost", size="icon", tip="Close the comparison", shortcut="Esc"
            )
        )

    # -- states -------------------------------------------------------------------------------------------------

    def show_loading(self, count: int) -> None:
        """Say that runs are being compared."""
        self._title.setText(f"Compare {count} runs")
        if self._layout.enter_project():
            self.tabs.choose(self._layout.text("tab", "curves", [tab for tab, _title in TABS]))
            self._compared = None
        if self._compared is None:
            self._show_instead(Loading("Comparing…"))

    def show_error(self, error: LongshoreError) -> None:
        """Say why there is no comparison."""
        self._compared = None
        self._show_instead(ErrorState(error, "The runs could not be compared"))

    def show_compared(self, compared: Compared) -> None:
        """Show these runs in the tab that is chosen."""
        self._compared = compared
        self._title.setText(f"Compare {len(compared.comparison.runs)} runs")
        self._stale = {tab for tab, _title in TABS}
        self._show_tab()

    def _show_instead(self, widget: QWidget) -> None:
        clear(self._instead_column)
        self._instead_column.addWidget(widget)
        self._stack.setCurrentWidget(self._instead)

    # -- tabs ---------------------------------------------------------------------------------------------------

    @property
    def baseline(self) -> str:
        """The run that the others are measured against: the one that somebody pinned, else the first."""
        assert self._compared is not None
        ids = [run.run_id for run in self._compared.comparison.runs]
        return self._layout.text("baseline", ids[0], ids)

    def _pin(self, run_id: str) -> None:
        self._layout.put("baseline", run_id)
        self._stale = {tab for tab, _title in TABS}
        self._show_tab()

    def _choose(self, tab: str) -> None:
        self._layout.put("tab", tab)
        self._show_tab()

    def _show_tab(self) -> None:
        if self._compared is None:
            return
        tab = self.tabs.current
        if tab not in self._parts:
            self._parts[tab] = self._make(tab)
            self._stack.addWidget(self._parts[tab])
        part = self._parts[tab]
        self._stack.setCurrentWidget(part)
        if tab in self._stale:
            self._stale.discard(tab)
            part.show_compared(self._compared, self.baseline)

    def _make(self, tab: str) -> Part:
        makers: dict[str, Callable[[], Part]] = {
            "curves": lambda: CurvesTab(self._context, self._layout, self._pin, self._stack),
            "differences": lambda: DifferencesTab(self._layout, self._pin, self._stack),
        }
        return makers[tab]()


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
