"""The environment in the launch dialog: whether it is made, which Python, which day's packages, what the day changes."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from longshore.projects import environments, opening
from longshore.settings import Home
from longshore.ui.shell.launch_dialog import LaunchDialog
from longshore.ui.widgets.select import Select
from tests.support.launching import git
from tests.support.pipelines import write
from tests.ui.conftest import ShellMaker
from tests.ui.test_launch_dialog import open_dialog, words


@pytest.fixture
def old(served_home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose last commit is of September 2022."""
    folder = write(tmp_path / "old", {"requirements.txt": "packaging\n", "main.py": "print(1)\n"})
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    monkeypatch.setenv("GIT_COMMITTER_DATE", "2022-09-30T10:00:00+00:00")
    git(folder, "commit", "-qm", "x")
    monkeypatch.delenv("GIT_COMMITTER_DATE")
    opening.open_project(served_home, folder)
    return folder


def choose(select: Select, value: str) -> None:
    select.choose(value)
    assert select.value == value
    select.activated.emit(select.currentIndex())


def says(dialog: LaunchDialog, text: str) -> bool:
    return any(text in each.text() for each in dialog._uses.findChildren(QLabel) if each.isVisibleTo(dialog))


def test_that_the_last_commits_day_gives_the_exact_command_and_what_changed_since(
    qtbot: QtBot, served_home: Home, old: Path, open_shell: ShellMaker
) -> None:
    dialog = open_dialog(qtbot, open_shell(served_home, page="home"))
    made_of = dialog._made_of
    qtbot.waitUntil(lambda: made_of.day_select.count() == 3)
    assert made_of.day_select.itemText(1) == "Last commit, 2022-09-30"
    choose(made_of.day_select, "commit")
    assert words(dialog) == ["longshore", "run", "old", "main", "--as-of", "2022-09-30"]
    changes = made_of.changes
    qtbot.waitUntil(lambda: changes.fold.isVisibleTo(dialog), timeout=60_000)
    assert changes.fold.text() == "2 packages differ from today"
    assert not changes.table.isVisibleTo(dialog)
    changes.fold.click()
    assert changes.table.isVisibleTo(dialog)
    rows = {row.id: row.cells for row in changes.table.model().rows}
    assert rows["packaging"][1] == "21.3"
    assert rows["pyparsing"][2] == "not there"
    assert dialog._request().as_of == "2022-09-30"
    choose(made_of.day_select, "")
    assert words(dialog) == ["longshore", "run", "old", "main"]
    assert not changes.isVisibleTo(dialog)
    dialog.reject()


def test_that_a_day_is_slid_or_typed_and_a_wrong_one_is_said(
    qtbot: QtBot, served_home: Home, old: Path, open_shell: ShellMaker
) -> None:
    dialog = open_dialog(qtbot, open_shell(served_home, page="home"))
    made_of = dialog._made_of
    qtbot.waitUntil(lambda: made_of.day_select.count() == 3)
    choose(made_of.day_select, "day")
    assert made_of.day.text() == "2022-09-30"
    made_of.slider.setValue(made_of.slider.value() + 10)
    assert words(dialog)[-2:] == ["--as-of", "2022-10-10"]
    made_of.day.setText("2023-01-08")
    assert made_of.slider.value() == 100
    tomorrow = (date.today() + timedelta(2)).isoformat()
    for wrong, said in (("soon", "Write the day as 2022-09-30."), (tomorrow, "That day is yet to come.")):
        made_of.day.setText(wrong)
        assert made_of._day_field._below.text() == said
        assert not dialog.confirm_button.isEnabled()
        assert dialog.confirm_button.toolTip() == said
    made_of.day.setText("2023-01-08")
    assert dialog.confirm_button.isEnabled()
    dialog.reject()


def test_that_it_is_said_whether_the_environment_is_made(
    qtbot: QtBot, served_home: Home, old: Path, open_shell: ShellMaker
) -> None:
    shell = open_shell(served_home, page="home")
    dialog = open_dialog(qtbot, shell)
    qtbot.waitUntil(lambda: says(dialog, "Environment to be made before the start"))
    dialog.reject()
    qtbot.waitUntil(lambda: shell.window.findChild(LaunchDialog) is None)
    environments.prepare(served_home, old)
    again = open_dialog(qtbot, shell)
    qtbot.waitUntil(lambda: says(again, "Environment in sync"))
    again.reject()


def test_that_a_python_is_chosen_from_those_here_or_by_its_path(
    qtbot: QtBot, served_home: Home, old: Path, open_shell: ShellMaker, tmp_path: Path
) -> None:
    dialog = open_dialog(qtbot, open_shell(served_home, page="home"))
    made_of = dialog._made_of
    qtbot.waitUntil(lambda: made_of.python_select.count() > 2)
    first = str(made_of.python_select.itemData(1))
    choose(made_of.python_select, first)
    assert words(dialog)[-2:] == ["--python", first]
    choose(made_of.python_select, "other")
    assert dialog.confirm_button.toolTip() == "Give the path of a Python."
    made_of.path.setText(str(tmp_path / "no python"))
    qtbot.waitUntil(lambda: made_of.path_field._below.text().endswith("no python is no Python interpreter."))
    assert not dialog.confirm_button.isEnabled()
    made_of.path.setText(sys.executable)
    qtbot.waitUntil(dialog.confirm_button.isEnabled)
    assert words(dialog)[-2:] == ["--python", sys.executable]
    dialog.reject()


def test_that_a_lock_or_no_declaration_leaves_no_day_to_choose(
    qtbot: QtBot, served_home: Home, project: Path, open_shell: ShellMaker
) -> None:
    dialog = open_dialog(qtbot, open_shell(served_home, page="home"))
    assert not dialog._made_of.day_select.isEnabled()
    assert "The project declares no packages." in [each.text() for each in dialog._made_of.findChildren(QLabel)]
    dialog.reject()
