"""Images of compared runs side by side: one scale for all, steps with a slider, and images that are better not decoded."""

from __future__ import annotations

import struct
import uuid
import zlib
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QColor, QImage, QPixmap
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.tracking.comparing.files import FileLine
from longshore.tracking.comparing.places import RunAt
from longshore.ui.pages.compare_files import FilesTab
from longshore.ui.pages.compare_images import CompareImages
from longshore.ui.pages.runs import RunsPage
from longshore.ui.shell.app import Shell
from longshore.ui.shell.context import ProjectRef
from longshore.ui.widgets.artifact_decode import Shown, decode_image
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.image_grid import GridImage, ImageGrid
from longshore.ui.widgets.states import Banner
from tests.support.cut_off_server import cut_off_server
from tests.ui.conftest import ShellMaker

SHADES = {0: "red", 10: "blue", 20: "green"}


def png(shade: str, width: int = 40, height: int = 30) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(shade))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]
    return bytes(buffer.data().data())


def bomb(side: int = 60_000) -> bytes:
    """Give a PNG of a few bytes that would decode to gigabytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def logged(key: str, step: int) -> str:
    """Name an image as `mlflow.log_image` does: no two runs have the same name."""
    return f"images/{key}+step+{step}+timestamp+{1_760_000_000_000 + step}+{uuid.uuid4()}"


@dataclass(frozen=True)
class Made:
    project: str
    ids: tuple[str, ...]


@pytest.fixture(scope="module")
def made(client: Client) -> Made:
    """Three runs with one image of the same path, and samples of steps 0 to 20; the last run begins at step 10."""
    project = f"images-{uuid.uuid4().hex[:6]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    ids = []
    for number in range(3):
        run = runs.create(client, experiment.id, name=f"elm-{number}")
        files: dict[str, object] = {"plot.png": png("red", 40 * (number + 1), 30 * (number + 1))}
        for step in list(SHADES)[number // 2 :]:
            name = logged("samples", step)
            files |= {f"{name}.png": png(SHADES[step]), f"{name}+compressed.webp": b"RIFF"}
        files["mixed.png"] = bomb() if number == 1 else png("blue")
        artifacts.upload_many(client, run.id, files)  # type: ignore[arg-type]
        runs.update(client, run.id, status="FINISHED")
        ids.append(run.id)
    return Made(project, tuple(ids))


def open_files(shell: Shell, made: Made, qtbot: QtBot) -> FilesTab:
    shell.context.show_project(ProjectRef("p1", made.project, "/nowhere"))
    shell.context.open("runs")
    page = shell.window.page_of("runs")
    assert isinstance(page, RunsPage)
    page.comparing.compare_runs([RunAt(run_id) for run_id in made.ids])
    panel = page.compare_panel
    qtbot.waitUntil(lambda: panel._compared is not None, timeout=30_000)
    panel._choose("files")
    files = panel._parts["files"]
    assert isinstance(files, FilesTab)
    qtbot.waitUntil(lambda: files.table is not None, timeout=30_000)
    return files


@pytest.fixture
def files(served_home: Home, made: Made, open_shell: ShellMaker, qtbot: QtBot) -> FilesTab:
    return open_files(open_shell(served_home), made, qtbot)


def choose(files: FilesTab, path: str, qtbot: QtBot, pictures: int = 3) -> CompareImages:
    assert files.table is not None
    ids = [row.id for row in files.table.rows.rows]
    files.table.selectRow(ids.index(path))
    qtbot.waitUntil(lambda: shown(files) is not None, timeout=20_000)
    found = shown(files)
    assert found is not None
    qtbot.waitUntil(lambda: len(found.grid.images) == pictures, timeout=20_000)
    return found


def shown(files: FilesTab) -> CompareImages | None:
    return next((each for each in files.findChildren(CompareImages) if each.isVisible()), None)


def shades(found: CompareImages) -> list[str]:
    names = {QColor(shade).rgb(): shade for shade in SHADES.values()}
    return [names[image._image.pixelColor(5, 5).rgb()] for image in found.grid.images]


def said(widget: QWidget) -> str:
    return "\n".join(each.text() for each in widget.findChildren(QLabel) if each.isVisible())


def test_that_images_of_one_path_stand_side_by_side_at_one_scale(files: FilesTab, qtbot: QtBot) -> None:
    found = choose(files, "plot.png", qtbot)
    qtbot.waitUntil(lambda: len({image.scale for image in found.grid.images}) == 1)
    assert [image.natural.width() for image in found.grid.images] == [40, 80, 120]
    assert not found.controls.isVisible(), "one image has no steps"
    assert "40 x 30 pixels" in said(found)


def test_that_logged_images_are_one_line_and_the_slider_goes_through_their_steps(files: FilesTab, qtbot: QtBot) -> None:
    assert files.table is not None
    names = [row.cells[0] for row in files.table.rows.rows]
    assert "images/samples, 3 steps" in names
    assert not any("timestamp" in name for name in names), "neither the images of each step nor the small copies"
    found = choose(files, "images/samples", qtbot)
    assert shades(found) == ["green"] * 3
    assert found.words.text() == "20 of 0 to 20"
    qtbot.keyClick(found.slider, Qt.Key.Key_Left)
    qtbot.waitUntil(lambda: shades(found) == ["blue"] * 3, timeout=20_000)
    qtbot.keyClick(found.slider, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: len(found.grid.images) == 2, timeout=20_000)
    assert shades(found) == ["red"] * 2
    assert "Its first image is of step 10." in said(found)
    qtbot.keyClick(found.slider, Qt.Key.Key_End)
    qtbot.waitUntil(lambda: len(found.grid.images) == 3, timeout=20_000)


def test_that_an_image_bomb_is_not_decoded_and_the_others_are_shown(files: FilesTab, qtbot: QtBot) -> None:
    found = choose(files, "mixed.png", qtbot, pictures=2)
    assert "This image is too large for a preview." in said(found)
    assert "60,000 x 60,000 pixels" in said(found)


def test_that_the_pictures_of_the_step_before_stay_while_the_server_is_away(
    home: Home, made: Made, tracking_server: str, open_shell: ShellMaker, qtbot: QtBot
) -> None:
    from longshore.store import workspaces

    with cut_off_server(tracking_server) as door:
        workspaces.add(home, name="team", url=f"http://127.0.0.1:{door.port}")
        workspaces.use(home, "team")
        files = open_files(open_shell(home), made, qtbot)
        found = choose(files, "images/samples", qtbot)
        door.cut()
        found.slider.setValue(1)
        qtbot.waitUntil(lambda: bool(found.findChildren(Banner)), timeout=30_000)
        assert shades(found) == ["green"] * 3
        door.mend()
        next(each for each in found.findChildren(Button) if each.text() == "Retry").click()
        qtbot.waitUntil(lambda: shades(found) == ["blue"] * 3, timeout=30_000)


def test_that_images_at_hand_are_forgotten_before_they_fill_the_memory(
    files: FilesTab, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from longshore.ui.pages import compare_images

    monkeypatch.setattr(compare_images, "_MOST_KEPT", 40 * 30 * 4)
    found = choose(files, "images/samples", qtbot)
    for place in (1, 0, 1, 2):
        found.slider.setValue(place)
        qtbot.waitUntil(lambda place=place: shades(found)[0] == list(SHADES.values())[place], timeout=20_000)
        assert len(found._kept) <= 4


def test_that_a_wide_and_a_high_image_fit_their_places_and_small_ones_are_made_larger(qtbot: QtBot) -> None:
    grid = ImageGrid("images")
    qtbot.addWidget(grid)
    grid.resize(660, 400)
    grid.show()
    place = lambda shown: GridImage(QPixmap(20, 12), "elm", (), shown)  # noqa: E731
    grid.show_images([place(decode_image(png("red", 4000, 100))), place(decode_image(png("blue", 100, 3000)))])
    assert {image.scale for image in grid.images} == {min(324 / 4000, (400 - 44) / 3000)}
    grid.show_images([place(decode_image(png("red", 28, 28)))] * 2)
    assert {image.scale for image in grid.images} == {4.0}
    grid.show_images([GridImage(QPixmap(20, 12), "e" * 300, ("step 3",), Shown("none", title="It is gone", why="x"))])
    assert grid.images == []
    grid.grab()


def test_that_series_and_files_are_told_apart() -> None:
    from longshore.tracking.comparing.files import lines_of

    one, two = logged("a", 1) + ".png", logged("a", 1) + ".png"
    lines = lines_of(
        {"x": [(one, 5), ("p.png", 1), ("fold1.png", 2), ("v2.png", 3)], "y": [(two, 5), ("fold2.png", 2)]}
    )
    assert {line.path: line.state for line in lines} == {
        "images/a": "alike",
        "p.png": "missing",
        "fold1.png": "missing",
        "fold2.png": "missing",
        "v2.png": "missing",
    }
    assert isinstance(lines[0], FileLine)
    assert lines[0].steps == (1,)
