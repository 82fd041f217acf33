"""The command palette: every action is in it, found by letters, run by Enter; the shortcuts do the same."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from longshore.settings import Home
from longshore.ui.shell.actions import Action
from longshore.ui.shell.app import Shell
from longshore.ui.shell.palette import HitModel, search
from longshore.ui.shell.window import MainWindow
from tests.ui.conftest import ShellMaker


@pytest.fixture
def shell(served_home: Home, project: Path, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


def wait_for_keys(qtbot: QtBot, window: MainWindow, *keys: str) -> None:
    """Wait until a page's keys are bound, which is a turn of the event loop after it came to the front."""
    qtbot.waitUntil(lambda: all(key in window.shortcuts and window.shortcuts[key].isEnabled() for key in keys))


def titles(shell: Shell) -> list[str]:
    return [hit.action.title for hit in shell.window.palette_box._model.hits if hit.action]


def test_that_the_palette_finds_every_action_by_its_title(shell: Shell) -> None:
    box = shell.window.palette_box
    for page in ("home", "overview", "runs", "settings"):
        shell.context.open(page)
        box.open()
        for action in shell.window.actions_registry.available():
            box.field.setText(action.title)
            assert action.title in titles(shell), f"{action.title} on {page}"


def test_that_control_k_opens_it_and_enter_runs_the_best_match(qtbot: QtBot, shell: Shell) -> None:
    window = shell.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    wait_for_keys(qtbot, window, "Ctrl+K")
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.palette_box.isVisible()
    qtbot.keyClicks(window.palette_box.field, "runs")
    assert titles(shell)[0] == "Runs"
    qtbot.keyClick(window.palette_box.field, Qt.Key.Key_Return)
    assert not window.palette_box.isVisible()
    assert shell.context.place is not None
    assert shell.context.place.page_id == "runs"


def test_that_escape_closes_it_and_gives_the_focus_back(qtbot: QtBot, shell: Shell) -> None:
    window = shell.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    before = window.page._filter  # type: ignore[union-attr]
    # It is hidden until the projects are read, and what is hidden takes no focus.
    qtbot.waitUntil(before.isVisible, timeout=20_000)
    before.setFocus()
    assert QApplication.focusWidget() is before
    window.open_palette()
    qtbot.keyClick(window.palette_box.field, Qt.Key.Key_Escape)
    assert not window.palette_box.isVisible()
    assert QApplication.focusWidget() is before


def test_that_the_arrows_move_over_what_can_be_done(qtbot: QtBot, shell: Shell) -> None:
    box = shell.window.palette_box
    box.open()
    qtbot.keyClicks(box.field, "theme")
    first = box.list.currentIndex().row()
    qtbot.keyClick(box.field, Qt.Key.Key_Down)
    assert box.list.currentIndex().row() == first + 1
    qtbot.keyClick(box.field, Qt.Key.Key_Up)
    assert box.list.currentIndex().row() == first


def test_that_alt_left_goes_back_and_alt_right_forward(qtbot: QtBot, shell: Shell) -> None:
    shell.context.open("runs")
    shell.context.open("overview")
    window = shell.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    wait_for_keys(qtbot, window, "Alt+Left", "Alt+Right")
    place = lambda: shell.context.place.page_id if shell.context.place else ""  # noqa: E731
    qtbot.keyClick(window, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert place() == "runs"
    qtbot.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert place() == "overview"


def test_that_an_action_that_cannot_be_done_says_why(qtbot: QtBot, served_home: Home, open_shell: ShellMaker) -> None:
    shell = open_shell(served_home)
    window = shell.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    wait_for_keys(qtbot, window, "Ctrl+R")
    told: list[tuple[str, ...]] = []
    shell.context.told.connect(lambda *words: told.append(words))
    qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    assert told
    assert told[0][2] == "Open a project first."


def test_that_tab_shows_a_ring_around_what_it_reached_and_the_mouse_takes_it_away(qtbot: QtBot, shell: Shell) -> None:
    window = shell.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_Tab)
    reached = QApplication.focusWidget()
    assert reached is not None
    assert window.keyboard.shown_on is reached
    window.page._filter.setFocus(Qt.FocusReason.MouseFocusReason)  # type: ignore[union-attr]
    assert window.keyboard.shown_on is None


def test_that_a_new_page_shows_no_ring_that_the_keyboard_did_not_move(qtbot: QtBot, shell: Shell) -> None:
    window = shell.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    window.page._filter.setFocus(Qt.FocusReason.MouseFocusReason)  # type: ignore[union-attr]
    assert window.keyboard.shown_on is None
    shell.context.open("runs")
    assert window.keyboard.shown_on is None


def test_that_projects_are_found_in_the_palette(qtbot: QtBot, shell: Shell) -> None:
    registry = shell.window.actions_registry
    names = lambda: [action.title for action in registry.available() if action.group == "Projects"]  # noqa: E731
    qtbot.waitUntil(lambda: names() == ["forest"], timeout=5000)


def test_that_no_two_actions_of_a_page_share_a_shortcut(shell: Shell) -> None:
    for page in ("home", "overview", "runs", "models", "settings"):
        shell.context.open(page)
        keys = [action.shortcut for action in shell.window.actions_registry.available() if action.shortcut]
        assert len(keys) == len(set(keys)), f"{page}: {sorted(keys)}"


def test_that_the_palettes_model_keeps_qts_rules(qapp: object) -> None:
    model = HitModel()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    actions = [Action(f"a{n}", f"Action {n}", lambda: None, group="Pages" if n % 2 else "Commands") for n in range(6)]
    for query in ("", "action 3", "nothing like it", "a"):
        model.show_hits(search(actions, query))
    assert tester.model() is model
