"""The comparison of runs: curves on every axis and in groups, the baseline, and what of it is kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.settings import Home
from longshore.store import quick
from longshore.ui.pages.compare_curves import CurvesPart
from longshore.ui.pages.compare_panel import CurvesTab
from longshore.ui.pages.compare_table import Differences, change_words
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.select import Select
from tests.ui.conftest import ShellMaker

BEGAN_MS = 1_760_000_000_000


@dataclass(frozen=True)
class Forest:
    project: str
    ids: tuple[str, ...]


@pytest.fixture(scope="module")
def forest(client: Client) -> Forest:
    """Six runs, ten seconds apart; two metrics with curves; depth 1 to 6, kind tree or line."""
    project = f"grove-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    ids = []
    for number in range(6):
        began = BEGAN_MS + number * 10_000
        run = runs.create(
            client, experiment.id, name=f"oak-{number}", start_time=datetime.fromtimestamp(began / 1000, UTC)
        )
        points = [
            Metric(name, first - number / 2 - step / 10, began + 1000 * (step + 1), step)
            for name, first in (("val_mae", 5.0), ("accuracy", 4.0))
            for step in range(5)
        ]
        kind = "tree" if number % 2 else "line"
        runs.log_batch(client, run.id, metrics=points, params={"depth": str(number + 1), "kind": kind, "seed": "7"})
        runs.update(client, run.id, status="FINISHED")
        ids.append(run.id)
    return Forest(project, tuple(ids))


@pytest.fixture
def page(served_home: Home, forest: Forest, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    return open_page(open_shell(served_home), forest, qtbot)


def open_page(shell: Shell, forest: Forest, qtbot: QtBot) -> RunsPage:
    shell.context.show_project(ProjectRef("p1", forest.project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 6, timeout=20_000)
    return page


def compare(page: RunsPage, ids: Sequence[str], qtbot: QtBot) -> None:
    page.table.select_runs(ids)
    page.compare()
    qtbot.waitUntil(lambda: page.compare_panel._compared is not None, timeout=20_000)
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)


def tab(page: RunsPage, name: str, qtbot: QtBot) -> QWidget:
    page.compare_panel.tabs._buttons[name].click()
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    return page.compare_panel._parts[name]


def curves_of(page: RunsPage, qtbot: QtBot) -> CurvesPart:
    found = tab(page, "curves", qtbot)
    assert isinstance(found, CurvesTab)
    qtbot.waitUntil(lambda: bool(found.curves.charts), timeout=20_000)
    return found.curves


def choose(select: Select, value: str) -> None:
    select.choose(value)
    select.activated.emit(select.currentIndex())


def drawn(part: CurvesPart, axis: str) -> Callable[[], bool]:
    return lambda: all(chart.plot.across.kind == axis for chart in part.charts.values())


def test_that_curves_stand_over_step_time_and_relative_time(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    part = curves_of(page, qtbot)
    assert [list(curve.x) for curve in part.charts["val_mae"].series] == [[0, 1, 2, 3, 4]] * 2
    choose(part.axis, "relative")
    qtbot.waitUntil(drawn(part, "relative"))
    assert [list(curve.x) for curve in part.charts["val_mae"].series] == [[1, 2, 3, 4, 5]] * 2
    choose(part.axis, "time")
    qtbot.waitUntil(drawn(part, "time"))
    firsts = sorted(float(curve.x[0]) for curve in part.charts["val_mae"].series)
    assert firsts == [BEGAN_MS / 1000 + 1, BEGAN_MS / 1000 + 11]


def test_that_zooming_one_chart_zooms_them_all(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    part = curves_of(page, qtbot)
    one, other = part.charts["val_mae"].plot, part.charts["accuracy"].plot
    one.zoom_to(1, 3)
    assert other.view == (1, 3)
    qtbot.keyClick(other, Qt.Key.Key_Home)
    assert one.view is None


def test_that_runs_are_put_together_by_a_parameter_with_a_band(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids, qtbot)
    part = curves_of(page, qtbot)
    assert [part.group.itemText(place) for place in range(part.group.count())] == ["Each run", "Mean by kind"]
    choose(part.group, "kind")
    chart = part.charts["val_mae"]
    qtbot.waitUntil(lambda: len(chart.series) == 2)
    assert [curve.title for curve in chart.series] == ["kind line, 3 runs", "kind tree, 3 runs"]
    assert chart.series[0].y[0] == pytest.approx(4.0), "5.0, 4.0 and 3.0"
    lines = chart.plot.bands[0]
    assert (lines.low[0], lines.high[0]) == (3.0, 5.0)
    choose(part.spread, "std")
    qtbot.waitUntil(lambda: chart.plot.bands[0] is not lines)
    assert chart.plot.bands[0].high[0] == pytest.approx(4.0 + np.std([3, 4, 5], ddof=1))
    frame = chart.plot.frame_now()
    assert frame is not None
    assert frame.y.high >= 5.0, "the band is in view"


def test_that_axis_groups_smoothing_and_metrics_are_kept_for_the_project(
    page: RunsPage, forest: Forest, qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    compare(page, forest.ids, qtbot)
    part = curves_of(page, qtbot)
    choose(part.axis, "relative")
    choose(part.group, "kind")
    part.smoothing.setValue(60)
    part._metrics_chosen(["metrics.accuracy"])
    page.compare_panel.tabs._buttons["differences"].click()
    key = f"runs.compare/{forest.project}"
    qtbot.waitUntil(lambda: (quick.view_state(served_home, key) or {}).get("tab") == "differences", timeout=10_000)
    again = open_page(open_shell(served_home), forest, qtbot)
    compare(again, forest.ids, qtbot)
    assert again.compare_panel.tabs.current == "differences"
    kept = curves_of(again, qtbot)
    assert (kept.look.axis, kept.look.group, kept.look.smoothing) == ("relative", "kind", 0.6)
    assert list(kept.charts) == ["accuracy"]


def differences(page: RunsPage, qtbot: QtBot) -> Differences:
    found = tab(page, "differences", qtbot).findChild(Differences)
    assert isinstance(found, Differences)
    return found


def changes(found: Differences) -> dict[str, list[str]]:
    from longshore.ui.pages.compare_table import _CHANGE

    table = found.table
    return {
        table.item(row, 0).text(): [
            (table.item(row, section).data(_CHANGE) or ("",))[0] for section in range(1, table.columnCount())
        ]
        for row in range(table.rowCount())
    }


def test_that_each_value_tells_its_change_against_the_pinned_baseline(
    page: RunsPage, forest: Forest, qtbot: QtBot
) -> None:
    compare(page, [forest.ids[0], forest.ids[2]], qtbot)
    table = differences(page, qtbot)
    assert table.baseline.currentText() == "oak-2", "the first column until somebody pins another"
    assert changes(table)["val_mae"] == ["", "+1 (+27.8 %)"]
    assert changes(table)["depth"] == ["", "-2 (-66.7 %)"]
    table.table.setCurrentCell(0, 2)
    qtbot.keyClick(table.table, Qt.Key.Key_B)
    assert table.baseline.currentText() == "oak-0"
    assert changes(table)["val_mae"] == ["-1 (-21.7 %)", ""]
    choose(table.baseline, forest.ids[2])
    assert changes(table)["val_mae"] == ["", "+1 (+27.8 %)"]


def test_that_what_is_the_same_is_shown_when_asked_for(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, [forest.ids[0], forest.ids[2]], qtbot)
    table = differences(page, qtbot)
    assert table.count.text() == "Only differences, 3 of 5"
    assert "seed" not in changes(table)
    table.only.click()
    assert changes(table)["seed"] == ["", ""]
    assert changes(table)["kind"] == ["", ""]


def test_that_a_change_is_said_with_its_sign_and_share() -> None:
    from longshore.tracking.comparing.changes import Change

    assert change_words(Change(0.05, 0.015)) == "+0.05 (+1.5 %)"
    assert change_words(Change(-2.0, None)) == "-2"
    assert change_words(Change(5000.0, 5000.0)) == "+5,000", "a share of half a million percent says nothing"
    assert change_words(Change()) == ""
