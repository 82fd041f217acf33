"""The comparison of runs: curves on every axis and in groups, the baseline, and what of it is kept."""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PySide6.QtCore import QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.settings import Home
from longshore.store import quick
from longshore.tracking.compare import Comparison
from longshore.tracking.comparing.boxes import boxes
from longshore.tracking.comparing.fields import RunSet, of_rows
from longshore.tracking.rows import RunRow
from longshore.ui.pages.compare_charts import MOST_SELECTED, BarFigure, BoxTab, ParallelTab, RunFigure, ScatterTab
from longshore.ui.pages.compare_curves import CurvesPart
from longshore.ui.pages.compare_fields import FieldsTab
from longshore.ui.pages.compare_table import Differences, change_words
from longshore.ui.pages.compare_tabs import CurvesTab
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.tasks import TaskRunner
from longshore.ui.widgets.field_select import FieldList, FieldSelect
from longshore.ui.widgets.figure import Figure
from longshore.ui.widgets.plot.bars import Bar
from longshore.ui.widgets.plot.box_plot import BoxPlot
from longshore.ui.widgets.plot.parallel import ParallelPlot
from longshore.ui.widgets.plot.scatter import ScatterPlot
from longshore.ui.widgets.select import Select
from longshore.ui.widgets.states import EmptyState
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
    page.comparing.compare()
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
    assert change_words(Change(-0.0004, -0.5)) == "-0.0004 (-50.0 %)"
    assert change_words(Change(5000.0, 5000.0)) == "+5,000", "a share of half a million percent says nothing"
    assert change_words(Change()) == ""


def shown_figure(page: RunsPage, name: str, qtbot: QtBot) -> FieldsTab:
    found = tab(page, name, qtbot)
    assert isinstance(found, FieldsTab)
    qtbot.waitUntil(lambda: page.context.runner.idle)
    return found


def test_that_a_scatter_shows_every_run_of_the_table_and_the_compared_ones_in_their_colours(
    page: RunsPage, forest: Forest, qtbot: QtBot
) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "scatter", qtbot)
    assert isinstance(found, ScatterTab)
    found.across.show_fields(found.known.fields, "p:depth")
    found.load()
    qtbot.waitUntil(lambda: found.figure.title == "val_mae against depth" and found.figure.isVisible())
    runs = found.plot.runs
    assert runs is not None
    assert len(runs) == 6
    assert found.said.text() == "6 runs"
    marked = {runs.ids[place]: number for place, number in found.plot.marked_places()}
    assert marked == {forest.ids[1]: 0, forest.ids[0]: 1}, "as in the table: the newer one stands first"
    choose(found.scope, "compared")
    qtbot.waitUntil(lambda: found.said.text() == "2 runs")


def test_that_charts_follow_the_filter_of_the_table(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "scatter", qtbot)
    qtbot.waitUntil(lambda: found.said.text() == "6 runs")
    page.filter.set_text("params.kind = 'tree'")
    page._start_over()
    qtbot.waitUntil(lambda: found.said.text() == "3 runs", timeout=20_000)


def test_that_a_point_names_its_run_and_a_click_and_enter_open_it(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "scatter", qtbot)
    assert isinstance(found, ScatterTab)
    qtbot.waitUntil(found.figure.isVisible)
    opened: list[str] = []
    found.plot.opened.disconnect()
    found.plot.opened.connect(opened.append)
    runs = found.plot.runs
    assert runs is not None
    place = runs.ids.index(forest.ids[3])
    at = found.plot.pixel_of(place)
    assert at is not None
    qtbot.mouseMove(found.plot, at.toPoint())
    assert found.plot.pointed == place
    assert dict(found.plot.told(place))["val_mae"] == "3.1"
    qtbot.mouseClick(found.plot, Qt.MouseButton.LeftButton, pos=at.toPoint())
    found.plot.setFocus()
    found.plot.point_at(None)
    qtbot.keyClick(found.plot, Qt.Key.Key_Right)
    qtbot.keyClick(found.plot, Qt.Key.Key_Right)
    assert runs.run_names[int(found.plot.order()[1])] in found.plot.accessibleDescription()
    qtbot.keyClick(found.plot, Qt.Key.Key_Return)
    assert opened == [forest.ids[3], runs.ids[int(found.plot.order()[1])]]


def test_that_a_brushed_range_selects_runs_in_the_table_while_the_compared_ones_stay(
    page: RunsPage, forest: Forest, qtbot: QtBot
) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "parallel", qtbot)
    assert isinstance(found, ParallelTab)
    qtbot.waitUntil(found.figure.isVisible)
    plot = found.plot
    assert [field.title for field in plot.fields] == ["kind", "depth", "val_mae"], "what differs, and the metric last"
    depth, x = 1, round(plot._axis_px(1))
    scale = plot.scale_of(depth)
    top, bottom = (QPoint(x, round(scale.px(value))) for value in (5.5, 2.5))
    qtbot.mousePress(plot, Qt.MouseButton.LeftButton, pos=top)
    qtbot.mouseMove(plot, bottom)
    qtbot.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=bottom)
    assert set(page.table.selected_ids()) == set(forest.ids[2:5])
    assert found.said.text() == "3 of 6 runs selected"
    assert {run.run_id for run in found.compared} == set(forest.ids[:2])
    found.clear_button.click()
    assert set(page.table.selected_ids()) == set(forest.ids[:2])


def test_that_the_keyboard_brushes_and_escape_lets_go_before_it_closes(
    page: RunsPage, forest: Forest, qtbot: QtBot
) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "parallel", qtbot)
    assert isinstance(found, ParallelTab)
    qtbot.waitUntil(found.figure.isVisible)
    plot = found.plot
    plot.setFocus()
    qtbot.keyClick(plot, Qt.Key.Key_Right)
    qtbot.keyClick(plot, Qt.Key.Key_Up)
    assert list(plot.ranges) == [1]
    low = plot.ranges[1]
    qtbot.keyClick(plot, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert plot.ranges[1][0] == low[0]
    assert plot.ranges[1][1] > low[1]
    assert set(page.table.selected_ids()) == {forest.ids[0], forest.ids[1]}
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert plot.ranges == {}
    assert page.compare_panel.isVisible()
    qtbot.keyClick(plot, Qt.Key.Key_Escape)
    assert not page.compare_panel.isVisible()


def test_that_a_box_per_value_tells_how_many_runs_it_holds(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "box", qtbot)
    assert isinstance(found, BoxTab)
    qtbot.waitUntil(found.figure.isVisible)
    assert found.figure.title == "val_mae by kind"
    frame = found.plot.frame_now()
    assert frame is not None
    assert [word for _at, word in frame.x_ticks] == ["line (3)", "tree (3)"]
    assert [box.median for box in found.plot.boxes] == pytest.approx([3.6, 3.1])
    assert found.plot.pixel_of(0) is not None


def test_that_importance_says_when_there_are_too_few_runs(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "importance", qtbot)
    qtbot.waitUntil(lambda: found.findChild(EmptyState) is not None)
    words = [each.text() for each in found.findChildren(QLabel)]
    assert any(text.startswith("6 runs have val_mae: too few to tell what matters.") for text in words), words


def test_that_of_very_many_brushed_runs_the_first_are_selected(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    found = shown_figure(page, "parallel", qtbot)
    assert isinstance(found, ParallelTab)
    qtbot.waitUntil(found.figure.isVisible)
    selected: list[list[str]] = []
    found.selected.disconnect()
    found.selected.connect(selected.append)
    runs = many(3_000)
    found.plot.show_fields(runs, list(runs.fields.values()), {})
    found.plot.brush(0, (0.0, 0.5))
    found.plot._tell()
    assert len(selected[0]) == MOST_SELECTED
    assert found.said.text().endswith("of 3,000 runs, the first 500 selected")


def many(count: int) -> RunSet:
    chance = np.random.default_rng(3)
    rows = [
        RunRow(
            f"{n:032x}", f"run {n}", "FINISHED", None, None, "", "1", "e",
            {"lr": str(round(float(lr), 4)), "kind": "ab"[n % 2]}, {"loss": float(lr + 0.1 * chance.random())}, {},
        )
        for n, lr in enumerate(chance.random(count))
    ]  # fmt: skip
    return of_rows(rows, ["p:lr", "p:kind", "m:loss"])


@pytest.fixture
def runner(qapp: QApplication) -> Iterator[TaskRunner]:
    owner = QObject()
    made = TaskRunner(owner)
    yield made
    made.close()


@pytest.mark.parametrize("kind", ["scatter", "parallel", "box", "bars"])
def test_that_every_chart_goes_to_png_svg_and_the_clipboard(
    runner: TaskRunner, qtbot: QtBot, tmp_path: Path, kind: str
) -> None:
    runs = many(3_000)
    fields, marked = runs.fields, {runs.ids[0]: 0, runs.ids[1]: 1}
    holder = QWidget()
    qtbot.addWidget(holder)
    figure: Figure
    if kind == "bars":
        figure = BarFigure(runner, holder)
        figure.bars.show_bars([Bar("lr", 0.9, "90 %"), Bar("kind", 0.01, "1 %", faint=True)])
    else:
        plot = {"scatter": ScatterPlot, "parallel": ParallelPlot, "box": BoxPlot}[kind]()
        if isinstance(plot, ScatterPlot):
            plot.show_fields(runs, fields["p:lr"], fields["m:loss"], marked)
        elif isinstance(plot, ParallelPlot):
            plot.show_fields(runs, list(fields.values()), marked)
        else:
            plot.show_boxes(runs, fields["m:loss"], "kind", boxes(fields["m:loss"], fields["p:kind"]), marked)
        figure = RunFigure(runner, plot, "loss", holder)
    holder.resize(600, 300)
    figure.resize(600, 300)
    figure.grab()
    figure.save(tmp_path / "chart.png")
    assert QImage(str(tmp_path / "chart.png")).width() == figure.drawing.size().width() * 3
    figure.save(tmp_path / "chart.svg")
    drawn = ElementTree.parse(tmp_path / "chart.svg").getroot()
    words = [(element.text or "").strip() for element in drawn.iter() if element.tag.endswith("text")]
    if kind == "bars":
        assert "kind" in words
    else:
        assert {"run 0", "run 1"} <= set(words), "the compared runs are named"
    figure.copy()
    assert QGuiApplication.clipboard().image().width() == figure.drawing.size().width() * 3


def test_that_a_field_is_found_by_typing(qtbot: QtBot, qapp: QApplication) -> None:
    select = FieldSelect("X axis")
    qtbot.addWidget(select)
    select.show_fields([*(f"m:metric_{n}" for n in range(3_000)), "p:depth"], "m:metric_7")
    assert select.currentText() == "metric_7"
    popup = FieldList(select, select._fields)
    popup.chosen.connect(select._take)
    chosen: list[str] = []
    select.field_chosen.connect(chosen.append)
    qtbot.keyClicks(popup.search, "DEP")
    qtbot.keyClick(popup.search, Qt.Key.Key_Return)
    assert chosen == ["p:depth"]
    assert select.value == "p:depth"


def test_that_logarithmic_axes_of_a_scatter_are_only_taken_where_values_allow_it(qtbot: QtBot) -> None:
    runs = many(20)
    plot = ScatterPlot()
    qtbot.addWidget(plot)
    plot.show_fields(runs, runs.fields["p:kind"], runs.fields["m:loss"], {})
    plot.show_scales(log_x=True, log_y=True)
    frame = plot.frame_now()
    assert frame is not None
    assert (frame.x.log, frame.y.log) == (False, True)


def test_that_where_the_tabs_have_no_room_a_list_stands_for_them(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    panel = page.compare_panel
    page.window().resize(1440, 900)
    qtbot.waitUntil(lambda: panel.tabs.isVisible() and not panel.tab_select.isVisible())
    page.window().resize(1024, 680)
    shown = panel.tabs if panel.tabs.isVisible() else panel.tab_select
    qtbot.waitUntil(lambda: shown.width() >= shown.minimumSizeHint().width())
    panel.tab_select.choose("differences")
    panel.tab_select.activated.emit(1)
    assert panel.tabs.current == "differences"


def test_that_the_comparison_grows_and_its_height_is_kept(
    page: RunsPage, forest: Forest, qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    compare(page, forest.ids[:2], qtbot)
    panel = page.compare_panel
    before = panel.height()
    panel.grow_button.click()
    qtbot.waitUntil(lambda: panel.height() > before + 100)
    key = f"runs.compare/{forest.project}"
    qtbot.waitUntil(lambda: (quick.view_state(served_home, key) or {}).get("height") == 85, timeout=10_000)
    again = open_page(open_shell(served_home), forest, qtbot)
    compare(again, forest.ids[:2], qtbot)
    qtbot.waitUntil(lambda: again.compare_panel.height() > before + 100)
    again.compare_panel.grow_button.click()
    qtbot.waitUntil(lambda: again.compare_panel.height() < before + 100)


def test_that_a_wide_comparison_makes_the_cells_that_come_into_view(qtbot: QtBot) -> None:
    runs = tuple(run_row(str(n)) for n in range(50))
    metrics = {f"m{k:04}": {run.run_id: float(k) for run in runs} for k in range(1_500)}
    table = Differences()
    qtbot.addWidget(table)
    table.resize(600, 300)
    table.show()
    table.show_comparison(Comparison(runs, {}, metrics, {}, {}, {}, {}), runs[0].run_id, only=True)
    assert table.table.rowCount() == 1_500
    assert table.table.item(0, 50).text() == "0"
    assert table.table.item(1_499, 1) is None
    table.table.scrollToBottom()
    qtbot.waitUntil(lambda: table.table.item(1_499, 50) is not None)
    assert table.table.item(1_499, 50).text() == "1,499"


def test_that_runs_that_differ_in_nothing_say_so(qtbot: QtBot) -> None:
    runs = (run_row("a"), run_row("b"))
    table = Differences()
    qtbot.addWidget(table)
    table.resize(600, 300)
    table.show()
    table.show_comparison(Comparison(runs, {}, {}, {}, {}, {}, {}, {"params": {"seed": "7"}}), "a", only=True)
    assert table.nothing.isVisible()
    assert not table.table.isVisible()
    table.show_comparison(Comparison(runs, {}, {}, {}, {}, {}, {}, {"params": {"seed": "7"}}), "a", only=False)
    assert table.table.item(0, 0).text() == "seed"
    assert not table.nothing.isVisible()


def run_row(name: str) -> RunRow:
    return RunRow(name, f"run {name}", "FINISHED", None, None, "", "1", "e", {}, {}, {})


@pytest.mark.parametrize("odd", [[1.7e308, -1.7e308, 0.0, 1.0], [5e-324, 0.0, 1e-320, 0.0], [7.0] * 4, [math.nan] * 4])
def test_that_no_value_stops_a_chart(qtbot: QtBot, odd: list[float]) -> None:
    rows = [
        RunRow(
            str(n),
            "\u202eab\n🌲" * 50,
            "FINISHED",
            None,
            None,
            "",
            "1",
            "e",
            {"k": "x" * 6_000 + str(n // 2)},
            {"m": value},
            {},
        )
        for n, value in enumerate(odd)
    ]
    runs = of_rows(rows, ["m:m", "p:k"])
    metric, by = runs.fields["m:m"], runs.fields["p:k"]
    scatter, parallel, box = ScatterPlot(), ParallelPlot(), BoxPlot()
    for plot in (scatter, parallel, box):
        qtbot.addWidget(plot)
        plot.resize(400, 200)
    scatter.show_fields(runs, metric, by, {"0": 0})
    scatter.show_scales(log_x=True, log_y=True)
    parallel.show_fields(runs, [metric, by], {"0": 0})
    parallel.brush(0, (-1.0, 8.0))
    box.show_boxes(runs, metric, "k", boxes(metric, by), {"0": 0})
    for plot in (scatter, parallel, box):
        plot.grab()
        plot.run_at(QPointF(200, 100))
        plot.step_by(1)
        plot.grab()
