"""Overview: the open project, what can be started in it, what came of it."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from longshore.errors import LongshoreError, NotFound
from longshore.store.records import Project
from longshore.ui.pages import overview_parts as parts
from longshore.ui.pages import overview_work as work
from longshore.ui.pages.home_cards import FRAMEWORKS, list_box
from longshore.ui.shell import opening, trusting
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext, ProjectRef
from longshore.ui.shell.pages import Page
from longshore.ui.widgets.basic import (
    Button,
    Card,
    ElidedLabel,
    badge,
    clear,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.late_content import TURN_MS
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState

SIDE_WIDTH, SIDE_FROM = 332, 1100
CARD_MIN = 320
ABOUT_WIDTH = 760


class OverviewPage(Page):
    """The project that the navigation shows."""

    title = "Overview"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._folder: work.FolderState | None = None
        self._served: work.ServedState | None = None
        self._signature: work.Signature | None = None
        self._error: LongshoreError | None = None
        self._project: ProjectRef | None = None
        self._columns = 0
        row = horizontal(self)
        area, self._main = _scroll((20, 20, 20, 20), 12)
        row.addWidget(area, 1)
        self._side_frame = QFrame()
        self._side_frame.setObjectName("inspector")
        self._side_frame.setFixedWidth(SIDE_WIDTH)
        side_area, self._side_column = _scroll((16, 20, 16, 16), 0)
        vertical(self._side_frame).addWidget(side_area)
        row.addWidget(self._side_frame)
        self._head, self._entries, self._runs, self._side = QWidget(), QWidget(), QWidget(), QWidget()
        self._head_column = vertical(self._head, spacing=8)
        self._entries_column = vertical(self._entries, spacing=10)
        self._runs_column = vertical(self._runs, spacing=10)
        self._facts = vertical(self._side, spacing=16)
        for widget in (self._head, self._entries, self._runs):
            self._main.addWidget(widget)
        self._main.addStretch(1)
        self._side_column.addWidget(self._side)
        self._side_column.addStretch(1)
        context.workspace_changed.connect(self._read_served)
        context.project_changed.connect(self._project_changed)

    def crumbs(self) -> list[tuple[str, str | None]]:
        project = self.context.project
        return [(project.name, "overview"), ("Overview", None)] if project else [("Overview", None)]

    def actions_now(self) -> list[Action]:
        project = self.context.project
        if project is None:
            return []
        gone = self._gone
        close = Action(
            "close-project",
            "Close project",
            self.close_project,
            icon="x",
            command=f"longshore close {project.name}",
        )
        if gone:
            return [close]
        show = Action("show-folder", "Show folder", partial(_show_folder, project.path), icon="external")
        none = self._folder is not None and not self._folder.info.entry_points
        launch = Action(
            "launch",
            "Launch run…",
            self.context.launch,
            icon="play",
            shortcut="Ctrl+R",
            kind="primary",
            command=f"longshore run {project.name}",
            disabled_because="The project has no entry point yet." if none else "",
        )
        return [close, show, launch]

    def show_with(self, **arguments: object) -> None:
        self._read_folder()
        self._read_served()

    def refresh(self) -> None:
        if self._project is not None:
            asked = work.read_signature(self.context.home, self._project.id)
            self.context.runner.run(self, asked, self._compare, _nothing, key="overview-rows")

    def _project_changed(self) -> None:
        if self.isVisible():
            self.show_with()

    def _compare(self, signature: work.Signature) -> None:
        known, self._signature = self._signature, signature
        if known is not None and known != signature:
            self._read_folder()
            self._read_served()

    def _read_folder(self) -> None:
        project = self.context.project
        if project != self._project:
            self._project, self._folder, self._served, self._signature = project, None, None, None
            for column in (self._head_column, self._entries_column, self._runs_column, self._facts):
                clear(column)
            if project is not None:
                self._show_title(project, "", ())
                self.refresh()
        self._place_side()
        if project is None:
            self._entries_column.addWidget(self._no_project(), 1)
            return
        self.context.runner.run(
            self,
            work.read_folder(self.context.home, project.path),
            self._show_folder,
            self._show_failure,
            key="overview-folder",
        )

    def _read_served(self) -> None:
        if self._project is None:
            return
        asked = work.read_served(self.context.home, self.context.workspace_name, self._project.id, self._project.name)
        self.context.runner.run(self, asked, self._show_served, self._show_no_runs, key="overview-served")

    @property
    def _gone(self) -> bool:
        return isinstance(self._error, NotFound)

    def _show_failure(self, error: LongshoreError) -> None:
        self._error, self._folder = error, None
        clear(self._entries_column)
        clear(self._facts)
        assert self._project is not None
        self._show_title(self._project, "", ())
        box = ErrorState(error, "The project's folder is gone" if self._gone else "", self._read_folder)
        self._entries_column.addWidget(box)
        if self._gone:
            words = "Put the folder back, or take the project off the list. Its runs and models stay in the workspace."
            self._entries_column.addWidget(label(words, "body", "secondary", wrap=True))
            self._entries_column.addWidget(row_of(Button("Remove from list", self.close_project), None))
        self.context.actions_changed.emit()

    def _show_folder(self, state: work.FolderState) -> None:
        self._error = None
        if state == self._folder:
            return
        self._folder = state
        assert self._project is not None
        info = state.info
        self._show_title(self._project, state.about, info.frameworks)
        if not state.trusted:
            ask = partial(trusting.ask, self.context, self.window(), info.path)
            self._head_column.addWidget(Banner("Not trusted: shown from its text alone.", ("Trust this folder…", ask)))
        for problem in info.problems:
            self._head_column.addWidget(Banner(problem, ("Check again", self._read_folder)))
        self._show_entries()
        self._show_facts()
        self.context.actions_changed.emit()

    def _show_title(self, project: ProjectRef, about: str, frameworks: tuple[str, ...]) -> None:
        clear(self._head_column)
        name = ElidedLabel(project.name, "heading", mode=Qt.TextElideMode.ElideMiddle)
        badges = [badge(FRAMEWORKS.get(one, one)) for one in frameworks]
        holder = QWidget()
        row = horizontal(holder, spacing=8)
        row.addWidget(name)
        for one in badges:
            row.addWidget(one)
        row.addStretch(1)
        self._head_column.addWidget(holder)
        path = ElidedLabel(project.path, "mono", "secondary", mode=Qt.TextElideMode.ElideMiddle)
        copy = Button(
            "", partial(self._copy, project.path), icon="copy", kind="ghost", size="iconSmall", tip="Copy path"
        )
        below = QWidget()
        under = horizontal(below, spacing=4)
        under.addWidget(path)
        under.addWidget(copy)
        under.addStretch(1)
        self._head_column.addWidget(below)
        if about:
            words = label(about, "body", "secondary", wrap=True)
            words.setMaximumWidth(ABOUT_WIDTH)
            holder = QWidget()
            inner = horizontal(holder)
            inner.addWidget(words, 100)
            inner.addStretch(1)
            self._head_column.addWidget(holder)

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.context.tell("success", "Path copied")

    def _show_entries(self) -> None:
        clear(self._entries_column)
        if self._folder is None:
            return
        entries = self._folder.info.entry_points
        self._entries_column.addSpacing(8)
        self._entries_column.addWidget(row_of(label("Entry points", "title"), badge(str(len(entries))), None))
        self._columns = self._fitting_columns()
        if not entries:
            box = Card(surface="panel")
            words = "Add a Python script with a main part, or an MLproject file, then come back here."
            vertical(box).addWidget(
                EmptyState("play", "Nothing to start yet", words, ("Check again", self._read_folder))
            )
            self._entries_column.addWidget(box)
            return
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(16)
        for place, entry in enumerate(entries):
            card = parts.EntryCard(entry, partial(self.context.launch, entry_point=entry.name))
            grid.addWidget(card, place // self._columns, place % self._columns)
        for column in range(self._columns):
            grid.setColumnStretch(column, 1)
        self._entries_column.addWidget(holder)

    def _show_served(self, state: work.ServedState) -> None:
        if state == self._served:
            return
        self._served = state
        clear(self._runs_column)
        self._runs_column.addSpacing(8)
        more = Button("All runs", partial(self.context.open, "runs"), kind="link")
        self._runs_column.addWidget(row_of(label("Last runs", "title"), None, *([more] if state.runs else [])))
        if state.offline is not None:
            text = f"{state.offline.reason} {state.offline.hint or ''}"
            self._runs_column.addWidget(Banner(text.strip(), ("Retry", self._read_served)))
        elif state.runs:
            rows = [parts.run_row(run, partial(self.context.open, "run", run_id=run.run_id)) for run in state.runs]
            self._runs_column.addWidget(list_box(rows))
        else:
            box = Card(surface="panel")
            words = "Launch an entry point: its runs, with parameters, metrics and log, are listed here."
            vertical(box).addWidget(EmptyState("run", "No runs yet", words))
            self._runs_column.addWidget(box)
        QTimer.singleShot(TURN_MS, self, self._show_facts)

    def _show_no_runs(self, error: LongshoreError) -> None:
        clear(self._runs_column)
        self._runs_column.addWidget(ErrorState(error, "The project's runs could not be read", self._read_served))

    def _show_facts(self) -> None:
        clear(self._facts)
        blocks: list[QWidget] = []
        if self._folder is not None:
            info = self._folder.info
            blocks.append(parts.section("Code", parts.code_facts(info.git)))
            blocks.append(parts.section("Environment", parts.environment_facts(info.environment)))
        if self._served is not None and self._served.offline is None:
            blocks.append(self._models(self._served.models))
        if self._served is not None:
            blocks.append(self._deployments(self._served))
        for place, block in enumerate(blocks):
            if place:
                self._facts.addWidget(line())
            self._facts.addWidget(block)

    def _models(self, models: tuple[work.ModelLine, ...]) -> QWidget:
        if not models:
            words = "None yet. Register the model of a run to give it a name and versions."
            return parts.section("Models", [label(words, "small", "secondary", wrap=True)])
        rows = [parts.model_row(one, partial(self.context.open, "models", name=one.name)) for one in models]
        return parts.section("Models", [list_box(rows)], len(models))

    def _deployments(self, state: work.ServedState) -> QWidget:
        if not state.deployments:
            return parts.section("Deployments", [label("Not deployed.", "small", "secondary")])
        rows = [
            parts.deployment_row(one, partial(self.context.open, "deployments", name=one.name))
            for one in state.deployments
        ]
        return parts.section("Deployments", [list_box(rows)], len(rows))

    def close_project(self) -> None:
        """Forget the project; nothing is deleted."""
        project = self.context.project
        if project is not None:
            self.context.runner.run(
                self,
                work.forget(self.context.home, project.id),
                partial(self._closed, project.name),
                lambda error: self.context.tell("error", error.reason, error.hint or ""),
                title=f"Closing {project.name}",
            )

    def _closed(self, name: str, left: tuple[Project, ...]) -> None:
        self._error = None
        self.context.show_project(ProjectRef(left[0].id, left[0].name, left[0].path) if left else None)
        self.context.open("home")
        self.context.tell("success", f"{name} is closed", "Its folder, runs and models stay as they are.")

    def _no_project(self) -> QWidget:
        clear(self._entries_column)
        ask = partial(opening.ask_for_folder, self.context, self.window())
        words = "Open a folder with Python scripts or an MLproject file to see what can be started in it."
        return EmptyState("folder", "No project is open", words, ("Open folder…", ask), action_icon="folder")

    def _fitting_columns(self) -> int:
        room = self.width() - (SIDE_WIDTH if self._wide else 0) - 40
        return max(1, min(3, (room + 16) // (CARD_MIN + 16)))

    @property
    def _wide(self) -> bool:
        return self.window().width() >= SIDE_FROM

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_side()
        if self._fitting_columns() != self._columns:
            self._show_entries()

    def _place_side(self) -> None:
        """Put the facts beside the rest, or below it where the window is narrow."""
        self._side_frame.setVisible(self._wide and self._project is not None)
        if self._wide and self._side_column.indexOf(self._side) < 0:
            self._side_column.insertWidget(0, self._side)
        elif not self._wide and self._main.indexOf(self._side) < 0:
            self._main.insertWidget(self._main.count() - 1, self._side)


def _scroll(margins: tuple[int, int, int, int], spacing: int) -> tuple[QScrollArea, QVBoxLayout]:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    body = QWidget()
    column = vertical(body, margins, spacing)
    area.setWidget(body)
    return area, column


def _show_folder(path: str) -> None:
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))


def _nothing(_error: LongshoreError) -> None:
    """The next change of a row asks again."""
