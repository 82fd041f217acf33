"""Starting the window: first the frame with what the standard library can read, everything else after it is painted."""

from __future__ import annotations

import gc
import logging
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, QTimer, Signal
from PySide6.QtWidgets import QApplication

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home, load_settings, open_home
from longshore.store import quick
from longshore.ui.shell.context import AppContext, ProjectRef
from longshore.ui.shell.display import choose_platform
from longshore.ui.shell.pages import BY_ID
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.shell.window import MainWindow
from longshore.ui.theme.style import Theme

if TYPE_CHECKING:
    from longshore.store.database import Watch

STATE_KEY = "window"
AFTER_ROWS_MS = 30


def run_window(arguments: list[str]) -> int:
    """Open the window and give the exit status when it is closed."""
    options = _parse(arguments)
    try:
        choose_platform(pictures_only=bool(options.screenshots) or options.profile_startup)
        home = open_home(options.home)
        if options.screenshots:
            from longshore.ui.shell.screenshots import take_all

            return take_all(home, options.workspace, Path(options.screenshots), as_json=options.json)
    except LongshoreError as error:
        sys.stderr.write(f"{error.title}: {error.reason}\nNext: {error.hint or ''}\n")
        return 1
    application = make_application()
    shell = Shell(application, home, options.workspace)
    if options.profile_startup:
        from longshore.ui.shell.profile import Profile

        shell.profile = Profile(shell)
    shell.show(sample=options.sample)
    status = application.exec()
    shell.close()
    return status


@dataclass(frozen=True)
class Options:
    """What the command line asks for."""

    home: Path | None = None
    workspace: str | None = None
    json: bool = False
    profile_startup: bool = False
    screenshots: str | None = None
    sample: bool = False


def _parse(arguments: list[str]) -> Options:
    rest = arguments[1:] if arguments[:1] == ["gui"] else arguments
    if not rest:
        return Options()
    import argparse

    parser = argparse.ArgumentParser(prog="longshore gui")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--workspace")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile-startup", action="store_true", help="print how long the start took, and quit")
    parser.add_argument("--screenshots", metavar="DIR", help="render every page to PNG, light and dark, and quit")
    parser.add_argument("--sample", action="store_true", help="open the sample project")
    return Options(**vars(parser.parse_args(rest)))


def make_application() -> QApplication:
    """Give Qt's application, made once per process."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    import faulthandler

    # A worker that computes keeps the interpreter for 5 ms each time that Qt hands over to Python, which it does dozens of
    # times for one picture. Asked for it back after 0.1 ms it has it after 0.3; the worker is as quick as before.
    sys.setswitchinterval(0.0001)

    if sys.stderr is not None:
        faulthandler.enable()
    application = QApplication(["longshore"])
    application.setApplicationName("Longshore")
    application.setApplicationDisplayName("Longshore")
    application.setDesktopFileName("longshore")
    return application


def _log_to(home: Home) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    home.logs.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(
        home.logs / "window.log", maxBytes=1_000_000, backupCount=2, encoding="utf-8", delay=True
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("longshore").addHandler(handler)
    return handler


class WatchHolder:
    """Owns the database watch from the moment it runs: the window may be closed while it is being started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watch: Watch | None = None
        self._closed = False

    def put(self, watch: Watch) -> None:
        """Take a watch that runs, or end it where nobody wants it any more. Safe from any thread."""
        with self._lock:
            self._watch, late = watch, self._closed
        if late:
            watch.close()

    def close(self) -> None:
        """End the watch's thread."""
        with self._lock:
            self._closed, watch = True, self._watch
        if watch is not None:
            watch.close()


class RowWatch(QObject):
    """Brings the database watch, which lives on a thread of its own, to the UI thread as a signal."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.holder = WatchHolder()

    def close(self) -> None:
        """End the watch's thread."""
        self.holder.close()


def start_watch(
    home: Home, changed: Callable[[], None], holder: WatchHolder
) -> Callable[[Progress, CancelToken], None]:
    """Give the work that opens the database and watches it."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.store.database import Watch

        holder.put(Watch(home, changed))

    return work


def import_slow_parts() -> None:
    """Import what nearly all work needs, on one thread, once the first frame is there."""
    import longshore.containers.engine
    import longshore.store.deployments
    import longshore.store.jobs
    import longshore.store.processes
    import longshore.store.workspaces
    import longshore.tracking.table
    import longshore.workspace.connection  # noqa: F401

    # What was imported stays: the collector need not look at it again, which would hold up the window for 0.1 s.
    gc.freeze()


class Shell(QObject):
    """The running application: window, context, and the services that start after the first frame."""

    def __init__(self, application: QApplication, home: Home, workspace: str | None) -> None:
        super().__init__(application)
        self.home = home
        self.profile: object | None = None
        self.runner = TaskRunner(self)
        self.theme = Theme(application, load_settings(home), home.index / "theme")
        self.context = AppContext(home, self.runner, self.theme, workspace)
        self.window = MainWindow(self.context)
        self.watch = RowWatch(self)
        self.watch.changed.connect(self.context.rows_changed)
        self._closed = False
        self._log: logging.Handler | None = None

    def show(self, *, sample: bool = False) -> None:
        """Show the last state at once, then bring up what it needs."""
        self.runner.hold()
        self._first_page = self._restore()
        self.window.first_painted.connect(self._show_first_page)
        self.window.closing.connect(self._save)
        self.window.show()
        if sample:
            QTimer.singleShot(0, self._open_sample)

    def _restore(self) -> str:
        """Bring back size, project and workspace; give the page that was open."""
        state = quick.view_state(self.home, STATE_KEY, {}) or {}
        if size := state.get("size"):
            self.window.resize(QSize(*size).expandedTo(self.window.minimumSize()))
        if state.get("maximized"):
            self.window.setWindowState(self.window.windowState() | self.window.windowState().WindowMaximized)
        known = {project[0]: ProjectRef(*project) for project in quick.projects(self.home)}
        project = known.get(state.get("project") or "") or next(iter(known.values()), None)
        self.context.show_project(project)
        others = quick.workspaces(self.home)
        chosen = self.context.workspace_name or next((name for name, _, current in others if current), "personal")
        names = [("personal", "personal"), *((name, kind) for name, kind, _ in others)]
        self.window.navigation.show_workspace(chosen, dict(names).get(chosen, "team"), names)
        page = state.get("page")
        if page not in BY_ID or page == "run" or (BY_ID[page].group == "project" and project is None):
            page = "home"
        self.window.announce(page)
        return str(page)

    def _show_first_page(self) -> None:
        # A start with --sample, or a test, may have opened a page by now.
        if self.context.place is None:
            self.context.open(self._first_page)
        # Counted from the page's own frame: what starts then competes for the interpreter.
        QTimer.singleShot(0, self._wait_a_moment)

    def _wait_a_moment(self) -> None:
        QTimer.singleShot(AFTER_ROWS_MS, self._start_services)

    def _start_services(self) -> None:
        if self._closed:
            return
        self._log = _log_to(self.home)
        self.runner.release(import_slow_parts)
        from longshore.ui.shell.services import Services

        self.services = Services(self)
        self.services.start()

    def _open_sample(self) -> None:
        from longshore.ui.shell.opening import open_sample

        open_sample(self.context)

    def _save(self) -> None:
        place, project = self.context.place, self.context.project
        state = {
            "size": [self.window.width(), self.window.height()],
            "maximized": self.window.isMaximized(),
            "page": place.page_id if place else "home",
            "project": project.id if project else None,
        }
        if self.home.database.exists():
            from longshore.store import view_state

            try:
                view_state.save(self.home, STATE_KEY, state)
            except LongshoreError as error:
                logging.getLogger(__name__).info("the window's state was not saved: %s", error.reason)

    def close(self) -> None:
        """End what this window started; the agent, jobs and deployments go on."""
        if self._closed:
            return
        self._closed = True
        # Without a window no control has the focus, so nobody follows it while Qt takes everything down.
        self.window.hide()
        self.watch.close()
        self.runner.close()
        if self._log is not None:
            logging.getLogger("longshore").removeHandler(self._log)
            self._log.close()
