"""Images of several runs side by side, all at one scale, each under its run's colour and name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QScrollArea, QWidget

from longshore.ui.widgets.artifact_content import ImageView
from longshore.ui.widgets.basic import ElidedLabel, horizontal, label, vertical

if TYPE_CHECKING:
    from longshore.ui.widgets.artifact_decode import Shown

# Units: device-independent pixels.
_LEAST_CELL, _GAP, _HEAD, _LEAST_PICTURE = 200, 12, 44, 96
# Small pictures, such as digits of 28 pixels, are made larger up to so many times.
_LARGEST_SCALE = 4.0


@dataclass(frozen=True, eq=False)
class GridImage:
    """What stands in one place: whose, and what there is of it."""

    swatch: QPixmap
    name: str
    # Such as the step; for the line below the name.
    facts: tuple[str, ...]
    # None: this run has no such image.
    shown: Shown | None
    # Said where there is no picture.
    missing: str = ""


class ScaledImage(ImageView):
    """A picture at a scale that somebody else decides, so that pictures side by side can be compared."""

    def __init__(self, shown: Shown) -> None:
        assert shown.image is not None
        super().__init__(shown.image)
        self.natural = QSize(shown.width_px, shown.height_px)
        self.scale = 1.0
        self.setMinimumHeight(_LEAST_PICTURE)

    def show_scale(self, scale: float) -> None:
        """Draw it at a scale: 1 is a pixel of the file on a pixel of the design."""
        if scale != self.scale:
            self.scale = scale
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        # What is made larger shows its pixels.
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self.scale < 1)
        width, height = self.natural.width() * self.scale, self.natural.height() * self.scale
        painter.drawImage(QRectF(0, 0, width, height), self._image)


class ImageGrid(QScrollArea):
    """As many beside each other as have room, the others below; scrolls up and down only."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self._cells: list[_Cell] = []
        holder = self._holder = QWidget(self)
        self._grid = QGridLayout(holder)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self.setWidget(holder)

    @property
    def images(self) -> list[ScaledImage]:
        """The pictures, in their order."""
        return [cell.image for cell in self._cells if cell.image is not None]

    def show_images(self, images: Sequence[GridImage]) -> None:
        """Show these; a place that goes on showing what it shows stays as it is."""
        if len(images) != len(self._cells):
            for cell in self._cells:
                cell.hide()
                cell.deleteLater()
            self._cells = [_Cell(self._holder) for _ in images]
        for cell, image in zip(self._cells, images, strict=True):
            cell.show_image(image)
        self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _place(self) -> None:
        """Lay the places out, and give all pictures the one scale at which each has room in its place."""
        if not self._cells:
            return
        room = self.viewport().size()
        columns = max(1, min(len(self._cells), (room.width() + _GAP) // (_LEAST_CELL + _GAP)))
        width = (room.width() - _GAP * (columns - 1)) // columns
        rows = -(-len(self._cells) // columns)
        highest = max(_LEAST_PICTURE, room.height() - _HEAD - (_GAP if rows > 1 else 0))
        scale = _LARGEST_SCALE
        for image in self.images:
            scale = min(scale, width / image.natural.width(), highest / image.natural.height())
        scale = float(int(scale)) if scale >= 1 else scale
        for number, cell in enumerate(self._cells):
            self._grid.addWidget(cell, number // columns, number % columns)
            cell.setMaximumWidth(width)
            cell.show_scale(scale)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        # What room is left over lies below all.
        for row in range(self._grid.rowCount() + 1):
            self._grid.setRowStretch(row, 1 if row == rows else 0)


class _Cell(QWidget):
    """One run's place."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.image: ScaledImage | None = None
        self._shown: Shown | None = None
        column = vertical(self, spacing=4)
        head = QWidget(self)
        row = horizontal(head, spacing=6)
        self._mark = label()
        row.addWidget(self._mark)
        self._name = ElidedLabel("", "smallStrong", mode=Qt.TextElideMode.ElideMiddle)
        row.addWidget(self._name, 1)
        column.addWidget(head)
        self._facts = ElidedLabel("", "small", "secondary")
        column.addWidget(self._facts)
        self._words = label("", "small", "secondary", wrap=True)
        column.addWidget(self._words)
        column.addStretch(1)
        self._column = column

    def show_image(self, image: GridImage) -> None:
        """Show another picture, or why there is none."""
        self._mark.setPixmap(image.swatch)
        self._name.setText(image.name)
        shown = image.shown
        facts = (*image.facts, *(shown.facts if shown is not None else ()))
        self._facts.setText(", ".join(facts))
        why = image.missing if shown is None else f"{shown.title}. {shown.why}" if shown.image is None else ""
        self._words.setText(why)
        self._words.setVisible(bool(why))
        if shown is not self._shown or (shown is None) != (self.image is None):
            self._shown = shown
            self._put(ScaledImage(shown) if shown is not None and shown.image is not None else None)
        if self.image is not None:
            self.image.setAccessibleName(", ".join((f"Image of {image.name}", *facts)))

    def _put(self, made: ScaledImage | None) -> None:
        if self.image is not None:
            self.image.hide()
            self.image.deleteLater()
        self.image = made
        if made is not None:
            self._column.insertWidget(self._column.count() - 1, made)

    def show_scale(self, scale: float) -> None:
        """Draw the picture at a scale."""
        if self.image is not None:
            self.image.show_scale(scale)
            self.image.setFixedHeight(max(_LEAST_PICTURE, int(self.image.natural.height() * scale) + 1))
