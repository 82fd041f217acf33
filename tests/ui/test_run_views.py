"""Saved views of the run table: chosen, changed, renamed, deleted with undo, handed over as a file."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.store import quick
from longshore.tracking import views
from longshore.tracking.rows import BEST, Grouping
from longshore.ui.pages.compare_panel import CurvesTab
from longshore.ui.pages.runs import RunsPage
from longshore.ui.pages.runs_views import NameDialog
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.toasts import Toast
from longshore.ui.widgets.basic import Button
from tests.ui.conftest import ShellMaker


@pytest.fixture
def project(client: Client) -> str:
    name = f"viewed-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, name, {"longshore.project": name})
    for number, lr in enumerate(("0.1", "0.2", "0.2")):
        run = runs.create(client, experiment.id, name=f"run-{number}")
        runs.log_batch(client, run.id, params={"lr": lr}, metrics=[Metric("val_mae", 3.0 - number, 1, 0)])
    return name


@pytest.fixture
def page(served_home: Home, project: str, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    return open_page(open_shell(served_home), project, qtbot)


def open_page(shell: Shell, project: str, qtbot: QtBot) -> RunsPage:
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: page.table.model.rowCount() == 3, timeout=20_000)
    return page


def names(page: RunsPage) -> list[str]:
    return [page.table.model.row(place).name for place in range(page.table.model.rowCount())]


def items(page: RunsPage) -> dict[str, QAction]:
    return {action.text(): action for action in page.views.menu().actions()}


def save_as(page: RunsPage, qtbot: QtBot, name: str) -> None:
    items(page)["Save as a new view…"].trigger()
    dialog = page.window().findChild(NameDialog)
    qtbot.keyClicks(dialog.line, name)
    qtbot.keyClick(dialog.line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: name in [view.name for view in page.views.views], timeout=10_000)


def make_look(page: RunsPage, qtbot: QtBot) -> None:
    page.columns.take(["params.lr", "metrics.val_mae"])
    page.table.rest.horizontalHeader().sectionClicked.emit(4)
    page.groups.take(Grouping(("p:lr",), BEST))
    page.filter.set_text("metrics.val_mae < 2.5 or params.lr = 'x'")
    qtbot.waitUntil(lambda: names(page) == ["lr 0.2"], timeout=10_000)


def test_that_a_view_brings_columns_filter_order_and_groups_back_after_a_restart(
    page: RunsPage, project: str, served_home: Home, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    make_look(page, qtbot)
    save_as(page, qtbot, "best rates")
    assert page.bar.views_button.text() == "best rates"
    page.filter.clear()
    assert page.bar.views_button.text() == "best rates •", "a change is marked"
    again = open_page(open_shell(served_home), project, qtbot)
    qtbot.waitUntil(lambda: bool(again.views.views), timeout=10_000)
    assert again.bar.views_button.text() == "Views"
    items(again)["best rates"].trigger()
    qtbot.waitUntil(lambda: names(again) == ["lr 0.2"], timeout=10_000)
    assert [column.id for column in again.table.model.columns[3:]] == ["params.lr", "metrics.val_mae"]
    assert again.filter.text() == "metrics.val_mae < 2.5 or params.lr = 'x'"
    assert again.look.order_by == ("metrics.`val_mae` ASC",)
    assert again.table.model.grouping == Grouping(("p:lr",), BEST)
    assert again.bar.views_button.text() == "best rates"


def test_that_changes_are_saved_or_taken_back_from_the_menu(page: RunsPage, qtbot: QtBot) -> None:
    save_as(page, qtbot, "all")
    assert not [words for words in items(page) if words.startswith("Save changes")]
    page.filter.set_text("params.lr = '0.1'")
    qtbot.waitUntil(lambda: len(names(page)) == 1, timeout=10_000)
    items(page)["Back to this view as saved"].trigger()
    qtbot.waitUntil(lambda: len(names(page)) == 3, timeout=10_000)
    page.filter.set_text("params.lr = '0.1'")
    items(page)["Save changes to this view"].trigger()
    qtbot.waitUntil(lambda: page.views.views[0].filter == "params.lr = '0.1'", timeout=10_000)
    qtbot.waitUntil(lambda: page.bar.views_button.text() == "all")


def test_that_a_name_that_is_taken_is_said_beside_the_field_and_a_view_is_renamed(page: RunsPage, qtbot: QtBot) -> None:
    save_as(page, qtbot, "a & b")
    save_as(page, qtbot, "c")
    items(page)["Rename this view…"].trigger()
    dialog = page.window().findChild(NameDialog)
    dialog.line.setText("a & b")
    dialog.confirm_button.click()
    assert dialog.isVisible()
    assert "already" in dialog.field._below.text()
    dialog.line.setText("d")
    dialog.confirm_button.click()
    qtbot.waitUntil(lambda: [view.name for view in page.views.views] == ["a & b", "d"], timeout=10_000)
    assert items(page)["d"].isChecked()
    assert "a && b" in items(page), "the sign is no shortcut"


def test_that_a_deleted_view_comes_back_from_the_message(page: RunsPage, qtbot: QtBot) -> None:
    save_as(page, qtbot, "mine")
    items(page)["Delete this view"].trigger()
    qtbot.waitUntil(lambda: not page.views.views, timeout=10_000)
    assert page.bar.views_button.text() == "Views"
    toast = next(toast for toast in page.window().findChildren(Toast) if "Deleted the view mine" in toast.said[1])
    next(button for button in toast.findChildren(Button) if button.text() == "Undo").click()
    qtbot.waitUntil(lambda: [view.name for view in page.views.views] == ["mine"], timeout=10_000)


def test_that_a_colleague_opens_the_exported_file_and_a_hostile_one_says_why_not(
    page: RunsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    make_look(page, qtbot)
    file = tmp_path / "rates.view.json"
    page.views.export(file)
    qtbot.waitUntil(file.exists, timeout=10_000)
    assert views.read(file).grouping == Grouping(("p:lr",), BEST)
    page.groups.take(Grouping())
    page.filter.clear()
    qtbot.waitUntil(lambda: len(names(page)) == 3, timeout=10_000)
    page.views.open(file)
    qtbot.waitUntil(lambda: names(page) == ["lr 0.2"], timeout=10_000)
    file.write_text('{"kind": "longshore-run-view", "version": 1, "name": "x", "group_by": ["m:a"]}')
    page.views.open(file)

    def refused() -> bool:
        return any("cannot be grouped by" in toast.said[1] for toast in page.window().findChildren(Toast))

    qtbot.waitUntil(refused, timeout=10_000)
    assert names(page) == ["lr 0.2"], "the table stays as it is"


def widen(page: RunsPage, column_id: str, width: int) -> None:
    section = [column.id for column in page.table.model.columns].index(column_id)
    (page.table.pinned if section < 3 else page.table.rest).setColumnWidth(section, width)


def width(page: RunsPage, column_id: str) -> int:
    section = [column.id for column in page.table.model.columns].index(column_id)
    return (page.table.pinned if section < 3 else page.table.rest).columnWidth(section)


def test_that_a_view_brings_the_widths_back_that_a_person_chose_and_no_others(page: RunsPage, qtbot: QtBot) -> None:
    page.columns.take(["params.lr", "metrics.val_mae"])
    plain = width(page, "params.lr")
    save_as(page, qtbot, "plain")
    widen(page, "metrics.val_mae", 260)
    widen(page, "name", 240)
    qtbot.waitUntil(lambda: page.bar.views_button.text() == "plain •", timeout=10_000)
    save_as(page, qtbot, "wide")
    items(page)["plain"].trigger()
    assert (width(page, "metrics.val_mae"), width(page, "name")) == (132, 176)
    items(page)["wide"].trigger()
    assert (width(page, "metrics.val_mae"), width(page, "name"), width(page, "params.lr")) == (260, 240, plain)
    assert page.table._left.width() == width(page, "box") + width(page, "status") + 240
    assert page.bar.views_button.text() == "wide"


def test_that_widths_are_there_after_a_restart_without_a_view(
    page: RunsPage, project: str, served_home: Home, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    widen(page, "name", 250)
    qtbot.waitUntil(lambda: bool(quick.view_state(served_home, f"runs.widths/{project}")), timeout=10_000)
    again = open_page(open_shell(served_home), project, qtbot)
    assert width(again, "name") == 250


def test_that_a_view_brings_the_comparison_back_as_it_was(
    page: RunsPage, qtbot: QtBot, project: str, tmp_path: Path
) -> None:
    page.table.pinned.selectAll()
    page.comparing.compare()
    panel = page.compare_panel
    qtbot.waitUntil(lambda: "curves" in panel._parts, timeout=20_000)
    panel._choose("curves")
    curves = panel._parts["curves"]
    assert isinstance(curves, CurvesTab)
    curves.curves.smoothing.setValue(40)
    panel._pin(page.table.selected_ids()[2])
    save_as(page, qtbot, "smooth")
    file = tmp_path / "smooth.view.json"
    page.views.export(file)
    qtbot.waitUntil(file.exists, timeout=10_000)
    panel._choose("scatter")
    curves.curves.smoothing.setValue(0)
    qtbot.waitUntil(lambda: page.bar.views_button.text() == "smooth •", timeout=10_000)
    items(page)["smooth"].trigger()

    def as_saved() -> bool:
        part = panel._parts.get("curves")
        return isinstance(part, CurvesTab) and part.curves.smoothing.value() == 40 and part.isVisible()

    qtbot.waitUntil(as_saved, timeout=20_000)
    assert panel.tabs.current == "curves"
    assert panel.baseline == page.table.selected_ids()[2]
    assert page.bar.views_button.text() == "smooth"
    told = views.read(file)
    assert told.charts is not None
    assert (told.charts["smoothing"], told.charts["tab"], told.charts["baseline"]) == (40, "curves", panel.baseline)


def test_that_an_older_view_leaves_widths_and_comparison_as_they_are(
    page: RunsPage, qtbot: QtBot, tmp_path: Path
) -> None:
    widen(page, "name", 250)
    page.charts.put("tab", "box")
    file = tmp_path / "older.view.json"
    file.write_text('{"kind": "longshore-run-view", "version": 1, "name": "older", "columns": ["params.lr"]}')
    page.views.open(file)
    qtbot.waitUntil(lambda: page.bar.views_button.text() == "older", timeout=10_000)
    assert width(page, "name") == 250
    assert page.charts.text("tab") == "box"
