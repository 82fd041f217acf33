"""Editing runs in the table, on a real server: in a cell, in the dialog, for many, undone, and refused."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.tracking.edits import NOTE, Edit
from longshore.ui.pages.runs import RunsPage
from longshore.ui.pages.runs_edit_dialog import EditDialog
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.toasts import Toast
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.run_columns import text
from tests.support.closed_port import closed_port
from tests.ui.conftest import ShellMaker

NAMES = ("first", "second", "third")
Made = tuple[RunsPage, tuple[str, ...]]


@pytest.fixture
def made(served_home: Home, client: Client, open_shell: ShellMaker, qtbot: QtBot) -> Made:
    project = f"edited-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    ids = tuple(runs.create(client, experiment.id, name=name, tags={"stage": "draft"}).id for name in NAMES)
    shell = open_shell(served_home)
    shell.context.show_project(ProjectRef("p1", project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: sorted(names(page)) == sorted(NAMES), timeout=20_000)
    page.columns.take(["tags.stage", "note"])
    return page, ids


def names(page: RunsPage) -> list[str]:
    return [page.table.model.row(place).name for place in range(len(page.table.model.rows))]


def cell(page: RunsPage, run_id: str, column_id: str) -> str:
    model = page.table.model
    column = next(column for column in model.columns if column.id == column_id)
    return text(model.row(model.rows.places([run_id])[run_id]), column)


def focus(page: RunsPage, run_id: str) -> None:
    page.table.pinned.setFocus()
    page.table.pinned.setCurrentIndex(page.table.model.index(page.table.model.rows.places([run_id])[run_id], 2))
    page.table.pinned.clearSelection()


def settled(page: RunsPage) -> Callable[[], bool]:
    return lambda: page.context.runner.idle and not page.edits._pending and not page.search.busy


def toasts(page: RunsPage) -> list[tuple[str, str, str]]:
    return [toast.said for toast in page.window().findChildren(Toast) if not toast.isHidden()]


def write(qtbot: QtBot, page: RunsPage, words: str, end: Qt.Key = Qt.Key.Key_Return) -> None:
    line = page.table.editing.line
    assert line is not None
    line.selectAll()
    qtbot.keyClick(line, Qt.Key.Key_Delete)
    qtbot.keyClicks(line, words)
    qtbot.keyClick(line, end)


def undo(page: RunsPage) -> None:
    next(action for action in page.actions_now() if action.shortcut == "Ctrl+Z").run()


def test_that_f2_renames_a_run_at_once_and_on_the_server_and_control_z_takes_it_back(
    made: Made, client: Client, qtbot: QtBot
) -> None:
    page, ids = made
    focus(page, ids[1])
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    write(qtbot, page, "better")
    assert "better" in names(page), "it is shown before the server answers"
    assert page.table.pinned.hasFocus(), "the keyboard stays in the table"
    qtbot.waitUntil(lambda: runs.get(client, ids[1]).name == "better", timeout=15_000)
    qtbot.waitUntil(settled(page), timeout=15_000)
    assert "better" in [row.name for row in page.table.model.rows], "the index has it"
    undo(page)
    qtbot.waitUntil(lambda: runs.get(client, ids[1]).name == "second", timeout=15_000)
    qtbot.waitUntil(lambda: settled(page)() and "second" in names(page), timeout=15_000)


def test_that_escape_leaves_a_cell_as_it_was_and_tab_goes_to_the_next_that_can_be_written(
    made: Made, client: Client, qtbot: QtBot
) -> None:
    page, ids = made
    focus(page, ids[0])
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    write(qtbot, page, "thrown away", Qt.Key.Key_Escape)
    assert names(page).count("first") == 1
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    write(qtbot, page, "kept", Qt.Key.Key_Tab)
    write(qtbot, page, "final", Qt.Key.Key_Tab)
    write(qtbot, page, "why it is kept")
    assert (cell(page, ids[0], "tags.stage"), cell(page, ids[0], "note")) == ("final", "why it is kept")
    qtbot.waitUntil(settled(page), timeout=20_000)
    found = runs.get(client, ids[0])
    assert (found.name, found.tags["stage"], found.tags[NOTE]) == ("kept", "final", "why it is kept")
    assert cell(page, ids[0], "tags.stage") == "final"


def test_that_a_cell_of_a_selected_run_is_written_for_all_selected_and_the_message_undoes_it(
    made: Made, client: Client, qtbot: QtBot
) -> None:
    page, ids = made
    page.table.select_runs(ids[:2])
    places = {column.id: number for number, column in enumerate(page.table.model.columns)}
    page.table.editing.begin(page.table.model.rows.places([ids[0]])[ids[0]], places["tags.stage"])
    write(qtbot, page, "final")
    assert [cell(page, run_id, "tags.stage") for run_id in ids] == ["final", "final", "draft"]
    qtbot.waitUntil(lambda: any("tag stage of 2 runs" in said[1] for said in toasts(page)), timeout=15_000)
    assert [runs.get(client, run_id).tags["stage"] for run_id in ids] == ["final", "final", "draft"]
    toast = next(toast for toast in page.window().findChildren(Toast) if "tag stage" in toast.said[1])
    next(button for button in toast.findChildren(Button) if button.text() == "Undo").click()
    qtbot.waitUntil(lambda: runs.get(client, ids[0]).tags["stage"] == "draft", timeout=15_000)
    qtbot.waitUntil(lambda: settled(page)() and cell(page, ids[1], "tags.stage") == "draft", timeout=15_000)
    assert page.edits.actions()[-1].disabled_because, "what the message took back is not taken back again"


def test_that_a_refused_edit_is_taken_back_with_the_reason(made: Made, client: Client, qtbot: QtBot) -> None:
    page, ids = made
    qtbot.waitUntil(settled(page), timeout=15_000)
    runs.delete(client, ids[2])
    page.edits.edit(ids[1:], Edit("renamed"))
    assert names(page).count("renamed") == 2
    qtbot.waitUntil(lambda: any("is in the trash" in said[1] for said in toasts(page)), timeout=15_000)
    assert runs.get(client, ids[2]).name == "third"
    qtbot.waitUntil(lambda: settled(page)() and names(page).count("renamed") == 1, timeout=15_000)


def test_that_a_server_that_is_away_changes_nothing_and_says_so(made: Made, qtbot: QtBot, served_home: Home) -> None:
    from longshore.store import processes

    page, ids = made
    qtbot.waitUntil(settled(page), timeout=15_000)
    processes.stop_agent(served_home)
    with closed_port() as port:
        processes.put_server(served_home, pid=None, process_started=None, port=port, state="healthy", detail="")
        page.edits.edit(ids[:1], Edit("renamed"))
        assert "renamed" in names(page)
        qtbot.waitUntil(lambda: any(said[0] == "error" for said in toasts(page)), timeout=20_000)
        assert "renamed" not in names(page)


def test_that_an_empty_name_is_refused_before_the_server_is_asked(made: Made, qtbot: QtBot) -> None:
    page, ids = made
    focus(page, ids[0])
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    write(qtbot, page, " ")
    assert any("needs a name" in said[1] for said in toasts(page))
    assert sorted(names(page)) == sorted(NAMES)


def test_that_a_line_over_a_cell_stays_with_its_run_while_others_come(made: Made, client: Client, qtbot: QtBot) -> None:
    page, ids = made
    focus(page, ids[0])
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_F2)
    line = page.table.editing.line
    assert line is not None
    qtbot.keyClicks(line, "half")
    experiment = runs.get(client, ids[0]).experiment_id
    runs.create(client, experiment, name="newcomer")
    before = line.geometry().top()
    qtbot.waitUntil(lambda: "newcomer" in names(page), timeout=30_000)
    assert line.text() == "half"
    qtbot.waitUntil(lambda: line.geometry().top() == before + page.table.pinned.rowHeight(0))


def open_dialog(page: RunsPage, run_ids: Sequence[str], qtbot: QtBot) -> EditDialog:
    page.table.select_runs(run_ids)
    qtbot.keyClick(page.table.pinned, Qt.Key.Key_E) if page.table.pinned.currentIndex().isValid() else page.edits.ask()
    qtbot.waitUntil(lambda: page.window().findChild(EditDialog) is not None, timeout=10_000)
    dialog = page.window().findChild(EditDialog)
    assert isinstance(dialog, EditDialog)
    return dialog


def test_that_the_dialog_leaves_alone_what_is_not_touched(made: Made, client: Client, qtbot: QtBot) -> None:
    page, ids = made
    runs.set_tag(client, ids[0], "owner", "ada")
    page.search.ask(page._query())
    qtbot.waitUntil(lambda: "owner" in page.search.answer.frame.columns.tags, timeout=30_000)  # type: ignore[union-attr]
    dialog = open_dialog(page, ids[:2], qtbot)
    assert dialog.windowTitle() == "Edit 2 runs"
    assert dialog.name.text() == ""
    known = {row.known: row.value for row in dialog._rows}
    assert known["stage"].text() == "draft"
    assert known["owner"].placeholderText() == "1 of 2 runs have it"
    row = dialog.add_tag()
    assert row.key is not None
    qtbot.keyClicks(row.key, "reviewed")
    qtbot.keyClicks(row.value, "yes")
    qtbot.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: runs.get(client, ids[1]).tags.get("reviewed") == "yes", timeout=15_000)
    qtbot.waitUntil(settled(page), timeout=15_000)
    first, second = (runs.get(client, run_id) for run_id in ids[:2])
    assert (first.name, second.name) == ("first", "second")
    assert first.tags["owner"] == "ada"
    assert "owner" not in second.tags


def test_that_the_dialog_says_beside_the_field_what_is_wrong_and_removes_tags(
    made: Made, client: Client, qtbot: QtBot
) -> None:
    page, ids = made
    focus(page, ids[0])
    dialog = open_dialog(page, ids[:1], qtbot)
    assert dialog.windowTitle() == "Edit first"
    row = dialog.add_tag()
    assert row.key is not None
    qtbot.keyClicks(row.key, "mlflow.user")
    dialog.confirm_button.click()
    assert "kept by programs" in dialog.message.text()
    assert row.key.property("state") == "error"
    row.key.clear()
    dialog.name.clear()
    dialog.confirm_button.click()
    assert dialog.name.property("state") == "error"
    qtbot.keyClicks(dialog.name, "first")
    remove = next(button for button in dialog.findChildren(Button) if button.toolTip() == "Remove stage")
    remove.click()
    assert not next(line for line in dialog.findChildren(QLineEdit) if line.placeholderText() == "Removed").isEnabled()
    dialog.confirm_button.click()
    qtbot.waitUntil(lambda: "stage" not in runs.get(client, ids[0]).tags, timeout=15_000)
    qtbot.waitUntil(settled(page), timeout=15_000)
    assert runs.get(client, ids[0]).name == "first"


def test_that_the_menu_of_a_cell_writes_into_it_and_a_note_of_several_lines_opens_the_dialog(
    made: Made, client: Client, qtbot: QtBot
) -> None:
    from longshore.ui.pages.runs_menu import run_menu

    page, ids = made
    places = {column.id: number for number, column in enumerate(page.table.model.columns)}
    row = page.table.model.rows.places([ids[1]])[ids[1]]
    page.table._go_to(row)
    menu = run_menu(page, row, places["tags.stage"])
    titles = {action.text(): action for action in menu.actions()}
    assert {"Open", "Rename", "Edit stage here", "Edit name, tags and note…", "Copy as table"} <= titles.keys()
    titles["Edit stage here"].trigger()
    write(qtbot, page, "")
    qtbot.waitUntil(lambda: "stage" not in runs.get(client, ids[1]).tags, timeout=15_000)
    page.edits.edit(ids[1:2], Edit(tags={NOTE: "one\ntwo"}))
    page.table.editing.begin(row, places["note"])
    assert page.table.editing.line is None
    qtbot.waitUntil(lambda: page.window().findChild(EditDialog) is not None, timeout=10_000)
    page.window().findChild(EditDialog).reject()
    qtbot.waitUntil(settled(page), timeout=15_000)
