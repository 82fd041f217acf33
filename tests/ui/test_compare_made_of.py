"""What compared runs were made from, in the window: code, environment, data and artifacts side by side."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel, QTableWidget, QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput
from longshore.settings import Home
from longshore.tracking.comparing.code import CodeDifference, CodeSide
from longshore.tracking.comparing.places import RunAt
from longshore.tracking.detail import Code
from longshore.ui.pages.compare_code import CodeTab
from longshore.ui.pages.compare_files import FilesTab
from longshore.ui.pages.compare_made_of import EnvironmentTab
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.artifact_content import ImageView
from longshore.ui.widgets.diff_view import DiffView
from longshore.ui.widgets.states import EmptyState, ErrorState
from tests.support.launching import git
from tests.ui.conftest import ShellMaker


@dataclass(frozen=True)
class Made:
    project: str
    folder: Path
    ids: tuple[str, ...]


def png(shade: str) -> bytes:
    image = QImage(40, 30, QImage.Format.Format_RGB32)
    image.fill(QColor(shade))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


@pytest.fixture(scope="module")
def made(client: Client, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Two runs of two commits with all that a run records, and a third one with nothing."""
    folder = tmp_path_factory.mktemp("project")
    git(folder, "init", "-q", "-b", "main")
    shas = []
    for number in range(2):
        (folder / "train.py").write_text(f"depth = {number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "-q", "-m", f"Depth is {number}")
        shas.append(git(folder, "rev-parse", "HEAD"))
    project = f"made-of-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    ids = []
    for number, sha in enumerate(shas):
        tags = {"mlflow.source.git.commit": sha, "longshore.git.dirty": "true" if number else "false"}
        run = runs.create(client, experiment.id, name=f"elm-{number}", tags=tags)
        files: dict[str, bytes | Path] = {
            "config.yaml": b"depth: %d\nlr: 1\n" % number,
            "plot.png": png(("red", "blue")[number]),
            "same.txt": b"same\n",
            "longshore/environment.lock": b"numpy==2.%d\npandas==2.2\n" % number,
        }
        if number:
            files["longshore/patch.diff"] = b"--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-x = 1\n+x = 2\n"
        artifacts.upload_many(client, run.id, files)
        runs.log_inputs(client, run.id, [DatasetInput("trips.csv", f"{number}{number}"), DatasetInput("all.csv", "7")])
        runs.log_batch(client, run.id, params={"depth": str(number)})
        runs.update(client, run.id, status="FINISHED")
        ids.append(run.id)
    bare = runs.create(client, experiment.id, name="bare")
    runs.update(client, bare.id, status="FINISHED")
    return Made(project, folder, (*ids, bare.id))


@pytest.fixture
def page(served_home: Home, made: Made, open_shell: ShellMaker, qtbot: QtBot) -> RunsPage:
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", made.project, str(made.folder)))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 3, timeout=20_000)
    return page


def open_tab(page: RunsPage, ids: tuple[str, ...], name: str, qtbot: QtBot) -> QWidget:
    """Compare runs against the first one."""
    page.comparing.compare_runs([RunAt(run_id) for run_id in ids])
    panel = page.compare_panel
    qtbot.waitUntil(lambda: panel._compared is not None and not panel._instead.isVisible(), timeout=20_000)
    panel._choose(name)
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    return panel._parts[name]


def words(part: QWidget) -> str:
    return "\n".join(each.text() for each in part.findChildren(QLabel) if each.isVisible())


def test_that_the_commits_between_two_runs_and_their_patches_are_shown(
    page: RunsPage, made: Made, qtbot: QtBot
) -> None:
    tab = open_tab(page, made.ids[:2], "code", qtbot)
    assert isinstance(tab, CodeTab)
    assert tab.commits is not None
    assert tab.diff is not None
    assert [row.cells[1] for row in tab.commits.rows.rows] == ["Depth is 1"]
    assert {"-depth = 0", "+depth = 1"} <= set(tab.diff.lines)
    assert tab.said.text().endswith(", 1 commit")
    assert [tab.patch.itemText(place) for place in range(tab.patch.count())] == [
        "Between the commits",
        "Uncommitted in the other, 2 lines",
    ]
    tab.patch.choose("other")
    tab.patch.activated.emit(1)
    assert tab.diff.lines[-1] == "+x = 2"


def test_that_runs_without_a_commit_say_so_with_what_can_be_done(page: RunsPage, made: Made, qtbot: QtBot) -> None:
    tab = open_tab(page, (made.ids[0], made.ids[2]), "code", qtbot)
    error = tab.findChild(ErrorState)
    assert error is not None
    assert "recorded no commit" in words(error)


def test_that_runs_of_one_commit_without_changes_differ_in_nothing(page: RunsPage, made: Made, qtbot: QtBot) -> None:
    found = CodeDifference(CodeSide(_code("abc12345"), ""), CodeSide(_code("abc12345"), ""), None)
    tab = open_tab(page, made.ids[:2], "code", qtbot)
    assert isinstance(tab, CodeTab)
    tab.show_found(found)
    qtbot.waitUntil(lambda: "Both stand on commit abc12345, with the same files." in words(tab))
    tab.show_found(CodeDifference(CodeSide(_code(""), ""), CodeSide(_code(""), ""), None))
    qtbot.waitUntil(lambda: "Neither run recorded a commit." in words(tab))


def _code(commit: str) -> Code:
    return Code("train.py", "", commit, "main", False)


def test_that_packages_are_told_with_their_versions(page: RunsPage, made: Made, qtbot: QtBot) -> None:
    tab = open_tab(page, made.ids[:2], "environment", qtbot)
    assert isinstance(tab, EnvironmentTab)
    assert tab.table is not None
    assert [row.cells for row in tab.table.rows.rows] == [("numpy", "changed", "2.0", "2.1")]
    assert tab.said.text() == "0 added, 0 removed, 1 changed, 1 the same"


def test_that_a_run_without_a_lock_is_named(page: RunsPage, made: Made, qtbot: QtBot) -> None:
    tab = open_tab(page, (made.ids[0], made.ids[2]), "environment", qtbot)
    assert tab.findChild(EmptyState) is not None
    # What is put into a layout is shown a turn later.
    qtbot.waitUntil(lambda: "bare recorded no lock of packages." in words(tab))


def test_that_data_stands_with_its_hashes_what_differs_first(page: RunsPage, made: Made, qtbot: QtBot) -> None:
    tab = open_tab(page, made.ids[:2], "data", qtbot)
    table = tab.findChild(QTableWidget)
    assert [table.item(row, 0).text() for row in (0, 1)] == ["trips.csv", "all.csv"]
    assert [table.item(0, section).text() for section in (1, 2)] == ["00", "11"]
    assert "1 of 2 inputs differ" in words(tab)


def test_that_a_text_artifact_is_compared_and_images_stand_side_by_side(
    page: RunsPage, made: Made, qtbot: QtBot
) -> None:
    tab = open_tab(page, made.ids[:2], "files", qtbot)
    assert isinstance(tab, FilesTab)
    assert tab.table is not None
    rows = dict(row.cells[:2] for row in tab.table.rows.rows)
    assert list(rows)[:3] == ["config.yaml", "plot.png", "same.txt"]
    assert rows["longshore/patch.diff"] == "not in all"
    assert rows["same.txt"] == "same size"
    tab.table.selectRow(0)
    qtbot.waitUntil(lambda: any(diff.lines for diff in tab.findChildren(DiffView)))
    assert tab.findChildren(DiffView)[-1].lines == ["@@ -1,2 +1,2 @@", "-depth: 0", "+depth: 1", " lr: 1"]
    tab.table.selectRow(1)
    qtbot.waitUntil(lambda: len([view for view in tab.findChildren(ImageView) if view.isVisible()]) == 2)
    tab.table.selectRow(2)
    qtbot.waitUntil(lambda: "same.txt is the same in both runs." in words(tab))


def test_that_lines_of_a_patch_are_copied(qtbot: QtBot) -> None:
    diff = DiffView("Patch")
    qtbot.addWidget(diff)
    assert diff.show_text("@@ -1 +1 @@\n-a\n+" + "b" * 5_000) == 0
    diff.selectAll()
    qtbot.keyClick(diff, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().startswith("@@ -1 +1 @@\n-a\n+bbb")
    assert diff.show_lines(["+x"] * 60_000) == 10_000
    diff.resize(300, 100)
    diff.grab()
