"""The frame around the pages: panes, the project's menu, the status bar, narrow and enlarged windows, the heartbeat."""

from __future__ import annotations

import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from longshore.projects import opening
from longshore.settings import Home
from longshore.store import processes, view_state, workspaces
from longshore.ui.pages.home import HomePage
from longshore.ui.pages.home_cards import ProjectTile
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.panes import _pane_of
from longshore.ui.widgets.basic import ElidedLabel
from longshore.workspace import teams
from tests.support.launching import make_project
from tests.ui.conftest import ShellMaker


@pytest.fixture
def shell(served_home: Home, project: Path, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


def activate(qtbot: QtBot, shell: Shell) -> None:
    shell.window.activateWindow()
    qtbot.waitUntil(shell.window.isActiveWindow)


def tiles(shell: Shell) -> list[ProjectTile]:
    return [tile for tile in shell.window.findChildren(ProjectTile) if tile.isVisible()]


def settle(qtbot: QtBot, shell: Shell) -> None:
    """Wait until nothing has been under way for a while."""
    for _round in range(3):
        qtbot.waitUntil(lambda: shell.runner.idle, timeout=30_000)
        qtbot.wait(150)


def test_that_f6_goes_through_the_panes_and_shift_f6_back(qtbot: QtBot, shell: Shell) -> None:
    window = shell.window
    activate(qtbot, shell)
    settle(qtbot, shell)
    window.navigation._search.setFocus()
    seen = []
    for _step in range(3):
        qtbot.keyClick(window, Qt.Key.Key_F6)
        focused = QApplication.focusWidget()
        assert focused is not None
        seen.append(_pane_of(focused))
    assert window.top_bar in seen
    assert window.page in seen
    qtbot.keyClick(window, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert _pane_of(QApplication.focusWidget()) is seen[-2]
    assert window.keyboard.shown_on is QApplication.focusWidget()


def test_that_the_slash_leads_to_the_filter_and_is_text_inside_of_it(qtbot: QtBot, shell: Shell) -> None:
    activate(qtbot, shell)
    settle(qtbot, shell)
    page = shell.window.page
    assert isinstance(page, HomePage)
    shell.window.navigation._search.setFocus()
    qtbot.keyClick(shell.window, Qt.Key.Key_Slash)
    assert page._filter.hasFocus()
    qtbot.keyClicks(page._filter, "a/b")
    assert page._filter.text() == "a/b"


def test_that_a_page_that_is_built_anew_leaves_the_keyboard_where_it_was(
    qtbot: QtBot, shell: Shell, tmp_path: Path
) -> None:
    activate(qtbot, shell)
    settle(qtbot, shell)
    page = shell.window.page
    assert isinstance(page, HomePage)
    page._filter.setFocus()
    opening.open_project(shell.home, make_project(tmp_path / "river", "print(1)\n"))
    qtbot.waitUntil(lambda: len(tiles(shell)) == 2, timeout=20_000)
    assert page._filter.hasFocus()
    next(tile for tile in tiles(shell) if tile.card.name == "river").setFocus()
    opening.open_project(shell.home, make_project(tmp_path / "brook", "print(1)\n"))
    qtbot.waitUntil(lambda: len(tiles(shell)) == 3, timeout=20_000)
    focused = QApplication.focusWidget()
    assert isinstance(focused, ProjectTile)
    assert focused.card.name == "river"


def test_that_the_projects_menu_leads_to_another_project(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    info = opening.open_project(shell.home, make_project(tmp_path / "river", "print(1)\n"))
    qtbot.waitUntil(lambda: any(one.id == info.id for one in shell.window.navigation._projects), timeout=20_000)
    shell.window.navigation._project_title.click()
    menu = shell.window.navigation.findChild(QMenu)
    assert menu is not None
    entries = {entry.text(): entry for entry in menu.actions()}
    assert entries["forest"].isChecked()
    entries["river"].trigger()
    menu.close()
    assert shell.context.project == ProjectRef(info.id, "river", str(info.path))
    assert shell.context.place is not None
    assert shell.context.place.page_id == "overview"


def test_that_a_narrow_window_shows_icons_and_what_happened_below_the_projects(qtbot: QtBot, shell: Shell) -> None:
    page = shell.window.page
    assert isinstance(page, HomePage)
    shell.window.resize(1440, 900)
    settle(qtbot, shell)
    assert page._row.indexOf(page._side) >= 0
    assert shell.window.navigation.width() == 212
    shell.window.resize(1024, 680)
    qtbot.waitUntil(lambda: shell.window.navigation.width() == 48)
    assert page._column.indexOf(page._side) >= 0
    assert page._side.isVisible()
    below = page._side.mapToGlobal(page._side.rect().topLeft()).y()
    assert all(tile.mapToGlobal(tile.rect().bottomLeft()).y() < below for tile in tiles(shell))
    shell.window.resize(1440, 900)
    qtbot.waitUntil(lambda: page._row.indexOf(page._side) >= 0)


@pytest.mark.parametrize("page", ["home", "overview", "settings"])
def test_that_enlarged_text_is_not_cut(qtbot: QtBot, shell: Shell, page: str) -> None:
    shell.context.change_settings(text_size_percent=150)
    shell.context.open(page)
    shell.window.resize(1024, 680)
    settle(qtbot, shell)
    cut = [widget for widget in shell.window.findChildren(QWidget) if _is_cut(widget)]
    said = [f"{type(widget).__name__} {widget.text()!r}" for widget in cut]  # type: ignore[attr-defined]
    assert not said


def _is_cut(widget: QWidget) -> bool:
    if not widget.isVisible() or not isinstance(widget, QLabel | QPushButton) or not widget.text():
        return False
    if isinstance(widget, ElidedLabel) or widget.property("nav"):
        return widget.height() < widget.fontMetrics().height()
    if isinstance(widget, QLabel) and widget.wordWrap():
        return widget.height() < widget.heightForWidth(widget.width())
    return widget.width() < widget.fontMetrics().horizontalAdvance(widget.text())


def test_that_the_status_bar_tells_whether_the_teams_server_answers(
    qtbot: QtBot, served_home: Home, project: Path, tracking_server: str, open_shell: ShellMaker
) -> None:
    teams.add(served_home, tracking_server, name="harbour")
    workspaces.use(served_home, "harbour")
    shell = open_shell(served_home, page="home")
    server = shell.window.status_bar.server
    qtbot.waitUntil(lambda: server.accessibleName().startswith("MLflow, harbour"), timeout=30_000)
    qtbot.waitUntil(lambda: server._tone == "success.solid", timeout=30_000)


def test_that_a_team_server_that_is_gone_is_said_in_the_status_bar(
    qtbot: QtBot, served_home: Home, project: Path, tracking_server: str, open_shell: ShellMaker
) -> None:
    teams.add(served_home, tracking_server, name="harbour")
    workspaces.use(served_home, "harbour")
    shell = open_shell(served_home, page="home")
    server = shell.window.status_bar.server
    qtbot.waitUntil(lambda: server._tone == "success.solid", timeout=30_000)
    from longshore.errors import Unavailable

    shell.services._team_silent(Unavailable("The server does not answer.", hint="Ask who runs it."))
    assert server.accessibleName() == "harbour not reachable. The server does not answer. Ask who runs it."
    assert server._tone == "danger.solid"


def test_that_many_writes_to_the_database_leave_the_status_bar_true(qtbot: QtBot, shell: Shell) -> None:
    from longshore.store import jobs
    from longshore.store.records import FINISHED

    made = [jobs.add(shell.home, kind="nothing", title=f"task {i}", spec={}, workspace="personal") for i in range(8)]
    qtbot.waitUntil(lambda: "8 waiting" in shell.window.status_bar.tasks.accessibleName(), timeout=20_000)
    for job in made:
        jobs.update(shell.home, job.id, state=FINISHED)
    qtbot.waitUntil(
        lambda: shell.window.status_bar.tasks.accessibleName().startswith("No tasks running"), timeout=20_000
    )


def test_that_the_event_loop_beats_while_pages_are_opened(qtbot: QtBot, shell: Shell) -> None:
    settle(qtbot, shell)
    beats: list[float] = []
    timer = QTimer()
    timer.setInterval(5)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: beats.append(time.monotonic()))
    timer.start()
    for page in ("overview", "settings", "runs", "models", "deployments", "lineage", "home") * 2:
        shell.context.open(page)
        qtbot.wait(200)
    timer.stop()
    longest = max(later - before for before, later in pairwise(beats))
    # The benchmark holds it to 50 ms beside a bare window; here a machine that is shared by the whole suite.
    assert longest < 0.5, f"the event loop stood still for {longest * 1000:.0f} ms"


def test_that_an_idle_window_is_told_of_no_change_while_the_agents_heart_beats(
    qtbot: QtBot, served_home: Home, project: Path, open_shell: ShellMaker
) -> None:
    shell = open_shell(served_home, page="overview")
    qtbot.waitUntil(lambda: processes.agent_runs(served_home), timeout=30_000)
    settle(qtbot, shell)
    told: list[bool] = []
    shell.context.rows_changed.connect(lambda: told.append(True))
    for _beat in range(3):
        before = beaten_at(served_home)
        qtbot.waitUntil(lambda before=before: beaten_at(served_home) > before, timeout=20_000)
    qtbot.wait(300)  # the watch looks twenty times a second
    assert not told
    view_state.save(served_home, "something", "else")
    qtbot.waitUntil(lambda: bool(told), timeout=20_000)


def beaten_at(home: Home) -> datetime:
    found = processes.agent(home)
    assert found is not None
    return found.heartbeat_at
