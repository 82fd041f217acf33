"""What comes up after the first frame: the agent, the watch of the database, the facts of the status bar."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import PERSONAL, TEAM
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.projects.model import EnvironmentSpec
    from longshore.ui.shell.app import Shell

ENGINE_EVERY_MS = 15_000
# An agent that is asked for nothing ends after a quarter of an hour, and the tracking server with it.
WAKE_EVERY_MS = 240_000


@dataclass(frozen=True)
class Facts:
    """What the status bar shows of the local database."""

    server_state: str
    server_detail: str
    server_url: str
    running: int
    waiting: int
    workspaces: tuple[tuple[str, str], ...]
    workspace: str
    deployments: int


@dataclass(frozen=True)
class ProjectFacts:
    """What the status bar shows of the project."""

    branch: str
    dirty: int
    environment: str


class Services(QObject):
    """Keeps the status bar and the navigation true while the window is open."""

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell, self._context = shell, shell.context
        self._bar, self._navigation = shell.window.status_bar, shell.window.navigation
        self._timer = QTimer(self)
        self._timer.setInterval(ENGINE_EVERY_MS)
        self._timer.timeout.connect(self._look_at_engine)
        self._timer.timeout.connect(self._look_again_at_team)
        self._team: tuple[str, str] | None = None
        self._reading = self._stale = False

    def start(self) -> None:
        """Begin, in an order that lets the page's own first work go ahead."""
        from longshore.ui.shell.app import start_watch
        from longshore.ui.shell.global_actions import GlobalActions

        self.global_actions = GlobalActions(self._shell)
        self._shell.window.refresh_actions()
        changed = self._shell.watch.changed.emit
        self._context.runner.run(self, start_watch(self._shell.home, changed, self._shell.watch.holder), self._watching)
        self._context.rows_changed.connect(self._look_at_rows)
        self._context.project_changed.connect(self._look_at_project)
        self._context.workspace_changed.connect(self._look_at_rows)
        self._timer.start()
        self._context.runner.run(self, import_pages())
        self._wake = QTimer(self)
        self._wake.setInterval(WAKE_EVERY_MS)
        self._wake.timeout.connect(self._keep_agent)
        self._wake.timeout.connect(self._look_at_rows)  # which asks for a database's server again
        self._wake.start()
        self._look_at_engine()
        self._look_at_project()

    def _watching(self, _nothing: None) -> None:
        self._context.runner.run(self, ensure_agent(self._shell.home), None, self._agent_failed)
        self._look_at_rows()

    def _keep_agent(self) -> None:
        self._context.runner.run(self, ensure_agent(self._shell.home), None, self._agent_failed)

    def _agent_failed(self, error: LongshoreError) -> None:
        self._bar.server.show_fact("Agent does not start", "danger", f"{error.reason} {error.hint or ''}")

    def _look_at_rows(self) -> None:
        if self._reading:
            # What changed since may not be in the answer that is on its way.
            self._stale = True
            return
        self._reading = True
        work = read_facts(self._shell.home, self._context.workspace_name)
        self._context.runner.run(self, work, self._show_facts, self._no_facts)

    def _no_facts(self, error: LongshoreError) -> None:
        self._reading = False
        self._bar.server.show_fact("Database not readable", "danger", f"{error.reason} {error.hint or ''}")

    def _show_facts(self, facts: Facts) -> None:
        self._reading = False
        if self._stale:
            self._stale = False
            self._look_at_rows()
        tones = {"healthy": "success", "starting": "warning", "failed": "danger"}
        kind = dict(facts.workspaces).get(facts.workspace, TEAM)
        if kind != TEAM:
            self._team = None
            where = "this computer" if kind == PERSONAL else facts.workspace
            words = {"healthy": f"MLflow, {where}", "starting": "MLflow starting…", "failed": "MLflow failed"}
            text = words.get(facts.server_state, "MLflow stopped")
            self._bar.server.show_fact(
                text, tones.get(facts.server_state, "neutral"), facts.server_detail or facts.server_url
            )
        else:
            self._look_at_team(facts.workspace, facts.server_url)
        self._bar.show_tasks(facts.running, facts.waiting)
        self._navigation.show_workspace(facts.workspace, kind, list(facts.workspaces))
        self._navigation.set_count("deployments", facts.deployments)

    def _look_at_team(self, name: str, url: str) -> None:
        """Ask a team's server whether it is there: when it becomes the workspace, then every while."""
        if self._team != (name, url):
            self._team = name, url
            self._bar.server.show_fact(f"MLflow, {name}", "neutral", url)
            self._look_again_at_team()

    def _look_again_at_team(self) -> None:
        if self._team is not None:
            work = ask_team(self._shell.home, self._team[0])
            self._context.runner.run(self, work, self._team_answered, self._team_silent, key="team server")

    def _team_answered(self, name: str) -> None:
        if self._team is not None and self._team[0] == name:
            self._bar.server.show_fact(f"MLflow, {name}", "success", self._team[1])

    def _team_silent(self, error: LongshoreError) -> None:
        if self._team is not None:
            text = f"{self._team[0]} not reachable"
            self._bar.server.show_fact(text, "danger", f"{error.reason} {error.hint or ''}".strip())

    def _look_at_engine(self) -> None:
        self._context.runner.run(self, read_engine(self._shell.home), self._show_engine)

    def _show_engine(self, found: tuple[bool, str, str]) -> None:
        ok, text, tip = found
        self._bar.engine.show_fact(text, "success" if ok else "warning", tip)

    def _look_at_project(self) -> None:
        project = self._context.project
        if project is None:
            self._bar.branch.show_fact("")
            self._bar.environment.show_fact("")
            return
        self._context.runner.run(self, read_project(project.path), self._show_project, self._no_project)

    def _show_project(self, facts: ProjectFacts) -> None:
        changed = f"  {facts.dirty} changed" if facts.dirty else ""
        self._bar.branch.show_fact(f"{facts.branch}{changed}" if facts.branch else "", tip="Git branch of the project")
        self._bar.environment.show_fact(facts.environment, tip="Environment that the project declares")

    def _no_project(self, error: LongshoreError) -> None:
        self._bar.branch.show_fact(error.reason)
        self._bar.environment.show_fact("")


def import_pages() -> Work[None]:
    """Give the work that imports what the pages and their first answers are made of: no click need wait for it."""

    def work(_progress: Progress, cancel: CancelToken) -> None:
        import importlib

        from longshore.ui.shell.pages import PAGES

        for row in PAGES:
            cancel.check()
            importlib.import_module(f"longshore.ui.pages.{row.where.partition(':')[0]}")
        from longshore.tracking import run_index

        cancel.check()
        run_index.load()
        gc.freeze()

    return work


def ensure_agent(home: Home) -> Work[None]:
    """Give the work that starts the agent where none runs."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.store import processes

        processes.ensure_agent(home)
        processes.wake(home)

    return work


def read_facts(home: Home, workspace: str | None) -> Work[Facts]:
    """Give the work that reads what the status bar shows of the database."""

    def work(_progress: Progress, _cancel: CancelToken) -> Facts:
        from longshore.store import deployments, jobs, processes, workspaces
        from longshore.store.records import ACTIVE_STATES, DATABASE, QUEUED

        current = workspaces.get(home, workspace)
        if current.kind == DATABASE:  # the window wants it as long as it is open, current or not
            processes.ask_for_server(home, current.name)
        server = processes.server(home, current.name)
        active = jobs.listing(home, states=ACTIVE_STATES)
        waiting = sum(job.state == QUEUED for job in active)
        return Facts(
            server_state=server.state,
            server_detail=server.detail,
            server_url=server.url if current.served_here else current.url,
            running=len(active) - waiting,
            waiting=waiting,
            workspaces=tuple((each.name, each.kind) for each in workspaces.listing(home)),
            workspace=current.name,
            deployments=len(deployments.listing(home)),
        )

    return work


def ask_team(home: Home, name: str) -> Work[str]:
    """Give the work that asks a team's server whether it is there; gives its workspace's name."""

    def work(_progress: Progress, _cancel: CancelToken) -> str:
        from longshore.workspace.connection import connect

        connect(home, name, timeout_s=5.0).check_sign_in()
        return name

    return work


def read_engine(home: Home) -> Work[tuple[bool, str, str]]:
    """Give the work that asks for the Docker engine: (there, words, tooltip)."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[bool, str, str]:
        from longshore.containers import engine

        status = engine.status(home)
        if status.ok:
            version = ".".join(status.version.split("+")[0].split(".")[:2])
            return True, f"Docker {version}", f"Docker {status.version} at {status.endpoint}"
        return False, "Docker not running", f"{status.detail} {status.fix}"

    return work


def _environment(declared: EnvironmentSpec) -> str:
    if declared.kind == "none":
        return "No environment declared"
    return f"{declared.file or declared.kind}" + (f", Python {declared.python}" if declared.python else "")


def read_project(path: str) -> Work[ProjectFacts]:
    """Give the work that reads git state and declared environment of a project."""

    def work(_progress: Progress, _cancel: CancelToken) -> ProjectFacts:
        from pathlib import Path

        from longshore.projects import declarations, git

        state = git.state(Path(path))
        declared = declarations.declared(Path(path))
        branch = (state.branch or (state.commit or "")[:7]) if state else ""
        dirty = len(state.dirty_files) + len(state.untracked) if state else 0
        return ProjectFacts(branch, dirty, _environment(declared))

    return work
