"""Choosing the run table's columns: searched among thousands, ordered by drag and keyboard, constant ones hidden."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.tracking.index import ordering
from longshore.tracking.rows import ColumnSet
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.checked_list import CheckedList, CheckedModel, Entry
from longshore.ui.widgets.column_chooser import ColumnChooser
from longshore.ui.widgets.run_columns import all_columns, columns_of_ids, index_columns
from tests.ui.conftest import ShellMaker

CHOSEN = ["params.lr", "metrics.val_mae", "params.loss"]


@pytest.fixture
def page(served_home: Home, client: Client, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    project = f"columns-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    for number in range(3):
        run = runs.create(client, experiment.id, name=f"run-{number}")
        params = {"lr": str(number), "loss": "huber"}
        runs.log_batch(client, run.id, params=params, metrics=[Metric("val_mae", float(number), 1, 0)])
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: page.table.model.rowCount() == 3, timeout=20_000)
    page.columns.take(CHOSEN)
    return page


def shown(page: RunsPage) -> list[str]:
    return [column.id for column in page.table.model.columns[3:]]


def open_chooser(page: RunsPage) -> ColumnChooser:
    page.bar.columns_button.click()
    chooser = page.findChild(ColumnChooser)
    assert isinstance(chooser, ColumnChooser)
    return chooser


@pytest.fixture
def many(qtbot: QtBot) -> CheckedList:
    names = ColumnSet(params=tuple(f"param_{n}" for n in range(12_000)), metrics=("val_mae",), tags=())
    entries = [Entry(each.id, each.title, each.group) for each in all_columns(names)]
    made = CheckedList(None, "columns", entries, ["params.param_7", "metrics.val_mae"])  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_twelve_thousand_columns_are_searched_and_checked_with_the_keyboard(
    many: CheckedList, qtbot: QtBot
) -> None:
    tester = QAbstractItemModelTester(many.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    qtbot.keyClicks(many.search, "Param_1199")
    assert [many.model.entry(row).title for row in range(many.model.rowCount())] == [
        "param_1199", *(f"param_1199{n}" for n in range(10)),
    ]  # fmt: skip
    with qtbot.waitSignal(many.changed) as told:
        qtbot.keyClick(many.search, Qt.Key.Key_Return)
    assert told.args == [["params.param_7", "metrics.val_mae", "params.param_1199"]]
    many.search.clear()
    assert [many.model.entry(row).id for row in range(3)] == told.args[0], "those that are shown stand first"
    qtbot.keyClicks(many.search, "nothing like it")
    assert many._none.isVisible()
    assert tester.model() is many.model


def test_that_alt_and_the_arrows_order_what_is_checked(many: CheckedList, qtbot: QtBot) -> None:
    qtbot.keyClick(many.search, Qt.Key.Key_Down)
    assert many.view.hasFocus()
    with qtbot.waitSignal(many.changed) as told:
        qtbot.keyClick(many.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert told.args == [["metrics.val_mae", "params.param_7"]]
    assert many.view.currentIndex().row() == 1, "the keyboard goes with it"
    with qtbot.assertNotEmitted(many.changed):
        qtbot.keyClick(many.view, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)


def test_that_a_dragged_name_lands_where_it_is_dropped(qapp: object) -> None:
    model = CheckedModel([Entry(each, each, "") for each in "abcde"], ["a", "b", "c"])

    def drop(name: str, row: int) -> list[str]:
        place = next(n for n in range(5) if model.entry(n).id == name)
        data = model.mimeData([model.index(place)])
        model.dropMimeData(data, Qt.DropAction.MoveAction, row, 0, QModelIndex())
        return model.checked

    assert drop("a", 2) == ["b", "a", "c"]
    assert drop("c", 0) == ["c", "b", "a"]
    assert drop("c", -1) == ["b", "a", "c"]
    assert not model.index(4).flags() & Qt.ItemFlag.ItemIsDragEnabled, "what is not shown has no order"


def test_that_columns_are_made_from_their_ids_in_any_order_and_unknown_ones_left_out() -> None:
    names = ColumnSet(params=("a.b", "lr"), metrics=("x",), tags=("t",))
    ids = ["tags.t", "params.a.b", "started", "metrics.gone", "metrics.x", "odd"]
    made = columns_of_ids(names, ids)
    assert [column.id for column in made] == ["tags.t", "params.a.b", "started", "metrics.x"]
    known = {column.id: column for column in all_columns(names)}
    assert made == [known[column.id] for column in made]


def test_that_best_and_mean_of_any_metric_have_ids_of_their_own_that_are_taken_for_no_other() -> None:
    names = ColumnSet(metrics=("a b/c.d:e-f", "best.x", "x"), params=("best.x",))
    ids = ["best.a b/c.d:e-f", "mean.a b/c.d:e-f", "metrics.best.x", "best.best.x", "best.x", "params.best.x", "best.y"]
    made = columns_of_ids(names, ids)
    assert [column.id for column in made] == ids[:-1]
    assert len({(column.kind, column.key) for column in made}) == 6
    assert index_columns(made)[:6] == ("b:a b/c.d:e-f", "a:a b/c.d:e-f", "m:best.x", "b:best.x", "b:x", "p:best.x")
    assert {"m:a b/c.d:e-f", "m:x"} < set(index_columns(made)), "the last value tells whether there is a best one"
    assert [ordering.parse(f"{column.order_by} DESC").column for column in made[:2]] == [
        "b:a b/c.d:e-f", "a:a b/c.d:e-f",
    ]  # fmt: skip


def test_that_the_choosers_order_is_the_tables_and_defaults_come_back(page: RunsPage, qtbot: QtBot) -> None:
    chooser = open_chooser(page)
    chooser.list.view.setCurrentIndex(chooser.list.model.index(2))
    qtbot.keyClick(chooser.list.view, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert shown(page) == ["params.lr", "params.loss", "metrics.val_mae"]
    next(button for button in chooser.findChildren(Button) if button.text() == "Defaults").click()
    assert page.columns.chosen is None
    assert shown(page) == chooser.list.model.checked
    assert "started" in shown(page)
    chooser.close()


def test_that_a_header_is_dragged_to_another_place_and_keeps_its_width(page: RunsPage, qtbot: QtBot) -> None:
    header = page.table.rest.horizontalHeader()
    header.resizeSection(3, 171)
    header.moveSection(3, 5)
    qtbot.waitUntil(lambda: shown(page) == ["metrics.val_mae", "params.loss", "params.lr"])
    assert [header.visualIndex(section) for section in range(6)] == list(range(6))
    assert header.sectionSize(5) == 171
    assert header.sectionSize(3) == 132
    assert page.columns.chosen == ["metrics.val_mae", "params.loss", "params.lr"]


def test_that_constant_columns_are_hidden_as_long_as_the_runs_do_not_differ_in_them(
    page: RunsPage, client: Client, qtbot: QtBot
) -> None:
    chooser = open_chooser(page)
    chooser.constant.click()
    chooser.close()
    qtbot.waitUntil(lambda: shown(page) == ["params.lr", "metrics.val_mae"], timeout=10_000)
    assert page.columns.chosen == CHOSEN, "the choice stays"
    page.table.rest.horizontalHeader().moveSection(3, 4)
    qtbot.waitUntil(lambda: page.columns.chosen == ["metrics.val_mae", "params.loss", "params.lr"], timeout=5_000)
    experiment = page.table.model.row(0).experiment_id
    run = runs.create(client, experiment, name="odd")
    runs.log_batch(client, run.id, params={"loss": "mae"})
    qtbot.waitUntil(lambda: shown(page) == ["metrics.val_mae", "params.loss", "params.lr"], timeout=30_000)
    page.filter.set_text("params.loss = 'huber'")
    qtbot.waitUntil(lambda: shown(page) == ["metrics.val_mae", "params.lr"], timeout=10_000)
    chooser = open_chooser(page)
    assert chooser.constant.isChecked()
    chooser.constant.click()
    chooser.close()
    assert shown(page) == ["metrics.val_mae", "params.loss", "params.lr"]


def test_that_the_rows_height_is_chosen_and_comes_back(
    page: RunsPage, served_home: Home, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    page.table.pinned.setFocus()
    with qtbot.waitSignal(page.table.density_asked):
        qtbot.keyClick(page.table.pinned, Qt.Key.Key_D)
    titles = {action.text(): action for action in page.density.menu().actions()}
    assert titles["Default rows"].isChecked()
    titles["Compact rows"].trigger()
    assert page.table.row_height == 24
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=10_000)
    project = page.context.project
    again = open_shell(served_home)
    again.context.show_project(project)
    again.context.open("runs")
    other = again.window.page_of("runs")
    assert isinstance(other, RunsPage)
    assert other.table.row_height == 24
    assert other.look.look("").density == "compact"
