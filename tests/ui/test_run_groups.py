"""Groups in the run table on a real server: seeds averaged away, opened with mouse and keyboard, selected, sorted."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.tracking.rows import BEST, Grouping
from longshore.ui.pages.runs import RunsPage
from longshore.ui.pages.runs_menu import run_menu
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.group_chooser import GroupChooser, is_seed
from tests.ui.conftest import ShellMaker


@pytest.fixture
def page(served_home: Home, client: Client, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    project = f"grouped-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    for lr in ("0.1", "0.2"):
        for seed in range(3):
            run = runs.create(client, experiment.id, name=f"{lr}-{seed}")
            params = {"lr": lr, "seed": str(seed), "loss": "huber"}
            runs.log_batch(client, run.id, params=params, metrics=[Metric("val_mae", float(lr) * 10 + seed, 1, 0)])
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 6, timeout=20_000)
    page.columns.take(["metrics.val_mae", "params.lr", "params.seed"])
    return page


def names(page: RunsPage) -> list[str]:
    return [page.table.model.row(place).name for place in range(page.table.model.rowCount())]


def group(page: RunsPage, qtbot: QtBot, *by: str, aggregate: str = "mean") -> None:
    page.groups.take(Grouping(by, aggregate))
    qtbot.waitUntil(lambda: page.table.model.grouping == Grouping(by, aggregate), timeout=10_000)


def cell(page: RunsPage, row: int, column_id: str) -> str:
    column = next(column for column in page.table.model.columns if column.id == column_id)
    return page.table.model.text(page.table.model.row(row), column)


def test_that_the_chooser_averages_seeds_away(page: RunsPage, qtbot: QtBot) -> None:
    page.bar.group_button.click()
    qtbot.waitUntil(lambda: page.findChild(GroupChooser) is not None, timeout=10_000)
    chooser = page.findChild(GroupChooser)
    next(button for button in chooser.findChildren(Button) if button.text().startswith("All that differ")).click()
    qtbot.waitUntil(lambda: names(page) == ["lr 0.1", "lr 0.2"], timeout=10_000)
    assert cell(page, 0, "status") == "3 runs"
    assert cell(page, 0, "name") == "0.1"
    assert cell(page, 0, "metrics.val_mae") == "2 ± 1"
    assert cell(page, 0, "params.lr") == "0.1"
    assert cell(page, 0, "params.seed") == ""
    assert "in 2 groups" in page.bar.shown.text()
    assert page.bar.group_button.text() == "Group by 1"
    chooser.aggregate.chosen.emit(chooser.aggregate.choose(BEST) or BEST)
    qtbot.waitUntil(lambda: cell(page, 0, "metrics.val_mae") == "1", timeout=10_000)
    tip = page.table.model.index(0, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert tip.splitlines() == [
        "Mean 2.0", "Standard deviation 1.0", "Best 1.0 (less is better)", "Worst 3.0", "Of 3 of 3 runs",
    ]  # fmt: skip
    next(button for button in chooser.findChildren(Button) if button.text() == "No groups").click()
    qtbot.waitUntil(lambda: len(names(page)) == 6, timeout=10_000)
    chooser.close()


def test_that_a_search_in_the_chooser_finds_and_checks_with_the_keyboard(page: RunsPage, qtbot: QtBot) -> None:
    page.table.pinned.setFocus()
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_G)
    qtbot.waitUntil(lambda: page.findChild(GroupChooser) is not None, timeout=10_000)
    chooser = page.findChild(GroupChooser)
    qtbot.keyClicks(chooser.list.search, "see")
    qtbot.keyClick(chooser.list.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: names(page) == ["seed 0", "seed 1", "seed 2"], timeout=10_000)
    qtbot.keyClick(chooser, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not chooser.isVisible())


def test_that_arrows_open_a_group_and_lead_back_and_enter_opens_its_run(page: RunsPage, qtbot: QtBot) -> None:
    group(page, qtbot, "p:lr")
    table = page.table
    table.pinned.setFocus()
    table.pinned.setCurrentIndex(table.model.index(1, 2))
    qtbot.keyClick(table.pinned, Qt.Key.Key_Right)
    assert names(page) == ["lr 0.1", "lr 0.2", "0.2-2", "0.2-1", "0.2-0"]
    assert table.pinned.currentIndex().row() == 1, "the keyboard stays on the group"
    assert table.model.index(1, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "3 runs, open"
    assert table.model.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "3 runs, closed"
    qtbot.keyClick(table.pinned, Qt.Key.Key_Down)
    qtbot.keyClick(table.pinned, Qt.Key.Key_Down)
    assert table.pinned.currentIndex().row() == 3
    qtbot.keyClick(table.pinned, Qt.Key.Key_Left)
    assert table.pinned.currentIndex().row() == 1
    qtbot.keyClick(table.pinned, Qt.Key.Key_Left)
    assert names(page) == ["lr 0.1", "lr 0.2"]
    qtbot.keyClick(table.pinned, Qt.Key.Key_Return)
    qtbot.keyClick(table.pinned, Qt.Key.Key_Down)
    with qtbot.waitSignal(table.opened) as opened:
        qtbot.keyClick(table.pinned, Qt.Key.Key_Return)
    assert opened.args == [table.model.row(2).run_id]


def test_that_a_click_on_a_groups_mark_opens_it_and_selecting_it_selects_its_runs(page: RunsPage, qtbot: QtBot) -> None:
    group(page, qtbot, "p:lr")
    table = page.table
    left = table.pinned.horizontalHeader().sectionViewportPosition(1) + 12
    middle = table.pinned.rowViewportPosition(0) + 14
    qtbot.mouseClick(table.pinned.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(left, middle))
    assert names(page)[:2] == ["lr 0.1", "0.1-2"]
    assert table.selected_count == 0
    qtbot.mouseClick(table.pinned.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(18, middle))
    assert table.selected_count == 3
    assert page.bar.selected.text() == "3 selected"
    chosen = table.selected_ids()
    menu = run_menu(page, 0, 2)
    next(action for action in menu.actions() if action.text() == "Close all groups").trigger()
    assert names(page) == ["lr 0.1", "lr 0.2"]
    assert table.selected_ids() == chosen
    page.groups.take(Grouping())
    qtbot.waitUntil(lambda: len(names(page)) == 6, timeout=10_000)
    assert sorted(table.selected_ids()) == sorted(chosen), "the same runs stay selected without groups"


def test_that_groups_are_sorted_by_their_mean_and_stay_open(page: RunsPage, qtbot: QtBot) -> None:
    group(page, qtbot, "p:lr")
    page.groups.toggle(page.table.model.rows.ids(1, 1)[0])
    header = page.table.rest.horizontalHeader()
    header.sectionClicked.emit(3)
    header.sectionClicked.emit(3)
    qtbot.waitUntil(lambda: names(page) == ["lr 0.2", "0.2-2", "0.2-1", "0.2-0", "lr 0.1"], timeout=10_000)
    assert page.table.model.headerData(2, Qt.Orientation.Horizontal) == "lr"
    assert cell(page, 1, "metrics.val_mae") == "4"
    header.sectionClicked.emit(3)
    qtbot.waitUntil(lambda: names(page) == ["lr 0.1", "lr 0.2", "0.2-0", "0.2-1", "0.2-2"], timeout=10_000)


def test_that_a_group_is_not_renamed_but_its_runs_are_edited_together(page: RunsPage, qtbot: QtBot) -> None:
    group(page, qtbot, "p:lr")
    page.table.pinned.setFocus()
    page.table.pinned.setCurrentIndex(page.table.model.index(0, 2))
    page.table.pinned.clearSelection()
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    assert page.table.editing.line is None
    with qtbot.waitSignal(page.table.edit_asked):
        page.table.pinned.selectRow(0)
        qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    from longshore.ui.pages.runs_edit_dialog import EditDialog

    qtbot.waitUntil(lambda: page.window().findChild(EditDialog) is not None, timeout=10_000)
    assert page.window().findChild(EditDialog).windowTitle() == "Edit 3 runs"
    page.window().findChild(EditDialog).reject()


@pytest.mark.parametrize("name", ["seed", "random_state", "train.seed", "Seed", "cv_fold", "rng"])
def test_that_parameters_that_only_repeat_a_run_are_known_by_name(name: str) -> None:
    assert is_seed(name)


@pytest.mark.parametrize("name", ["seeding_rate", "lr", "stateful", "manifold", "folder"])
def test_that_other_parameters_are_not_taken_for_seeds(name: str) -> None:
    assert not is_seed(name)
