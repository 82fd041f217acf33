"""The Models page beside its gates: aliases that are typed, where a version serves, what it was made from, the keyboard."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest.client import Client
from longshore.policies.promotion import promote
from longshore.registry import models
from longshore.settings import Home
from longshore.store import deployments
from longshore.ui.pages.models import ModelsPage
from longshore.ui.shell.app import Shell
from tests.support.models import MadeModels
from tests.ui.conftest import ShellMaker
from tests.ui.test_models_page import button, show
from tests.ui.test_overview_page import words

Shown = tuple[Shell, ModelsPage, str]


@pytest.fixture
def shown(qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker) -> Shown:
    """The page on a model with two versions, the first one champion."""
    name = f"wine-{uuid.uuid4().hex[:8]}"
    models.register(client, logged_models.signed.run_id, name)
    models.register(client, logged_models.better.run_id, name)
    promote(client, f"{name}/1", "champion")
    shell, page = show(qtbot, open_shell, served_home, name, "2")
    return shell, page, name


def type_alias(page: ModelsPage, qtbot: QtBot, text: str) -> None:
    edit = page.panel._alias.lineEdit()
    assert edit is not None
    edit.selectAll()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def test_that_the_inspector_says_what_the_alias_points_at_before_it_moves(shown: Shown) -> None:
    _shell, page, _name = shown
    assert "champion now" in words(page.panel)
    assert button(page.panel, "Promote").isEnabled()


def test_that_a_typed_alias_is_looked_up_before_it_can_be_promoted(shown: Shown, qtbot: QtBot, client: Client) -> None:
    _shell, page, name = shown
    type_alias(page, qtbot, "shadow")
    assert not button(page.panel, "Promote").isEnabled()
    qtbot.waitUntil(lambda: "points nowhere yet" in words(page.panel), timeout=20_000)
    qtbot.mouseClick(button(page.panel, "Promote"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "made v2 shadow" in words(page.panel), timeout=30_000)
    assert models.version(client, f"{name}@shadow").version == "2"
    assert models.version(client, f"{name}@champion").version == "1"


def test_that_a_name_that_cannot_be_an_alias_is_refused_beside_its_field(shown: Shown, qtbot: QtBot) -> None:
    _shell, page, _name = shown
    type_alias(page, qtbot, "v3")
    assert "v3 and latest are taken by MLflow" in words(page.panel)
    assert not button(page.panel, "Promote").isEnabled()
    type_alias(page, qtbot, "champion")
    assert button(page.panel, "Promote").isEnabled()


def test_that_a_note_under_way_outlives_a_refresh(shown: Shown, qtbot: QtBot) -> None:
    _shell, page, _name = shown
    page.panel._note.setFocus()
    page.panel._note.setPlainText("half a sentence")
    page._read_models()
    page._read_version()
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    assert page.panel._note.toPlainText() == "half a sentence"
    assert page.panel._note.isVisible()


def test_that_a_version_says_what_it_takes_and_what_it_was_made_from(
    shown: Shown, qtbot: QtBot, logged_models: MadeModels
) -> None:
    shell, page, _name = shown
    said = words(page.middle.details)
    assert "v2 was made from" in said
    assert "Signature" in said
    assert "double" in said
    run = next(each for each in page.middle.table.rows.versions if each.version == "2")
    qtbot.mouseClick(button(page.middle.details, run.run_name), Qt.MouseButton.LeftButton)
    place = shell.context.place
    assert place is not None
    assert (place.page_id, place.arguments) == ("run", {"run_id": logged_models.better.run_id})


def live(page: ModelsPage) -> list[str]:
    rows, column = page.middle.table.rows, page.middle.table.rows.columnCount() - 1
    return [str(rows.index(row, column).data()) for row in range(rows.rowCount())]


def test_that_where_a_version_is_served_shows_without_asking_the_registry(
    shown: Shown, qtbot: QtBot, served_home: Home
) -> None:
    _shell, page, name = shown
    qtbot.waitUntil(lambda: not page._busy, timeout=20_000)
    assert live(page) == ["—", "—"]
    deployments.put(
        served_home, "wine-prod", workspace="personal", project_id=None, model_name=name, model_version="1", run_id="",
        serving_version="1", state="healthy", detail="", image="", image_id="", port=None, url="", replicas=1, env={},
        secrets=(), job_id=None, error=None,
    )  # fmt: skip
    page._later.stop()
    page._read_at += 1000
    asked_at = page._read_at
    page.refresh()
    qtbot.waitUntil(lambda: live(page) == ["—", "wine-prod"], timeout=20_000)
    assert page._read_at == asked_at


def test_that_many_writes_to_the_local_database_are_one_question_to_the_registry(shown: Shown, qtbot: QtBot) -> None:
    _shell, page, _name = shown
    page._read_models()
    qtbot.waitUntil(lambda: not page._busy, timeout=20_000)
    asked_at = page._read_at
    for _ in range(20):
        page.refresh()
    qtbot.wait(300)
    assert page._read_at == asked_at
    assert page._later.isActive()


def test_that_another_workspace_lets_go_of_the_models_of_the_first(shown: Shown, qtbot: QtBot) -> None:
    shell, page, name = shown
    page._read_models()
    shell.context.workspace_changed.emit()
    assert page.model is None
    assert "Loading the models…" in words(page)
    qtbot.waitUntil(lambda: page.model is not None, timeout=30_000)
    assert any(model.name == name for model in page._state.models)  # type: ignore[union-attr]


def test_that_the_keyboard_reaches_the_filter_and_the_inspector(shown: Shown, qtbot: QtBot) -> None:
    shell, page, name = shown
    actions = {action.id: action for action in page.actions_now()}
    assert [actions[key].shortcut for key in ("filter-models", "inspector")] == ["Ctrl+F", "Ctrl+I"]
    actions["filter-models"].run()
    assert page.side.filter.hasFocus() or focus_within(shell.window) is page.side.filter
    qtbot.keyClicks(page.side.filter, name)
    assert page.side.list.count() == 1
    qtbot.keyClick(page.side.filter, Qt.Key.Key_Escape)
    assert page.side.filter.text() == ""
    actions["inspector"].run()
    assert page.panel.isHidden()
    bar = [action.id for action in page.actions_now() if action.in_bar]
    assert {"promote-version", "deploy-version"} <= set(bar)
    actions["promote-version"].run()
    assert page.panel.isVisible()


def focus_within(window: QWidget) -> QWidget | None:
    return window.focusWidget()


def test_that_a_version_that_somebody_else_registers_appears_by_itself(
    shown: Shown, qtbot: QtBot, client: Client, logged_models: MadeModels
) -> None:
    shell, page, name = shown
    page.look_every_s = 0.2
    shell.context.open("models", reference=f"{name}/2")
    models.register(client, logged_models.signed.run_id, name)
    qtbot.waitUntil(lambda: page.model is not None and len(page.model.versions) == 3, timeout=20_000)
