"""The settings page on a real home: what is changed holds at once, secrets are never shown, errors stand beside fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from longshore.secrets import keyring, vault
from longshore.settings import Home, load_settings
from longshore.store import workspaces
from longshore.ui.pages.settings import SECTIONS, SettingsPage
from longshore.ui.pages.settings_machine import DockerSection, DoctorSection, QueueSection
from longshore.ui.pages.settings_secrets import SecretForm, SecretsSection, UnlockForm
from longshore.ui.pages.settings_workspaces import WorkspacesSection
from longshore.ui.shell.app import Shell
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.stepper import Stepper
from longshore.ui.widgets.switch import Switch
from tests.support.foreign_store import empty_store
from tests.support.grep_secret import assert_nowhere
from tests.ui.conftest import ShellMaker

PASSPHRASE = "a passphrase of the tests"


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.setenv("LONGSHORE_SECRETS_BACKEND", "vault")
    monkeypatch.delenv("LONGSHORE_VAULT_PASSPHRASE", raising=False)
    yield open_shell(served_home)
    vault.lock(served_home)


def words(widget: QWidget) -> str:
    labels = [one.text() for one in widget.findChildren(QLabel) if one.isVisibleTo(widget)]
    return "\n".join(labels + [one.text() for one in widget.findChildren(QPushButton) if one.isVisibleTo(widget)])


def open_section(shell: Shell, name: str, **arguments: object) -> SettingsPage:
    shell.context.open("settings", section=name, **arguments)
    page = shell.window.page_of("settings")
    assert isinstance(page, SettingsPage)
    return page


def named(parent: QWidget, kind: type, name: str) -> QWidget:
    found: QWidget = next(one for one in parent.findChildren(kind) if one.accessibleName() == name)
    return found


def press(qtbot: QtBot, parent: QWidget, text: str) -> None:
    button = next(one for one in parent.findChildren(QPushButton) if one.text() == text and one.isVisibleTo(parent))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("name", list(SECTIONS))
def test_that_every_section_opens_by_its_name(shell: Shell, name: str) -> None:
    page = open_section(shell, name)
    assert page.section.title == SECTIONS[name].title
    assert SECTIONS[name].title in words(page.section)
    assert page.crumbs()[-1] == (SECTIONS[name].title, None)


def test_that_the_theme_changes_at_once_and_is_kept(qtbot: QtBot, shell: Shell) -> None:
    page = open_section(shell, "appearance")
    theme = named(page, Segmented, "Theme")
    assert isinstance(theme, Segmented)
    qtbot.mouseClick(theme.button("dark"), Qt.MouseButton.LeftButton)
    assert shell.theme.scheme.name == "dark"
    assert load_settings(shell.home).theme == "dark"


def test_that_switches_and_steppers_write_their_setting(qtbot: QtBot, shell: Shell) -> None:
    page = open_section(shell, "appearance")
    qtbot.mouseClick(named(page, Switch, "Notifications"), Qt.MouseButton.LeftButton)
    assert load_settings(shell.home).notifications is False
    section = open_section(shell, "queue").section
    assert isinstance(section, QueueSection)
    cpus = named(section, Stepper, "CPUs")
    assert isinstance(cpus, Stepper)
    assert cpus.text() == "Automatic"
    qtbot.keyClick(cpus, Qt.Key.Key_Up)
    assert load_settings(shell.home).queue_cpus == 1.0
    qtbot.keyClick(cpus, Qt.Key.Key_Down)
    assert load_settings(shell.home).queue_cpus is None
    days = named(section, Stepper, "Days of finished jobs")
    assert isinstance(days, Stepper)
    qtbot.keyClick(days, Qt.Key.Key_Down)
    assert load_settings(shell.home).keep_jobs_days == 89.0
    days.setValue(0)
    assert (days.text(), load_settings(shell.home).keep_jobs_days) == ("For ever", 0.0)


def test_that_a_secret_is_kept_listed_and_deleted_and_never_shown(qtbot: QtBot, shell: Shell) -> None:
    section = open_section(shell, "secrets").section
    assert isinstance(section, SecretsSection)
    qtbot.waitUntil(lambda: section.findChild(UnlockForm) is not None, timeout=20_000)
    # Qt shows what is put into a layout one turn later.
    qtbot.waitUntil(lambda: "This system has no keyring." in words(section))
    unlock = section.findChild(UnlockForm)
    assert unlock is not None
    qtbot.keyClicks(unlock.passphrase, "short")
    press(qtbot, unlock, "Set passphrase")
    qtbot.waitUntil(lambda: "needs 8 characters" in words(unlock), timeout=20_000)
    unlock.passphrase.setText(PASSPHRASE)
    press(qtbot, unlock, "Set passphrase")
    qtbot.waitUntil(lambda: section.findChild(SecretForm) is not None, timeout=20_000)
    form = section.findChild(SecretForm)
    assert form is not None
    form.name.setText("HF_TOKEN")
    form.value.setText("hf-4e5fde5f9a51c0de")
    press(qtbot, form, "Add secret")
    qtbot.waitUntil(lambda: "HF_TOKEN" in words(section), timeout=20_000)
    assert keyring.get(shell.home, "secret:HF_TOKEN") == "hf-4e5fde5f9a51c0de"
    assert "hf-4e5f" not in words(section)
    assert_nowhere("hf-4e5fde5f9a51c0de", shell.home.path)
    qtbot.mouseClick(named(section, QPushButton, "Delete HF_TOKEN…"), Qt.MouseButton.LeftButton)
    dialog = shell.window.findChild(ConfirmDialog)
    assert dialog is not None
    press(qtbot, dialog, "Delete secret")
    qtbot.waitUntil(lambda: not keyring.names(shell.home), timeout=20_000)
    qtbot.waitUntil(lambda: "No secrets yet" in words(section), timeout=20_000)


def test_that_a_team_server_that_does_not_answer_is_said_beside_its_address(qtbot: QtBot, shell: Shell) -> None:
    section = open_section(shell, "workspaces", add=True).section
    assert isinstance(section, WorkspacesSection)
    form = section._form
    press(qtbot, form, "Add workspace")
    assert "Give the server's address" in words(form)
    form.url.setText("http://127.0.0.1:9")
    form.sign_in.button("none").click()
    press(qtbot, form, "Add workspace")
    qtbot.waitUntil(lambda: "127.0.0.1:9" in words(form), timeout=20_000)
    assert form.url.property("state") == "error"
    assert len(workspaces.listing(shell.home)) == 1


def test_that_half_a_sign_in_is_said_before_anything_is_kept(qtbot: QtBot, shell: Shell, tracking_server: str) -> None:
    section = open_section(shell, "workspaces", add=True).section
    assert isinstance(section, WorkspacesSection)
    form = section._form
    form.url.setText(tracking_server)
    form.username.setText("ana")
    press(qtbot, form, "Add workspace")
    qtbot.waitUntil(lambda: "The password is missing." in words(form), timeout=20_000)
    assert form.secret.property("state") == "error"


def test_that_a_server_is_added_used_and_removed(qtbot: QtBot, shell: Shell, tracking_server: str) -> None:
    section = open_section(shell, "workspaces", add=True).section
    assert isinstance(section, WorkspacesSection)
    form = section._form
    form.url.setText(tracking_server)
    form.name.setText("harbor")
    form.sign_in.button("none").click()
    press(qtbot, form, "Add workspace")
    qtbot.waitUntil(lambda: "harbor" in words(section), timeout=20_000)
    qtbot.mouseClick(named(section, QPushButton, "Use harbor"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: workspaces.get(shell.home, None).name == "harbor", timeout=20_000)
    qtbot.waitUntil(lambda: any(one.accessibleName() == "Use personal" for one in section.findChildren(QPushButton)))
    qtbot.mouseClick(named(section, QPushButton, "Remove harbor…"), Qt.MouseButton.LeftButton)
    dialog = shell.window.findChild(ConfirmDialog)
    assert dialog is not None
    assert tracking_server in words(dialog)
    press(qtbot, dialog, "Remove workspace")
    qtbot.waitUntil(lambda: len(workspaces.listing(shell.home)) == 1, timeout=20_000)


def test_that_a_database_is_opened_in_place_told_when_it_fails_and_removed(
    qtbot: QtBot, shell: Shell, tmp_path: Path
) -> None:
    section = open_section(shell, "workspaces").section
    assert isinstance(section, WorkspacesSection)
    (tmp_path / "notes.db").write_text("no database")
    section.open_database(str(tmp_path / "notes.db"))
    qtbot.waitUntil(lambda: "notes.db is not a SQLite database." in words(section), timeout=20_000)
    file = empty_store(tmp_path / "mlflow.db")
    press(qtbot, section, "Open a database…")
    dialog = shell.window.findChild(QFileDialog)
    assert dialog is not None
    dialog.fileSelected.emit(str(file))
    dialog.close()
    qtbot.waitUntil(lambda: str(file) in words(section), timeout=20_000)
    assert "not a SQLite database" not in words(section)
    name = next(each.name for each in workspaces.listing(shell.home) if each.kind == "database")
    # The agent looks at the one that is wanted, and finds that nobody may write to it.
    file.chmod(0o444)
    workspaces.use(shell.home, name)
    qtbot.waitUntil(lambda: "is read-only, and MLflow's server needs to write" in words(section), timeout=60_000)
    qtbot.mouseClick(named(section, QPushButton, f"Remove {name}…"), Qt.MouseButton.LeftButton)
    confirm = shell.window.findChild(ConfirmDialog)
    assert confirm is not None
    assert "The file, its runs and models stay as they are." in words(confirm)
    press(qtbot, confirm, "Remove workspace")
    qtbot.waitUntil(lambda: len(workspaces.listing(shell.home)) == 1, timeout=20_000)
    assert file.exists()


def test_that_this_computer_lists_each_check_and_its_fix(qtbot: QtBot, shell: Shell) -> None:
    section = open_section(shell, "doctor").section
    assert isinstance(section, DoctorSection)
    qtbot.waitUntil(lambda: "Tracking server" in words(section), timeout=30_000)
    said = words(section)
    assert all(name in said for name in ("Docker", "uv", "git", "Keyring", "Disk", "Agent"))
    assert "Fix: " in said, "the vault is not set up"


def test_that_an_engine_that_is_not_there_is_said_with_its_fix(qtbot: QtBot, shell: Shell) -> None:
    section = open_section(shell, "docker").section
    assert isinstance(section, DockerSection)
    host = named(section, type(section._host), "Engine address")
    qtbot.keyClicks(host, "unix:///nowhere/docker.sock")
    qtbot.keyClick(host, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Docker is not running" in words(section), timeout=30_000)
    assert load_settings(shell.home).docker_host == "unix:///nowhere/docker.sock"
