"""Home: what needs you, the projects, what runs now, what happened."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QScrollArea, QWidget

from longshore.errors import LongshoreError
from longshore.store import quick
from longshore.ui.pages.home_cards import ProjectTile, attention_row, list_box
from longshore.ui.pages.home_data import HomeState, ProjectCard, read_home
from longshore.ui.pages.home_first import FirstRun
from longshore.ui.pages.home_side import SIDE_WIDTH, HomeSide
from longshore.ui.shell import opening
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext, ProjectRef
from longshore.ui.shell.pages import Page
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import badge, clear, horizontal, label, row_of, vertical
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState

SIDE_FROM = 1100


class HomePage(Page):
    """The workspace at a glance."""

    title = "Home"
    look_every_s = 10.0

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._state: HomeState | None = None
        self._offer = ""
        self._shown: tuple[object, ...] | None = None
        self._busy = self._stale = False
        row = horizontal(self)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self._column = vertical(body, (20, 20, 20, 20), 12)
        area.setWidget(body)
        row.addWidget(area, 1)
        self._side = HomeSide(context)
        self._row = row
        self._wide: bool | None = None
        self._filter = QLineEdit()
        self._filter.setPlaceholderText("Filter projects")
        self._filter.setAccessibleName("Filter projects")
        self._filter.setFixedWidth(180)
        self._filter.setClearButtonEnabled(True)
        self._filter.textChanged.connect(self._show_tiles)
        self._grid_holder = QWidget()
        self._grid = QGridLayout(self._grid_holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        self._columns = 0
        context.workspace_changed.connect(self.refresh)
        self._show_remembered()

    def crumbs(self) -> list[tuple[str, str | None]]:
        return [("Home", None)]

    def actions_now(self) -> list[Action]:
        window = self.window()
        # Before the first project, the page itself offers what there is to do.
        known = self._state is None or bool(self._state.projects)
        found = [
            Action(
                "open-folder",
                "Open folder…",
                partial(opening.ask_for_folder, self.context, window),
                icon="folder",
                shortcut="Ctrl+O",
                command="longshore open PATH",
                in_bar=known,
            ),
            Action(
                "new-project",
                "New project",
                partial(opening.ask_for_new, self.context, window),
                icon="plus",
                shortcut="Ctrl+N",
                kind="primary",
                command="longshore new FOLDER",
                in_bar=known,
            ),
        ]
        if known:
            found.append(
                Action(
                    "filter", "Filter projects", self._filter.setFocus, icon="search", shortcut="Ctrl+F", in_bar=False
                )
            )
        return found

    def show_with(self, **arguments: object) -> None:
        self._offer = str(arguments.get("offer") or "")
        self.refresh()

    def refresh(self) -> None:
        if self._busy:
            self._stale = True
            return
        self._busy = True
        work = read_home(self.context.home, self.context.workspace_name)
        self.context.runner.run(self, work, self._show_state, self._show_failure, key="home")

    def _show_remembered(self) -> None:
        """Fill the first frame with what the standard library can read."""
        cards = tuple(
            ProjectCard(identity, name, path, (), "", "") for identity, name, path in quick.projects(self.context.home)
        )
        self._build(HomeState(cards, (), (), (), (), None), loading=True)
        self.note_rows()

    def _show_state(self, state: HomeState) -> None:
        self._busy = False
        self._build(state)
        if self._stale:
            self._stale = False
            self.refresh()

    def _show_failure(self, error: LongshoreError) -> None:
        self._busy = False
        if self._state is None or not self._state.projects:
            self._shown = None
            clear(self._column)
            self._column.addWidget(ErrorState(error, "Home could not be loaded", self.refresh))
            self._column.addStretch(1)

    def _build(self, state: HomeState, *, loading: bool = False) -> None:
        self._state = state
        self._side.show_state(state)
        # A job's progress comes every second; the tiles are built again only when something of theirs changed.
        shown = (*_tiles_of(state), self._offer)
        if shown == self._shown:
            return
        self._shown = shown
        self.context.actions_changed.emit()
        # What is built anew must not take the keyboard's place away.
        typing, tile = self._filter.hasFocus(), self._focused_tile()
        self._keep(self._filter, self._grid_holder, self._side)
        clear(self._column)
        if self._offer:
            self._column.addWidget(self._offer_box())
        if not state.projects:
            if not self._offer:
                self._column.addWidget(self._first_run(), 1)
            return
        if state.offline is not None:
            self._column.addWidget(
                Banner(f"{state.offline.reason} {state.offline.hint or ''}", ("Retry", self.refresh))
            )
        self._add_attention(state)
        self._column.addWidget(row_of(label("Projects", "title"), badge(str(len(state.projects))), None, self._filter))
        self._column.addWidget(self._grid_holder)
        self._filter.show()
        self._grid_holder.show()
        self._wide = None
        self._place_side()
        self._show_tiles(loading=loading)
        if typing:
            self._filter.setFocus()
        elif tile:
            self._focus_tile(tile)

    def _focused_tile(self) -> str:
        focused = self.window().focusWidget()
        return focused.card.id if isinstance(focused, ProjectTile) else ""

    def _focus_tile(self, project_id: str) -> None:
        for place in range(self._grid.count()):
            item = self._grid.itemAt(place)
            tile = item.widget() if item is not None else None
            if isinstance(tile, ProjectTile) and tile.card.id == project_id:
                tile.setFocus()

    def _keep(self, *widgets: QWidget) -> None:
        for widget in widgets:
            self._column.removeWidget(widget)
            widget.setParent(self)
            widget.hide()

    def _add_attention(self, state: HomeState) -> None:
        rows: list[QWidget] = []
        for deployment in state.unwell:
            detail = deployment.detail or (deployment.error or {}).get("message") or ""
            go = partial(self.context.open, "deployments", name=deployment.name)
            rows.append(
                attention_row(
                    "warn", "warning.text", f"{deployment.name} is {deployment.state}", detail, "Open deployment", go
                )
            )
        for job in state.failed[:4]:
            why = (job.error or {}).get("message") or job.detail
            rows.append(
                attention_row(
                    "x-circle",
                    "danger.text",
                    f"{job.title} failed",
                    why or "",
                    "Show log",
                    partial(self._open_job, job.id),
                )
            )
        if rows:
            self._column.addWidget(row_of(label("Needs you", "title"), badge(str(len(rows))), None))
            self._column.addWidget(list_box(rows))
            self._column.addSpacing(8)

    def _open_job(self, job_id: str) -> None:
        self.context.open("run", job_id=job_id)

    def _show_tiles(self, _text: str = "", *, loading: bool = False) -> None:
        clear(self._grid)
        state = self._state
        if state is None:
            return
        wanted = self._filter.text().strip().lower()
        shown = [card for card in state.projects if wanted in card.name.lower() or wanted in card.path.lower()]
        self._columns = self._fitting_columns()
        for index, card in enumerate(shown):
            tile = ProjectTile(card, loading=loading)
            tile.activated.connect(partial(self._open_project, card))
            tile.deploy_asked.connect(partial(self._open_models, card))
            self._grid.addWidget(tile, index // self._columns, index % self._columns)
        for column in range(self._columns):
            self._grid.setColumnStretch(column, 1)
        if not shown:
            self._grid.addWidget(label(f"No project is called “{self._filter.text()}”.", "body", "secondary"), 0, 0)

    def _place_side(self) -> None:
        """Put what runs and happened beside the projects, or below them where the window is narrow."""
        wide = self.window().width() >= SIDE_FROM
        shown = self._state is not None and bool(self._state.projects)
        if wide == self._wide or not shown:
            self._side.setVisible(shown)
            return
        self._wide = wide
        if self._column.indexOf(self._side) >= 0:
            self._column.takeAt(self._column.count() - 1)  # the stretch
        self._side.place(beside=wide)
        if wide:
            self._row.addWidget(self._side)
        else:
            self._column.addWidget(self._side)
        self._column.addStretch(1)
        # Another layout has another parent, and that hides.
        self._side.show()

    def _fitting_columns(self) -> int:
        room = self.width() - (SIDE_WIDTH if self._wide else 0) - 40
        return max(1, min(3, room // int(values()["layout"]["cardMinWidth"])))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_side()
        if self._fitting_columns() != self._columns:
            self._show_tiles()

    def _open_project(self, card: ProjectCard) -> None:
        self.context.show_project(ProjectRef(card.id, card.name, card.path))
        self.context.open("overview")

    def _open_models(self, card: ProjectCard) -> None:
        self.context.show_project(ProjectRef(card.id, card.name, card.path))
        self.context.open("models")

    def _first_run(self) -> QWidget:
        return FirstRun(
            self.context,
            partial(opening.ask_for_folder, self.context, self.window()),
            partial(opening.open_sample, self.context),
        )

    def _offer_box(self) -> QWidget:
        path = self._offer
        return EmptyState(
            "sparkle",
            f"{Path(path).name} is no project yet",
            "Longshore found no Python script and no MLproject file in it. Start there from the sample project, or choose another folder.",
            ("Start from the sample project", partial(opening.create_sample, self.context, path)),
            action_icon="sparkle",
        )


def _tiles_of(state: HomeState) -> tuple[object, ...]:
    offline = str(state.offline) if state.offline is not None else ""
    return (state.projects, state.failed, state.unwell, offline)
