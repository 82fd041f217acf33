"""A drawing with a title that goes to the clipboard, to PNG and to SVG, with the names of its series."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QFontMetricsF, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from longshore.errors import LongshoreError, Unavailable
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.theme.swatches import swatch_pen
from longshore.ui.widgets.basic import Button
from longshore.ui.widgets.plain_words import one_line

if TYPE_CHECKING:
    from longshore.ui.shell.tasks import TaskRunner

# Pixels a point in a saved picture, so that it is sharp in a slide.
# Beyond some hundred letters nothing is seen, and measuring six thousand would take a while.
_LONGEST = 400
_PICTURE_RATIO = 3.0
_HEAD, _LEGEND_LINE = 24, 18
_SWATCH, _GAP = 20.0, 16.0
# More names than this would be a picture of names.
_MOST_NAMED = 16

# A series' title and the number of its colour and dash.
Named = tuple[str, int]


class Drawing(Protocol):
    """A widget that draws itself anywhere."""

    def paint(self, painter: QPainter) -> object:
        """Draw what the widget shows, from its own corner on."""

    def size(self) -> QSize:
        """Give the size that it draws in."""


class Figure(QWidget):
    """Holds one drawing, `drawing`, which the class below makes."""

    drawing: Drawing

    def __init__(self, runner: TaskRunner, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title, self._runner = title, runner

    def legend(self) -> Sequence[Named]:
        """Give the names that a saved picture tells; empty where the drawing tells them itself."""
        return ()

    def redraw(self) -> None:
        """Draw again, after the theme changed."""
        for child in self.findChildren(QWidget):
            child.update()

    def menu_button(self) -> Button:
        """Give the button that opens the menu, for whoever lays the figure out."""
        button = Button("", icon="dots", kind="ghost", size="icon", tip="Scale, copy or save this chart")
        button.setAccessibleName(f"Copy or save {self.title}")
        button.clicked.connect(lambda: self.menu().popup(button.mapToGlobal(QPoint(0, button.height() + 2))))
        return button

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """Give what can be done with the drawing."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.add_actions(menu)
        if menu.actions():
            menu.addSeparator()
        menu.addAction("Copy picture", self.copy)
        menu.addAction("Save as PNG…", partial(self._ask_file, "png"))
        menu.addAction("Save as SVG…", partial(self._ask_file, "svg"))
        return menu

    def add_actions(self, menu: QMenu) -> None:
        """Add what else can be done with it."""

    def copy(self) -> None:
        """Put the drawing on the clipboard as a picture."""
        QGuiApplication.clipboard().setImage(self.image())

    def image(self) -> QImage:
        """Give the drawing with title and names as a picture, three pixels a point."""
        size = self._picture_size()
        made = QImage(size * _PICTURE_RATIO, QImage.Format.Format_ARGB32_Premultiplied)
        made.setDevicePixelRatio(_PICTURE_RATIO)
        made.fill(color("bg.surface"))
        painter = QPainter(made)
        self._paint(painter, size)
        painter.end()
        return made

    def save(self, file: Path) -> None:
        """Write the drawing into a .png or .svg file. Raises: Unavailable."""
        if file.suffix.lower() == ".svg":
            self._write_svg(file)
        elif not self.image().save(str(file)):
            raise _unwritten(file)

    def _write_svg(self, file: Path) -> None:
        from PySide6.QtSvg import QSvgGenerator

        size = self._picture_size()
        drawn = QBuffer()
        drawn.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QSvgGenerator()
        writer.setOutputDevice(drawn)
        writer.setSize(size)
        writer.setViewBox(QRectF(0, 0, size.width(), size.height()))
        writer.setTitle(self.title)
        painter = QPainter(writer)
        painter.fillRect(QRectF(0, 0, size.width(), size.height()), color("bg.surface"))
        self._paint(painter, size)
        painter.end()
        try:
            file.write_bytes(drawn.data().data())
        except OSError as error:
            raise _unwritten(file) from error

    def _picture_size(self) -> QSize:
        size = self.drawing.size()
        return size + QSize(0, _HEAD + _LEGEND_LINE * len(_lines(self.legend(), size.width())))

    def _paint(self, painter: QPainter, size: QSize) -> None:
        painter.setFont(font("bodyStrong"))
        painter.setPen(color("text.primary"))
        painter.drawText(QRectF(4, 0, size.width() - 8, _HEAD), int(Qt.AlignmentFlag.AlignVCenter), self.title)
        painter.translate(0, _HEAD)
        for line in _lines(self.legend(), size.width()):
            _paint_names(painter, line)
            painter.translate(0, _LEGEND_LINE)
        self.drawing.paint(painter)

    def _ask_file(self, kind: str) -> None:
        plain = "".join(letter if letter.isalnum() or letter in "-_." else "_" for letter in self.title)
        asked = f"Save {self.title}"
        chosen, _filter = QFileDialog.getSaveFileName(self, asked, f"{plain}.{kind}", f"{kind.upper()} (*.{kind})")
        if not chosen:
            return
        file = Path(chosen)
        try:
            self.save(file if file.suffix else file.with_suffix(f".{kind}"))
        except LongshoreError as error:
            self._runner.failed_unseen.emit("The chart could not be saved", error)


def _lines(names: Sequence[Named], width: int) -> list[list[Named]]:
    """Break names into lines of a width."""
    metrics, lines, room = QFontMetricsF(font("small")), list[list[Named]](), 0.0
    for title, number in names[:_MOST_NAMED]:
        shown = metrics.elidedText(one_line(title, _LONGEST), Qt.TextElideMode.ElideMiddle, max(40.0, width / 2))
        wide = _SWATCH + metrics.horizontalAdvance(shown) + _GAP
        if not lines or room + wide > width:
            lines.append([])
            room = 0.0
        lines[-1].append((shown, number))
        room += wide
    return lines


def _paint_names(painter: QPainter, line: Sequence[Named]) -> None:
    painter.setFont(font("small"))
    metrics, x = QFontMetricsF(font("small")), 4.0
    for title, number in line:
        painter.setPen(swatch_pen(number))
        painter.drawLine(QPointF(x, 8), QPointF(x + 14, 8))
        painter.setPen(color("text.secondary"))
        painter.drawText(QPointF(x + _SWATCH, 12), title)
        x += _SWATCH + metrics.horizontalAdvance(title) + _GAP


def _unwritten(file: Path) -> Unavailable:
    return Unavailable(f"{file} cannot be written.", hint="Choose a folder that you may write to, with room left.")
