"""The launch dialog on a real project: typed parameters, the exact command, what cannot be launched and why."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from longshore.secrets import keyring
from longshore.settings import Home
from longshore.store import jobs
from longshore.ui.shell.app import Shell
from longshore.ui.shell.launch_command import LaunchRequest, command_line
from longshore.ui.shell.launch_dialog import LaunchDialog
from tests.ui.conftest import ShellMaker

SECRET = "correct horse battery staple"


@pytest.fixture
def shell(served_home: Home, project: Path, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


def open_dialog(qtbot: QtBot, shell: Shell, **preset: object) -> LaunchDialog:
    shell.context.launch(**preset)
    qtbot.waitUntil(lambda: shell.window.findChild(LaunchDialog) is not None)
    dialog = shell.window.findChild(LaunchDialog)
    assert isinstance(dialog, LaunchDialog)
    qtbot.waitUntil(lambda: dialog._ready is not None, timeout=20_000)
    return dialog


def words(dialog: LaunchDialog) -> list[str]:
    return shlex.split(dialog._command.text().replace("\\\n", " "))


def test_that_parameters_have_their_types_and_defaults(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    assert {name: field.value() for name, field in dialog._form._fields.items()} == {
        "depth": "3",
        "kind": "tree",
        "wait": "0.0",
    }
    assert dialog._form._fields["depth"].parameter.type == "int"
    assert dialog.confirm_button.isEnabled()
    dialog.reject()


def test_that_a_wrong_parameter_is_said_beside_its_field_and_nothing_can_be_launched(
    qtbot: QtBot, shell: Shell
) -> None:
    dialog = open_dialog(qtbot, shell)
    dialog._form._fields["depth"].set_value("many")
    note = dialog._form._wrong["depth"].words.text()
    assert note == "Takes a whole number, not 'many'."
    assert dialog._form._fields["depth"]._edit.property("state") == "error"
    assert not dialog.confirm_button.isEnabled()
    assert dialog.confirm_button.toolTip() == note
    qtbot.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert jobs.listing(shell.home) == ()
    dialog._form._fields["depth"].set_value("5")
    assert dialog.confirm_button.isEnabled()
    dialog.reject()


def test_that_wrong_resources_are_said_beside_their_field(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    for edit, wrong in ((dialog._memory, "lots"), (dialog._cpus, "-1"), (dialog._timeout, "soon"), (dialog._env, "X")):
        before = edit.text()
        edit.setText(wrong)
        assert not dialog.confirm_button.isEnabled(), wrong
        edit.setText(before)
        assert dialog.confirm_button.isEnabled(), wrong
    dialog.reject()


def test_that_the_command_is_the_exact_one(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    assert words(dialog) == ["longshore", "run", "forest", "main"]
    dialog._form._fields["depth"].set_value("9")
    dialog._name.setText("a deep one")
    dialog._memory.setText("2g")
    dialog._env.setText("LEVEL=3")
    assert words(dialog) == [
        "longshore", "run", "forest", "main", "-P", "depth=9", "--name", "a deep one", "--memory", "2g",
        "--env", "LEVEL=3",
    ]  # fmt: skip
    dialog._copy()
    assert QGuiApplication.clipboard().text() == dialog._command.text()
    dialog.reject()


def test_that_a_value_with_signs_reaches_the_shell_unchanged() -> None:
    request = LaunchRequest("my project", "main", {"text": "it's $HOME; rm -rf"}, env={"A": "b c"})
    parts = shlex.split(command_line(request).replace("\\\n", " "))
    assert parts == ["longshore", "run", "my project", "main", "-P", "text=it's $HOME; rm -rf", "--env", "A=b c"]


def test_that_secrets_appear_by_name_alone(
    qtbot: QtBot, served_home: Home, project: Path, open_shell: ShellMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.setenv("LONGSHORE_VAULT_PASSPHRASE", "for this test")
    keyring.forget_probe()
    keyring.set(served_home, "secret:API_TOKEN", SECRET)
    dialog = open_dialog(qtbot, open_shell(served_home, page="home"))
    dialog._secrets["API_TOKEN"].click()
    assert words(dialog)[-2:] == ["--secret", "API_TOKEN"]
    assert SECRET not in dialog._command.text()
    assert dialog._request().secrets == ("API_TOKEN",)
    dialog.reject()
    keyring.forget_probe()


def test_that_the_clone_of_a_run_starts_with_its_values(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell, parameters={"depth": "8", "gone": "1"}, entry_point="main")
    assert dialog._form.values() == {"depth": "8"}
    assert dialog._changed.text() == "1 changed"
    dialog._reset()
    assert dialog._form.values() == {}
    dialog.reject()


def test_that_control_enter_launches_and_shows_the_run(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell, parameters={"depth": "4"})
    qtbot.keyClick(dialog, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: shell.context.place is not None and shell.context.place.page_id == "run", timeout=20_000)
    (job,) = jobs.listing(shell.home)
    assert job.spec["parameters"]["depth"] == "4"
    qtbot.waitUntil(lambda: jobs.get(shell.home, job.id).ended, timeout=30_000)


def test_that_a_project_that_is_gone_is_said_in_the_dialog(qtbot: QtBot, shell: Shell, project: Path) -> None:
    from longshore.ui.widgets.states import ErrorState

    project.rename(project.with_name("elsewhere"))
    shell.context.launch()
    qtbot.waitUntil(lambda: shell.window.findChild(ErrorState) is not None, timeout=20_000)
    dialog = shell.window.findChild(LaunchDialog)
    assert dialog is not None
    assert not dialog.confirm_button.isEnabled()
    dialog.reject()
