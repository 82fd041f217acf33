"""What stands in the preview for a folder: what a model is, a grid of images in the order of their steps, or how much there is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QListWidget, QListWidgetItem, QScrollArea, QVBoxLayout, QWidget

from longshore.ui.theme.fonts import font, grown
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.facts import Fact, FactGrid, Mono
from longshore.ui.widgets.states import EmptyState
from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.tracking.artifact_folders import FolderPreview
    from longshore.tracking.content.image_steps import StepImage
    from longshore.tracking.content.model_folder import ModelFolder

# Units: device-independent pixels.
THUMB = QSize(132, 96)
_CELL = QSize(148, 124)
MOST_IMAGES = 60
_PATH = Qt.ItemDataRole.UserRole
_SHOWN_REQUIREMENTS = 40


def folder_facts(found: FolderPreview) -> tuple[str, ...]:
    """Say how much a folder holds, for the line beside its name."""
    many = "" if found.whole else "more than "
    words = "1 file" if found.files == 1 else f"{found.files:,} files"
    return (f"{many}{words}", f"{many}{size(found.size_bytes)}")


def folder_view(found: FolderPreview) -> QWidget:
    """Give the widget that shows a folder."""
    if found.model is not None:
        return ModelView(found.model)
    if found.images:
        return ImageGrid(found.images)
    if not found.files:
        return EmptyState("folder", "An empty folder", "What the run logs into it stands here.")
    return EmptyState("folder", "A folder", "Choose a file in it to see its content.")


class ModelView(QScrollArea):
    """A model as its files describe it."""

    def __init__(self, model: ModelFolder) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Model")
        body = QWidget()
        column = vertical(body, (16, 12, 16, 12), 8)
        facts: list[Fact] = [("Flavors" if place == 0 else " ", each) for place, each in enumerate(model.flavors)]
        facts += [("Python", model.python), ("MLflow", model.mlflow), ("Logged", model.created)]
        facts.append(("Model id", Mono(model.model_id)))
        column.addWidget(FactGrid(facts, name_width=84))
        for title, fields in (("Inputs", model.inputs), ("Outputs", model.outputs), ("Parameters", model.params)):
            self._add(column, title, fields)
        if not (model.inputs or model.outputs):
            column.addWidget(label("No signature was logged with it.", "small", "secondary", wrap=True))
        self._add(column, "Requirements", model.requirements[:_SHOWN_REQUIREMENTS])
        column.addStretch(1)
        self.setWidget(body)

    def _add(self, column: QVBoxLayout, title: str, lines: Sequence[str]) -> None:
        if not lines:
            return
        column.addWidget(label(title, "smallStrong"))
        words = label("\n".join(lines), "mono", wrap=True, select=True)
        words.setAccessibleName(f"{title}: {', '.join(lines)}")
        column.addWidget(words)


class ImageGrid(QListWidget):
    """Small pictures with the name and step of each; the pictures come later, one by one."""

    image_chosen = Signal(str)

    def __init__(self, images: Sequence[StepImage]) -> None:
        super().__init__()
        self.shown = spread(images, MOST_IMAGES)
        self.all_images = len(images)
        self.setAccessibleName("Images")
        self.setViewMode(QListView.ViewMode.IconMode)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setUniformItemSizes(True)
        self.setIconSize(THUMB)
        self.setGridSize(QSize(_CELL.width(), grown(_CELL.height())))
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setFont(font("small"))
        several = len({image.name for image in images}) > 1
        waiting = QPixmap(THUMB)
        waiting.fill(Qt.GlobalColor.transparent)
        for image in self.shown:
            item = QListWidgetItem(QIcon(waiting), caption(image, with_name=several))
            item.setData(_PATH, image.path)
            item.setToolTip(f"{image.path}\n{size(image.size_bytes)}".strip())
            item.setSizeHint(_CELL)
            self.addItem(item)
        self.itemActivated.connect(self._choose)
        self.itemClicked.connect(self._choose)

    def _choose(self, item: QListWidgetItem) -> None:
        self.image_chosen.emit(item.data(_PATH))

    def show_image(self, path: str, image: QImage | None) -> None:
        """Put a picture in its place; None where it can't be shown."""
        for row in range(self.count()):
            item = self.item(row)
            if item.data(_PATH) == path:
                if image is None:
                    item.setText(f"{item.text()} (not shown)")
                else:
                    item.setIcon(QIcon(_in_frame(image, self.devicePixelRatioF())))
                return


def caption(image: StepImage, *, with_name: bool) -> str:
    """Give the words below a picture: its step, and its name where the folder holds more than one series."""
    if image.step is None:
        return image.name
    return f"{image.name}, step {image.step:,}" if with_name else f"step {image.step:,}"


def spread(images: Sequence[StepImage], most: int) -> tuple[StepImage, ...]:
    """Give at most so many images, evenly over all steps, the first and the last among them."""
    if len(images) <= most:
        return tuple(images)
    return tuple(images[round(place * (len(images) - 1) / (most - 1))] for place in range(most))


def _in_frame(image: QImage, ratio: float) -> QPixmap:
    """Put a picture into the middle of its place, so that all places are alike."""
    room = THUMB * ratio
    small = image.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
    made = QPixmap(room)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.drawImage((room.width() - small.width()) // 2, (room.height() - small.height()) // 2, small)
    painter.end()
    made.setDevicePixelRatio(ratio)
    return made
