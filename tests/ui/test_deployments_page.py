"""Deployments in the real window: from the click to a prediction, and the end of it."""

from __future__ import annotations

import urllib.request
import uuid

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest.client import Client
from longshore.registry import models
from longshore.settings import Home
from longshore.store import deployments
from longshore.ui.pages.deployments import DeploymentsPage
from longshore.ui.pages.models_dialogs import DeployDialog
from longshore.ui.shell.app import Shell
from tests.support.models import MadeModels
from tests.ui.conftest import ShellMaker
from tests.ui.test_models_page import button, show
from tests.ui.test_overview_page import words


def deployments_page(shell: Shell) -> DeploymentsPage:
    page = shell.window.page_of("deployments")
    assert isinstance(page, DeploymentsPage)
    return page


def test_that_a_home_without_deployments_says_what_belongs_here(
    qtbot: QtBot, served_home: Home, open_shell: ShellMaker
) -> None:
    shell = open_shell(served_home, page="deployments")
    page = deployments_page(shell)
    qtbot.waitUntil(lambda: "No deployments yet" in words(page), timeout=30_000)
    assert button(page, "Deploy a model…").isEnabled()


@pytest.mark.docker
@pytest.mark.timeout(600)
def test_that_a_version_is_deployed_with_a_click_tried_and_stopped(
    qtbot: QtBot, served_home: Home, client: Client, logged_models: MadeModels, open_shell: ShellMaker
) -> None:
    name = f"wine-{uuid.uuid4().hex[:6]}"
    models.register(client, logged_models.signed.run_id, name)
    shell, models_page = show(qtbot, open_shell, served_home, name)
    qtbot.mouseClick(button(models_page.panel, "Deploy to Docker…"), Qt.MouseButton.LeftButton)
    dialog = shell.window.findChildren(DeployDialog)[0]
    qtbot.mouseClick(dialog.confirm_button, Qt.MouseButton.LeftButton)
    page = deployments_page(shell)
    qtbot.waitUntil(lambda: shell.window.page is page, timeout=30_000)
    qtbot.waitUntil(lambda: page.row is not None and page.row.deployment.state == "healthy", timeout=400_000)
    url = deployments.get(served_home, name).url
    assert urllib.request.urlopen(f"{url}/ping", timeout=10).status == 200

    qtbot.waitUntil(lambda: bool(page.try_it._inputs), timeout=60_000)
    qtbot.mouseClick(button(page.try_it, "Predict"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Served by" in words(page.try_it), timeout=60_000)
    assert f"{name}/1" in words(page.try_it)

    first = next(iter(page.try_it._inputs.values()))
    first.setText("not a number")  # type: ignore[union-attr]
    qtbot.mouseClick(button(page.try_it, "Predict"), Qt.MouseButton.LeftButton)
    assert "not a number" in page.try_it._error.text()

    page.try_it._switch.choose("json")
    page.try_it._stack.setCurrentIndex(1)
    page.try_it._json.setPlainText('{"dataframe_split": {"columns": ["nothing"], "data": [[1]]}}')
    page.try_it.send()
    qtbot.waitUntil(lambda: "Answer" in words(page.try_it), timeout=60_000)

    qtbot.mouseClick(button(page.view, "Copy curl"), Qt.MouseButton.LeftButton)
    assert f"{url}/invocations" in QGuiApplication.clipboard().text()

    stop = next(action for action in page.actions_now() if action.id == "deployment-stop")
    stop.run()
    confirm = QApplication.activeModalWidget()
    assert confirm is not None
    assert f"Stop {name}?" in words(confirm)
    qtbot.mouseClick(button(confirm, "Stop deployment"), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not deployments.listing(served_home), timeout=120_000)
    qtbot.waitUntil(lambda: "No deployments yet" in words(page), timeout=30_000)
