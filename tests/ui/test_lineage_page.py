"""The lineage page on a real server's facts: graph, inspector, depth, filter, search, list, export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from longshore.settings import Home
from longshore.ui.pages.lineage import LineagePage
from longshore.ui.shell.app import Shell
from tests.lineage.conftest import Story
from tests.lineage.conftest import story as story
from tests.ui.conftest import ShellMaker


@pytest.fixture
def shell(served_home: Home, open_shell: ShellMaker) -> Shell:
    return open_shell(served_home)


def open_page(qtbot: QtBot, shell: Shell, reference: str) -> LineagePage:
    shell.context.open("lineage", reference=reference)
    page = shell.window.page_of("lineage")
    assert isinstance(page, LineagePage)
    qtbot.waitUntil(lambda: bool(page.graph.picture.card(page.graph.current)), timeout=20_000)
    return page


def words(widget: object) -> str:
    labels = [label.text() for label in widget.findChildren(QLabel)]  # type: ignore[attr-defined]
    return "\n".join(labels + [button.text() for button in widget.findChildren(QPushButton)])  # type: ignore[attr-defined]


def test_that_the_thing_in_the_middle_is_selected_and_explained(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    assert page.graph.current == story.model
    said = words(page.inspector)
    assert "Produced by run" in said
    assert "train-1" in said
    assert "At commit, with changes," in said
    assert "Deployed as" in said
    assert "1 deployment depends on it." in said
    assert shell.window.page is page


def test_that_the_arrow_keys_walk_and_the_inspector_follows(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    qtbot.keyClick(page.graph, Qt.Key.Key_Right)
    assert page.graph.current == story.deployment
    assert "Open deployment" in words(page.inspector)
    qtbot.keyClick(page.graph, Qt.Key.Key_Left)
    qtbot.keyClick(page.graph, Qt.Key.Key_Left)
    assert page.graph.current == story.train


def test_that_what_is_off_the_focused_path_is_dimmed_until_f_is_pressed(
    qtbot: QtBot, shell: Shell, story: Story
) -> None:
    page = open_page(qtbot, shell, story.clean)
    qtbot.waitUntil(lambda: story.other in {card.id for card in page.graph.picture.cards})
    page.graph.select(story.model)
    assert story.other in page.graph.dimmed
    assert story.train not in page.graph.dimmed
    qtbot.keyClick(page.graph, Qt.Key.Key_F)
    assert not page.graph.dimmed


def test_that_the_depth_can_be_lowered_and_the_rest_is_counted(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    page.toolbar.up.setValue(1)
    qtbot.waitUntil(lambda: page.graph.picture.card(story.clean) is None, timeout=20_000)
    train = page.graph.picture.card(story.train)
    assert train is not None
    assert train.before == 3, "data, commit and environment are one step further"
    qtbot.keyClick(page.graph, Qt.Key.Key_BracketRight)
    qtbot.waitUntil(lambda: page.graph.picture.card(story.clean) is not None, timeout=20_000)


def test_that_a_kind_can_be_left_out(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    chip = page.toolbar.chips["code"]
    assert chip.accessibleName() == "Code, 1"
    qtbot.mouseClick(chip, Qt.MouseButton.LeftButton)
    assert page.graph.hidden == {story.commit}


def test_that_a_search_selects_what_it_finds_and_tells_how_many(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    qtbot.keyClicks(page.toolbar.search, "clean")
    assert page.graph.current == story.clean
    qtbot.keyClick(page.toolbar.search, Qt.Key.Key_Escape)
    assert page.toolbar.search.text() == ""


def test_that_the_list_says_the_same_as_the_graph(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    ModelTester(page.list.model())
    page.toggle_list()
    assert page.list.isVisible()
    model = page.list.model()
    rows = {model.index(row, 1).data(): model.index(row, 4).data() for row in range(model.rowCount())}
    assert len(rows) == len(page.graph.picture.cards)
    assert rows["train-1"].startswith("price-")


def test_that_center_here_draws_the_graph_around_the_selected_thing(qtbot: QtBot, shell: Shell, story: Story) -> None:
    page = open_page(qtbot, shell, story.model)
    page.graph.select(story.clean)
    button = next(one for one in page.inspector.findChildren(QPushButton) if one.text() == "Center here")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: page.graph.picture.card(story.other) is not None, timeout=20_000)
    assert page.graph.current == story.clean
    shell.context.back()
    qtbot.waitUntil(lambda: page.graph.current == story.model, timeout=20_000)


@pytest.mark.parametrize(
    ("name", "sign"), [("a.json", '"focus"'), ("a.svg", "<svg"), ("a.openlineage.json", "eventType")]
)
def test_that_the_graph_is_written_in_the_form_that_the_name_says(
    qtbot: QtBot, shell: Shell, story: Story, tmp_path: Path, name: str, sign: str
) -> None:
    page = open_page(qtbot, shell, story.model)
    file = tmp_path / name
    page.export_to(str(file))
    # It is there a moment before it is written.
    qtbot.waitUntil(lambda: file.exists() and sign in file.read_text("utf-8"), timeout=20_000)
    text = file.read_text("utf-8")
    if name.endswith("json"):
        json.loads(text)


def test_that_a_thing_that_is_not_there_is_named_with_the_next_step(qtbot: QtBot, shell: Shell, story: Story) -> None:
    shell.context.open("lineage", reference="model:no-such-model/1")
    page = shell.window.page_of("lineage")
    qtbot.waitUntil(lambda: "no-such-model" in words(page), timeout=20_000)
    assert "Try again" in words(page)


def test_that_a_project_without_runs_is_told_what_belongs_here(
    qtbot: QtBot, shell: Shell, project: Path, served_home: Home
) -> None:
    from longshore.store import projects
    from longshore.ui.shell.context import ProjectRef

    one = projects.listing(served_home)[0]
    shell.context.show_project(ProjectRef(one.id, "nobody-uses-this-name", one.path))
    shell.context.open("lineage")
    page = shell.window.page_of("lineage")
    qtbot.waitUntil(lambda: "No lineage yet" in words(page), timeout=20_000)
    assert "Launch run…" in words(page)


def test_that_a_reference_can_be_chosen_from_a_list(qtbot: QtBot, shell: Shell, story: Story) -> None:
    from longshore.ui.pages.lineage_chooser import Chooser

    page = open_page(qtbot, shell, story.model)
    page.choose()
    dialog = shell.window.findChild(Chooser)
    assert dialog is not None
    qtbot.waitUntil(lambda: dialog.list.count() > 0, timeout=20_000)
    dialog.search.setText(story.deployment)
    qtbot.waitUntil(lambda: dialog.list.count() == 1)
    qtbot.keyClick(dialog.search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: page.graph.current == story.deployment, timeout=20_000)
