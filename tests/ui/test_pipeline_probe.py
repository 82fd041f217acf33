"""A pipeline whose steps only the project's own code can tell: asked once the folder is trusted, in the background."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from longshore.projects import adapters, probing, trust
from longshore.projects import opening as folders
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint
from longshore.projects.opening import open_project
from longshore.projects.pipeline import Described, Pipeline, Step
from longshore.settings import Home
from longshore.ui.pages.pipeline import PipelinePage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.states import Banner
from tests.support.pipelines import write
from tests.ui.conftest import ShellMaker

PROBE = """
    import json, sys
    sys.path.insert(0, ".")
    answer, pipeline = sys.argv[1:]
    try:
        import flow
        found = {"steps": flow.steps, "of": pipeline}
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"}
    json.dump(found, open(answer, "w"))
"""


def small_framework() -> Any:
    """A framework of our own: `flow.py` names its steps when it is imported, its text names the first alone."""

    def describe(_folder: Folder, _problems: list[str]) -> Described:
        first = Pipeline("flow", "small", "flow.py", (Step("start", source="flow.py"),), complete=False)
        return Described((EntryPoint("flow", "run flow", source="flow.py", framework="small"),), (first,))

    def merge(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
        names = [str(one) for one in answer["steps"]]
        steps = tuple(Step(name, after=tuple(names[place - 1 : place])) for place, name in enumerate(names))
        return replace(pipeline, steps=steps, complete=True)

    def probe_arguments(pipeline: Pipeline) -> tuple[str, ...]:
        return (pipeline.name,)

    return SimpleNamespace(NAME="small", detect=lambda folder: "flow.py" in folder, describe=describe, merge=merge,
                           probe_arguments=probe_arguments)  # fmt: skip


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shell:
    monkeypatch.delenv("LONGSHORE_TRUST")
    made = small_framework()
    monkeypatch.setattr(folders, "ADAPTERS", (made, *adapters.ADAPTERS))
    monkeypatch.setattr(adapters, "BY_NAME", {**adapters.BY_NAME, "small": made})
    write(tmp_path / "resources" / "frameworks" / "small", {"probe.py": PROBE})
    monkeypatch.setattr(probing, "resources_dir", lambda: tmp_path / "resources")
    return open_shell(served_home)


def show(qtbot: QtBot, shell: Shell, home: Home, folder: Path, text: str) -> PipelinePage:
    info = open_project(home, write(folder, {"flow.py": text}))
    shell.context.show_project(ProjectRef(info.id, info.name, info.path))
    shell.context.open("pipeline")
    page = shell.window.page_of("pipeline")
    assert isinstance(page, PipelinePage)
    qtbot.waitUntil(lambda: page.ready and page.seen is not None, timeout=20_000)
    return page


def said(page: PipelinePage) -> str:
    banners = [one for one in page.findChildren(Banner) if one.isVisible()]
    return " ".join(label.text() for one in banners for label in one.findChildren(QLabel))


def cards(page: PipelinePage) -> list[str]:
    return [card.id for card in page.graph.picture.cards]


def test_that_the_rest_of_the_graph_comes_once_the_folder_is_trusted(
    qtbot: QtBot, shell: Shell, served_home: Home, tmp_path: Path
) -> None:
    page = show(qtbot, shell, served_home, tmp_path / "p", "steps = ['start', 'middle', 'end']\n")
    assert cards(page) == ["start"]
    assert "Its own code can tell the rest." in said(page)
    trust.trust(served_home, tmp_path / "p")
    page.refresh()
    qtbot.waitUntil(lambda: cards(page) == ["start", "middle", "end"], timeout=120_000)
    qtbot.waitUntil(lambda: said(page) == "", timeout=20_000)


def test_that_code_that_cannot_be_imported_is_told_while_the_graph_stays(
    qtbot: QtBot, shell: Shell, served_home: Home, tmp_path: Path
) -> None:
    trust.trust(served_home, tmp_path / "p")
    page = show(qtbot, shell, served_home, tmp_path / "p", "import nowhere\n")
    qtbot.waitUntil(lambda: "No module named 'nowhere'" in said(page), timeout=120_000)
    assert "Add the package" in said(page)
    assert cards(page) == ["start"]
    write(tmp_path / "p", {"flow.py": "steps = ['start', 'end']\n"})
    again = next(one for one in page.findChildren(QPushButton) if one.text() == "Try again")
    qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: cards(page) == ["start", "end"], timeout=120_000)


def test_that_reading_it_can_be_cancelled_and_taken_up_again(
    qtbot: QtBot, shell: Shell, served_home: Home, tmp_path: Path
) -> None:
    trust.trust(served_home, tmp_path / "p")
    page = show(qtbot, shell, served_home, tmp_path / "p", "import time\ntime.sleep(600)\n")
    qtbot.waitUntil(lambda: "is being read" in said(page), timeout=20_000)
    cancel = next(one for one in page.findChildren(QPushButton) if one.text() == "Cancel")
    qtbot.mouseClick(cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "is not shown" in said(page), timeout=20_000)
    qtbot.waitUntil(lambda: shell.runner.idle, timeout=120_000)
    assert cards(page) == ["start"]
