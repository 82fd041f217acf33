"""Launching a run again from its page: at once, or after the dialog; from its code, or saying that it is today's."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from longshore.jobs import launching
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.projects import opening
from longshore.settings import Home
from longshore.store import jobs
from longshore.store.records import Job
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.shell.launch_dialog import LaunchDialog
from tests.jobs.test_code_state import SCRIPT, change_since
from tests.projects.test_checkout import git
from tests.support.launching import log_of, make_project
from tests.ui.conftest import ShellMaker, shown_run_page


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = make_project(tmp_path / "forest", SCRIPT.format(which="committed"))
    git(folder, "init", "-q", "-b", "main")
    (folder / ".gitignore").write_text("data.csv\n")
    (folder / "data.csv").write_text("1,2\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "first")
    return folder


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker, project: Path) -> Shell:
    made = open_shell(served_home, page="home")
    info = opening.open_project(made.home, project)
    made.context.show_project(ProjectRef(info.id, info.name, str(info.path)))
    return made


def launched(shell: Shell, qtbot: QtBot, project: Path) -> Job:
    """A run that ended, after which the code went on; its page is shown."""
    job = launching.launch(shell.home, str(project), parameters={"depth": "7"})
    qtbot.waitUntil(lambda: jobs.get(shell.home, job.id).ended, timeout=60_000)
    change_since(project)
    shell.context.open("run", job_id=job.id)
    shown_run_page(shell)
    qtbot.waitUntil(lambda: "Launch again" in titles(shell), timeout=20_000)
    return jobs.get(shell.home, job.id)


def titles(shell: Shell) -> list[str]:
    return [action.title for action in shell.window.actions_registry.available()]


def act(shell: Shell, title: str) -> None:
    next(action for action in shell.window.actions_registry.available() if action.title == title).run()


def other_job(shell: Shell, first: Job) -> Job | None:
    return next((job for job in jobs.listing(shell.home) if job.id != first.id), None)


def test_that_one_click_launches_a_run_again_from_its_code(qtbot: QtBot, shell: Shell, project: Path) -> None:
    first = launched(shell, qtbot, project)
    told: list[str] = []
    shell.context.told.connect(lambda _kind, text, detail: told.append(f"{text}: {detail}"))
    act(shell, "Launch again")
    qtbot.waitUntil(lambda: other_job(shell, first) is not None, timeout=20_000)
    again = other_job(shell, first)
    assert again is not None
    qtbot.waitUntil(lambda: jobs.get(shell.home, again.id).ended, timeout=60_000)
    assert "committed 7 1,2" in log_of(jobs.get(shell.home, again.id))
    assert any("With commit " in each for each in told)
    assert shell.context.place is not None
    assert shell.context.place.arguments["job_id"] == again.id


@pytest.mark.parametrize("old_code", [True, False])
def test_that_the_dialog_starts_from_the_code_of_the_run_unless_somebody_says_no(
    qtbot: QtBot, shell: Shell, project: Path, old_code: bool
) -> None:
    first = launched(shell, qtbot, project)
    act(shell, "Edit and launch…")
    dialog = shell.window.findChild(LaunchDialog)
    qtbot.waitUntil(lambda: hasattr(dialog, "_old_code") and dialog.confirm_button.isEnabled(), timeout=20_000)
    assert dialog._old_code.isChecked()
    assert dialog._old_code.text().startswith("From the code of that run: commit ")
    assert f"--code-of {first.id}" in dialog._command.text()
    dialog._old_code.setChecked(old_code)
    assert ("--code-of" in dialog._command.text()) == old_code
    assert dialog._form.values() == {"depth": "7"}
    dialog.confirmed()
    qtbot.waitUntil(lambda: other_job(shell, first) is not None, timeout=20_000)
    again = other_job(shell, first)
    assert again is not None
    qtbot.waitUntil(lambda: jobs.get(shell.home, again.id).ended, timeout=60_000)
    assert ("committed 7" if old_code else "today 7") in log_of(jobs.get(shell.home, again.id))


def test_that_the_dialog_says_when_the_code_is_todays(qtbot: QtBot, shell: Shell, project: Path) -> None:
    first = launched(shell, qtbot, project)
    code = Path(first.folder) / "capture" / "code.json"
    code.write_text(code.read_text().replace(git(project, "rev-parse", "HEAD~1"), "0" * 40))
    act(shell, "Edit and launch…")
    dialog = shell.window.findChild(LaunchDialog)
    qtbot.waitUntil(lambda: hasattr(dialog, "_old_code") and dialog.confirm_button.isEnabled(), timeout=20_000)
    words = [each.text() for each in dialog._uses.findChildren(QLabel)]
    assert "Code: today's" in words
    assert "The commit 0000000 is not in the project's repository." in words
    dialog.reject()


def test_that_a_run_that_was_made_elsewhere_says_how_to_launch_it(qtbot: QtBot, shell: Shell, client: Client) -> None:
    experiment = experiments.ensure(client, f"elsewhere-{uuid.uuid4().hex[:6]}", {})
    run = runs.create(client, experiment.id, name="from-a-notebook")
    runs.update(client, run.id, status="FINISHED")
    shell.context.open("run", run_id=run.id)
    shown_run_page(shell)
    qtbot.waitUntil(lambda: "Launch again" in titles(shell), timeout=20_000)
    act(shell, "Launch again")
    words = lambda: [each.text() for each in shell.window.findChildren(QLabel)]  # noqa: E731
    qtbot.waitUntil(
        lambda: any("was not launched by Longshore, so its entry" in each for each in words()), timeout=20_000
    )
    assert not [each for each in shell.window.findChildren(QPushButton) if each.text() == "Launching…"]
