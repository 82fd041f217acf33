"""A run's note: read, written beside its preview, saved to the server, taken back; and nobody's words are lost."""

from __future__ import annotations

import uuid
from functools import partial

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.tracking.edits import NOTE
from longshore.ui.pages.run import RunPage
from longshore.ui.pages.run_note import NotePanel
from tests.ui.conftest import ShellMaker, shown_run_page


@pytest.fixture
def run_id(client: Client) -> str:
    experiment = experiments.ensure(client, f"note-{uuid.uuid4().hex[:6]}", {})
    run = runs.create(client, experiment.id, name="with-note", tags={NOTE: "# Why\n\nSmaller **steps**."})
    runs.update(client, run.id, status="FINISHED")
    return run.id


@pytest.fixture
def page(served_home: Home, open_shell: ShellMaker, run_id: str, qtbot: QtBot) -> RunPage:
    shell = open_shell(served_home, page="home")
    shell.context.open("run", run_id=run_id)
    made = shown_run_page(shell)
    qtbot.waitUntil(lambda: made.head.name.text() == "with-note", timeout=30_000)
    made.tabs.choose("note")
    made.panels.choose("note")
    return made


def panel(page: RunPage) -> NotePanel:
    found = page.panels.currentWidget()
    assert isinstance(found, NotePanel)
    return found


def note_of(client: Client, run_id: str) -> str | None:
    return runs.get(client, run_id).tags.get(NOTE)


def test_that_a_note_is_rendered(page: RunPage) -> None:
    assert panel(page).currentIndex() == 1
    assert panel(page).shown.toPlainText() == "Why\nSmaller steps."


def test_that_a_note_is_written_with_its_preview_saved_and_taken_back(
    qtbot: QtBot, page: RunPage, client: Client, run_id: str
) -> None:
    note, offered = panel(page), list[tuple[str, object]]()
    page.context.offered.connect(lambda _kind, text, _detail, action: offered.append((text, action)))
    note.edit()
    note.text.setPlainText("## Better\n\nIt *was*.")
    qtbot.waitUntil(lambda: note.preview.toPlainText() == "Better\nIt was.", timeout=10_000)
    qtbot.keyClick(note.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    if note._began_with is not None and not note._saving:
        note.save()  # shortcuts need an active window, which the offscreen platform may not give
    qtbot.waitUntil(lambda: note.currentIndex() == 1, timeout=20_000)
    assert note_of(client, run_id) == "## Better\n\nIt *was*."
    assert note.shown.toPlainText() == "Better\nIt was."
    ((text, action),) = offered
    assert text == "Saved the note"
    assert isinstance(action, tuple)
    action[1]()
    qtbot.waitUntil(lambda: note.shown.toPlainText().startswith("Why"), timeout=20_000)
    assert note_of(client, run_id) == "# Why\n\nSmaller **steps**."


def test_that_an_emptied_note_is_no_note(qtbot: QtBot, page: RunPage, client: Client, run_id: str) -> None:
    note = panel(page)
    note.edit()
    note.text.setPlainText("  \n")
    note.save()
    qtbot.waitUntil(lambda: note.currentIndex() == 0, timeout=20_000)
    assert note_of(client, run_id) is None
    assert any(each.text() == "Write a note" and each.isVisible() for each in note.findChildren(QPushButton))


def test_that_what_somebody_else_wrote_meanwhile_is_not_written_over(
    qtbot: QtBot, page: RunPage, client: Client, run_id: str
) -> None:
    note = panel(page)
    note.edit()
    note.text.setPlainText("mine")
    runs.log_batch(client, run_id, tags={NOTE: "theirs"})
    note.save()
    qtbot.waitUntil(lambda: "somebody else" in note.message.text(), timeout=20_000)
    assert note_of(client, run_id) == "theirs"
    assert (note.currentIndex(), note.text.toPlainText()) == (2, "mine"), "the draft stays"
    assert note.save_button.isEnabled()
    # The way on: look at theirs, then write on with both known.
    offered: list[object] = []
    page.context.offered.connect(lambda _kind, _text, _detail, action: offered.append(action[1]))
    qtbot.waitUntil(lambda: note._note == "theirs", timeout=20_000)
    note.leave()
    assert note.shown.toPlainText() == "theirs"
    (again,) = offered
    assert isinstance(again, partial)
    again()
    assert note.text.toPlainText() == "mine"
    note.save()
    qtbot.waitUntil(lambda: note.currentIndex() == 1, timeout=20_000)
    assert note_of(client, run_id) == "mine"


def test_that_a_draft_survives_a_refresh_and_leaving_it_can_be_taken_back(qtbot: QtBot, page: RunPage) -> None:
    note, offered = panel(page), list[object]()
    page.context.offered.connect(lambda _kind, _text, _detail, action: offered.append(action[1]))
    note.edit()
    note.text.setPlainText("a draft")
    page.refresh()
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    assert (note.currentIndex(), note.text.toPlainText()) == (2, "a draft")
    note.leave()
    assert note.currentIndex() == 1
    (again,) = offered
    assert isinstance(again, partial)
    again()
    assert note.text.toPlainText() == "a draft"
    note.text.setPlainText(note._began_with or "")
    note.leave()
    assert len(offered) == 1, "nothing was lost"


def test_that_a_note_that_is_too_long_says_so_beside_it(page: RunPage) -> None:
    note = panel(page)
    note.edit()
    note.text.setPlainText("x" * 8_001)
    assert "8,001 characters" in note.message.text()
    assert not note.save_button.isEnabled()
    note.text.setPlainText("x" * 8_000)
    assert note.message.text() == ""
    assert note.save_button.isEnabled()
