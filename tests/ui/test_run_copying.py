"""Copying from the run table: groups, many rows, and the Python for what is selected or shown."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.tracking.rows import Grouping
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.toasts import Toast
from longshore.ui.widgets import run_table
from tests.ui.conftest import ShellMaker

COUNT = 6


@pytest.fixture
def page(served_home: Home, client: Client, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    project = f"copied-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    for number in range(COUNT):
        run = runs.create(client, experiment.id, name=f"run-{number}")
        params = {"lr": str(number % 2), "seed": str(number)}
        runs.log_batch(client, run.id, params=params, metrics=[Metric("val_mae", float(number), 1, 0)])
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: page.table.model.rowCount() == COUNT, timeout=20_000)
    page.columns.take(["metrics.val_mae", "params.lr"])
    QGuiApplication.clipboard().clear()
    return page


def copied(qtbot: QtBot) -> str:
    qtbot.waitUntil(lambda: bool(QGuiApplication.clipboard().text()), timeout=10_000)
    return QGuiApplication.clipboard().text()


def copy(page: RunsPage, qtbot: QtBot) -> list[list[str]]:
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    return [line.split("\t") for line in copied(qtbot).split("\n")]


def test_that_many_rows_are_copied_in_the_background_and_told(
    page: RunsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_table, "MOST_AT_ONCE", 2)
    page.table.pinned.selectAll()
    lines = copy(page, qtbot)
    assert [line[2] for line in lines] == ["name", *(f"run-{number}" for number in reversed(range(COUNT)))]
    qtbot.waitUntil(lambda: any("Copied 6 rows" in toast.said[1] for toast in page.window().findChildren(Toast)))


def test_that_groups_are_copied_with_what_stands_for_them(page: RunsPage, qtbot: QtBot) -> None:
    page.groups.take(Grouping(("p:lr",)))
    qtbot.waitUntil(lambda: page.table.model.rowCount() == 2, timeout=10_000)
    page.table.pinned.selectAll()
    assert copy(page, qtbot)[1:] == [["", "3 runs", "lr 0", "2.0", "0"], ["", "3 runs", "lr 1", "3.0", "1"]]


def test_that_python_is_copied_for_what_is_shown_or_selected(page: RunsPage, qtbot: QtBot) -> None:
    page.filter.set_text("params.lr = '1'")
    qtbot.waitUntil(lambda: page.table.model.rowCount() == 3, timeout=10_000)
    page.copying.copy_python()
    code = copied(qtbot)
    assert """filter_string="params.lr = '1'",""" in code
    compile(code, "copied", "exec")
    QGuiApplication.clipboard().clear()
    chosen = page.table.model.rows.ids(1, 1)[0]
    page.table.select_runs([chosen])
    next(action for action in page.actions_now() if action.title == "Copy selected runs as Python").run()
    code = copied(qtbot)
    compile(code, "copied", "exec")
    assert f"    {chosen!r}," in code
    said = [toast.said for toast in page.window().findChildren(Toast)]
    assert ("success", "Copied Python", "It fetches 1 run with MLflow's client.") in said
