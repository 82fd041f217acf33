"""The actions that can be done on every page; each stands here once and appears in the palette and the shortcut list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store import quick
from longshore.ui.shell import opening, panes
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.pages import PAGES
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.ui.shell.app import Shell


class GlobalActions(QObject):
    """Owns what the window can do whatever page is shown."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._context, self._window = shell, shell.context, shell.window
        # Read anew when rows changed, not each time that somebody asks for the actions.
        self._projects: tuple[ProjectRef, ...] = ()
        self._window.actions_registry.add_source(self.actions)
        self._context.launch_asked.connect(self._launch)
        self._context.rows_changed.connect(self._read_projects)
        self._read_projects()
        self._window.status_bar.tasks_asked.connect(self.show_tasks)
        self._window.status_bar.doctor_asked.connect(partial(self._context.open, "settings", section="doctor"))
        self._window.navigation.add_workspace_asked.connect(
            partial(self._context.open, "settings", section="workspaces", add=True)
        )
        self._window.navigation.switch_asked.connect(self.use_workspace)
        self._window.navigation.project_asked.connect(self.show_project)
        self._window.navigation.open_folder_asked.connect(partial(opening.ask_for_folder, self._context, self._window))

    def actions(self) -> list[Action]:
        """Give the actions as they are now."""
        context, window = self._context, self._window
        no_project = "" if context.project else "Open a project first."
        name = context.project.name if context.project else "PROJECT"
        found = [
            Action(
                "launch",
                "Launch run…",
                context.launch,
                icon="play",
                shortcut="Ctrl+R",
                disabled_because=no_project,
                command=f"longshore run {name}",
            ),
            Action(
                "open-folder",
                "Open folder…",
                partial(opening.ask_for_folder, context, window),
                icon="folder",
                shortcut="Ctrl+O",
                command="longshore open PATH",
            ),
            Action(
                "new-project",
                "New project…",
                partial(opening.ask_for_new, context, window),
                icon="plus",
                shortcut="Ctrl+N",
                command="longshore new FOLDER",
            ),
            Action("open-sample", "Open the sample project", partial(opening.open_sample, context), icon="sparkle"),
            Action(
                "tasks",
                "Show running tasks",
                self.show_tasks,
                icon="clock",
                shortcut="Ctrl+J",
                command="longshore jobs",
            ),
            Action("palette", "Search or run a command", window.open_palette, icon="search", shortcut="Ctrl+K"),
            Action("navigation", "Toggle navigation", window.toggle_navigation, icon="sidebar", shortcut="Ctrl+B"),
            Action("back", "Back", context.back, icon="chev-left", shortcut="Alt+Left"),
            Action("forward", "Forward", context.forward, icon="chev-right", shortcut="Alt+Right"),
            Action("next-pane", "Next pane", partial(panes.move, window, 1), icon="columns", shortcut="F6"),
            Action(
                "previous-pane", "Previous pane", partial(panes.move, window, -1), icon="columns", shortcut="Shift+F6"
            ),
            Action("trash", "Trash", partial(context.open, "trash"), icon="trash", command="longshore trash"),
            Action("shortcuts", "Keyboard shortcuts", self.show_shortcuts, icon="info", shortcut="?"),
            Action("refresh", "Refresh", self._refresh, icon="refresh", shortcut="Ctrl+Shift+R"),
            *self._kept_actions(),
            *self._theme_actions(),
            *self._page_actions(),
        ]
        return found + self._project_actions()

    def _kept_actions(self) -> list[Action]:
        kept = self._context.kept
        if not kept.runs:
            return []
        because = "" if len(kept.runs) >= 2 else "Keep another run first."
        references = " ".join(f"{run.run_id[:8]}@{run.workspace}" for run in kept.runs)
        return [
            Action(
                "compare-kept",
                f"Compare kept runs ({len(kept.runs)})",
                partial(self._context.open, "runs", compare_kept=True),
                icon="compare",
                disabled_because=because,
                command=f"longshore compare {references}",
            ),
            Action(
                "let-kept-go",
                "Let kept runs go",
                lambda: kept.let_go([run.run_id for run in kept.runs]),
                icon="pin",
            ),
        ]

    def _theme_actions(self) -> list[Action]:
        titles = {"system": "Follow the system's theme", "light": "Light theme", "dark": "Dark theme"}
        return [
            Action(f"theme-{theme}", title, partial(self._context.change_settings, theme=theme), icon="monitor")
            for theme, title in titles.items()
            if theme != self._context.settings.theme
        ]

    def _page_actions(self) -> list[Action]:
        keys = {"home": "Ctrl+0", "settings": "Ctrl+,"}
        numbers = iter(range(1, 10))
        found = []
        for row in PAGES:
            if not row.group:
                continue
            shortcut = keys.get(row.id) or f"Ctrl+{next(numbers)}"
            because = "Open a project first." if row.group == "project" and self._context.project is None else ""
            go = partial(self._context.open, row.id)
            found.append(
                Action(
                    f"go-{row.id}",
                    row.title,
                    go,
                    icon=row.icon,
                    shortcut=shortcut,
                    group="Pages",
                    disabled_because=because,
                )
            )
        return found

    def _project_actions(self) -> list[Action]:
        return [
            Action(f"project-{ref.id}", ref.name, partial(self.show_project, ref), icon="folder", group="Projects")
            for ref in self._projects
        ]

    def _read_projects(self) -> None:
        self._context.runner.run(self, projects_work(self._context.home), self._take_projects)

    def _take_projects(self, found: tuple[ProjectRef, ...]) -> None:
        self._projects = found
        self._window.navigation.know_projects(found)

    def show_project(self, project: ProjectRef) -> None:
        """Go to a project's overview."""
        self._context.show_project(project)
        self._context.open("overview")

    def use_workspace(self, name: str) -> None:
        """Make another workspace the current one."""
        home = self._context.home

        def work_for(chosen: str) -> Work[None]:
            def work(_progress: Progress, _cancel: CancelToken) -> None:
                from longshore.store import workspaces

                workspaces.use(home, chosen)

            return work

        self._context.runner.run(self, work_for(name), self._workspace_used, title=f"Switching to {name}")

    def _workspace_used(self, _nothing: None) -> None:
        self._context.workspace_name = None
        self._context.workspace_changed.emit()

    def _refresh(self) -> None:
        if self._window.page is not None:
            self._window.page.refresh()

    def show_tasks(self) -> None:
        """Show what runs and waits."""
        from longshore.ui.shell.task_list import show_task_list

        show_task_list(self._context, self._window)

    def show_shortcuts(self) -> None:
        """Show all shortcuts."""
        from longshore.ui.shell.shortcuts_dialog import ShortcutsDialog

        ShortcutsDialog(self._window, self._window.actions_registry.available()).open()

    def _launch(self, preset: object) -> None:
        from longshore.ui.shell.launch_dialog import LaunchDialog

        if self._context.project is None:
            self._context.tell("info", "Open a project first.", "Ctrl+O opens a folder.")
            return
        LaunchDialog(self._window, self._context, dict(preset) if isinstance(preset, dict) else {}).open()


def projects_work(home: Home) -> Work[tuple[ProjectRef, ...]]:
    """Give the work that reads which projects there are."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[ProjectRef, ...]:
        return tuple(ProjectRef(*project) for project in quick.projects(home))

    return work
