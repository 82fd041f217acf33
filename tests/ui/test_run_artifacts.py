"""A run's artifacts on its page: folders, image series, opening in another program, dragging, downloading."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QPushButton, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import artifacts as rest
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.tracking.artifacts import Entry
from longshore.ui.pages.run import RunPage
from longshore.ui.pages.run_artifacts import ArtifactActions, mime_of
from longshore.ui.widgets.artifact_content import ImageView
from longshore.ui.widgets.artifact_folder import MOST_IMAGES, ImageGrid, ModelView, spread
from longshore.ui.widgets.code_text import CodeText
from tests.tracking.content.test_facts import MLMODEL
from tests.ui.conftest import ShellMaker, shown_run_page
from tests.ui.test_artifact_kinds import picture


@pytest.fixture
def page(served_home: Home, open_shell: ShellMaker, client: Client, qtbot: QtBot) -> RunPage:
    """The page of a run with folders."""
    shell = open_shell(served_home, page="home")
    run = runs.create(client, experiments.ensure(client, f"files-{uuid.uuid4().hex[:6]}", {}).id, name="with-folders")
    files: dict[str, bytes | Path] = {f"plots/loss_{n}.png": picture(Qt.GlobalColor.blue) for n in (10, 2, 30)}
    files |= {
        "plots/broken_1.png": b"no image",
        "model/MLmodel": MLMODEL.encode(),
        "model/requirements.txt": b"skops\n",
    }
    files |= {"report.html": b"<p>x</p>", "run.sh": b"echo no", "notes.txt": b"words"}
    rest.upload_many(client, run.id, files)
    runs.update(client, run.id, status="FINISHED")
    shell.context.open("run", run_id=run.id)
    made = shown_run_page(shell)
    qtbot.waitUntil(lambda: made.side.tree.topLevelItemCount() == 5, timeout=20_000)
    return made


def choose(page: RunPage, name: str) -> QTreeWidgetItem:
    (found,) = page.side.tree.findItems(name, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    page.side.tree.setCurrentItem(found)
    return found


def entry(page: RunPage, name: str) -> Entry:
    return next(each for each in page.side._root or () if each.name == name)


def buttons(page: RunPage, tip: str) -> list[QPushButton]:
    found = page.side.preview.findChildren(QPushButton)
    return [each for each in found if each.toolTip() == tip and each.isVisible()]


def button(page: RunPage, tip: str) -> QPushButton:
    (found,) = buttons(page, tip)
    return found


def doing(page: RunPage) -> ArtifactActions:
    return page.side.actions_of_artifacts


def test_that_a_models_folder_shows_what_the_model_is(qtbot: QtBot, page: RunPage) -> None:
    choose(page, "model")
    qtbot.waitUntil(lambda: page.side.preview.findChild(ModelView) is not None, timeout=20_000)
    words = [
        each.accessibleName()
        for each in page.side.preview.findChild(ModelView).findChildren(QObject)
        if hasattr(each, "accessibleName")
    ]
    assert "Inputs: age: long, fare: double, optional" in words
    assert "Requirements: skops" in words
    assert page.side.preview.facts.text().startswith("2 files")


def test_that_images_of_a_folder_are_a_grid_and_each_leads_to_the_next(qtbot: QtBot, page: RunPage) -> None:
    choose(page, "plots")
    qtbot.waitUntil(lambda: page.side.preview.findChild(ImageGrid) is not None, timeout=20_000)
    grid = page.side.preview.findChild(ImageGrid)
    captions = [grid.item(row).text() for row in range(grid.count())]
    assert captions == ["broken, step 1", "loss, step 2", "loss, step 10", "loss, step 30"]
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    assert grid.item(0).text() == "broken, step 1 (not shown)"
    middle = grid.item(1).icon().pixmap(132, 96).toImage()
    assert middle.pixelColor(middle.width() // 2, middle.height() // 2) == Qt.GlobalColor.blue
    grid.itemActivated.emit(grid.item(2))
    qtbot.waitUntil(lambda: page.side.preview.findChild(ImageView) is not None, timeout=20_000)
    qtbot.waitUntil(lambda: len(buttons(page, "Next image")) == 1, timeout=20_000)
    button(page, "Next image").click()
    qtbot.waitUntil(lambda: [each.isEnabled() for each in buttons(page, "Next image")] == [False], timeout=20_000)
    assert button(page, "Previous image").isEnabled()
    button(page, "All images of the folder").click()
    qtbot.waitUntil(lambda: any(each.isVisible() for each in page.side.preview.findChildren(ImageGrid)), timeout=20_000)


def test_that_of_many_images_the_first_the_last_and_some_between_are_shown() -> None:
    from longshore.tracking.content.image_steps import StepImage

    shown = spread([StepImage(f"{n}.png", "x", n) for n in range(1_000)], MOST_IMAGES)
    assert (len(shown), shown[0].step, shown[-1].step) == (MOST_IMAGES, 0, 999)
    assert len({image.step for image in shown}) == MOST_IMAGES


def test_that_a_file_that_is_chosen_after_a_folder_is_shown(qtbot: QtBot, page: RunPage) -> None:
    choose(page, "plots")
    choose(page, "notes.txt")
    qtbot.waitUntil(lambda: page.side.preview.findChild(CodeText) is not None, timeout=20_000)
    qtbot.waitUntil(lambda: page.context.runner.idle, timeout=20_000)
    assert not [each for each in page.side.preview.findChildren(ImageGrid) if each.isVisible()]


class Opened(QObject):
    """Stands for the system's programs."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[Path] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.files.append(Path(url.toLocalFile()))


@pytest.fixture
def opened() -> Iterator[Opened]:
    handler = Opened()
    QDesktopServices.setUrlHandler("file", handler, "open")
    yield handler
    QDesktopServices.unsetUrlHandler("file")


def test_that_a_copy_of_a_file_is_opened_in_another_program(qtbot: QtBot, page: RunPage, opened: Opened) -> None:
    choose(page, "report.html")
    qtbot.keyClick(page.side.tree, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(opened.files) == 1, timeout=20_000)
    assert (opened.files[0].name, opened.files[0].read_bytes()) == ("report.html", b"<p>x</p>")
    button(page, "Open in another program").click()
    qtbot.waitUntil(lambda: len(opened.files) == 2, timeout=20_000)
    assert opened.files[1] == opened.files[0], "the copy is there already"


def test_that_a_script_is_not_opened_but_its_folder(qtbot: QtBot, page: RunPage, opened: Opened) -> None:
    doing(page).open_outside(entry(page, "run.sh"))
    qtbot.waitUntil(lambda: len(opened.files) == 1, timeout=20_000)
    assert opened.files[0].is_dir()
    assert [each.name for each in opened.files[0].iterdir()] == ["run.sh"]


def test_that_a_file_that_was_let_go_before_it_came_says_when_it_can_be_dragged(qtbot: QtBot, page: RunPage) -> None:
    told: list[str] = []
    page.context.told.connect(lambda _kind, text, _detail: told.append(text))
    choose(page, "notes.txt")
    page.side.tree.startDrag(Qt.DropAction.CopyAction)
    qtbot.waitUntil(lambda: told == ["notes.txt is ready"], timeout=20_000)
    (copy,) = doing(page)._made.values()
    (url,) = mime_of(copy).urls()
    assert Path(url.toLocalFile()).read_bytes() == b"words"


def test_that_a_folder_is_saved_beside_what_is_there(qtbot: QtBot, page: RunPage, tmp_path: Path) -> None:
    told: list[str] = []
    page.context.told.connect(lambda _kind, text, _detail: told.append(text))
    for _ in range(2):
        doing(page).save(entry(page, "plots"), str(tmp_path))
    qtbot.waitUntil(lambda: told == ["Saved plots"] * 2, timeout=20_000)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plots", "plots (2)"]
    assert len(list((tmp_path / "plots (2)").iterdir())) == 4


def test_that_a_folder_to_save_into_is_asked_for(qtbot: QtBot, page: RunPage) -> None:
    choose(page, "plots")
    qtbot.waitUntil(lambda: page.side.preview.findChild(ImageGrid) is not None, timeout=20_000)
    button(page, "Download…").click()
    dialog = page.window().findChild(QFileDialog)
    assert dialog is not None
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.close()
