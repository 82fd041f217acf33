"""The inspector beside the graph: one node, what it was made from and led to, its facts, the way to its page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from longshore.ui.pages import lineage_story as story
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import (
    Button,
    ElidedLabel,
    IconLabel,
    clear,
    column_of,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.click_row import fixed
from longshore.ui.widgets.kind_tile import KindTile
from longshore.ui.widgets.pill import AliasTag, Pill
from longshore.ui.widgets.states import EmptyState

if TYPE_CHECKING:
    from longshore.lineage.graph import Graph, Node

PAGES = {"run": "Open run", "model": "Open model", "deployment": "Open deployment"}


class LineageInspector(QFrame):
    """Shows one node. Signals carry the node's id."""

    chosen = Signal(str)  # a neighbour was clicked
    page_asked = Signal(str)
    center_asked = Signal(str)
    copy_asked = Signal(str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("inspector")
        self.setFixedWidth(values()["layout"]["inspectorWidth"])
        self.setAccessibleName("Inspector")
        self._column = vertical(self)
        self._shown: tuple[object, ...] = ()
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say what can be selected."""
        self._shown = ()
        clear(self._column)
        words = "Select a dataset, commit, environment, run, model version or deployment to see what it was made from."
        self._column.addWidget(EmptyState("lineage", "Nothing selected", words), 1)

    def show_node(self, graph: Graph, node: Node) -> None:
        """Show a node of a graph."""
        if self._shown == (graph, node.id):
            return
        self._shown = (graph, node.id)
        clear(self._column)
        self._column.addWidget(self._head(node))
        self._column.addWidget(line("hStrong"))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        column = vertical(body, (16, 16, 16, 16), 14)
        for place, part in enumerate(self._parts(graph, node)):
            if place:
                column.addWidget(line())
            column.addWidget(part)
        column.addStretch(1)
        area.setWidget(body)
        self._column.addWidget(area, 1)
        self._column.addWidget(line("hStrong"))
        self._column.addWidget(self._foot(graph, node))

    def _head(self, node: Node) -> QWidget:
        holder = QWidget()
        column = vertical(holder, (16, 16, 12, 14), 8)
        top = QWidget()
        row = horizontal(top, spacing=10)
        row.addWidget(KindTile(node.kind), 0, Qt.AlignmentFlag.AlignTop)
        words = QWidget()
        inner = vertical(words, spacing=1)
        inner.addWidget(ElidedLabel(node.label, "title", mode=Qt.TextElideMode.ElideMiddle))
        inner.addWidget(ElidedLabel(story.subtitle(node), "small", "secondary"))
        row.addWidget(words, 1)
        close = Button(
            "", self.closed.emit, icon="x", kind="ghost", size="iconSmall", tip="Close the inspector", shortcut="Ctrl+I"
        )
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        column.addWidget(top)
        marks: list[QWidget | None] = [AliasTag(alias) for alias in node.attributes.get("aliases", ())[:3]]
        state = node.attributes.get("status" if node.kind == "run" else "state")
        if state:
            marks.append(Pill(str(state)))
        if marks:
            column.addWidget(row_of(*marks, None, spacing=6))
        return holder

    def _parts(self, graph: Graph, node: Node) -> list[QWidget]:
        parts: list[QWidget] = []
        made_from, led_to = story.sources(graph, node), story.results(graph, node)
        if made_from or led_to:
            parts.append(self._links(made_from, led_to))
        if found := story.metrics(graph, node):
            parts.append(_grid(found, "" if node.kind == "run" else "Metrics of its run"))
        if found := story.facts(graph, node):
            parts.append(_grid(found))
        if found := story.parameters(node):
            parts.append(_grid(found, "Parameters"))
        if words := story.impact(graph, node):
            title = label("If this changes", "bodyStrong")
            parts.append(column_of(title, label(words, "body", "secondary", wrap=True), spacing=4))
        return parts

    def _links(self, *groups: Sequence[story.Link]) -> QWidget:
        holder = QWidget()
        column = vertical(holder, spacing=4)
        for links in groups:
            for link in links[: story.MOST_LINKS]:
                column.addWidget(self._link(link))
            if len(links) > story.MOST_LINKS:
                column.addWidget(label(f"and {len(links) - story.MOST_LINKS} more in the graph", "small", "tertiary"))
        return holder

    def _link(self, link: story.Link) -> QWidget:
        row = QWidget()
        inner = horizontal(row, spacing=6)
        inner.addWidget(label(link.words, "body", "secondary"))
        inner.addWidget(IconLabel(values()["nodeKinds"][link.kind]["icon"], f"node.{link.kind}", 14))
        title = link.title if len(link.title) <= 30 else f"{link.title[:14]}…{link.title[-14:]}"
        button = Button(title, partial(self.chosen.emit, link.id), kind="link")
        button.setToolTip("" if title == link.title else link.title)
        button.setAccessibleName(f"{link.words} {link.title}")
        inner.addWidget(button)
        inner.addStretch(1)
        return row

    def _foot(self, graph: Graph, node: Node) -> QWidget:
        buttons: list[QWidget | None] = []
        if node.kind in PAGES:
            icon = values()["nodeKinds"][node.kind]["icon"]
            buttons.append(Button(PAGES[node.kind], partial(self.page_asked.emit, node.id), icon=icon, kind="primary"))
        if node.id != graph.focus:
            tip = "Draw the graph around this"
            buttons.append(Button("Center here", partial(self.center_asked.emit, node.id), icon="focus", tip=tip))
        copy = Button(
            "", partial(self.copy_asked.emit, node.id), icon="copy", kind="ghost", size="icon", tip="Copy reference"
        )
        return row_of(*buttons, None, copy, margins=(16, 12, 12, 12))


def _grid(facts: Sequence[story.Fact], title: str = "") -> QWidget:
    holder = QWidget()
    column = vertical(holder, spacing=8)
    if title:
        column.addWidget(label(title, "bodyStrong"))
    inner = QWidget()
    grid = QGridLayout(inner)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(12)
    grid.setVerticalSpacing(6)
    grid.setColumnStretch(1, 1)
    for row, fact in enumerate(facts):
        grid.addWidget(fixed(ElidedLabel(fact.name, "body", "secondary"), 104), row, 0)
        mode = Qt.TextElideMode.ElideMiddle if fact.mono else Qt.TextElideMode.ElideRight
        grid.addWidget(ElidedLabel(fact.value, "mono" if fact.mono else "body", mode=mode), row, 1)
    column.addWidget(inner)
    return holder
