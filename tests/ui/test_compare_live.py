"""Compared runs that go on: their curves and values grow in place, for few requests, until all of them have ended."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import workspaces
from longshore.ui.pages.compare_tabs import CurvesTab
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.states import Banner
from tests.support.compared import make_run, points
from tests.support.counting_server import Counter, counting_server
from tests.ui.conftest import ShellMaker


@dataclass
class Going:
    page: RunsPage
    ids: list[str]
    counter: Counter


@pytest.fixture(scope="module")
def counter(tracking_server: str) -> Iterator[Counter]:
    with counting_server(tracking_server) as found:
        yield found


@pytest.fixture
def going(served_home: Home, client: Client, counter: Counter, open_shell: ShellMaker, qtbot: QtBot) -> Going:
    """Three runs of a team's workspace are compared, two of them go on."""
    project = f"live-{uuid.uuid4().hex[:6]}"
    ids = [make_run(client, project, f"r{number}", number=number, ended=number == 0) for number in range(3)]
    workspaces.add(served_home, name="team", url=counter.url)
    shell = open_shell(served_home, workspace="team")
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 3, timeout=30_000)
    page.table.select_runs(ids)
    page.comparing.compare()
    qtbot.waitUntil(lambda: bool(curves_of(page) and curves_of(page).curves.charts), timeout=30_000)
    return Going(page, ids, counter)


def curves_of(page: RunsPage) -> CurvesTab:
    return page.compare_panel._parts.get("curves")  # type: ignore[return-value]


def lengths(page: RunsPage, metric: str = "val_mae") -> dict[str, int]:
    return {curve.title: len(curve.x) for curve in curves_of(page).curves.charts[metric].series}


def test_that_curves_grow_in_their_charts_and_zoom_and_selection_stay(
    going: Going, client: Client, qtbot: QtBot
) -> None:
    tab = curves_of(going.page)
    chart, table = tab.curves.charts["val_mae"], tab.table.differences
    chart.plot.zoom_to(1.0, 3.0)
    table.table.setCurrentCell(1, 1)
    runs.log_batch(client, going.ids[1], metrics=points("val_mae", [5]))
    qtbot.waitUntil(lambda: lengths(going.page) == {"r0": 5, "r1": 6, "r2": 5}, timeout=20_000)
    assert tab.curves.charts["val_mae"] is chart, "the same chart, not another one in its place"
    assert chart.plot.view == (1.0, 3.0)
    assert (table.table.currentRow(), table.table.currentColumn()) == (1, 1)
    assert "4.5" in row_of(going.page, "val_mae")


def row_of(page: RunsPage, title: str) -> list[str]:
    table = curves_of(page).table.differences.table
    row = next(row for row in range(table.rowCount()) if table.item(row, 0).text() == title)
    return [table.item(row, section).text() for section in range(1, table.columnCount())]


def test_that_a_metric_that_begins_meanwhile_gets_a_chart_and_a_row(going: Going, client: Client, qtbot: QtBot) -> None:
    runs.log_batch(client, going.ids[2], metrics=points("recall", [0]))
    qtbot.waitUntil(lambda: "recall" in titles(going.page), timeout=20_000)
    assert "recall" not in curves_of(going.page).curves.charts, "one value is no curve"
    runs.log_batch(client, going.ids[2], metrics=points("recall", [1]))
    qtbot.waitUntil(lambda: "recall" in curves_of(going.page).curves.charts, timeout=20_000)


def titles(page: RunsPage) -> list[str]:
    table = curves_of(page).table.differences.table
    return [table.item(row, 0).text() for row in range(table.rowCount()) if table.item(row, 0) is not None]


def test_that_nothing_is_asked_once_all_runs_have_ended_or_nobody_looks(
    going: Going, client: Client, qtbot: QtBot
) -> None:
    live = going.page.compare_panel.live
    qtbot.waitUntil(lambda: live.following, timeout=20_000)
    going.page.context.open("settings")
    qtbot.waitUntil(lambda: not live.following, timeout=20_000)
    going.page.context.open("runs")
    qtbot.waitUntil(lambda: live.following, timeout=20_000)
    for run_id in going.ids[1:]:
        runs.log_batch(client, run_id, metrics=points("val_mae", range(5, 9)))
        runs.update(client, run_id, status="FINISHED")
    qtbot.waitUntil(lambda: lengths(going.page) == {"r0": 5, "r1": 9, "r2": 9}, timeout=20_000)
    qtbot.waitUntil(lambda: not live.following, timeout=20_000)


def test_that_a_deleted_run_is_named_and_can_be_left_out(going: Going, client: Client, qtbot: QtBot) -> None:
    runs.delete(client, going.ids[2])
    banner = wait_for_banner(going.page, qtbot)
    assert "r2 was deleted meanwhile" in words(banner)
    press(banner, "Leave it out")
    qtbot.waitUntil(lambda: len(lengths(going.page)) == 2, timeout=20_000)


def test_that_curves_stay_while_the_server_fails_and_go_on_when_it_is_back(
    going: Going, client: Client, qtbot: QtBot
) -> None:
    going.counter.broken = True
    try:
        banner = wait_for_banner(going.page, qtbot)
        assert "What was read before stays." in words(banner)
        assert lengths(going.page) == {"r0": 5, "r1": 5, "r2": 5}
        runs.log_batch(client, going.ids[1], metrics=points("val_mae", [5]))
    finally:
        going.counter.broken = False
    press(banner, "Retry")
    qtbot.waitUntil(lambda: lengths(going.page)["r1"] == 6, timeout=20_000)
    qtbot.waitUntil(lambda: not going.page.compare_panel._banner_holder.isVisible(), timeout=20_000)


def wait_for_banner(page: RunsPage, qtbot: QtBot) -> Banner:
    holder = page.compare_panel._banner_holder
    qtbot.waitUntil(lambda: any(each.isVisible() for each in holder.findChildren(Banner)), timeout=30_000)
    return next(each for each in holder.findChildren(Banner) if each.isVisible())


def words(banner: Banner) -> str:
    from PySide6.QtWidgets import QLabel

    return " ".join(each.text() for each in banner.findChildren(QLabel))


def press(banner: Banner, title: str) -> None:
    from longshore.ui.widgets.basic import Button

    next(each for each in banner.findChildren(Button) if each.text() == title).click()
