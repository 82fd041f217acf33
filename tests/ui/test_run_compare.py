"""Compare on a run's page: the likeliest other run is chosen, another is found by typing, and both stand side by side."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.settings import Home
from longshore.tracking.rows import RunRow
from longshore.ui.pages.run_compare import CompareDialog, others_of
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from tests.ui.conftest import ShellMaker, shown_run_page

BEGAN_MS = 1_760_000_000_000


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


@pytest.fixture
def three(client: Client) -> list[str]:
    """Runs of one experiment, the second one the best."""
    experiment = experiments.ensure(client, f"three-{uuid.uuid4().hex[:6]}", {})
    ids = []
    for number, value in enumerate((3.0, 1.0, 2.0)):
        run = runs.create(client, experiment.id, name=f"train-{number}")
        runs.log_batch(client, run.id, metrics=[Metric("val_mae", value, BEGAN_MS, 0)], params={"depth": str(number)})
        runs.update(client, run.id, status="FINISHED")
        ids.append(run.id)
    return ids


def ask(qtbot: QtBot, shell: Shell, run_id: str) -> CompareDialog:
    shell.context.open("run", run_id=run_id)
    shown_run_page(shell)
    buttons = lambda: [e for e in shell.window.top_bar.findChildren(QPushButton) if e.text() == "Compare…"]  # noqa: E731
    qtbot.waitUntil(lambda: bool(buttons()), timeout=20_000)
    buttons()[0].click()
    dialog = shell.window.findChild(CompareDialog)
    assert isinstance(dialog, CompareDialog)
    qtbot.waitUntil(lambda: dialog.list.count() > 0, timeout=20_000)
    return dialog


def selected_names(page: RunsPage) -> set[str]:
    rows = page.table.model.rows
    return {rows[place].name for place in rows.places(page.table.selected_ids()).values()}


def compared(qtbot: QtBot, shell: Shell) -> list[str]:
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: page.compare_panel.findChild(QTableWidget) is not None, timeout=20_000)
    table = page.compare_panel.findChild(QTableWidget)
    assert isinstance(table, QTableWidget)
    return [table.horizontalHeaderItem(section).text() for section in range(1, table.columnCount())]


def test_that_a_run_is_compared_with_the_best_one_of_its_experiment(
    qtbot: QtBot, shell: Shell, three: list[str]
) -> None:
    dialog = ask(qtbot, shell, three[2])
    assert dialog.list.count() == 2, "not with itself"
    assert dialog.list.currentItem().text().startswith("train-1    val_mae 1, ")
    assert dialog.list.currentItem().text().endswith("best val_mae")
    dialog.confirm_button.click()
    assert compared(qtbot, shell) == ["train-2", "train-1"]
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: selected_names(page) == {"train-1", "train-2"}, timeout=20_000)
    shell.context.back()
    assert shell.window.page_of("run").isVisible()


def test_that_another_run_is_found_by_typing_and_chosen_with_enter(
    qtbot: QtBot, shell: Shell, three: list[str]
) -> None:
    dialog = ask(qtbot, shell, three[2])
    dialog.search.setText("nothing like it")
    assert not dialog.confirm_button.isEnabled()
    dialog.search.setText("train-0")
    qtbot.keyClick(dialog.search, Qt.Key.Key_Return)
    assert compared(qtbot, shell) == ["train-2", "train-0"]


def row(name: str, **metrics: float) -> RunRow:
    return RunRow(name, name, "FINISHED", None, None, "", "1", "e", {}, metrics, {})


def test_that_the_best_run_is_compared_with_the_one_before_it() -> None:
    newest_first = [row("c", loss=2.0), row("b", loss=1.0), row("a", loss=3.0)]
    found = others_of(newest_first, "b")
    assert (found.suggested, found.because) == ("a", "the one before")
    assert others_of(newest_first, "c").suggested == "b"
    assert others_of([row("b"), row("a")], "b").suggested == "a", "no metric says which is better"
    assert others_of([row("b"), row("a")], "a").suggested == "b", "there is only a later one"
    assert others_of([row("a")], "a").suggested == ""
