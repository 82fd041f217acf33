"""Lineage: one thing in the middle, what it was made from at the left, what came of it at the right."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from longshore.errors import LongshoreError
from longshore.ui.pages import lineage_work as work
from longshore.ui.pages.lineage_chooser import Chooser
from longshore.ui.pages.lineage_inspector import LineageInspector
from longshore.ui.pages.lineage_list import LineageList
from longshore.ui.pages.lineage_toolbar import LineageToolbar
from longshore.ui.pages.overview_work import Signature, read_signature
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.theme.fonts import scale
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import clear, horizontal, vertical
from longshore.ui.widgets.graph_view import GraphView
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState, Loading, StateStack

# Narrower than this the inspector lies over the graph.
BESIDE_FROM = 1100
FORMS = {
    "JSON (*.json)": ("json", ".json"),
    "OpenLineage (*.openlineage.json)": ("openlineage", ".openlineage.json"),
    "SVG picture (*.svg)": ("svg", ".svg"),
}


class LineagePage(Page):
    """The graph around one thing, its inspector, and the same as a list."""

    title = "Lineage"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._asked = work.Asked()
        self._lineage: work.Lineage | None = None
        self._signature: Signature | None = None
        self._as_list = False
        # Beside the graph it is there from the start; over the graph only once it is asked for.
        self._inspector_wanted, self._inspector_over = True, False
        self.toolbar = LineageToolbar(self._asked.up, self._asked.down)
        self.graph = GraphView()
        self.list = LineageList()
        self.inspector = LineageInspector()
        self._build()
        self._connect()

    def _build(self) -> None:
        column = vertical(self)
        column.addWidget(self.toolbar)
        self._banners = QWidget()
        self._banner_column = vertical(self._banners)
        column.addWidget(self._banners)
        self._body = QWidget()
        self._row: QHBoxLayout = horizontal(self._body)
        self._stack = StateStack()
        for widget in (self.graph, self.list):
            self._stack.addWidget(widget)
        self._row.addWidget(self._stack, 1)
        self._row.addWidget(self.inspector)
        column.addWidget(self._body, 1)
        self._show_instead(Loading("Loading the lineage…"))

    def _connect(self) -> None:
        toolbar, graph = self.toolbar, self.graph
        toolbar.search.textChanged.connect(partial(self._search, 0))
        toolbar.search.next_asked.connect(lambda: self._search(1))
        toolbar.search.left.connect(self._front_focus)
        toolbar.kinds_changed.connect(self._show_kinds)
        toolbar.depth_changed.connect(self._depth_changed)
        toolbar.focus_path_toggled.connect(graph.show_focus_path)
        graph.selected.connect(self._selected)
        graph.inspect_asked.connect(self._inspect)
        graph.opened.connect(self._open_page)
        graph.more_asked.connect(self._more)
        graph.depth_asked.connect(self._step_depth)
        graph.focus_path_asked.connect(toolbar.focus.toggle)
        self.list.selected.connect(partial(graph.select, tell=True))
        self.list.opened.connect(self._open_page)
        self.inspector.chosen.connect(partial(self.graph.select, center=True))
        self.inspector.page_asked.connect(self._open_page)
        self.inspector.center_asked.connect(self._center)
        self.inspector.copy_asked.connect(self._copy)
        self.inspector.closed.connect(partial(self._show_inspector, False))
        self.context.theme.changed.connect(self._restyle)
        self.context.workspace_changed.connect(self._forget)

    # -- what the window asks -----------------------------------------------------------------------------------

    def crumbs(self) -> list[tuple[str, str | None]]:
        found = super().crumbs()
        graph = self._lineage.graph if self._lineage else None
        if graph is None:
            return found
        return [*found[:-1], ("Lineage", "lineage"), (graph.node(graph.focus).label, None)]

    def actions_now(self) -> list[Action]:
        nothing = "" if self._lineage and self._lineage.graph else "There is no lineage to export yet."
        as_list = "Show as graph" if self._as_list else "Show as list"
        focus = self._lineage.graph.focus if self._lineage and self._lineage.graph else "REF"
        return [
            Action("lineage-choose", "Choose…", self.choose, icon="search"),
            Action(
                "lineage-list",
                as_list,
                self.toggle_list,
                icon="lineage" if self._as_list else "table",
                shortcut="Ctrl+Shift+L",
            ),
            Action(
                "lineage-export",
                "Export…",
                self.export,
                icon="download",
                disabled_because=nothing,
                command=f"longshore lineage {focus} --format json",
            ),
            Action(
                "lineage-search", "Search the graph", self._focus_search, icon="search", shortcut="Ctrl+F", in_bar=False
            ),
            Action(
                "inspector",
                "Toggle the inspector",
                self.toggle_inspector,
                icon="sidebar",
                shortcut="Ctrl+I",
                in_bar=False,
            ),
        ]

    def show_with(self, **arguments: object) -> None:
        reference = str(arguments.get("reference") or "")
        project = self.context.project.name if self.context.project else ""
        asked = work.Asked(reference, project, self.toolbar.up.value(), self.toolbar.down.value())
        self.graph.motion = not self.context.settings.reduced_motion
        if asked != self._asked or self._lineage is None:
            if (asked.reference, asked.project) != (self._asked.reference, self._asked.project):
                self._lineage = None
            self._asked = asked
            self._read()
        self.refresh()
        self._front_focus()

    def refresh(self) -> None:
        project = self.context.project.id if self.context.project else ""
        self.context.runner.run(
            self, read_signature(self.context.home, project), self._compare, _later, key="lineage-rows"
        )

    def _compare(self, signature: Signature) -> None:
        known, self._signature = self._signature, signature
        if known is not None and known != signature:
            self._read()

    def _forget(self) -> None:
        self._lineage, self._asked = None, work.Asked()
        if self.isVisible():
            self.show_with()

    # -- reading ------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        if self._lineage is None:
            self._show_instead(Loading("Loading the lineage…"))
        width, height = values()["node"]["card"]
        asked = work.read_lineage(
            self.context.home, self.context.workspace_name, self._asked, (width * scale(), height * scale())
        )
        done, failed = partial(self._show, self._asked), partial(self._fail, self._asked)
        self.context.runner.run(self, asked, done, failed, key="lineage")

    def _show(self, asked: work.Asked, lineage: work.Lineage) -> None:
        if asked != self._asked:
            return
        clear(self._banner_column)
        if self._lineage is not None and lineage == self._lineage:
            return
        before, self._lineage = self._lineage, lineage
        self.toolbar.show_counts(lineage.counts)
        graph = lineage.graph
        if graph is None:
            self._show_empty()
        else:
            same = before is not None and before.graph is not None and before.graph.focus == graph.focus
            current = self.graph.current if same else graph.focus
            if lineage.picture.card(current) is None:
                current = graph.focus
            self._stack.setCurrentWidget(self.list if self._as_list else self.graph)
            self.graph.show_picture(lineage.picture, current, keep_place=False)
            self._show_kinds()
            self.inspector.show_node(graph, graph.node(current))
            self._place_inspector()
            if graph.truncated:
                text = "There is more than is shown: only the first things are drawn. Lower the depth or start from another thing."
                self._banner_column.addWidget(Banner(text))
        self.context.actions_changed.emit()

    def _fail(self, asked: work.Asked, error: LongshoreError) -> None:
        if asked != self._asked:
            return
        clear(self._banner_column)
        if self._lineage is not None and self._lineage.graph is not None:
            self._banner_column.addWidget(Banner(f"{error.reason} {error.hint or ''}".strip(), ("Retry", self._read)))
            return
        box = QWidget()
        column = vertical(box, spacing=12)
        column.addWidget(ErrorState(error, "The lineage could not be loaded", self._read))
        column.addStretch(1)
        self._show_instead(box)
        self.context.actions_changed.emit()

    def _show_empty(self) -> None:
        words = (
            "Launch a run: the data it read, its code and environment, the models registered from it and where they "
            "are served are drawn here."
        )
        launch = ("Launch run…", self.context.launch) if self.context.project else ("Choose…", self.choose)
        self._show_instead(EmptyState("lineage", "No lineage yet", words, launch, action_icon="play"))

    def _show_instead(self, widget: QWidget) -> None:
        self._stack.say(widget)
        self.inspector.hide()
        self.toolbar.show_counts({})

    def _restyle(self) -> None:
        self.graph.viewport().update()
        self.graph.map.update()

    # -- selecting ----------------------------------------------------------------------------------------------

    def _selected(self, node_id: str) -> None:
        graph = self._lineage.graph if self._lineage else None
        if graph is not None:
            self.inspector.show_node(graph, graph.node(node_id))
            self.list.select(node_id)

    def _inspect(self, node_id: str) -> None:
        self._selected(node_id)
        self._show_inspector(True)

    def _open_page(self, node_id: str) -> None:
        kind, _, rest = node_id.partition(":")
        if kind == "run":
            self.context.open("run", run_id=rest)
        elif kind == "model":
            name, _, version = rest.rpartition("/")
            self.context.open("models", name=name, version=version)
        elif kind == "deployment" and "@" not in rest:
            self.context.open("deployments", name=rest)
        else:
            self._inspect(node_id)

    def _center(self, node_id: str) -> None:
        self.context.open("lineage", reference=node_id)

    def _copy(self, node_id: str) -> None:
        QGuiApplication.clipboard().setText(node_id)
        self.context.tell("success", "Reference copied", node_id)

    def choose(self) -> None:
        """Ask around which thing the graph is drawn."""
        dialog = Chooser(self.window(), self.context)
        dialog.chosen.connect(self._center)
        dialog.open()

    # -- searching, filtering, depth ----------------------------------------------------------------------------

    def _search(self, step: int, _text: str = "") -> None:
        found = self.graph.picture.matching(self.toolbar.search.text())
        current = self.graph.current
        place = (found.index(current) + step) % len(found) if current in found else 0
        self.toolbar.search.show_place(place + 1 if found else 0, len(found))
        if found and (step or current not in found):
            self.graph.select(found[place], center=True)

    def _focus_search(self) -> None:
        self.toolbar.search.setFocus()
        self.toolbar.search.selectAll()

    def _front_focus(self) -> None:
        front = self._stack.currentWidget()
        if front is not None:
            front.setFocus()

    def _show_kinds(self) -> None:
        self.graph.hide_kinds(self.toolbar.hidden_kinds())
        self.list.show_picture(self.graph.picture, self.graph.hidden, self.graph.current)

    def _depth_changed(self) -> None:
        from dataclasses import replace

        self._asked = replace(self._asked, up=self.toolbar.up.value(), down=self.toolbar.down.value())
        self._read()

    def _step_depth(self, step: int) -> None:
        for stepper in (self.toolbar.up, self.toolbar.down):
            stepper.show_value(max(stepper.minimum(), min(stepper.maximum(), stepper.value() + step)))
        self._depth_changed()

    def _more(self, side: str) -> None:
        (self.toolbar.up if side == "before" else self.toolbar.down).stepUp()

    # -- the inspector, the list, the export --------------------------------------------------------------------

    def toggle_list(self) -> None:
        """Show the graph as a list, or as a picture again."""
        self._as_list = not self._as_list
        if self._lineage and self._lineage.graph:
            self._stack.setCurrentWidget(self.list if self._as_list else self.graph)
            self._front_focus()
        self.context.actions_changed.emit()

    def toggle_inspector(self) -> None:
        """Show or hide the inspector."""
        self._show_inspector(self.inspector.isHidden())

    def _show_inspector(self, shown: bool) -> None:
        if self._beside:
            self._inspector_wanted = shown
        else:
            self._inspector_over = shown
        self._place_inspector()
        if shown and not self._beside and self.graph.current:
            self.graph.make_clear(self.graph.current, self.inspector.width())

    @property
    def _beside(self) -> bool:
        return self.window().width() >= BESIDE_FROM

    def _place_inspector(self) -> None:
        """Put the inspector beside the graph, or over it where the window is narrow."""
        there = self._lineage is not None and self._lineage.graph is not None
        self.inspector.setVisible(there and (self._inspector_wanted if self._beside else self._inspector_over))
        if self._beside:
            if self._row.indexOf(self.inspector) < 0:
                self._row.addWidget(self.inspector)
            return
        if self._row.indexOf(self.inspector) >= 0:
            self._row.removeWidget(self.inspector)
        self.inspector.setGeometry(
            self._body.width() - self.inspector.width(), 0, self.inspector.width(), self._body.height()
        )
        self.inspector.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_inspector()

    def export(self) -> None:
        """Ask for a file and a form, and write the graph."""
        graph = self._lineage.graph if self._lineage else None
        if graph is None:
            return
        dialog = QFileDialog(self.window(), "Export the lineage", str(Path.home() / "lineage.json"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(FORMS))
        dialog.fileSelected.connect(lambda file: self.export_to(file, dialog.selectedNameFilter()))
        dialog.open()

    def export_to(self, file: str, chosen: str = "") -> None:
        """Write the graph to a file; the form is the chosen one, else what the file's name says."""
        form = "openlineage" if file.endswith(".openlineage.json") else "svg" if file.endswith(".svg") else "json"
        if chosen in FORMS:
            form, ending = FORMS[chosen]
            if not Path(file).suffix:
                file += ending
        if form == "svg" and self.context.theme.scheme.name == "dark":
            form = "svg-dark"
        asked = work.export(self.context.home, self.context.workspace_name, self._asked, file, form)
        self.context.runner.run(
            self,
            asked,
            lambda written: self.context.tell("success", "Lineage exported", written),
            lambda error: self.context.tell("error", error.reason, error.hint or ""),
            title="Exporting the lineage",
        )


def _later(_error: LongshoreError) -> None:
    """The next change of a row asks again."""
