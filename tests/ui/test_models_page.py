"""Models in the real window: gates and their reasons, promotion with a note, registering, refusal of an unsigned model."""

from __future__ import annotations

import uuid

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest.client import Client
from longshore.policies.promotion import promote
from longshore.registry import audit, models
from longshore.settings import Home
from longshore.ui.pages.models import ModelsPage
from longshore.ui.pages.models_dialogs import DeployDialog, RegisterDialog
from longshore.ui.shell.app import Shell
from tests.support.models import MadeModels
from tests.ui.conftest import ShellMaker
from tests.ui.test_overview_page import words


@pytest.fixture
def name() -> str:
    return f"wine-{uuid.uuid4().hex[:8]}"


def page_of(shell: Shell) -> ModelsPage:
    page = shell.window.page_of("models")
    assert isinstance(page, ModelsPage)
    return page


def show(qtbot: QtBot, open_shell: ShellMaker, home: Home, name: str, version: str = "1") -> tuple[Shell, ModelsPage]:
    shell = open_shell(home)
    shell.context.open("models", name=name, version=version)
    page = page_of(shell)
    qtbot.waitUntil(lambda: f"{name} v{version}" in words(page.panel), timeout=30_000)
    return shell, page


def button(widget: object, text: str) -> QPushButton:
    found = widget.findChildren(QPushButton)  # type: ignore[attr-defined]
    return next(each for each in found if each.text() == text and not each.isHidden())


def test_that_a_version_that_passes_is_promoted_with_its_note_and_who_did_it(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    _, page = show(qtbot, open_shell, served_home, name)
    assert "2 pass" in words(page.panel)
    page.panel._note.setPlainText("better than the last")
    qtbot.mouseClick(button(page.panel, "Promote"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "made v1 champion" in words(page.panel), timeout=30_000)
    assert "“better than the last”" in words(page.panel)
    (entry,) = audit.trail(client, name)
    assert (entry.alias, entry.version, entry.note) == ("champion", "1", "better than the last")
    assert models.version(client, f"{name}@champion").version == "1"
    assert not button(page.panel, "Promote").isEnabled()


def test_that_a_model_without_a_signature_is_neither_promoted_nor_deployed_and_says_why(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker, name: str
) -> None:
    models.register(client, logged_models.unsigned.run_id, name)
    _, page = show(qtbot, open_shell, served_home, name)
    assert "Signature: fails" in words(page.panel)
    assert "Promotion needs every gate to pass" in words(page.panel)
    assert not button(page.panel, "Promote").isEnabled()
    assert not button(page.panel, "Deploy to Docker…").isEnabled()


def test_that_an_alias_that_was_moved_meanwhile_is_a_conflict_and_nothing_changes(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    models.register(client, logged_models.better.run_id, name)
    shell, page = show(qtbot, open_shell, served_home, name)
    promote(client, f"{name}/2", "champion")
    told: list[str] = []
    shell.context.told.connect(lambda kind, text, detail: told.append(text))
    qtbot.mouseClick(button(page.panel, "Promote"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: any("meanwhile" in text for text in told), timeout=30_000)
    assert models.version(client, f"{name}@champion").version == "2"


def test_that_a_runs_model_is_registered_from_the_dialog(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker, name: str
) -> None:
    shell = open_shell(served_home)
    shell.context.open("models", register=logged_models.signed.run_id)
    qtbot.waitUntil(lambda: bool(shell.window.findChildren(RegisterDialog)), timeout=30_000)
    dialog = shell.window.findChildren(RegisterDialog)[0]
    qtbot.waitUntil(dialog.confirm_button.isEnabled, timeout=30_000)
    assert dialog._run.currentData() == logged_models.signed.run_id
    dialog._name.setCurrentText(name)
    qtbot.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    page = page_of(shell)
    qtbot.waitUntil(lambda: f"{name} v1" in words(page.panel), timeout=30_000)
    assert models.version(client, f"{name}/1").run_id == logged_models.signed.run_id


def test_that_a_wrong_port_is_named_beside_its_field(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    shell, page = show(qtbot, open_shell, served_home, name)
    qtbot.mouseClick(button(page.panel, "Deploy to Docker…"), Qt.MouseButton.LeftButton)
    dialog = shell.window.findChildren(DeployDialog)[0]
    dialog._port.setText("99999")
    qtbot.mouseClick(dialog.confirm_button, Qt.MouseButton.LeftButton)
    assert "Use 1 to 65535." in words(dialog._port_field)
    dialog.reject()


def test_that_escape_closes_a_dialog_and_changes_nothing(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    _, page = show(qtbot, open_shell, served_home, name)
    promote(client, f"{name}/1", "champion")
    page.refresh()
    qtbot.waitUntil(lambda: "It is champion already." in words(page.panel), timeout=30_000)
    remove = next(
        each for each in page.panel.findChildren(QPushButton) if each.toolTip() == "Remove the alias champion"
    )
    qtbot.mouseClick(remove, Qt.MouseButton.LeftButton)
    dialog = QApplication.activeModalWidget()
    assert dialog is not None
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert models.version(client, f"{name}@champion").version == "1"


def test_that_a_workspace_without_models_says_what_belongs_here(
    qtbot: QtBot, home: Home, open_shell: ShellMaker
) -> None:
    from longshore.store import processes

    shell = open_shell(home)
    shell.context.open("models")
    page = page_of(shell)
    qtbot.waitUntil(
        lambda: "The models could not be loaded" in words(page) or "No models yet" in words(page), timeout=60_000
    )
    assert button(page, "Try again" if "could not" in words(page) else "Register model…").isEnabled()
    processes.stop_agent(home)
