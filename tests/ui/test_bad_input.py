"""Names, sizes and paths that nobody expects, where a person meets them in the window: on a real server."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QLabel, QPlainTextEdit
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.settings import Home
from longshore.ui.pages.run import RunPage
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.toasts import MOST_WORDS, Toast
from longshore.ui.widgets.artifact_view import ArtifactTree
from longshore.ui.widgets.basic import ElidedLabel
from longshore.ui.widgets.chart import Chart
from longshore.ui.widgets.facts import MOST_ROWS, ValueTable
from longshore.ui.widgets.figure import _lines
from longshore.ui.widgets.plain_words import one_line
from tests.ui.conftest import ShellMaker, shown_run_page
from tests.ui.test_artifact_preview import png

WAIT = 60_000
TURNED = "model \u202egnp.exe"
ODD = (
    "two\nlines\r\nand\ta tab",
    TURNED,
    "\u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "'; DROP TABLE runs; --",
    "<b>bold</b> & \U0001f419" * 40,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines\r\nand\ta tab\u2028x", "two lines and a tab x"),
        (TURNED, "model gnp.exe"),
        ("a\u2066b\u2069\x1b[31m", "ab [31m"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("\U0001f469\u200d\U0001f52c", "\U0001f469\u200d\U0001f52c"),
        ("plain", "plain"),
    ],
)
def test_that_a_name_stands_on_one_line_and_turns_nothing_behind_it(text: str, shown: str) -> None:
    assert one_line(text) == shown


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home)


@pytest.fixture
def odd(client: Client, shell: Shell, qtbot: QtBot) -> tuple[RunsPage, tuple[str, ...]]:
    """The table of runs whose names, tags, parameters and metrics are odd."""
    project = f"odd-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    ids = []
    for number, name in enumerate(ODD):
        run = runs.create(client, experiment.id, name=name, tags={f"t {number}": name})
        runs.log_batch(client, run.id, params={"text": name[:500], "n": str(number)})
        points = [
            Metric(key, value, 1, step)
            for step in range(3)
            for key, value in (("loss", step / (number + 1)), ("Loss", float(number)))
        ]
        runs.log_batch(client, run.id, metrics=points)
        ids.append(run.id)
    shell.context.show_project(ProjectRef("p", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == len(ODD), timeout=WAIT)
    return page, tuple(ids)


def test_that_odd_names_stand_in_table_legend_and_message_on_one_line_as_they_are(
    odd: tuple[RunsPage, tuple[str, ...]], shell: Shell, qtbot: QtBot
) -> None:
    page, ids = odd
    assert sorted(page.table.model.row(place).name for place in range(len(ids))) == sorted(ODD)
    QAbstractItemModelTester(page.table.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    assert not page.grab().isNull()
    page.table.select_runs(ids)
    page.compare()
    panel = page.compare_panel
    qtbot.waitUntil(lambda: shell.runner.idle and len(panel.findChildren(Chart)) == 2, timeout=WAIT)
    for chart in panel.findChildren(Chart):
        lines = _lines(chart.legend(), 900)
        titles = [title for line in lines for title, _number in line]
        assert len(titles) == len(ODD)
        assert all(one_line(title) == title for title in titles)
    assert not page.grab().isNull()
    for label in panel.findChildren(ElidedLabel):
        assert one_line(label.text()) == label.text()
    for name in ODD:
        shell.context.tell("success", f"{name} went to the trash")
        (toast,) = [each for each in shell.window.findChildren(Toast) if each.said[1].startswith(name)]
        (words,) = [each for each in toast.findChildren(QLabel) if each.text()]
        assert len(words.text()) <= MOST_WORDS
        assert words.text().startswith(one_line(name)[: MOST_WORDS - 1])
        assert words.text().endswith(("went to the trash", "…"))
        assert words.textFormat() == Qt.TextFormat.PlainText
        assert toast.height() < 200
        toast.close_now()
    page.edits.ask()
    qtbot.waitUntil(lambda: shell.runner.idle, timeout=WAIT)


def store_of(url: str) -> Path:
    """The folder of the tests' tracking server."""
    port = int(url.rpartition(":")[2])
    pid = next(
        found.pid for found in psutil.net_connections("tcp4") if found.status == "LISTEN" and found.laddr.port == port
    )
    return Path(psutil.Process(pid).cwd())


def open_run(shell: Shell, run_id: str, files: int, qtbot: QtBot) -> RunPage:
    shell.context.open("run", run_id=run_id)
    page = shown_run_page(shell)
    qtbot.waitUntil(lambda: page.side.tree.topLevelItemCount() == files, timeout=WAIT)
    return page


def choose(tree: ArtifactTree, name: str) -> None:
    (found,) = tree.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    tree.setCurrentItem(found)


def test_that_of_a_file_of_five_gigabytes_the_size_is_shown_and_the_beginning_read(
    shell: Shell, client: Client, tracking_server: str, qtbot: QtBot
) -> None:
    experiment = experiments.ensure(client, f"large-{uuid.uuid4().hex[:6]}", {})
    run = runs.create(client, experiment.id, name="large")
    artifacts.upload(client, run.id, "log.txt", b"the beginning\n" * 100_000)
    (file,) = (store_of(tracking_server) / "artifacts").glob(f"*/{run.id}/artifacts/log.txt")
    os.truncate(file, 5_000_000_000)  # sparse: it takes no room
    runs.update(client, run.id, status="FINISHED")
    page = open_run(shell, run.id, 1, qtbot)
    before = psutil.Process().memory_info().rss
    choose(page.side.tree, "log.txt")
    preview = page.side.preview
    qtbot.waitUntil(
        lambda: any("the beginning" in each.toPlainText() for each in preview.findChildren(QPlainTextEdit)),
        timeout=WAIT,
    )
    assert preview.facts.text().startswith("5.0 GB")
    assert psutil.Process().memory_info().rss - before < 200 << 20


def test_that_a_table_of_ten_thousand_columns_and_an_image_bomb_are_shown_as_far_as_they_can_be(
    shell: Shell, client: Client, qtbot: QtBot
) -> None:
    experiment = experiments.ensure(client, f"wide-{uuid.uuid4().hex[:6]}", {})
    run = runs.create(client, experiment.id, name="wide")
    wide = "\n".join(",".join(f"{row}c{column}" for column in range(10_000)) for row in range(3)).encode()
    bomb = png(60_000, 60_000, bytes(1_000_000))
    artifacts.upload_many(client, run.id, {"wide.csv": wide, "bomb.png": bomb})
    runs.update(client, run.id, status="FINISHED")
    page = open_run(shell, run.id, 2, qtbot)
    preview = page.side.preview
    choose(page.side.tree, "wide.csv")
    qtbot.waitUntil(lambda: "columns" in preview.facts.text(), timeout=WAIT)
    assert "10,000" in preview.facts.text()
    choose(page.side.tree, "bomb.png")
    qtbot.waitUntil(lambda: "60,000 x 60,000 pixels" in preview.facts.text(), timeout=WAIT)
    assert any("too large for a preview" in each.text() for each in preview.findChildren(QLabel))


def test_that_a_run_with_a_million_tags_is_shown_and_each_can_be_found(qtbot: QtBot) -> None:
    tags = {f"tag {number:07}": str(number) for number in range(1_000_000)}
    table = ValueTable("Tags", mono=True)
    qtbot.addWidget(table)
    table.show()
    table.show_values(tags)
    assert table.table.rowCount() == MOST_ROWS
    assert table.more.text() == f"1,000,000 fit; the first {MOST_ROWS:,} are shown. Search to find others."
    qtbot.keyClicks(table._search, "tag 0999999")
    qtbot.waitUntil(lambda: table.table.rowCount() == 1, timeout=WAIT)
    assert table.table.item(0, 1).text() == "999999"
    assert table.more.isHidden()
