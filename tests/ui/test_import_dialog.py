"""The import dialog on a real server: the empty page offers it, what was found is listed, imported and told."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from longshore.settings import Home
from longshore.store import processes, workspaces
from longshore.ui.pages.import_dialog import ImportDialog
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.states import EmptyState
from longshore.workspace import databases
from tests.support.foreign_store import empty_store, make_store
from tests.ui.conftest import ShellMaker


def test_that_an_empty_table_offers_the_runs_that_lie_in_the_folder_and_shows_them_after_the_import(
    served_home: Home, tmp_path: Path, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    (tmp_path / "dvclive" / "plots" / "metrics").mkdir(parents=True)
    (tmp_path / "dvclive" / "metrics.json").write_text('{"step": 1, "loss": 0.5}')
    (tmp_path / "dvclive" / "plots" / "metrics" / "loss.tsv").write_text(
        f"step\tloss\n0\t{uuid.uuid4().int % 97}\n1\t0.5\n"
    )
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", f"live-{uuid.uuid4().hex[:6]}", str(tmp_path)))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(
        lambda: any(each.isVisible() and each.button.text() == "Import…" for each in page.findChildren(EmptyState)),
        timeout=20_000,
    )
    next(each for each in page.findChildren(EmptyState) if each.isVisible()).button.click()
    dialog = page.findChild(ImportDialog)
    assert isinstance(dialog, ImportDialog)
    qtbot.waitUntil(dialog.confirm_button.isEnabled, timeout=10_000)
    assert [box.text() for box, _ in dialog._boxes] == ["DVCLive folder: dvclive"]
    box = dialog._boxes[0][0]
    qtbot.waitUntil(lambda: box.isVisible() and dialog.rect().contains(box.mapTo(dialog, box.rect().bottomLeft())))
    dialog.confirm_button.click()
    qtbot.waitUntil(lambda: dialog.intro.text() == "1 imported.", timeout=20_000)
    dialog.confirm_button.click()
    qtbot.waitUntil(lambda: [row.name for row in page.table.model.rows] == ["dvclive"], timeout=10_000)


def test_that_after_a_server_that_is_away_the_choice_is_there_again(
    home: Home, tmp_path: Path, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    (tmp_path / "dvclive").mkdir()
    (tmp_path / "dvclive" / "metrics.json").write_text('{"step": 1, "loss": 0.5}')
    workspaces.add(home, name="gone", url="http://127.0.0.1:9", auth="none", username="")
    shell = open_shell(home, workspace="gone")
    shell.context.show_project(ProjectRef("p1", "gone", str(tmp_path)))
    dialog = ImportDialog(shell.window, shell.context)
    dialog.open()
    qtbot.waitUntil(dialog.confirm_button.isEnabled, timeout=10_000)
    dialog.confirm_button.click()
    qtbot.waitUntil(lambda: "cannot be reached" in dialog.message.text(), timeout=20_000)
    assert [box.isChecked() for box, _ in dialog._boxes] == [True]
    assert dialog.confirm_button.isEnabled()
    dialog.reject()


def test_that_a_found_database_is_opened_in_place_beside_the_import_and_that_is_undone(
    served_home: Home, tmp_path: Path, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    file = empty_store(tmp_path / "mlflow.db", runs=1)
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", "theirs", str(tmp_path)))
    offered: list[tuple[str, Callable[[], object]]] = []
    shell.context.offered.connect(lambda _kind, _text, _detail, action: offered.append(action))
    dialog = ImportDialog(shell.window, shell.context)
    dialog.open()
    qtbot.waitUntil(dialog.confirm_button.isEnabled, timeout=10_000)
    button = next(each for each in dialog.findChildren(QPushButton) if each.text() == "Open in place")
    file.chmod(0o444)
    button.click()
    qtbot.waitUntil(lambda: "read-only" in dialog.message.text(), timeout=20_000)
    assert button.isEnabled()
    file.chmod(0o644)
    button.click()
    qtbot.waitUntil(lambda: workspaces.get(served_home, None).kind == "database", timeout=20_000)
    current = workspaces.get(served_home, None)
    assert current.file == file
    qtbot.waitUntil(lambda: bool(offered))
    assert offered[0][0] == "Undo"
    offered[0][1]()
    qtbot.waitUntil(lambda: len(workspaces.listing(served_home)) == 1, timeout=20_000)
    assert file.exists()


def test_that_a_database_of_mlflow_that_is_opened_in_place_shows_its_runs_in_the_projects_table(
    served_home: Home, tmp_path: Path, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    make_store(tmp_path / "theirs", "baseline")
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", "theirs", str(tmp_path / "theirs")))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    dialog = ImportDialog(page, shell.context)
    dialog.open()
    qtbot.waitUntil(dialog.confirm_button.isEnabled, timeout=10_000)
    next(each for each in dialog.findChildren(QPushButton) if each.text() == "Open in place").click()
    qtbot.waitUntil(lambda: [row.name for row in page.table.model.rows] == ["baseline"], timeout=240_000)
    qtbot.waitUntil(
        lambda: shell.window.status_bar.server.accessibleName().startswith("MLflow, theirs"), timeout=20_000
    )
    processes.stop_agent(served_home)
    databases.stop_all(served_home)
