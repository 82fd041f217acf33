"""One half of the run table: what the mouse and the keyboard do in it, and the frame around the keyboard's row."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from longshore.tracking.rows import GroupRow
from longshore.ui.theme.style import color
from longshore.ui.widgets.run_columns import BOX
from longshore.ui.widgets.run_model import RunTableModel
from longshore.ui.widgets.run_paint import BOX_SIZE, ROW_HEIGHT, RowsPainter, box

HEADER = 28
# What the table does with keys of its own.
OURS = (
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Space,
    Qt.Key.Key_C,
    Qt.Key.Key_E,
    Qt.Key.Key_F2,
    Qt.Key.Key_G,
    Qt.Key.Key_K,
    Qt.Key.Key_V,
    Qt.Key.Key_D,
)
KEYPAD = Qt.KeyboardModifier.KeypadModifier


class BoxHeader(QHeaderView):
    """A header whose first section is the box that selects all rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.mark = ""

    def show_mark(self, mark: str) -> None:
        """Show how many rows are selected: "" for none, minus for some, check for all."""
        if mark != self.mark:
            self.mark = mark
            self.viewport().update()

    def paintSection(self, painter: QPainter, rect: QRect, section: int) -> None:
        painter.save()
        super().paintSection(painter, rect, section)
        painter.restore()
        if section == 0:
            corner = rect.center() - QPoint(BOX_SIZE // 2, BOX_SIZE // 2)
            painter.drawPixmap(corner, box(self.mark, self.devicePixelRatioF()))


class RunView(QTableView):
    """One half of the table. The left one has the boxes."""

    key_pressed = Signal(int, object)
    hovered_row = Signal(int)
    focus_moved = Signal()
    # The mark of the group in this row was clicked.
    mark_clicked = Signal(int)
    # Where on screen, and the row and the section that are meant.
    menu_asked = Signal(QPoint, int, int)

    def __init__(self, parent: QWidget, *, pinned: bool) -> None:
        super().__init__(parent)
        self._pinned = pinned
        self._on_box = False
        # The rows are groups that open: Left and Right do it.
        self.tree = False
        # The row that has the keyboard's focus, -1 while neither half has it.
        self.focused_row = -1
        # The row's frame shows where the keyboard is, in both halves.
        self.setProperty("bare", True)
        if pinned:
            self.setHorizontalHeader(BoxHeader(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        # One fixed height: with per-row heights, a hundred thousand rows would each be asked.
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(BOX.width)
        self.look = RowsPainter()

    def show_row_height(self, height: int) -> None:
        """Make all rows so high."""
        self.look.row_height = height
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier)
        arrows = (Qt.Key.Key_Left, Qt.Key.Key_Right) if self.tree else ()
        if plain and event.key() in (*OURS, *arrows):
            self.key_pressed.emit(event.key(), event.modifiers())
            return
        super().keyPressEvent(event)

    def selectionCommand(  # noqa: N802
        self, index: QModelIndex | QPersistentModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        command = QItemSelectionModel.SelectionFlag
        if isinstance(event, QMouseEvent) and self._on_box:
            # A box changes its own row, whatever else is selected.
            released = event.type() == QEvent.Type.MouseButtonRelease
            return command.NoUpdate if released else command.Toggle | command.Rows
        if isinstance(event, QKeyEvent) and event.modifiers() & ~KEYPAD == Qt.KeyboardModifier.NoModifier:
            # The arrows move the frame alone; Space selects, Shift extends.
            return command.NoUpdate
        return super().selectionCommand(index, event)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:  # noqa: N802
        # Qt goes through every selected row, seen or not: 2.5 s for a hundred thousand.
        return QRegion(self.viewport().rect())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        box = self._pinned and self.columnAt(event.position().toPoint().x()) == 0
        self._on_box = box and plain and event.button() == Qt.MouseButton.LeftButton
        row = self.rowAt(event.position().toPoint().y())
        mark = self._pinned and self.columnAt(event.position().toPoint().x()) == 1 and self._is_group(row)
        if mark and event.button() == Qt.MouseButton.LeftButton:
            self.mark_clicked.emit(row)
            return
        super().mousePressEvent(event)

    def _is_group(self, row: int) -> bool:
        model = self.model()
        return self.tree and row >= 0 and isinstance(model, RunTableModel) and isinstance(model.row(row), GroupRow)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = event.pos()
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        if by_key:
            at = self.visualRect(self.currentIndex()).bottomLeft() + QPoint(4, 0)
        row = self.currentIndex().row() if by_key else self.rowAt(at.y())
        if row >= 0:
            section = self.currentIndex().column() if by_key else self.columnAt(at.x())
            self.menu_asked.emit(self.viewport().mapToGlobal(at), row, section)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._on_box:
            self.mousePressEvent(event)
            return
        super().mouseDoubleClickEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        # Not by `super`: Qt would ask a delegate for each cell.
        painter = QPainter(self.viewport())
        self.look.paint(painter, self, event.rect())
        if self.focused_row < 0:
            return
        # Open at the seam: the two halves draw one frame.
        across = self.viewport().rect().adjusted(0 if self._pinned else -4, 0, 4 if self._pinned else 0, 0)
        top, height = self.rowViewportPosition(self.focused_row), self.rowHeight(self.focused_row)
        pen = QPen(color("focus.ring"), 2)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        painter.drawRect(across.left() + 1, top + 1, across.width() - 2, height - 2)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_moved.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_moved.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self.hovered_row.emit(self.rowAt(event.position().toPoint().y()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered_row.emit(-1)
