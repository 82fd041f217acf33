"""The Runs page on a real server: filter, sorting by the server, comparison, the last state when the server is away."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTableWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.runs import Metric
from longshore.settings import Home
from longshore.store import processes
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.basic import Button, IconLabel
from longshore.ui.widgets.chart import Chart
from longshore.ui.widgets.states import Banner
from tests.support.closed_port import closed_port
from tests.support.launching import lend_server
from tests.support.slow_server import Door, door_before
from tests.ui.conftest import ShellMaker

BEGAN_MS = 1_760_000_000_000


@dataclass(frozen=True)
class Forest:
    """A project's runs on the server."""

    project: str
    ids: tuple[str, ...]


@pytest.fixture(scope="module")
def forest(client: Client) -> Forest:
    project = f"forest-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    ids = []
    for number, kind in enumerate(("tree", "tree", "line", "tree")):
        run = runs.create(client, experiment.id, name=f"train-{number}", start_time=None)
        points = [Metric("val_mae", 5.0 - number - step / 10, BEGAN_MS + step, step) for step in range(5)]
        runs.log_batch(client, run.id, metrics=points, params={"kind": kind, "seed": "7", "depth": str(number)})
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
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 4, timeout=20_000)
    return page


def names(page: RunsPage) -> list[str]:
    return [row.name for row in page.table.model.rows]


def type_filter(qtbot: QtBot, page: RunsPage, text: str) -> None:
    page.filter.line.selectAll()
    qtbot.keyClicks(page.filter.line, text)
    qtbot.keyClick(page.filter.line, Qt.Key.Key_Return)


def settled(page: RunsPage) -> Callable[[], bool]:
    return lambda: page.context.runner.idle and not page.search.busy


def test_that_the_newest_run_stands_first_with_the_total(page: RunsPage, qtbot: QtBot) -> None:
    assert names(page) == ["train-3", "train-2", "train-1", "train-0"]
    assert page.bar.shown.text().startswith("Showing 4 runs")


def test_that_a_filter_in_mlflows_language_is_answered_by_the_server(page: RunsPage, qtbot: QtBot) -> None:
    type_filter(qtbot, page, "params.kind = 'tree' and metrics.val_mae < 4")
    qtbot.waitUntil(lambda: names(page) == ["train-3", "train-1"], timeout=10_000)
    page.filter.clear()
    qtbot.waitUntil(lambda: len(names(page)) == 4, timeout=10_000)


def test_that_a_wrong_filter_is_said_below_the_field_and_the_rows_stay(page: RunsPage, qtbot: QtBot) -> None:
    type_filter(qtbot, page, "params.kind === 'tree'")
    qtbot.waitUntil(page.filter._error.isVisible, timeout=10_000)
    assert page.filter._error.text()
    assert page.filter._box.property("state") == "error"
    assert len(names(page)) == 4


def test_that_a_half_typed_filter_is_checked_while_the_person_pauses(page: RunsPage, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.filter.line, "metrics.val_mae <")
    qtbot.waitUntil(page.filter._error.isVisible, timeout=5000)
    assert page.filter._error.text().startswith("At character ")


def test_that_icon_and_clear_button_stand_within_the_fields_border(page: RunsPage, qtbot: QtBot) -> None:
    qtbot.keyClicks(page.filter.line, "params.kind = 'tree'")
    border = page.filter._box
    inside = (page.filter.line, page.filter._clear, *border.findChildren(IconLabel))
    assert all(inner.parentWidget() is border and inner.isVisible() for inner in inside)
    qtbot.waitUntil(lambda: all(border.rect().contains(inner.geometry()) for inner in inside))
    assert len(inside) == 3
    page.filter.line.setFocus()
    qtbot.waitUntil(lambda: border.property("focused") is True)


def test_that_a_filter_that_fits_no_run_says_so_and_can_be_cleared(page: RunsPage, qtbot: QtBot) -> None:
    from longshore.ui.widgets.states import EmptyState

    type_filter(qtbot, page, "params.kind = 'forest'")
    qtbot.waitUntil(lambda: page.findChild(EmptyState) is not None, timeout=10_000)
    page.findChild(EmptyState).button.click()
    qtbot.waitUntil(lambda: len(names(page)) == 4 and page.table.isVisible(), timeout=10_000)


def test_that_a_click_on_a_header_sorts_on_the_server_and_a_second_turns_it_around(
    page: RunsPage, qtbot: QtBot
) -> None:
    places = {column.id: number for number, column in enumerate(page.table.model.columns)}
    header = page.table.rest.horizontalHeader()
    header.sectionClicked.emit(places["metrics.val_mae"])
    qtbot.waitUntil(lambda: names(page) == ["train-3", "train-2", "train-1", "train-0"], timeout=10_000)
    qtbot.waitUntil(settled(page))
    assert page._query().order_by == ("metrics.`val_mae` ASC",)
    header.sectionClicked.emit(places["metrics.val_mae"])
    qtbot.waitUntil(lambda: names(page) == ["train-0", "train-1", "train-2", "train-3"], timeout=10_000)
    assert page.table.model.headerData(places["metrics.val_mae"], Qt.Orientation.Horizontal) == "val_mae ↓"


def test_that_a_comparison_shows_only_what_differs_and_the_curves(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    page.table.select_runs([forest.ids[0], forest.ids[1]])
    page.bar.compare_button.click()
    qtbot.waitUntil(lambda: bool(page.compare_panel.findChildren(Chart)), timeout=15_000)
    table = page.compare_panel.findChild(QTableWidget)
    shown = {table.item(row, 0).text(): [table.item(row, n).text() for n in (1, 2)] for row in range(table.rowCount())}
    assert shown["depth"] == ["1", "0"]
    assert "seed" not in shown
    assert "kind" not in shown

    chart = next(chart for chart in page.compare_panel.findChildren(Chart) if chart.title == "val_mae")
    drawn = {series.title: (list(series.x), [round(float(y), 1) for y in series.y]) for series in chart.series}
    assert drawn == {
        "train-0": ([0, 1, 2, 3, 4], [5.0, 4.9, 4.8, 4.7, 4.6]),
        "train-1": ([0, 1, 2, 3, 4], [4.0, 3.9, 3.8, 3.7, 3.6]),
    }
    assert len({series.number for series in chart.series}) == 2, "each run has a colour of its own"
    assert chart.plot.frame_now() is not None
    assert page.table.pinned.look.swatches.keys() == {forest.ids[0], forest.ids[1]}


def test_that_a_comparison_needs_two_runs(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    page.table.select_runs([forest.ids[0]])
    with qtbot.waitSignal(page.context.told) as told:
        page.comparing.compare()
    assert told.args is not None
    assert told.args[1].startswith("Select two runs")
    assert "panel" not in page.comparing.__dict__


def test_that_chosen_columns_come_back_at_the_next_start(
    served_home: Home, forest: Forest, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    first = open_page(open_shell(served_home), forest, qtbot)
    first.columns.take(["metrics.val_mae", "params.seed"])
    qtbot.waitUntil(settled(first))
    second = open_page(open_shell(served_home), forest, qtbot)
    assert [column.id for column in second.table.model.columns] == [
        "box",
        "status",
        "name",
        "metrics.val_mae",
        "params.seed",
    ]


def test_that_a_server_that_is_away_leaves_the_last_state_and_a_banner(
    served_home: Home, forest: Forest, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    first = open_shell(served_home)
    qtbot.waitUntil(settled(open_page(first, forest, qtbot)))
    first.window.close()
    first.close()
    processes.stop_agent(served_home)
    # Held by the test: at a free port, the agent's own server might come up and outlive it.
    with closed_port() as port:
        processes.put_server(served_home, pid=None, process_started=None, port=port, state="stopped", detail="")
        page = open_page(open_shell(served_home), forest, qtbot)
        qtbot.waitUntil(lambda: page.findChild(Banner) is not None, timeout=20_000)
        assert len(names(page)) == 4
        assert page.table.isVisible()


def test_that_enter_in_the_table_opens_the_run(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    page.table.pinned.setCurrentIndex(page.table.model.index(0, 0))
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_Return)
    place = page.context.place
    assert place is not None
    assert (place.page_id, place.arguments) == ("run", {"run_id": forest.ids[3]})


@pytest.fixture
def door(tracking_server: str) -> Iterator[Door]:
    with door_before(tracking_server, "slow") as made:
        yield made


def test_that_a_server_that_does_not_answer_holds_up_neither_filter_nor_sorting(
    home: Home, door: Door, forest: Forest, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    lend_server(home, door.url)
    page = open_page(open_shell(home), forest, qtbot)
    qtbot.waitUntil(lambda: page.search.answer is not None and page.search.answer.frame.complete, timeout=20_000)
    door.word = b"{"
    type_filter(qtbot, page, "params.kind = 'tree'")
    qtbot.waitUntil(lambda: names(page) == ["train-3", "train-1", "train-0"], timeout=5000)
    places = {column.id: number for number, column in enumerate(page.table.model.columns)}
    page.table.rest.horizontalHeader().sectionClicked.emit(places["metrics.val_mae"])
    qtbot.waitUntil(lambda: names(page) == ["train-3", "train-1", "train-0"], timeout=5000)
    page.table.rest.horizontalHeader().sectionClicked.emit(places["metrics.val_mae"])
    qtbot.waitUntil(lambda: names(page) == ["train-0", "train-1", "train-3"], timeout=5000)
    door.opened.set()


def test_that_reading_the_runs_for_the_first_time_can_be_cancelled_and_begun_again(
    home: Home, door: Door, forest: Forest, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    lend_server(home, door.url)
    door.word = b"experiment_ids"
    shell = open_shell(home)
    shell.context.show_project(ProjectRef("p1", forest.project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(page.bar.cancel_button.isVisible, timeout=20_000)
    qtbot.waitUntil(lambda: bool(door.held), timeout=20_000)
    page.bar.cancel_button.click()
    assert not page.bar.progress.isVisible()
    banner = page.findChild(Banner)
    assert banner is not None
    door.opened.set()
    banner.findChild(Button).click()
    qtbot.waitUntil(lambda: len(names(page)) == 4, timeout=30_000)


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("params.kind = 'line' or metrics.val_mae < 1.7", ["train-3", "train-2"]),
        ("(params.depth = '0' or params.depth = '1') and params.kind = 'tree'", ["train-1", "train-0"]),
        ("train-2", ["train-2"]),
        ("tags.nothing is null and params.depth = '3'", ["train-3"]),
    ],
)
def test_that_the_filter_knows_more_than_the_servers(
    page: RunsPage, qtbot: QtBot, words: str, found: list[str]
) -> None:
    type_filter(qtbot, page, words)
    qtbot.waitUntil(lambda: names(page) == found, timeout=10_000)


def test_that_a_new_run_appears_by_itself_and_the_selection_stays(
    served_home: Home, client: Client, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    project = f"living-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    first = runs.create(client, experiment.id, name="first")
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: names(page) == ["first"], timeout=20_000)
    page.table.select_runs([first.id])
    second = runs.create(client, experiment.id, name="second")
    qtbot.waitUntil(lambda: names(page) == ["second", "first"], timeout=30_000)
    assert page.table.selected_ids() == [first.id]
    runs.log_batch(client, second.id, metrics=[Metric("loss", 0.5, BEGAN_MS, 0)])
    qtbot.waitUntil(lambda: page.table.model.rows[0].metrics.get("loss") == 0.5, timeout=30_000)
    runs.delete(client, first.id)
    qtbot.waitUntil(lambda: names(page) == ["second"], timeout=30_000)
    assert page.table.selected_count == 0


def test_that_the_rows_that_fit_are_exported_in_their_order(page: RunsPage, qtbot: QtBot, tmp_path: Path) -> None:
    type_filter(qtbot, page, "params.kind = 'tree'")
    qtbot.waitUntil(lambda: len(names(page)) == 3, timeout=10_000)
    page._export.write(tmp_path / "runs.csv")
    qtbot.waitUntil((tmp_path / "runs.csv").exists, timeout=20_000)
    lines = (tmp_path / "runs.csv").read_text().splitlines()
    assert [line.split(",")[1].strip('"') for line in lines[1:]] == ["train-3", "train-1", "train-0"]


def test_that_nothing_is_asked_while_nobody_sees_the_table(page: RunsPage, qtbot: QtBot) -> None:
    qtbot.waitUntil(settled(page))
    before = page.search.answer
    assert before is not None
    page.context.open("home")
    qtbot.waitUntil(lambda: not page.search._again.isActive() and not page.search.busy)
    qtbot.wait(1500)
    assert not page.search._again.isActive()
    page.context.open("runs")
    qtbot.waitUntil(lambda: page.search.answer is not before, timeout=20_000)


def test_that_the_rows_are_not_read_again_while_nothing_is_new(page: RunsPage, qtbot: QtBot) -> None:
    def settled_answer() -> bool:
        answer = page.search.answer
        return answer is not None and answer.frame.complete and "m:val_mae" in (answer.question.columns or ())

    qtbot.waitUntil(settled_answer, timeout=20_000)
    rows, first = page.table.model.rows, page.search.answer
    qtbot.waitUntil(lambda: page.search.answer is not first, timeout=20_000)
    assert page.search.answer is not None
    assert page.search.answer.rows is rows


def compare(page: RunsPage, ids: Sequence[str], qtbot: QtBot) -> list[Chart]:
    page.table.select_runs(ids)
    page.comparing.compare()
    qtbot.waitUntil(lambda: bool(page.compare_panel.findChildren(Chart)), timeout=15_000)
    return page.compare_panel.findChildren(Chart)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 680)])
def test_that_no_chart_of_a_comparison_is_cut_at_the_side_and_names_stand_whole(
    page: RunsPage, forest: Forest, qtbot: QtBot, size: tuple[int, int]
) -> None:
    page.window().resize(*size)
    charts = compare(page, forest.ids[:2], qtbot)
    area = charts[0].parentWidget().parentWidget()
    qtbot.waitUntil(lambda: all(chart.geometry().right() <= area.width() for chart in charts), timeout=5000)
    assert charts[0].height() <= area.height(), "a whole chart is in sight"
    header = page.compare_panel.findChild(QTableWidget).horizontalHeader()
    for section in (1, 2):
        assert header.sectionSize(section) >= header.sectionSizeHint(section)


def test_that_escape_closes_the_comparison(page: RunsPage, forest: Forest, qtbot: QtBot) -> None:
    compare(page, forest.ids[:2], qtbot)
    page.table.pinned.setFocus()
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_Escape)
    assert not page.compare_panel.isVisible()
    assert page.table.pinned.look.swatches == {}


@pytest.mark.parametrize("percent", [100, 150])
def test_that_the_bar_shows_icons_alone_where_words_find_no_room_and_nothing_is_cut(
    page: RunsPage, forest: Forest, qtbot: QtBot, percent: int
) -> None:
    page.context.change_settings(text_size_percent=percent)
    page.table.select_runs(forest.ids[:3])
    page.bar.show_view("Best learning rates of the spring", True)
    page.window().resize(1024, 680)
    qtbot.waitUntil(lambda: page.window().width() == 1024)
    shown = [button for button in page.bar.findChildren(Button) if button.isVisible()]

    def whole() -> bool:
        return all(
            button.mapTo(page.bar, button.rect().topLeft()).x() >= 0
            and button.mapTo(page.bar, button.rect().topRight()).x() <= page.bar.width()
            and button.width() >= button.minimumSizeHint().width()
            for button in shown
        )

    qtbot.waitUntil(whole, timeout=5000)
    qtbot.waitUntil(lambda: (page.bar.columns_button.text() == "") == (percent == 150), timeout=5000)
    assert all(button.accessibleName() for button in shown)
    assert page.bar.columns_button.accessibleName() == "Columns"
    page.window().resize(1900, 700)
    qtbot.waitUntil(lambda: page.bar.columns_button.text() == "Columns", timeout=5000)
