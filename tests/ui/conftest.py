"""What the window's tests share: the real window on a real home, and guards against what a person would not see."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from longshore.settings import Home
from longshore.ui.pages.run import RunPage
from longshore.ui.shell.app import Shell, make_application
from longshore.ui.shell.screenshots import wait_ms
from longshore.ui.theme import fonts

# Said by the offscreen platform itself, which has no window manager.
_PLATFORM = ("This plugin does not support", "QFontDatabase: Cannot find font directory")


class PatientBot(QtBot):
    """Waits four times as long as stock: beside other tests the screen takes its time, and only failures wait so long."""

    def waitUntil(self, callback: Callable[[], bool | None], *, timeout: int = 20_000) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = 20_000, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)


@pytest.fixture
def qtbot(qapp: QApplication, request: pytest.FixtureRequest) -> QtBot:
    """The stock bot with more patience."""
    return PatientBot(request)


@pytest.fixture(scope="session")
def qapp() -> QApplication:
    """The application as the window makes it."""
    return make_application()


@pytest.fixture(autouse=True)
def no_qt_warning() -> Iterator[None]:
    """Fail on what Qt warns of, such as a layout put on a widget twice or a painter that is not active."""
    found: list[str] = []

    def note(kind: QtMsgType, _context: QMessageLogContext, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and kind != QtMsgType.QtInfoMsg and not text.startswith(_PLATFORM):
            found.append(text)

    before = qInstallMessageHandler(note)
    yield
    qInstallMessageHandler(before)
    assert not found, f"Qt warned: {'; '.join(found)}"


@pytest.fixture(autouse=True)
def no_leftovers(qapp: QApplication) -> Iterator[None]:
    """Fail on windows that stay open and threads that go on after the test."""
    threads = {thread.ident for thread in threading.enumerate()}
    yield
    # An agent that is being started is waited for: some seconds, where much else runs.
    deadline = time.monotonic() + 20
    windows, more = _windows(), _threads(threads)
    while (windows or more) and time.monotonic() < deadline:
        qapp.sendPostedEvents(None, 52)  # DeferredDelete: what was let go is gone
        qapp.processEvents()
        time.sleep(0.02)
        windows, more = _windows(), _threads(threads)
    assert not windows, f"left open: {windows}"
    assert not more, f"still running: {more}"


def _windows() -> list[str]:
    return [repr(widget) for widget in QApplication.topLevelWidgets() if widget.isVisible()]


def _threads(known: set[int | None]) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.ident not in known and _is_ours(thread)]


def _is_ours(thread: threading.Thread) -> bool:
    return thread.is_alive() and not thread.name.startswith("asyncio_")


ShellMaker = Callable[..., Shell]


@pytest.fixture
def open_shell(qapp: QApplication, qtbot: QtBot) -> Iterator[ShellMaker]:
    """Open the window on a home; closed at the end of the test."""
    shells: list[Shell] = []

    def make(home: Home, *, workspace: str | None = None, page: str | None = None) -> Shell:
        shell = Shell(qapp, home, workspace)
        shells.append(shell)
        shell.show()
        qtbot.waitUntil(lambda: hasattr(shell, "services"), timeout=20_000)
        if page is not None:
            shell.context.open(page)
        # The keys of all pages come a turn after the page.
        qtbot.waitUntil(lambda: "Alt+Left" in shell.window.shortcuts, timeout=20_000)
        return shell

    yield make
    for shell in shells:
        shell.window.close()
        shell.close()
        shell.window.deleteLater()
        shell.deleteLater()
    fonts.configure(system_font=False, percent=100)  # the next test's sizes are the design's


@pytest.fixture
def project(home: Home, tmp_path: Path) -> Path:
    """A small script project, known to the home."""
    from longshore.projects import opening
    from tests.support.launching import make_project

    script = (
        "import argparse, time\n"
        "p = argparse.ArgumentParser()\n"
        "p.add_argument('--depth', type=int, default=3)\n"
        "p.add_argument('--kind', choices=['tree', 'line'], default='tree')\n"
        "p.add_argument('--wait', type=float, default=0.0)\n"
        "if __name__ == '__main__':\n"
        "    given = p.parse_args()\n"
        "    print('depth', given.depth, flush=True)\n"
        "    time.sleep(given.wait)\n"
    )
    folder = make_project(tmp_path / "forest", script)
    opening.open_project(home, folder)
    return folder


def shown_run_page(shell: Shell) -> RunPage:
    """Give the page of a run once all of it is made: its parts come one a turn."""
    page = shell.window.page_of("run")
    assert isinstance(page, RunPage)
    deadline = time.monotonic() + 20
    while not page.ready:
        assert time.monotonic() < deadline
        wait_ms(10)
    return page
