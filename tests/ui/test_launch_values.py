"""What the launch dialog keeps and takes over: last values, named presets, the parameters of an earlier run."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from longshore.jobs import presets
from longshore.jobs.presets import Preset
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import jobs, view_state
from longshore.ui.shell.app import Shell
from longshore.ui.shell.launch_code import PatchDialog
from longshore.ui.shell.launch_copy import CopyDialog
from longshore.ui.shell.launch_dialog import LaunchDialog
from longshore.ui.shell.launch_presets import NameDialog
from tests.support.launching import git
from tests.support.pipelines import dvc_project
from tests.ui.conftest import ShellMaker
from tests.ui.test_launch_dialog import open_dialog, words


@pytest.fixture
def shell(served_home: Home, project: Path, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home, page="home")


def kept(shell: Shell) -> presets.Kept:
    assert shell.context.project is not None
    return presets.kept(shell.home, shell.context.project.id)


def options(dialog: LaunchDialog) -> list[str]:
    select = dialog._presets.select
    return [select.itemText(place) for place in range(select.count())]


def choose(dialog: LaunchDialog, shown: str) -> None:
    select = dialog._presets.select
    place = select.findText(shown)
    assert place >= 0, options(dialog)
    select.setCurrentIndex(place)
    select.activated.emit(place)


def save_as(qtbot: QtBot, dialog: LaunchDialog, name: str) -> None:
    dialog._presets.save_button.click()
    asking = dialog.findChild(NameDialog)
    assert asking is not None
    asking.line.setText(name)
    qtbot.keyClick(asking, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: dialog._presets.name == name)


def test_that_what_was_launched_last_is_there_again(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    assert not dialog._presets.select.isVisibleTo(dialog)
    dialog._form._fields["depth"].set_value("4")
    dialog._timeout.setText("600")
    dialog._env.setText("LEVEL='a b' API_TOKEN=hunter2hunter2")
    dialog.confirmed()
    qtbot.waitUntil(lambda: shell.context.place is not None and shell.context.place.page_id == "run")
    (job,) = jobs.listing(shell.home)
    qtbot.waitUntil(lambda: jobs.get(shell.home, job.id).ended, timeout=60_000)
    qtbot.waitUntil(lambda: shell.window.findChild(LaunchDialog) is None)
    again = open_dialog(qtbot, shell)
    assert again._form.values() == {"depth": "4"}
    assert again._changed.text() == "1 changed"
    assert again._form._notes["depth"].text() == "• was 3"
    assert again._timeout.text() == "600"
    assert again._env.text() == "'LEVEL=a b'"
    assert options(again) == ["Preset: last values", "Preset: defaults"]
    assert shell.context.project is not None
    assert "hunter2" not in json.dumps(view_state.load(shell.home, f"launch.last/{shell.context.project.id}"))
    choose(again, "Preset: defaults")
    assert again._form.values() == {}
    assert words(again) == ["longshore", "run", "forest", "main"]
    choose(again, "Preset: last values")
    assert again._form.values() == {"depth": "4"}
    again.reject()


def test_that_a_preset_is_saved_chosen_renamed_and_deleted_with_a_way_back(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    dialog._form._fields["depth"].set_value("8")
    dialog._memory.setText("2g")
    save_as(qtbot, dialog, "deep")
    dialog._reset()
    choose(dialog, "Preset: defaults")
    assert dialog._memory.text() == ""
    choose(dialog, "Preset: deep")
    assert words(dialog) == ["longshore", "run", "forest", "main", "-P", "depth=8", "--memory", "2g"]

    dialog._presets.menu().actions()[0].trigger()
    asking = dialog.findChildren(NameDialog)[-1]
    asking.line.setText("deepest")
    asking.confirmed()
    qtbot.waitUntil(lambda: dialog._presets.name == "deepest")
    assert [one.name for one in kept(shell).presets] == ["deepest"]

    dialog._presets.menu().actions()[1].trigger()
    qtbot.waitUntil(lambda: kept(shell).presets == ())
    qtbot.waitUntil(lambda: dialog._presets.notice.words.text() == "Deleted the preset deepest.")
    assert dialog._form.values() == {"depth": "8"}
    dialog.setFocus()
    QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: [one.name for one in kept(shell).presets] == ["deepest"])
    qtbot.waitUntil(lambda: "Preset: deepest" in options(dialog))
    dialog.reject()


def test_that_a_preset_that_was_replaced_comes_back(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    dialog._form._fields["depth"].set_value("8")
    save_as(qtbot, dialog, "deep")
    dialog._form._fields["depth"].set_value("9")
    save_as(qtbot, dialog, "deep")
    qtbot.waitUntil(lambda: kept(shell).presets[0].parameters == {"depth": "9"})
    qtbot.waitUntil(lambda: dialog._presets.notice.isVisibleTo(dialog))
    dialog._presets.notice.undo.click()
    qtbot.waitUntil(lambda: kept(shell).presets[0].parameters == {"depth": "8"})
    dialog.reject()


def test_that_a_name_that_is_none_or_taken_is_said_below_it(qtbot: QtBot, shell: Shell) -> None:
    project = shell.context.project
    assert project is not None
    for name in ("one", "two"):
        presets.save(shell.home, project.id, Preset(name, "main"))
    dialog = open_dialog(qtbot, shell)
    choose(dialog, "Preset: one")
    dialog._presets.ask_to_rename()
    asking = dialog.findChild(NameDialog)
    assert asking is not None
    for name, said in (("", "A preset needs a name."), ("two", "There is a preset called two already.")):
        asking.line.setText(name)
        asking.confirmed()
        assert asking.field._below.text().startswith(said)
        assert asking.isVisible()
    asking.reject()
    dialog.reject()


def test_that_a_presets_secrets_are_names_and_what_looks_like_one_is_left_out(qtbot: QtBot, shell: Shell) -> None:
    dialog = open_dialog(qtbot, shell)
    dialog._env.setText("LEVEL=3 WANDB_API_KEY=abcdef NOTE=ghp_" + "a" * 40)
    save_as(qtbot, dialog, "with a key")
    assert kept(shell).presets[0].env == {"LEVEL": "3"}
    assert dialog._presets.notice.words.text().endswith("looks like a secret: WANDB_API_KEY, NOTE.")
    dialog.reject()


def test_that_damaged_values_are_left_out(home: Home) -> None:
    view_state.save(home, "launch.presets/p", [1, {"name": "a", "parameters": [1]}, {"name": "b", "env": {"x": 1}}])
    view_state.save(home, "launch.last/p", "nonsense")
    assert presets.kept(home, "p") == presets.Kept((Preset("b", env={"x": "1"}),), ())


def test_that_a_runs_parameters_are_copied_and_what_is_left_out_is_said(
    qtbot: QtBot, shell: Shell, client: Client
) -> None:
    experiment = experiments.ensure(client, f"forest-{uuid.uuid4().hex[:6]}", {"longshore.project": "forest"})
    run = runs.create(client, experiment.id, name="able-heron")
    runs.log_batch(client, run.id, params={"depth": "12", "kind": "line", "solver": "sgd"})
    dialog = open_dialog(qtbot, shell)
    dialog._parameters.ask_to_copy()
    asking = dialog.findChild(CopyDialog)
    assert asking is not None
    qtbot.waitUntil(lambda: asking.confirm_button.isEnabled())
    asking.search.setText("able-heron")
    asking.confirmed()
    assert dialog._form.values() == {"depth": "12", "kind": "line"}
    said = "2 parameters of able-heron taken over. Left out, since the entry point does not declare them: solver."
    assert dialog._parameters.copied_note.text() == said
    assert dialog._changed.text() == "2 changed"
    dialog._reset()
    assert dialog._parameters.copied_note.text() == ""
    dialog.reject()


def test_that_the_patch_is_shown_as_the_run_would_keep_it(qtbot: QtBot, shell: Shell, project: Path) -> None:
    (project / "keys.yaml").write_text("a: 1\n")
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "all")
    script = (project / "main.py").read_text()
    (project / "main.py").write_text(script.replace("default=3", "default=4"))
    (project / "keys.yaml").write_text('password: "correcthorsebattery"\n')
    (project / "new.txt").write_text("new")
    dialog = open_dialog(qtbot, shell)
    dialog._panel.diff_asked.emit()
    shown = dialog.findChild(PatchDialog)
    assert shown is not None
    qtbot.waitUntil(lambda: shown.diff is not None)
    assert any(line.startswith("+p.add_argument('--depth', type=int, default=4)") for line in shown.diff.lines)
    assert not any("correcthorse" in line for line in shown.diff.lines)
    texts = [each.text() for each in shown.findChildren(QLabel)]
    assert "Not kept, since it looks like a secret: keys.yaml" in texts
    assert "Not in git, listed by name with the run: new.txt" in texts
    shown.reject()
    dialog.reject()


def test_that_a_pipeline_takes_undeclared_parameters_and_runs_on_this_computer_alone(
    qtbot: QtBot, served_home: Home, tmp_path: Path, open_shell: ShellMaker
) -> None:
    from longshore.projects import opening

    opening.open_project(served_home, dvc_project(tmp_path / "steps"))
    dialog = open_dialog(qtbot, open_shell(served_home, page="home"), entry_point="dvc.yaml")
    assert dialog._names._command_note.text() == "dvc repro, 3 steps"
    assert set(dialog._form._fields) == {"prepare.rows", "train.alpha"}
    assert not dialog._target.button("docker").isEnabled()
    rows = dialog._parameters.rows
    rows._add.click()
    rows._rows[0].name.setText("train.alpha")
    assert dialog.confirm_button.toolTip() == "train.alpha is declared: it has a field above."
    rows._rows[0].name.setText("train.beta")
    rows._rows[0].value.setText("0.5 0.6")
    assert words(dialog) == ["longshore", "run", "steps", "dvc.yaml", "-P", "train.beta=0.5 0.6"]
    assert dialog._changed.text() == "1 changed"
    dialog._names.entry.choose("train")
    assert dialog._target.button("docker").isEnabled()
    dialog.reject()


def test_that_few_choices_and_switches_are_changed_by_keys(qtbot: QtBot, shell: Shell, project: Path) -> None:
    script = (project / "main.py").read_text()
    (project / "main.py").write_text(
        script.replace("if __name__", "p.add_argument('--amp', action='store_true')\nif __name__")
    )
    dialog = open_dialog(qtbot, shell)
    qtbot.keyClick(dialog._form._fields["kind"]._edit, Qt.Key.Key_Right)
    qtbot.keyClick(dialog._form._fields["amp"]._edit, Qt.Key.Key_Space)
    assert words(dialog)[-4:] == ["-P", "kind=line", "-P", "amp=true"]
    dialog._reset()
    assert words(dialog) == ["longshore", "run", "forest", "main"]
    dialog.reject()
