"""The trash in the window, on a personal workspace of its own: out of sight, back again, and gone for good."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import workspaces
from longshore.ui.pages.run import RunPage
from longshore.ui.pages.runs import RunsPage
from longshore.ui.pages.trash import TrashPage
from longshore.ui.shell.actions import Action
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.pages import Page
from longshore.ui.shell.toasts import Toast
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.plain_table import PlainTable, TextColumn, TextRow
from longshore.ui.widgets.states import Banner, EmptyState
from tests.support.trash import Maker, files_below
from tests.ui.conftest import ShellMaker

WAIT = 60_000


def open_shell_on(open_shell: ShellMaker, own: Home, maker: Maker) -> Shell:
    shell = open_shell(own)
    shell.context.show_project(ProjectRef("p", maker.name, "/nowhere"))
    return shell


def trash_page(shell: Shell, qtbot: QtBot, tab: str, rows: int) -> TrashPage:
    shell.context.open("trash", tab=tab)
    page = shell.window.page_of("trash")
    assert isinstance(page, TrashPage)
    qtbot.waitUntil(lambda: len(page.tables[tab].rows.rows) == rows and shell.runner.idle, timeout=WAIT)
    return page


def names(page: TrashPage) -> list[str]:
    return [row.cells[0] for row in page.table.rows.rows]


def act(page: Page, identity: str) -> None:
    action = next(one for one in page.actions_now() if one.id == identity)
    assert not action.disabled_because
    action.run()


def dialog(shell: Shell, qtbot: QtBot) -> ConfirmDialog:
    qtbot.waitUntil(lambda: shell.window.findChild(ConfirmDialog) is not None, timeout=WAIT)
    found = shell.window.findChild(ConfirmDialog)
    assert isinstance(found, ConfirmDialog)
    return found


def words_of(widget: object) -> str:
    assert hasattr(widget, "findChildren")
    return " ".join(one.text() for one in widget.findChildren(QLabel))


def toast(shell: Shell, qtbot: QtBot, text: str) -> Toast:
    def found() -> list[Toast]:
        return [one for one in shell.window.findChildren(Toast) if text in one.said[1] and not one.isHidden()]

    qtbot.waitUntil(lambda: bool(found()), timeout=WAIT)
    return found()[0]


def press(widget: Toast, title: str) -> None:
    next(one for one in widget.findChildren(Button) if one.text() == title).click()


def test_that_selected_runs_are_deleted_after_a_question_and_come_back_with_undo(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    made = [own_maker.run(name=f"run-{number}") for number in range(3)]
    name = own_maker.register(made[0], alias="champion")
    shell = open_shell_on(open_shell, own, own_maker)
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 3, timeout=WAIT)
    assert next(one for one in page.actions_now() if one.id == "delete-runs").disabled_because
    page.table.select_runs([made[0].run_id, made[1].run_id])
    act(page, "delete-runs")
    asked = dialog(shell, qtbot)
    assert "Delete 2 runs?" in words_of(asked)
    assert asked.cancel_button.hasFocus() or asked.focusWidget() is asked.cancel_button
    asked.confirm_button.click()
    assert f"Its model {name}/1 is champion." in toast(shell, qtbot, "run-0 stays").said[1]
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 2, timeout=WAIT)
    assert runs.get(own_client, made[1].run_id).lifecycle == "deleted"
    press(toast(shell, qtbot, "1 run went to the trash"), "Undo")
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 3, timeout=WAIT)


def test_that_archived_runs_leave_the_table_and_come_back_with_undo(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    made = [own_maker.run(name=f"run-{number}") for number in range(2)]
    shell = open_shell_on(open_shell, own, own_maker)
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 2, timeout=WAIT)
    page.table.select_runs([made[0].run_id])
    act(page, "archive-runs")
    qtbot.waitUntil(lambda: [row.name for row in page.table.model.rows] == ["run-1"], timeout=WAIT)
    press(toast(shell, qtbot, "1 run archived"), "Undo")
    qtbot.waitUntil(lambda: len(page.table.model.rows) == 2, timeout=WAIT)


def test_that_the_trash_is_reached_from_the_runs_page_and_the_palette(
    own: Home, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    shell = open_shell_on(open_shell, own, own_maker)
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    act(page, "trash")
    assert isinstance(shell.window.page, TrashPage)
    assert shell.window.page.crumbs() == [(own_maker.name, "overview"), ("Runs", "runs"), ("Trash", None)]
    qtbot.waitUntil(lambda: shell.window.page.findChild(EmptyState) is not None, timeout=WAIT)
    assert "The trash is empty" in words_of(shell.window.page)
    shell.context.open("home")
    assert "trash" in {action.id for action in shell.window.actions_registry.available()}


def test_that_a_purge_names_its_effect_before_and_what_it_freed_after(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    going, kept, back = (own_maker.run(size=400_000, model=500_000 if n == 1 else 0, name=f"run-{n}") for n in range(3))
    name = own_maker.register(kept, alias="champion")
    for made in (going, kept, back):
        runs.delete(own_client, made.run_id)
    shell = open_shell_on(open_shell, own, own_maker)
    page = trash_page(shell, qtbot, "trash", 3)
    page.table.selectRow(names(page).index("run-2"))
    act(page, "restore")
    qtbot.waitUntil(lambda: sorted(names(page)) == ["run-0", "run-1"], timeout=WAIT)
    assert runs.get(own_client, back.run_id).lifecycle == "active"
    act(page, "purge-all")
    asked = dialog(shell, qtbot)
    said = words_of(asked)
    assert "Delete 1 run for good?" in said
    assert "This frees 400 KB." in said
    assert f"1 other stays. run-1 stays: Its model {name}/1 is champion." in said
    asked.confirm_button.click()
    qtbot.waitUntil(lambda: bool(page.purges.busy), timeout=WAIT)
    assert next(one for one in page.actions_now() if one.id == "purge-all").disabled_because
    qtbot.waitUntil(lambda: not page.purges.busy, timeout=120_000)
    assert toast(shell, qtbot, "1 run deleted for good").said[2] == "400 KB freed."
    qtbot.waitUntil(lambda: names(page) == ["run-1"], timeout=WAIT)
    assert "run-1 stays" in words_of(page.findChild(Banner))
    assert files_below(own, going.run_id) == 0


def test_that_keeping_leaves_everything_in_the_trash(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    made = own_maker.run(name="kept")
    runs.delete(own_client, made.run_id)
    shell = open_shell_on(open_shell, own, own_maker)
    page = trash_page(shell, qtbot, "trash", 1)
    act(page, "purge-all")
    dialog(shell, qtbot).cancel_button.click()
    qtbot.waitUntil(lambda: shell.window.findChild(ConfirmDialog) is None, timeout=WAIT)
    assert not page.purges.busy
    assert runs.get(own_client, made.run_id).lifecycle == "deleted"


def test_that_what_takes_room_is_found_and_an_empty_experiment_goes_and_comes_back(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    small, large = own_maker.run(size=10, name="small"), own_maker.run(size=90_000, model=60_000, name="large")
    content = os.urandom(100_000)
    for made in (small, large):
        artifacts.upload(own_client, made.run_id, "w.bin", content)
    empty = experiments.ensure(own_client, f"{own_maker.name} empty", {"longshore.project": own_maker.name})
    shell = open_shell_on(open_shell, own, own_maker)
    page = trash_page(shell, qtbot, "biggest", 2)
    assert [row.cells[0::3] for row in page.table.rows.rows] == [("large", "250 KB"), ("small", "100 KB")]
    page = trash_page(shell, qtbot, "duplicates", 1)
    assert page.table.rows.rows[0].cells[2:] == ("2", "100 KB", "100 KB")
    page = trash_page(shell, qtbot, "empty", 1)
    page.table.selectRow(0)
    act(page, "delete-runs")
    offered = toast(shell, qtbot, "1 experiment went to the trash")
    assert experiments.get(own_client, empty.id).lifecycle == "deleted"
    press(offered, "Undo")
    qtbot.waitUntil(lambda: experiments.get(own_client, empty.id).lifecycle == "active", timeout=WAIT)
    qtbot.waitUntil(lambda: shell.runner.idle, timeout=WAIT)


def test_that_on_a_teams_server_the_administrators_command_is_shown(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    made = own_maker.run()
    runs.delete(own_client, made.run_id)
    workspaces.add(own, name="team", url=own_client.url, auth="none", username="")
    try:
        shell = open_shell(own, workspace="team")
        shell.context.show_project(ProjectRef("p", own_maker.name, "/nowhere"))
        page = trash_page(shell, qtbot, "trash", 1)
        act(page, "purge-all")
        qtbot.waitUntil(lambda: page.findChild(Banner) is not None, timeout=WAIT)
        assert f"--run-ids {made.run_id}" in words_of(page.findChild(Banner))
        assert shell.window.findChild(ConfirmDialog) is None
    finally:
        workspaces.remove(own, "team")


def test_that_ten_thousand_rows_are_shown_at_once_and_the_keyboard_selects_and_opens(qtbot: QtBot) -> None:
    import time

    table = PlainTable("Rows", (TextColumn("Name"), TextColumn("Size", 90, True)))
    qtbot.addWidget(table)
    table.resize(600, 400)
    table.show()
    rows = [TextRow(str(number), (f"run-{number}", "1 KB")) for number in range(10_000)]
    # The thread's own time: what else runs on the computer says nothing about the table.
    began = time.thread_time()
    table.show_rows(rows)
    assert time.thread_time() - began < 0.5
    table.setCurrentIndex(table.rows.index(3, 0))
    table.clearSelection()
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert table.selected() == ["3"]
    table.show_rows(rows[2:])
    assert table.selected() == ["3"]
    table.setCurrentIndex(table.rows.index(0, 0))
    with qtbot.waitSignal(table.opened) as opened:
        qtbot.keyClick(table, Qt.Key.Key_Return)
    assert opened.args == ["2"]


def press_undo(page: Page, shell: Shell, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not undo_of(page).disabled_because, timeout=WAIT)
    # Without a window manager nothing gives the keyboard back once a dialog is closed.
    shell.window.activateWindow()
    qtbot.waitUntil(lambda: shell.window.isActiveWindow() and "Ctrl+Z" in shell.window.shortcuts, timeout=WAIT)
    page.setFocus()
    qtbot.keyClick(shell.window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)


def undo_of(page: Page) -> Action:
    return next(one for one in page.actions_now() if one.id == "undo")


def test_that_control_z_takes_back_what_was_archived_deleted_and_restored_the_last_first(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    made = [own_maker.run(name=f"run-{number}") for number in range(3)]
    runs.delete(own_client, made[2].run_id)
    shell = open_shell_on(open_shell, own, own_maker)
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)

    def shown() -> list[str]:
        return sorted(row.name for row in page.table.model.rows)

    qtbot.waitUntil(lambda: shown() == ["run-0", "run-1"], timeout=WAIT)
    assert undo_of(page).disabled_because
    page.table.select_runs([made[0].run_id])
    act(page, "archive-runs")
    qtbot.waitUntil(lambda: shown() == ["run-1"], timeout=WAIT)
    page.table.select_runs([made[1].run_id])
    act(page, "delete-runs")
    dialog(shell, qtbot).confirm_button.click()
    qtbot.waitUntil(lambda: shown() == [] and undo_of(page).title == "Undo: 1 run went to the trash", timeout=WAIT)
    trash = trash_page(shell, qtbot, "trash", 2)
    trash.table.selectRow(names(trash).index("run-2"))
    act(trash, "restore")
    toast(shell, qtbot, "1 run restored from the trash")
    qtbot.waitUntil(lambda: names(trash) == ["run-1"], timeout=WAIT)
    press_undo(trash, shell, qtbot)
    qtbot.waitUntil(lambda: sorted(names(trash)) == ["run-1", "run-2"] and shell.runner.idle, timeout=WAIT)
    shell.context.open("runs")
    press_undo(page, shell, qtbot)
    qtbot.waitUntil(lambda: shown() == ["run-1"] and shell.runner.idle, timeout=WAIT)
    press_undo(page, shell, qtbot)
    qtbot.waitUntil(lambda: shown() == ["run-0", "run-1"] and shell.runner.idle, timeout=WAIT)
    assert undo_of(page).disabled_because


def test_that_a_runs_own_page_archives_deletes_and_restores_with_control_z_and_the_messages_button(
    own: Home, own_client: Client, own_maker: Maker, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    made = own_maker.run(name="looked-at")
    shell = open_shell_on(open_shell, own, own_maker)
    shell.context.open("run", run_id=made.run_id)
    page = shell.window.page_of("run")
    assert isinstance(page, RunPage)

    def said(text: str) -> bool:
        return any(text in words_of(banner) for banner in page.findChildren(Banner) if not banner.isHidden())

    def offers(identity: str) -> bool:
        return any(one.id == identity for one in page.actions_now())

    qtbot.waitUntil(lambda: offers("run-archive"), timeout=WAIT)
    act(page, "run-archive")
    qtbot.waitUntil(lambda: said("This run is archived") and offers("run-unarchive"), timeout=WAIT)
    press_undo(page, shell, qtbot)
    qtbot.waitUntil(lambda: not said("This run is archived") and offers("run-archive"), timeout=WAIT)
    act(page, "run-delete")
    dialog(shell, qtbot).confirm_button.click()
    qtbot.waitUntil(lambda: said("This run is in the trash") and offers("run-restore"), timeout=WAIT)
    assert runs.get(own_client, made.run_id).lifecycle == "deleted"
    press(toast(shell, qtbot, "1 run went to the trash"), "Undo")
    qtbot.waitUntil(lambda: not said("This run is in the trash") and shell.runner.idle, timeout=WAIT)
    assert runs.get(own_client, made.run_id).lifecycle == "active"
    runs.delete(own_client, made.run_id)
    shell.context.open("runs")
    shell.context.open("run", run_id=made.run_id)
    qtbot.waitUntil(lambda: offers("run-restore"), timeout=WAIT)
    act(page, "run-restore")
    qtbot.waitUntil(lambda: offers("run-archive"), timeout=WAIT)
    press_undo(page, shell, qtbot)
    qtbot.waitUntil(lambda: offers("run-restore") and shell.runner.idle, timeout=WAIT)
    assert runs.get(own_client, made.run_id).lifecycle == "deleted"
