"""The parts of the pipeline page, made one a turn: toolbar, graph, panel below, inspector beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QStackedWidget, QWidget

from longshore.ui.pages.pipeline_inspector import PipelineInspector
from longshore.ui.pages.pipeline_list import StepList
from longshore.ui.pages.pipeline_looks import Look
from longshore.ui.pages.pipeline_panel import PipelinePanel
from longshore.ui.pages.pipeline_toolbar import PipelineToolbar
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import clear, vertical
from longshore.ui.widgets.late_content import LateContent
from longshore.ui.widgets.side_split import SideSplit
from longshore.ui.widgets.stage_view import StageView
from longshore.ui.widgets.states import Banner, EmptyState

if TYPE_CHECKING:
    from longshore.projects.pipeline import Pipeline

PANEL_HEIGHT, FOLDED_HEIGHT, ANY_HEIGHT = 132, 40, 16777215
# Lines and bars need more room than a problem or two.
TALL_HEIGHT = 216


class PipelineBody(LateContent):
    """Lays the parts out, and lets them speak with each other where the page need not know."""

    def __init__(self) -> None:
        super().__init__(self._lay_out, self._make_graph, self._make_panel, self._make_inspector)

    def _lay_out(self, holder: QWidget) -> None:
        column = vertical(holder)
        self.toolbar = PipelineToolbar(holder)
        column.addWidget(self.toolbar)
        self.banner_holder = QWidget(holder)
        self._banners = vertical(self.banner_holder)
        column.addWidget(self.banner_holder)
        self.split = SideSplit(holder)
        column.addWidget(self.split, 1)
        self._middle = QSplitter(Qt.Orientation.Vertical, self.split)
        self._middle.setChildrenCollapsible(False)
        self.toolbar.search.textChanged.connect(partial(self._search, 0))
        self.toolbar.search.next_asked.connect(lambda: self._search(1))
        self.toolbar.search.left.connect(self.take_focus)

    def _make_graph(self, _holder: QWidget) -> None:
        # The graph, or the same as a list.
        self.front = QStackedWidget(self._middle)
        self.front.setMinimumHeight(160)
        self._middle.addWidget(self.front)
        self.graph, self.list = StageView(), StepList()
        self.front.addWidget(self.graph)
        self.front.addWidget(self.list)
        self.list.selected.connect(self.graph.select)
        self.graph.selected.connect(self.list.select)
        self.graph.focus_path_asked.connect(self.toolbar.focus.toggle)
        self.toolbar.focus_path_toggled.connect(self.graph.show_focus_path)

    def _make_panel(self, _holder: QWidget) -> None:
        self.panel = PipelinePanel(self._middle)
        self._middle.addWidget(self.panel)
        self._middle.setStretchFactor(0, 1)
        self._middle.setSizes([700, PANEL_HEIGHT])
        self.panel.folded.connect(self._fold_panel)
        self.panel.tab_chosen.connect(self._make_room)

    def _make_inspector(self, _holder: QWidget) -> None:
        self.inspector = PipelineInspector(self.split)
        self.inspector.closed.connect(partial(self.split.show_panel, False))
        self.split.hold(self._middle, self.inspector)

    @property
    def as_list(self) -> bool:
        """Tell whether the list is in front."""
        return self.ready and self.front.currentWidget() is self.list

    def toggle_list(self) -> None:
        """Show the steps as a list, or as a graph again."""
        if self.ready:
            self.front.setCurrentWidget(self.graph if self.as_list else self.list)
            self.take_focus()

    def take_focus(self) -> None:
        """Give the steps the keyboard."""
        (self.list if self.as_list else self.graph).setFocus()

    def show_looks(self, looks: Mapping[str, Look]) -> None:
        """Show how the steps stand now."""
        self.graph.show_looks(looks)
        self.list.rows.show_looks(looks)

    def show_banner(self, banner: Banner | None) -> None:
        """Show a standing line above the graph, or none."""
        clear(self._banners)
        if banner is not None:
            self._banners.addWidget(banner)

    def _fold_panel(self, folded: bool) -> None:
        height = FOLDED_HEIGHT if folded else PANEL_HEIGHT
        self.panel.setMaximumHeight(FOLDED_HEIGHT if folded else ANY_HEIGHT)
        self._middle.setSizes([self._middle.height() - height, height])

    def _make_room(self, tab: str) -> None:
        if tab != "problems" and self.panel.height() < TALL_HEIGHT:
            self._middle.setSizes([self._middle.height() - TALL_HEIGHT, TALL_HEIGHT])

    def _search(self, step: int, _text: str = "") -> None:
        found = self.graph.picture.matching(self.toolbar.search.text())
        current = self.graph.current
        place = (found.index(current) + step) % len(found) if current in found else 0
        self.toolbar.search.show_place(place + 1 if found else 0, len(found))
        if found and (step or current not in found):
            self.graph.select(found[place], center=True)

    def focus_search(self) -> None:
        """Give the search the keyboard."""
        if self.ready:
            self.toolbar.search.setFocus()
            self.toolbar.search.selectAll()


def not_trusted(pipeline: Pipeline, ask: Callable[[], object]) -> Banner:
    """Say that no code was asked, and offer to change it."""
    text = "Not trusted: this graph is read from the folder's text alone."
    if not pipeline.complete:
        text += " Its own code can tell the rest."
    return Banner(text, ("Trust this folder…", ask))


def nothing_here(context: AppContext) -> QWidget:
    """Say what would be drawn, for a project that has none."""
    from longshore.projects.adapters import ADAPTERS
    from longshore.ui.pages.home_cards import FRAMEWORKS

    names = [FRAMEWORKS.get(one.NAME, one.NAME) for one in ADAPTERS if one.NAME not in ("script", "mlproject")]
    known = " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    words = (
        f"A folder with a {known} pipeline is drawn here step by step, with the state of each step. "
        "This project's entry points are on its overview."
    )
    return EmptyState("pipeline", "No pipeline in this project", words, ("Overview", partial(context.open, "overview")))
