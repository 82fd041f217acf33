"""Best and mean columns of the run table: chosen, read for what is in sight, sorted by, grouped, exported, failing."""

from __future__ import annotations

import uuid
from pathlib import Path

import pandas as pd
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from longshore.errors import Unavailable
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.tracking.rows import BEST, Grouping
from longshore.tracking.summaries import from_server
from longshore.ui.pages import runs_past_work
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.column_chooser import ColumnChooser
from longshore.ui.widgets.run_columns import COMING
from tests.ui.conftest import ShellMaker

HISTORIES = {"run-0": (4.0, 1.0, 2.5), "run-1": (2.0, 4.0), "run-2": (0.5, 9.0, 2.0)}
COLUMNS = ["metrics.val_mae", "best.val_mae", "mean.val_mae", "params.seed"]


@pytest.fixture
def project(client: Client) -> str:
    name = f"past-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, name, {"longshore.project": name})
    for number, (run_name, values) in enumerate(HISTORIES.items()):
        run = runs.create(client, experiment.id, name=run_name)
        points = [Metric("val_mae", value, step + 1, step) for step, value in enumerate(values)]
        runs.log_batch(client, run.id, params={"seed": str(number % 2)}, metrics=points)
        runs.update(client, run.id, status="FINISHED")
    runs.create(client, experiment.id, name="without")
    return name


@pytest.fixture
def page(served_home: Home, project: str, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    return open_page(open_shell(served_home), project, qtbot)


def open_page(shell: Shell, project: str, qtbot: QtBot) -> RunsPage:
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: page.table.model.rowCount() == 4, timeout=20_000)
    return page


def cells(page: RunsPage, column_id: str) -> dict[str, str]:
    model = page.table.model
    column = next(column for column in model.columns if column.id == column_id)
    return {model.row(place).name: model.text(model.row(place), column) for place in range(model.rowCount())}


def names(page: RunsPage) -> list[str]:
    return [page.table.model.row(place).name for place in range(page.table.model.rowCount())]


def click_header(page: RunsPage, column_id: str) -> None:
    ids = [column.id for column in page.table.model.columns]
    page.table.rest.horizontalHeader().sectionClicked.emit(ids.index(column_id))


def wait_for_values(page: RunsPage, qtbot: QtBot) -> None:
    wanted = {"run-0": "1.0", "run-1": "2.0", "run-2": "0.5", "without": ""}
    qtbot.waitUntil(lambda: cells(page, "best.val_mae") == wanted, timeout=20_000)


def press(page: RunsPage, title: str) -> None:
    next(button for button in page._notice.findChildren(Button) if button.text() == title).click()


def test_that_best_and_mean_are_chosen_with_the_keyboard_and_shown_beside_the_last_value(
    page: RunsPage, qtbot: QtBot
) -> None:
    page.columns.take(["metrics.val_mae", "params.seed"])
    page.bar.columns_button.click()
    chooser = page.findChild(ColumnChooser)
    assert isinstance(chooser, ColumnChooser)
    assert not chooser.values.buttons["best"].isEnabled(), "no metric is meant yet"
    qtbot.keyClicks(chooser.list.search, "val_m")
    last, best, mean = (chooser.values.buttons[kind] for kind in ("metrics", "best", "mean"))
    assert (last.isChecked(), best.isChecked(), mean.isChecked()) == (True, False, False)
    for button in (best, mean):
        button.setFocus(Qt.FocusReason.TabFocusReason)
        qtbot.keyClick(button, Qt.Key.Key_Space)
    assert page.columns.chosen == COLUMNS
    assert best.isChecked()
    qtbot.keyClick(last, Qt.Key.Key_Space)
    assert page.columns.chosen == ["best.val_mae", "mean.val_mae", "params.seed"]
    qtbot.keyClick(last, Qt.Key.Key_Space)
    chooser.close()
    wait_for_values(page, qtbot)
    assert cells(page, "mean.val_mae")["run-0"] == "2.500"
    best_at = [column.id for column in page.table.model.columns].index("best.val_mae")
    assert page.table.model.headerData(best_at, Qt.Orientation.Horizontal) == "Best val_mae"
    told = str(page.table.model.headerData(best_at, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole))
    assert "the least one" in told


def test_that_the_columns_and_their_values_are_there_after_a_restart_without_asking_again(
    page: RunsPage,
    project: str,
    served_home: Home,
    open_shell: ShellMaker,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page.columns.take(COLUMNS)
    wait_for_values(page, qtbot)
    page.window().close()

    def refuse(client: Client, run_id: str, key: str, cancel: CancelToken) -> None:
        raise AssertionError("an ended run is asked again")

    monkeypatch.setattr(from_server, "summed", refuse)
    again = open_page(open_shell(served_home), project, qtbot)
    assert [column.id for column in again.table.model.columns[3:]] == COLUMNS
    wait_for_values(again, qtbot)


def test_that_a_value_that_is_coming_is_marked_and_one_that_never_was_is_empty(
    page: RunsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, held = from_server.summed, [True]

    def slow(client: Client, run_id: str, key: str, cancel: CancelToken) -> object:
        while held and not cancel.wait(0.02):
            pass
        return plain(client, run_id, key, cancel)

    monkeypatch.setattr(from_server, "summed", slow)
    page.columns.take(COLUMNS)
    assert cells(page, "best.val_mae") == dict.fromkeys(HISTORIES, COMING) | {"without": ""}
    held.clear()
    wait_for_values(page, qtbot)


def test_that_a_click_on_the_header_sorts_once_all_values_are_known(page: RunsPage, qtbot: QtBot) -> None:
    page.columns.take(COLUMNS)
    click_header(page, "best.val_mae")
    qtbot.waitUntil(lambda: names(page) == ["run-2", "run-0", "run-1", "without"], timeout=20_000)
    click_header(page, "best.val_mae")
    qtbot.waitUntil(lambda: names(page) == ["run-1", "run-0", "run-2", "without"], timeout=20_000)
    click_header(page, "mean.val_mae")
    qtbot.waitUntil(lambda: names(page) == ["run-0", "run-1", "run-2", "without"], timeout=20_000)


def test_that_a_person_is_asked_before_a_server_is_asked_often_and_may_say_no(
    page: RunsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_past_work, "FEW", 1)
    monkeypatch.setattr(runs_past_work, "ASKING_S", -1.0)
    page.columns.take(COLUMNS)
    before = names(page)
    click_header(page, "best.val_mae")
    qtbot.waitUntil(lambda: "the histories of 3 runs" in page._notice.words, timeout=20_000)
    press(page, "Not now")
    assert (names(page), page._notice.words) == (before, "")
    click_header(page, "best.val_mae")
    qtbot.waitUntil(lambda: "as many requests to the server" in page._notice.words, timeout=20_000)
    press(page, "Read them")
    qtbot.waitUntil(lambda: names(page) == ["run-2", "run-0", "run-1", "without"], timeout=20_000)
    assert page._notice.words == ""


def test_that_reading_all_of_them_is_cancelled_and_what_came_stays(
    page: RunsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_past_work, "FEW", 1)
    monkeypatch.setattr(runs_past_work, "ASKING_S", -1.0)
    plain, asked = from_server.summed, []

    def one_then_slow(client: Client, run_id: str, key: str, cancel: CancelToken) -> object:
        asked.append(run_id)
        while len(asked) > 1 and not cancel.wait(0.02):
            pass
        return plain(client, run_id, key, cancel)

    monkeypatch.setattr(from_server, "summed", one_then_slow)
    page.columns.take(COLUMNS)
    before = names(page)
    click_header(page, "best.val_mae")
    qtbot.waitUntil(lambda: "histories" in page._notice.words, timeout=20_000)
    press(page, "Read them")
    qtbot.waitUntil(lambda: len(asked) == 2, timeout=20_000)
    press(page, "Cancel")
    qtbot.waitUntil(lambda: sum(text not in (COMING, "") for text in cells(page, "best.val_mae").values()) == 1)
    assert (names(page), page._notice.words) == (before, "")


def test_that_a_failure_is_said_once_above_the_table_and_retry_mends_it(
    page: RunsPage, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, asked = from_server.summed, []

    def fail(client: Client, run_id: str, key: str, cancel: CancelToken) -> None:
        asked.append(run_id)
        raise Unavailable("The server answers 500.")

    monkeypatch.setattr(from_server, "summed", fail)
    page.columns.take(COLUMNS)
    qtbot.waitUntil(lambda: "The server answers 500." in page._notice.words, timeout=20_000)
    page.search.look()
    qtbot.wait(300)
    assert len(asked) == 1, "it is not asked again and again"
    monkeypatch.setattr(from_server, "summed", plain)
    press(page, "Retry")
    wait_for_values(page, qtbot)
    qtbot.waitUntil(lambda: page._notice.words == "")


def test_that_groups_show_the_mean_and_the_best_of_their_runs_best_values(page: RunsPage, qtbot: QtBot) -> None:
    page.columns.take(COLUMNS)
    page.groups.take(Grouping(("p:seed",)))
    wanted = {"seed none": "", "seed 0": "0.75 ± 0.35", "seed 1": "2.00"}
    qtbot.waitUntil(lambda: cells(page, "best.val_mae") == wanted, timeout=20_000)
    page.groups.take(Grouping(("p:seed",), BEST))
    qtbot.waitUntil(lambda: cells(page, "best.val_mae")["seed 0"] == "0.5", timeout=20_000)


def test_that_the_file_and_the_clipboard_hold_them(page: RunsPage, qtbot: QtBot, tmp_path: Path) -> None:
    page.columns.take(COLUMNS)
    file = tmp_path / "runs.csv"
    page._export.write(file)
    qtbot.waitUntil(file.exists, timeout=20_000)
    found = pd.read_csv(file).set_index("name")["best.val_mae"].to_dict()
    assert {name: found[name] for name in HISTORIES} == {"run-0": 1.0, "run-1": 2.0, "run-2": 0.5}
    wait_for_values(page, qtbot)
    page.table.pinned.selectAll()
    page.table.copy()
    head, *lines = QGuiApplication.clipboard().text().split("\n")
    assert head.split("\t")[3:] == COLUMNS
    assert [line.split("\t")[3:6] for line in lines if "\trun-0\t" in line] == [["2.5", "1.0", "2.5"]]


def test_that_the_personal_workspaces_file_is_read_for_all_of_them(
    own: Home, own_client: Client, open_shell: ShellMaker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"past-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(own_client, name, {"longshore.project": name})
    for run_name, values in {**HISTORIES, "without": ()}.items():
        run = runs.create(own_client, experiment.id, name=run_name)
        points = [Metric("val_mae", value, step + 1, step) for step, value in enumerate(values)]
        runs.log_batch(own_client, run.id, metrics=points)

    def refuse(client: Client, run_id: str, key: str, cancel: CancelToken) -> None:
        raise AssertionError("the server is asked")

    monkeypatch.setattr(from_server, "summed", refuse)
    page = open_page(open_shell(own), name, qtbot)
    page.columns.take(["best.val_mae", "mean.val_mae"])
    wait_for_values(page, qtbot)
    click_header(page, "mean.val_mae")
    qtbot.waitUntil(lambda: names(page) == ["run-0", "run-1", "run-2", "without"], timeout=20_000)
