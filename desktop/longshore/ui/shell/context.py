"""What every page gets: the home, the project, the runner of work, and the way to other pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from longshore.settings import Home, Settings, load_settings, save_settings
from longshore.store import quick
from longshore.store.records import PERSONAL
from longshore.ui.shell.kept_runs import KeptRuns
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.shell.undo import UndoStack

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.ui.theme.style import Theme


@dataclass(frozen=True)
class ProjectRef:
    """The project that the navigation shows."""

    id: str
    name: str
    path: str


@dataclass(frozen=True)
class Place:
    """A page and what it shows; the history is made of places."""

    page_id: str
    arguments: Mapping[str, Any]


class AppContext(QObject):
    """Shared by all pages. It holds no widget; the window listens to its signals."""

    project_changed = Signal()
    workspace_changed = Signal()
    settings_changed = Signal()
    # Somebody wrote to the local database: jobs, deployments, server, projects.
    rows_changed = Signal()
    place_changed = Signal(object)
    # kind (info, success, error), text, detail
    told = Signal(str, str, str)
    # The same, with something that can be done about it: its title and the function.
    offered = Signal(str, str, str, object)
    # The page that is shown has other actions now.
    actions_changed = Signal()
    launch_asked = Signal(object)
    # Runs went out of sight, or came back: whoever shows runs reads them again.
    runs_moved = Signal()

    def __init__(self, home: Home, runner: TaskRunner, theme: Theme, workspace: str | None) -> None:
        super().__init__()
        self.home, self.runner, self.theme = home, runner, theme
        self.settings: Settings = load_settings(home)
        # None: the home's current workspace.
        self.workspace_name = workspace
        self.project: ProjectRef | None = None
        self.undo = UndoStack(self.actions_changed.emit)
        for left in (self.project_changed, self.workspace_changed):
            left.connect(self.undo.forget)
        self.kept = KeptRuns(self)
        self._back: list[Place] = []
        self._forward: list[Place] = []
        self.place: Place | None = None

    def client(self) -> Client:
        """Connect to the workspace's MLflow server. Call it inside work, never on the UI thread.

        Raises: Unavailable while the server is not up.
        """
        from longshore.workspace.connection import connect

        return connect(self.home, self.workspace_name)

    def workspace_now(self) -> str:
        """Name the workspace that the window shows."""
        current = (name for name, _kind, is_current in quick.workspaces(self.home) if is_current)
        return self.workspace_name or next(current, PERSONAL)

    def open(self, page_id: str, **arguments: Any) -> None:
        """Show a page; the one that was shown goes into the history."""
        place = Place(page_id, arguments)
        if self.place is not None and place != self.place:
            self._back.append(self.place)
            self._forward.clear()
        self._go(place)

    def back(self) -> None:
        """Show the page before."""
        if self._back and self.place:
            self._forward.append(self.place)
            self._go(self._back.pop())

    def forward(self) -> None:
        """Show the page after."""
        if self._forward and self.place:
            self._back.append(self.place)
            self._go(self._forward.pop())

    def _go(self, place: Place) -> None:
        self.place = place
        self.place_changed.emit(place)

    def show_project(self, project: ProjectRef | None) -> None:
        """Make a project the one that the navigation shows."""
        if project != self.project:
            self.project = project
            self.project_changed.emit()

    def change_settings(self, **changes: Any) -> None:
        """Save settings and show their effect. Raises: Invalid."""
        self.settings = save_settings(self.home, **changes)
        self.theme.configure(self.settings)
        self.settings_changed.emit()

    def tell(self, kind: str, text: str, detail: str = "") -> None:
        """Show a toast. Kinds: info, success, error."""
        self.told.emit(kind, text, detail)

    def offer(self, kind: str, text: str, detail: str, action: tuple[str, Callable[[], object]]) -> None:
        """Show a toast with a button, such as ("Undo", function)."""
        self.offered.emit(kind, text, detail, action)

    def offer_undo(self, words: str, take_back: Callable[[], object]) -> None:
        """Say what was done, with a button that takes it back; Ctrl+Z does so, too."""
        change = self.undo.push(words, take_back)
        self.offer("success", words, "", ("Undo", partial(self.undo.undo_this, change)))

    def launch(self, **preset: Any) -> None:
        """Open the launch dialog, filled with what is given (entry_point, parameters, target)."""
        self.launch_asked.emit(preset)
