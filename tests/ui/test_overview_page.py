"""The overview on a real project: entry points, git, runs, and what happens when the folder is gone."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import projects
from longshore.ui.pages.overview_work import excerpt
from longshore.ui.shell.app import Shell
from tests.ui.conftest import ShellMaker


def words(widget: object) -> str:
    found = widget.findChildren(QLabel)  # type: ignore[attr-defined]
    texts = [one.text() for one in found]
    return "\n".join(texts + [button.text() for button in widget.findChildren(QPushButton)])  # type: ignore[attr-defined]


@pytest.fixture
def shell(served_home: Home, project: Path, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="overview")


def test_that_an_entry_point_shows_its_parameters_and_is_launched_from_its_card(qtbot: QtBot, shell: Shell) -> None:
    page = shell.window.page_of("overview")
    qtbot.waitUntil(lambda: "depth" in words(page), timeout=20_000)
    said = words(page)
    assert "tree, line" in said
    assert "Scripts" in said
    asked: list[object] = []
    shell.context.launch_asked.disconnect()
    shell.context.launch_asked.connect(asked.append)
    button = next(one for one in page.findChildren(QPushButton) if one.text() == "Launch…")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked == [{"entry_point": "main"}]


def test_that_the_last_runs_are_listed_with_their_metric(
    qtbot: QtBot, served_home: Home, project: Path, open_shell: ShellMaker, client: Client
) -> None:
    from longshore.mlflow_rest.types import Metric

    place = experiments.ensure(client, "forest", {"longshore.project": "forest"})
    run = runs.create(client, place.id, name="tall-oak-7")
    runs.log_batch(client, run.id, metrics=[Metric("val_rmse", 0.25, 1)])
    runs.update(client, run.id, status="FINISHED")
    shell = open_shell(served_home, page="overview")
    page = shell.window.page_of("overview")
    qtbot.waitUntil(lambda: "tall-oak-7" in words(page), timeout=20_000)
    assert "val_rmse  0.25" in words(page)


def test_that_changed_and_untracked_files_are_listed(
    qtbot: QtBot, served_home: Home, project: Path, open_shell: ShellMaker
) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.com")
        subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)

    git("init", "-q", "-b", "trunk")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    (project / "main.py").write_text((project / "main.py").read_text() + "\n# more\n")
    (project / "notes.txt").write_text("new")
    shell = open_shell(served_home, page="overview")
    page = shell.window.page_of("overview")
    qtbot.waitUntil(lambda: "notes.txt" in words(page), timeout=20_000)
    said = words(page)
    assert "trunk" in said
    assert "2 files" in said


def test_that_a_folder_that_is_gone_can_be_taken_off_the_list(
    qtbot: QtBot, shell: Shell, project: Path, served_home: Home
) -> None:
    page = shell.window.page_of("overview")
    qtbot.waitUntil(lambda: "depth" in words(page), timeout=20_000)
    shutil.rmtree(project)
    shell.context.open("home")
    shell.context.open("overview")
    qtbot.waitUntil(lambda: "The project's folder is gone" in words(page), timeout=20_000)
    button = next(one for one in page.findChildren(QPushButton) if one.text() == "Remove from list")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not projects.listing(served_home), timeout=20_000)
    qtbot.waitUntil(lambda: shell.context.project is None)
    assert shell.context.place is not None
    assert shell.context.place.page_id == "home"


def test_that_closing_a_project_deletes_nothing(qtbot: QtBot, shell: Shell, project: Path, served_home: Home) -> None:
    page = shell.window.page_of("overview")
    close = next(action for action in page.actions_now() if action.id == "close-project")
    close.run()
    qtbot.waitUntil(lambda: not projects.listing(served_home), timeout=20_000)
    assert (project / "main.py").exists()


def test_that_the_readme_is_quoted_by_its_first_paragraph_of_prose() -> None:
    text = "# Wine\n\n[![badge](x)](y)\n\nGrades of **wine**, see [the data](data.md).\nTwo lines.\n\nMore."
    assert excerpt(text) == "Grades of wine, see the data. Two lines."
    assert excerpt("# Only a title") == ""
    assert excerpt("word " * 200).endswith("word…")
