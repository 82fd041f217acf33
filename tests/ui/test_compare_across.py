"""Runs of several workspaces side by side: kept for comparing, read each from its own server, named with its workspace."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableWidget, QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import quick, workspaces
from longshore.ui.pages.compare_code import CodeTab
from longshore.ui.pages.compare_files import FilesTab
from longshore.ui.pages.compare_made_of import EnvironmentTab
from longshore.ui.pages.compare_table import Differences
from longshore.ui.pages.compare_tabs import CurvesTab
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.kept_runs import KEY
from longshore.ui.widgets.diff_view import DiffView
from tests.support.compared import make_run
from tests.support.tracking import running_server
from tests.ui.conftest import ShellMaker, shown_run_page


@dataclass(frozen=True)
class Both:
    project: str
    url: str
    here: tuple[str, ...]
    there: str


@pytest.fixture(scope="module")
def both(client: Client) -> Iterator[Both]:
    """Two runs on the personal server, and one of the same project on a team's."""
    project = f"across-{uuid.uuid4().hex[:6]}"
    here = tuple(make_run(client, project, f"mine-{number}", number=number) for number in range(2))
    with running_server() as url, Client(url, timeout_s=30) as team:
        yield Both(project, url, here, make_run(team, project, "theirs", number=3))


@pytest.fixture
def shell(served_home: Home, both: Both, open_shell: ShellMaker) -> Shell:
    workspaces.add(served_home, name="team", url=both.url)
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", both.project, "/nowhere"))
    return shell


def runs_page(shell: Shell, count: int, qtbot: QtBot) -> RunsPage:
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == count, timeout=30_000)
    return page


def keep_and_switch(shell: Shell, both: Both, qtbot: QtBot) -> RunsPage:
    """Keep a run of the personal workspace with the keyboard, and go to the team's."""
    page = runs_page(shell, 2, qtbot)
    page.table.select_runs([both.here[0]])
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_K)
    shell.services.global_actions.use_workspace("team")
    return runs_page(shell, 1, qtbot)


def compare_both(shell: Shell, both: Both, qtbot: QtBot) -> RunsPage:
    page = keep_and_switch(shell, both, qtbot)
    page.table.select_runs([both.there])
    assert page.kept_strip.compare_button.text() == "Compare with 1 selected"
    page.kept_strip.compare_button.click()
    qtbot.waitUntil(lambda: page.compare_panel._compared is not None, timeout=30_000)
    return page


def tab(page: RunsPage, name: str, qtbot: QtBot) -> QWidget:
    page.compare_panel._choose(name)
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=30_000)
    return page.compare_panel._parts[name]


def test_that_a_kept_run_is_compared_with_one_of_another_workspace_and_both_name_theirs(
    shell: Shell, both: Both, qtbot: QtBot
) -> None:
    page = compare_both(shell, both, qtbot)
    curves = tab(page, "curves", qtbot)
    assert isinstance(curves, CurvesTab)
    qtbot.waitUntil(lambda: "val_mae" in curves.curves.charts)
    named = ["mine-0 @personal", "theirs @team"]
    assert [curve.title for curve in curves.curves.charts["val_mae"].series] == named
    table = curves.findChild(Differences)
    assert [table.table.horizontalHeaderItem(section).text() for section in (1, 2)] == named
    code = tab(page, "code", qtbot)
    assert isinstance(code, CodeTab)
    assert code.found is not None
    assert [side.code.commit for side in (code.found.base, code.found.other)] == ["0000000", "0000003"]
    environment = tab(page, "environment", qtbot)
    assert isinstance(environment, EnvironmentTab)
    assert environment.table is not None
    assert [row.cells for row in environment.table.rows.rows] == [("numpy", "changed", "2.0", "2.3")]
    data = tab(page, "data", qtbot).findChild(QTableWidget)
    assert [data.item(0, section).text() for section in (1, 2)] == ["00", "33"]


def test_that_artifacts_are_read_from_each_runs_own_workspace(shell: Shell, both: Both, qtbot: QtBot) -> None:
    page = compare_both(shell, both, qtbot)
    files = tab(page, "files", qtbot)
    assert isinstance(files, FilesTab)
    assert files.table is not None
    paths = [row.cells[0] for row in files.table.rows.rows]
    files.table.selectRow(paths.index("config.yaml"))
    qtbot.waitUntil(lambda: any(diff.lines for diff in files.findChildren(DiffView)), timeout=20_000)
    assert files.findChildren(DiffView)[-1].lines == ["@@ -1 +1 @@", "-depth: 0", "+depth: 3"]


def test_that_charts_show_the_compared_runs_where_the_table_has_not_all_of_them(
    shell: Shell, both: Both, qtbot: QtBot
) -> None:
    page = compare_both(shell, both, qtbot)
    scatter = tab(page, "scatter", qtbot)
    qtbot.waitUntil(lambda: scatter.said.text() == "2 runs", timeout=20_000)  # type: ignore[attr-defined]


def test_that_the_comparison_stays_when_the_workspace_changes(shell: Shell, both: Both, qtbot: QtBot) -> None:
    page = runs_page(shell, 2, qtbot)
    page.table.select_runs(list(both.here))
    page.comparing.compare()
    qtbot.waitUntil(lambda: page.compare_panel._compared is not None, timeout=20_000)
    shell.services.global_actions.use_workspace("team")
    runs_page(shell, 1, qtbot)
    code = tab(page, "code", qtbot)
    assert isinstance(code, CodeTab)
    assert code.found is not None, "read from the workspace that it was compared in"


def test_that_kept_runs_are_there_after_a_restart_and_let_go_with_undo(
    shell: Shell, both: Both, qtbot: QtBot, served_home: Home
) -> None:
    page = keep_and_switch(shell, both, qtbot)
    assert page.kept_strip.isVisible()
    qtbot.waitUntil(lambda: len(quick.view_state(served_home, KEY) or ()) == 1, timeout=10_000)
    assert quick.view_state(served_home, KEY)[0]["workspace"] == "personal"
    offered: list[object] = []
    shell.context.offered.connect(lambda *words: offered.append(words[-1]))
    page.kept_strip.clear_button.click()
    assert not page.kept_strip.isVisible()
    undo = offered[-1]
    assert isinstance(undo, tuple)
    undo[1]()
    assert [run.name for run in shell.context.kept.runs] == ["mine-0"]
    assert page.kept_strip.isVisible()


def test_that_a_damaged_memory_of_kept_runs_counts_as_none(shell: Shell, qtbot: QtBot, served_home: Home) -> None:
    from longshore.store import view_state

    runs_page(shell, 2, qtbot)
    view_state.save(served_home, KEY, [{"run_id": 7}, "x", {"run_id": "a", "name": "b", "workspace": "personal"}])
    shell.context.kept._runs = None
    assert [run.name for run in shell.context.kept.runs] == ["b"]


def test_that_a_run_is_kept_from_its_own_page_and_the_palette_compares(shell: Shell, both: Both, qtbot: QtBot) -> None:
    for run_id in both.here:
        shell.context.open("run", run_id=run_id)
        page = shown_run_page(shell)
        qtbot.waitUntil(lambda page=page, run_id=run_id: page._state is not None and page._state.detail is not None)
        press(page.actions_now(), "run-keep")
    actions = shell.window.actions_registry.available()
    assert next(each for each in actions if each.id == "compare-kept").title == "Compare kept runs (2)"
    press(actions, "compare-kept")
    runs = shell.window.page_of("runs")
    assert isinstance(runs, RunsPage)
    qtbot.waitUntil(lambda: runs.compare_panel._compared is not None, timeout=20_000)
    names = [run.name for run in runs.compare_panel._compared.comparison.runs]  # type: ignore[union-attr]
    assert names == ["mine-0", "mine-1"], "of one workspace, which needs no name"


def press(actions: list[object], action_id: str) -> None:
    next(each for each in actions if each.id == action_id).run()  # type: ignore[attr-defined]
