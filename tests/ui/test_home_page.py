"""Home on a real home folder: first run, projects, what needs somebody, the offer of a template; and the task list."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from longshore.jobs import launching
from longshore.projects import opening
from longshore.settings import Home
from longshore.store import jobs
from longshore.ui.pages.home import HomePage
from longshore.ui.pages.home_cards import ProjectTile
from longshore.ui.shell import opening as window_opening
from longshore.ui.shell.app import Shell
from longshore.ui.shell.task_list import TaskList
from tests.support.launching import make_project
from tests.ui.conftest import ShellMaker


def words(widget: QWidget) -> str:
    labels = [label.text() for label in widget.findChildren(QLabel) if label.isVisible()]
    return "\n".join(labels + [button.text() for button in widget.findChildren(QPushButton) if button.isVisible()])


def home_page(shell: Shell) -> HomePage:
    page = shell.window.page_of("home")
    assert isinstance(page, HomePage)
    return page


@pytest.fixture
def shell(served_home: Home, project: Path, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


def test_that_the_first_start_offers_a_folder_and_the_sample(qtbot: QtBot, home: Home, open_shell: ShellMaker) -> None:
    shell = open_shell(home)
    said = words(home_page(shell))
    assert "Open your first project" in said
    assert "Try the sample" in said
    qtbot.waitUntil(lambda: "Checked just now" in words(home_page(shell)), timeout=20_000)


def test_that_the_sample_project_opens_with_one_click(qtbot: QtBot, home: Home, open_shell: ShellMaker) -> None:
    shell = open_shell(home)
    button = next(b for b in home_page(shell).findChildren(QPushButton) if b.text() == "Try the sample")
    button.click()
    qtbot.waitUntil(lambda: shell.context.project is not None, timeout=20_000)
    assert shell.context.place is not None
    assert shell.context.place.page_id == "overview"
    assert (shell.home.path / window_opening.SAMPLE_FOLDER / "MLproject").exists()


def test_that_projects_can_be_filtered_by_name_and_path(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    opening.open_project(shell.home, make_project(tmp_path / "river", "print(1)\n"))
    page = home_page(shell)
    tiles = lambda: [tile.accessibleName() for tile in page.findChildren(ProjectTile) if tile.isVisible()]  # noqa: E731
    qtbot.waitUntil(lambda: sorted(tiles()) == ["Project forest", "Project river"], timeout=20_000)
    qtbot.keyClicks(page._filter, "riv")
    qtbot.waitUntil(lambda: tiles() == ["Project river"])
    page._filter.setText("nothing like it")
    qtbot.waitUntil(lambda: "No project is called" in words(page))


def test_that_a_failed_run_needs_you_and_its_log_is_one_click_away(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "broken", "raise SystemExit('no data')\n")
    opening.open_project(shell.home, folder)
    job = launching.launch(shell.home, str(folder))
    page = home_page(shell)
    qtbot.waitUntil(lambda: jobs.get(shell.home, job.id).ended, timeout=40_000)
    qtbot.waitUntil(lambda: "broken · main failed" in words(page), timeout=20_000)
    assert "Needs you" in words(page)
    next(b for b in page.findChildren(QPushButton) if b.text() == "Show log" and b.isVisible()).click()
    assert shell.context.place is not None
    assert shell.context.place.arguments == {"job_id": job.id}


def test_that_a_folder_that_is_nothing_yet_gets_an_offer(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    window_opening.open_folder(shell.context, str(empty))
    page = home_page(shell)
    qtbot.waitUntil(lambda: "empty is no project yet" in words(page), timeout=20_000)
    assert list(empty.iterdir()) == []
    shell.context.open("runs")
    shell.context.open("home")
    qtbot.waitUntil(lambda: "empty is no project yet" not in words(page), timeout=20_000)


def test_that_a_project_whose_folder_is_gone_stays_and_says_so(qtbot: QtBot, shell: Shell, project: Path) -> None:
    project.rename(project.with_name("elsewhere"))
    page = home_page(shell)
    page.refresh()
    qtbot.waitUntil(lambda: "The folder is gone." in words(page), timeout=20_000)


def test_that_tiles_are_left_alone_while_nothing_of_theirs_changed(qtbot: QtBot, shell: Shell) -> None:
    page = home_page(shell)
    idle = lambda: not page._busy and shell.runner.idle  # noqa: E731
    qtbot.waitUntil(idle, timeout=20_000)
    qtbot.wait(300)
    qtbot.waitUntil(idle, timeout=20_000)
    before = [tile for tile in page.findChildren(ProjectTile) if tile.isVisible()]
    page.refresh()
    qtbot.waitUntil(idle, timeout=20_000)
    assert before == [tile for tile in page.findChildren(ProjectTile) if tile.isVisible()]


def test_that_the_task_list_shows_what_runs_and_waits_and_stops_it(qtbot: QtBot, shell: Shell, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "long", "import time\ntime.sleep(600)\n")
    opening.open_project(shell.home, folder)
    # Two of them do not fit together.
    cpus = float(os.cpu_count() or 1)
    first = launching.launch(shell.home, str(folder), cpus=cpus)
    qtbot.waitUntil(lambda: jobs.get(shell.home, first.id).state == "running", timeout=40_000)
    waiting = [launching.launch(shell.home, str(folder), cpus=cpus, run_name=name) for name in ("second", "third")]
    shell.services.global_actions.show_tasks()
    tasks = shell.window.findChild(TaskList)
    assert isinstance(tasks, TaskList)
    qtbot.waitUntil(lambda: "Waiting" in words(tasks) and len(tasks._jobs) == 3, timeout=20_000)
    buttons = [button for button in tasks.findChildren(QPushButton) if button.isVisible() and button.isEnabled()]
    next(button for button in buttons if button.accessibleName().endswith(" down")).click()
    order = lambda: [job.id for job in jobs.listing(shell.home, states=("queued",))]  # noqa: E731
    qtbot.waitUntil(lambda: order() == [waiting[1].id, waiting[0].id], timeout=10_000)
    for job in (*waiting, first):
        tasks._stop(jobs.get(shell.home, job.id))
    qtbot.waitUntil(lambda: jobs.get(shell.home, first.id).ended, timeout=40_000)
    qtbot.waitUntil(lambda: "Nothing runs and nothing waits." in words(tasks), timeout=20_000)
    tasks.close_list()
