"""The lower half of the Runs page: the selected runs side by side, in curves, charts, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QSplitter, QStackedWidget, QWidget

from longshore.errors import LongshoreError
from longshore.ui.pages.compare_fields import Answering
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_live import CompareLive, LiveNews
from longshore.ui.pages.compare_part import Part
from longshore.ui.pages.compare_tabs import CurvesTab, DifferencesTab
from longshore.ui.pages.compare_work import Compared
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, clear, horizontal, label, vertical
from longshore.ui.widgets.choices import Tabs
from longshore.ui.widgets.late_content import TURN_MS
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import Banner, ErrorState, Loading

if TYPE_CHECKING:
    from longshore.ui.pages.compare_curves import CurvesPart

HEAD, LEAST_BODY = 44, 220
# What the head needs beside title and tabs.
BESIDE_TABS = 140
# Percent of the page that the comparison takes at first, and when it has grown.
HEIGHT, GROWN = 40, 85
TABS = (
    ("curves", "Curves"),
    ("differences", "Differences"),
    ("scatter", "Scatter"),
    ("parallel", "Parallel coordinates"),
    ("box", "Box plot"),
    ("importance", "Importance"),
    ("code", "Code"),
    ("environment", "Environment"),
    ("data", "Data"),
    ("files", "Artifacts"),
)


class ComparePanel(QFrame):
    """Shows a comparison; the page fetches it."""

    closed = Signal()
    # The same runs shall be read again.
    retried = Signal()
    # Run ids that shall not be compared any more.
    left_out = Signal(list)
    # Run ids that somebody brushed.
    selected = Signal(list)

    def __init__(
        self, context: AppContext, answering: Answering, layout: CompareLayout, parent: QWidget | None = None
    ) -> None:
        """Take what gives the run table's answer, and what was chosen before."""
        super().__init__(parent)
        self._context, self._answering = context, answering
        self.setProperty("surface", "surface")
        self.setMinimumHeight(HEAD + LEAST_BODY)
        self._layout = layout
        layout.replaced.connect(self._start_anew)
        self._project: str | None = None
        self._compared: Compared | None = None
        self._watched = False
        # A server does not answer, which the banner says.
        self._away = False
        self._parts: dict[str, Part] = {}
        # The tabs whose content is older than the comparison.
        self._stale: set[str] = set()
        # The tabs that were made and do not show yet what the runs have logged since.
        self._behind: set[str] = set()
        self.live = CompareLive(context, self._followed, self)
        self.live.news.connect(self._take_news)
        column = vertical(self)
        self._head = QWidget(self)
        self._head.setFixedHeight(HEAD)
        column.addWidget(self._head)
        self._make_head()
        self._banner_holder = QWidget(self)
        self._banner = vertical(self._banner_holder, (16, 0, 16, 6))
        self._banner_holder.hide()
        column.addWidget(self._banner_holder)
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
        # Stands for the tabs where they have no room.
        self.tab_select = Select("What is compared", [(title, tab) for tab, title in TABS], widest=280)
        self.tab_select.activated.connect(lambda _place: self._choose(self.tab_select.value))
        self.tab_select.hide()
        row.addWidget(self.tab_select)
        row.addStretch(1)
        self.grow_button = Button("", self._grow, icon="arrow-up", kind="ghost", size="icon")
        self._show_grown()
        row.addWidget(self.grow_button)
        row.addWidget(
            Button(
                "", self.closed.emit, icon="x", kind="ghost", size="icon", tip="Close the comparison", shortcut="Esc"
            )
        )

    # -- states -------------------------------------------------------------------------------------------------

    def show_loading(self, count: int) -> None:
        """Say that runs are being compared."""
        self._title.setText(f"Compare {count} runs")
        self._layout.enter_project()
        if self._layout.project != self._project:
            self._project = self._layout.project
            self.tabs.choose(self._layout.text("tab", "curves", [tab for tab, _title in TABS]))
            self.tab_select.choose(self.tabs.current)
            self._compared = None
            QTimer.singleShot(0, self, self.restore_height)
        if self._compared is None:
            self._show_instead(Loading("Comparing…"))

    def show_error(self, error: LongshoreError) -> None:
        """Say why there is no comparison."""
        self._compared = None
        self.live.follow(None)
        self._show_banner(None)
        self._show_instead(ErrorState(error, "The runs could not be compared", self.retried.emit))

    def show_compared(self, compared: Compared) -> None:
        """Show these runs in the tab that is chosen."""
        self._compared = compared
        self._show_banner(None)
        self._behind.clear()
        self.live.follow(compared)
        self._title.setText(f"Compare {len(compared.comparison.runs)} runs")
        self._stale = {tab for tab, _title in TABS}
        QTimer.singleShot(TURN_MS, self, self._show_tab)

    def redraw(self) -> None:
        """Draw what is shown in another theme."""
        if self._compared is not None:
            self.show_compared(self._compared)

    def _show_instead(self, widget: QWidget) -> None:
        clear(self._instead_column)
        self._instead_column.addWidget(widget)
        self._stack.setCurrentWidget(self._instead)

    def _show_banner(self, banner: Banner | None) -> None:
        clear(self._banner)
        self._banner_holder.setVisible(banner is not None)
        if banner is not None:
            self._banner.addWidget(banner)

    # -- while runs go on ---------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.live.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.live.stop()

    def _followed(self) -> Sequence[str]:
        """Name the metrics whose curves are on screen."""
        part = self._parts.get(self.tabs.current)
        return part.curves.followed if isinstance(part, CurvesTab) else ()

    def _take_news(self, news: LiveNews) -> None:
        self._compared = news.compared
        self._behind = set(self._parts)
        self._show_tab()
        self._show_trouble(news)

    def _show_trouble(self, news: LiveNews) -> None:
        if news.trouble is not None:
            self._trouble(news.trouble)
        elif news.gone:
            names = ", ".join(run.name for run in news.compared.comparison.runs if run.run_id in news.gone)
            words = f"{names} was deleted meanwhile and is shown as it was read last."
            left = len(news.compared.comparison.runs) - len(news.gone)
            action = ("Leave it out", partial(self.left_out.emit, list(news.gone))) if left >= 2 else None
            self._show_banner(Banner(words, action))
        elif self._away:
            self._show_banner(None)
        self._away = news.trouble is not None

    def _trouble(self, error: LongshoreError) -> None:
        words = f"{error.reason} What was read before stays. {error.hint or ''}".strip()
        if not self._away:
            self._show_banner(Banner(words, ("Retry", self._retry)))
        self._away = True

    def _retry(self) -> None:
        self._show_banner(None)
        self._away = False
        part = self._parts.get(self.tabs.current)
        if isinstance(part, CurvesTab):
            part.curves.fetch_or_draw()
        self.live.look()

    def _more_curves(self, curves: CurvesPart) -> None:
        """Follow the metrics, too, that somebody chose."""
        if self._compared is not None:
            self._compared = replace(self._compared, curves=curves.histories)
            curves.compared = self._compared
            self.live.know(self._compared)

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

    def _start_anew(self) -> None:
        """Show what a view says of the comparison."""
        for part in self._parts.values():
            self._stack.removeWidget(part)
            part.deleteLater()
        self._parts.clear()
        tab = self._layout.text("tab", "curves", [tab for tab, _title in TABS])
        self.tabs.choose(tab)
        self.tab_select.choose(tab)
        self._stale = {tab for tab, _title in TABS}
        if self.isVisible():
            self.restore_height()
            QTimer.singleShot(TURN_MS, self, self._show_tab)

    def _choose(self, tab: str) -> None:
        self.tabs.choose(tab)
        self.tab_select.choose(tab)
        self._layout.put("tab", tab)
        self._show_tab()

    # -- room ---------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        room = self.width() - self._title.sizeHint().width() - BESIDE_TABS
        fits = self.tabs.sizeHint().width() <= room
        self.tabs.setVisible(fits)
        self.tab_select.setVisible(not fits)
        if not fits:
            self.tab_select.choose(self.tabs.current)

    def restore_height(self) -> None:
        """Be as high as somebody made it in this project."""
        splitter = self.parentWidget()
        if not isinstance(splitter, QSplitter):
            return
        if not self._watched:
            self._watched = True
            splitter.splitterMoved.connect(self._keep_height)
        share = self._layout.number("height", HEIGHT)
        self._set_share(min(95, max(20, share)))
        self._show_grown()

    def _keep_height(self, *_moved: int) -> None:
        splitter = self.parentWidget()
        if isinstance(splitter, QSplitter) and self.isVisible() and sum(splitter.sizes()) > 0:
            self._layout.put("height", 100 * splitter.sizes()[-1] // sum(splitter.sizes()))
            self._show_grown()

    def _set_share(self, percent: int) -> None:
        splitter = self.parentWidget()
        if isinstance(splitter, QSplitter):
            whole = max(100, splitter.height())
            splitter.setSizes([whole * (100 - percent) // 100, whole * percent // 100])

    @property
    def _grown(self) -> bool:
        return self._layout.number("height", HEIGHT) >= GROWN

    def _grow(self) -> None:
        """Take nearly all of the page, or go back to less than half."""
        percent = HEIGHT if self._grown else GROWN
        self._layout.put("height", percent)
        self._set_share(percent)
        self._show_grown()

    def _show_grown(self) -> None:
        tip = "Give the table more room" if self._grown else "Give the comparison more room"
        self.grow_button.set_icon("arrow-down" if self._grown else "arrow-up")
        self.grow_button.setToolTip(tip)
        self.grow_button.setAccessibleName(tip)

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
            part.show_compared(self._compared, self.baseline)
        elif tab in self._behind:
            part.show_news(self._compared, self.baseline)
        else:
            part.refresh()
        self._stale.discard(tab)
        self._behind.discard(tab)
        self.live.start()

    def refresh(self) -> None:
        """Look whether the run table shows other runs by now."""
        part = self._parts.get(self.tabs.current)
        if part is not None and self._compared is not None and self.isVisible():
            part.refresh()

    def _make(self, tab: str) -> Part:
        if tab == "curves":
            made = CurvesTab(self._context, self._layout, self._pin, self._stack)
            made.curves.fetched.connect(lambda: self._more_curves(made.curves))
            made.curves.failed.connect(self._trouble)
            return made
        if tab == "differences":
            return DifferencesTab(self._layout, self._pin, self._stack)
        return self._make_difference(tab) or self._make_chart(tab)

    def _make_difference(self, tab: str) -> Part | None:
        if tab == "code":
            from longshore.ui.pages.compare_code import CodeTab

            return CodeTab(self._context, self._layout, self._pin, self._stack)
        if tab == "files":
            from longshore.ui.pages.compare_files import FilesTab

            return FilesTab(self._context, self._layout, self._pin, self._stack)
        if tab in ("environment", "data"):
            from longshore.ui.pages.compare_made_of import DataTab, EnvironmentTab

            kind = EnvironmentTab if tab == "environment" else DataTab
            return kind(self._context, self._layout, self._pin, self._stack)
        return None

    def _make_chart(self, tab: str) -> Part:
        from longshore.ui.pages import compare_charts as charts

        kinds = {
            "scatter": charts.ScatterTab,
            "parallel": charts.ParallelTab,
            "box": charts.BoxTab,
            "importance": charts.ImportanceTab,
        }
        made = kinds[tab](self._context, self._layout, self._answering, self._stack)
        made.opened.connect(lambda run_id: self._context.open("run", run_id=run_id))
        made.selected.connect(self.selected)
        return made
