"""A server that is killed, answers 500 or late while runs are compared: each tab says so with what to do, or shows what it has."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtWidgets import QLabel, QTableWidget, QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import workspaces
from longshore.tracking.comparing.places import RunAt
from longshore.ui.pages.compare_fields import FieldsTab
from longshore.ui.pages.compare_tabs import CurvesTab, DifferencesTab
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.figure import Figure
from longshore.ui.widgets.states import ErrorState, Loading
from tests.support.compared import kill_server, make_run
from tests.support.counting_server import Counter, counting_server
from tests.support.tracking import running_server
from tests.ui.conftest import ShellMaker

ASKS_THE_SERVER = ("code", "environment", "data", "files")
CHARTS = ("scatter", "parallel", "box", "importance")


@dataclass
class Compared:
    page: RunsPage
    ids: list[str]

    def show(self, name: str) -> QWidget:
        self.page.compare_panel._choose(name)
        return self.page.compare_panel._parts[name]


def compared_runs(home: Home, url: str, ids: list[str], project: str, shells: ShellMaker, qtbot: QtBot) -> Compared:
    workspaces.add(home, name="team", url=url)
    shell = shells(home, workspace="team")
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == len(ids), timeout=60_000)
    page.table.select_runs(ids)
    page.comparing.compare()
    qtbot.waitUntil(lambda: page.compare_panel._compared is not None, timeout=60_000)
    qtbot.waitUntil(lambda: bool(page.compare_panel.findChildren(Figure)), timeout=60_000)
    return Compared(page, ids)


def error_in(part: QWidget) -> ErrorState | None:
    return next((each for each in part.findChildren(ErrorState) if each.isVisible()), None)


def words(widget: QWidget) -> str:
    return " ".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def try_again(error: ErrorState) -> None:
    next(each for each in error.findChildren(Button) if each.text() == "Try again").click()


def test_that_each_tab_has_a_clear_state_when_the_server_was_killed(
    served_home: Home, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    project = f"killed-{uuid.uuid4().hex[:6]}"
    with running_server() as url:
        with Client(url, timeout_s=30) as client:
            ids = [make_run(client, project, f"r{number}", number=number) for number in range(3)]
        found = compared_runs(served_home, url, ids, project, open_shell, qtbot)
        code = found.show("code")
        qtbot.waitUntil(lambda: "0000002 → 0000001" in words(code), timeout=60_000)
        kill_server(url)
    for name in ASKS_THE_SERVER[1:]:
        part = found.show(name)
        qtbot.waitUntil(lambda part=part: error_in(part) is not None, timeout=60_000)
        error = error_in(part)
        assert error is not None
        assert f"The tracking server {url} cannot be reached." in words(error)
        assert any(each.text() == "Try again" for each in error.findChildren(Button))
    for name in CHARTS:
        chart = found.show(name)
        assert isinstance(chart, FieldsTab)
        # The table's runs are in the index; the server is not asked.
        qtbot.waitUntil(lambda chart=chart: drawn_or_said(chart), timeout=60_000)
        assert error_in(chart) is None
    curves = found.show("curves")
    assert isinstance(curves, CurvesTab)
    assert curves.curves.charts["val_mae"].isVisible(), "what was read stays"
    differences = found.show("differences")
    assert isinstance(differences, DifferencesTab)
    assert differences.differences.table.rowCount() > 0
    assert "0000002 → 0000001" in words(found.show("code")), "what was shown stays"
    found.page.context.change_settings(theme="dark")
    assert curves.curves.charts, "another theme reads nothing anew"
    found.page.compare_panel._pin(ids[0])
    qtbot.waitUntil(lambda: "cannot be reached" in words(code), timeout=60_000)


def drawn_or_said(part: FieldsTab) -> bool:
    return any(each.isVisible() for each in part.findChildren(Figure)) or "too few" in words(part)


@pytest.fixture(scope="module")
def counter(tracking_server: str) -> Iterator[Counter]:
    with counting_server(tracking_server) as found:
        yield found


@pytest.fixture
def through(
    served_home: Home, client: Client, counter: Counter, open_shell: ShellMaker, qtbot: QtBot
) -> Iterator[Compared]:
    project = f"faulty-{uuid.uuid4().hex[:6]}"
    ids = [make_run(client, project, f"r{number}", number=number) for number in range(3)]
    yield compared_runs(served_home, counter.url, ids, project, open_shell, qtbot)
    counter.broken = False
    counter.answering.set()


def test_that_a_server_that_answers_500_is_named_and_trying_again_shows_the_tab(
    through: Compared, counter: Counter, qtbot: QtBot
) -> None:
    counter.broken = True
    for name in ASKS_THE_SERVER:
        part = through.show(name)
        qtbot.waitUntil(lambda part=part: error_in(part) is not None, timeout=60_000)
        error = error_in(part)
        assert error is not None
        assert "failed (status 500)" in words(error)
    counter.broken = False
    for name in ASKS_THE_SERVER:
        part = through.show(name)
        error = error_in(part)
        assert error is not None
        try_again(error)
        qtbot.waitUntil(lambda: through.page.context.runner.idle, timeout=60_000)
    data = through.show("data")
    qtbot.waitUntil(lambda: bool(data.findChildren(QTableWidget)), timeout=60_000)
    qtbot.waitUntil(lambda: "0000002 → 0000001" in words(through.show("code")), timeout=60_000)


def waiting(part: QWidget) -> bool:
    return any(each.isVisible() for each in part.findChildren(Loading))


def test_that_a_slow_server_is_waited_for_in_its_tab_alone(through: Compared, counter: Counter, qtbot: QtBot) -> None:
    counter.answering.clear()
    code = through.show("code")
    qtbot.waitUntil(lambda: waiting(code))
    box = through.show("box")
    assert isinstance(box, FieldsTab)
    qtbot.waitUntil(lambda: drawn_or_said(box), timeout=60_000)
    through.show("code")
    assert waiting(code) or "did not answer in time" in words(code)
    counter.answering.set()
    qtbot.waitUntil(lambda: not waiting(code), timeout=60_000)
    # One that does not answer for ten seconds is given up, until somebody tries again.
    if "did not answer in time" in words(code):
        error = error_in(code)
        assert error is not None
        try_again(error)
    qtbot.waitUntil(lambda: "0000002 → 0000001" in words(code), timeout=60_000)


def test_that_a_run_that_was_deleted_for_good_is_named_and_another_try_is_offered(
    through: Compared, qtbot: QtBot
) -> None:
    through.page.comparing.compare_runs([RunAt(through.ids[0], "team"), RunAt("0" * 32, "team")])
    panel = through.page.compare_panel
    qtbot.waitUntil(lambda: error_in(panel) is not None, timeout=60_000)
    error = error_in(panel)
    assert error is not None
    assert f"There is no run {'0' * 32}." in words(error)
    asked: list[object] = []
    panel.retried.connect(lambda: asked.append(None))
    try_again(error)
    assert asked
    qtbot.waitUntil(lambda: through.page.context.runner.idle, timeout=60_000)


def test_that_curves_of_more_metrics_that_cannot_be_read_leave_the_others_in_place(
    through: Compared, counter: Counter, client: Client, qtbot: QtBot
) -> None:
    from longshore.mlflow_rest import runs
    from tests.support.compared import points

    curves = through.show("curves")
    assert isinstance(curves, CurvesTab)
    for name in ("a", "b", "c", "d", "e", "f", "g"):
        runs.log_batch(client, through.ids[0], metrics=points(name, range(3)))
    through.page.comparing._again()
    qtbot.waitUntil(lambda: "b" in curves.curves.charts, timeout=60_000)
    counter.broken = True
    curves.curves._metrics_chosen(["metrics.val_mae", "metrics.g"])
    holder = through.page.compare_panel._banner_holder
    qtbot.waitUntil(holder.isVisible, timeout=60_000)
    assert "b" in curves.curves.charts
    counter.broken = False
    next(each for each in holder.findChildren(Button) if each.text() == "Retry").click()
    qtbot.waitUntil(lambda: list(curves.curves.charts) == ["val_mae", "g"], timeout=60_000)
