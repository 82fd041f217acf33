"""The run table: two views of one model side by side, the left one pinned; a strip above names the column groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from longshore.tracking.index.group_rows import GroupRows
from longshore.tracking.rows import GROUP, GroupRow, Rows
from longshore.ui.widgets.basic import horizontal, vertical
from longshore.ui.widgets.cell_editing import CellEditing
from longshore.ui.widgets.column_widths import ColumnWidths
from longshore.ui.widgets.run_columns import BOX, NAME, PINNED, Column
from longshore.ui.widgets.run_model import RunTableModel, as_table
from longshore.ui.widgets.run_strip import Edge, GroupStrip
from longshore.ui.widgets.run_view import BoxHeader, RunView

# More rows would take longer than a person waits; exporting is for them.
MOST_COPIED = 10_000
# So many are read within a frame; more are for a worker.
MOST_AT_ONCE = 200


class RunTable(QWidget):
    """The whole table. Sorting is asked for by signal."""

    opened = Signal(str)
    selection_changed = Signal()
    sort_asked = Signal(object)
    compare_asked = Signal()
    keep_asked = Signal()
    # A person wrote into a cell: run id, column, text.
    cell_written = Signal(str, object, str)
    # Name, tags and note of the selected runs shall be edited.
    edit_asked = Signal()
    # What can be done with a run: where on screen, and the cell that is meant.
    menu_asked = Signal(QPoint, int, int)
    # A group shall open or close: what names it.
    group_toggled = Signal(str)
    group_asked = Signal()
    # More rows than can be read at once shall be copied.
    copy_asked = Signal()
    # The ids of the columns, in the order into which a person dragged them.
    columns_moved = Signal(list)
    views_asked = Signal()
    density_asked = Signal()

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.model = RunTableModel()
        row = horizontal(self)
        self._left, right = QWidget(self), QWidget(self)
        row.addWidget(self._left)
        row.addWidget(Edge())
        row.addWidget(right, 1)
        self.pinned, self.rest = RunView(self._left, pinned=True), RunView(right, pinned=False)
        self.pinned.setAccessibleName("Runs")
        self.rest.setAccessibleName("Runs, metrics and parameters")
        for view in (self.pinned, self.rest):
            view.setModel(self.model)
        old = self.rest.selectionModel()
        self.rest.setSelectionModel(self.pinned.selectionModel())
        old.deleteLater()
        # A header asks of each of its sections whether every row is selected: row by row, 2.5 s for a hundred thousand.
        self._no_selection = QItemSelectionModel(self.model)
        for view in (self.pinned, self.rest):
            view.horizontalHeader().setSelectionModel(self._no_selection)
        self.pinned.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pinned.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._lay_out(right)
        self._ordering = False
        self.widths = ColumnWidths(self.pinned, self.rest, self.model, self._left.setFixedWidth)
        self.editing = CellEditing(self.pinned, self.rest, self.model)
        self._connect()
        self.widths.fit()

    def _lay_out(self, right_holder: QWidget) -> None:
        left = vertical(self._left)
        left.addWidget(GroupStrip(self.pinned, self.model, pinned=True))
        left.addWidget(self.pinned, 1)
        # As high as the other half's scroll bar, so that both halves end in the same row.
        self._under = QWidget()
        left.addWidget(self._under)
        right = vertical(right_holder)
        right.addWidget(GroupStrip(self.rest, self.model, pinned=False))
        right.addWidget(self.rest, 1)

    def _connect(self) -> None:
        self.pinned.verticalScrollBar().valueChanged.connect(self.rest.verticalScrollBar().setValue)
        self.rest.verticalScrollBar().valueChanged.connect(self.pinned.verticalScrollBar().setValue)
        for view in (self.pinned, self.rest):
            view.doubleClicked.connect(self._open_index)
            view.key_pressed.connect(self._key)
            view.hovered_row.connect(self._hover)
            view.focus_moved.connect(self._show_focus)
            view.menu_asked.connect(self._ask_menu)
            view.mark_clicked.connect(self._toggle)
            view.horizontalHeader().sectionClicked.connect(self._sort)
        self.rest.horizontalHeader().setSectionsMovable(True)
        self.rest.horizontalHeader().sectionMoved.connect(self._note_order)
        self.editing.written.connect(self.cell_written)
        self.editing.too_long.connect(self._edit_alone)
        self.pinned.selectionModel().selectionChanged.connect(self._selection_changed)
        self.pinned.selectionModel().currentRowChanged.connect(self._show_focus)
        self.rest.horizontalScrollBar().installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.Resize):
            bar = self.rest.horizontalScrollBar()
            self._under.setFixedHeight(bar.height() if bar.isVisible() else 0)
        return False

    def _note_order(self, _section: int, _before: int, _after: int) -> None:
        """Tell the order into which a person dragged the columns, once the drag is over; the model shows it then."""
        if not self._ordering:
            QTimer.singleShot(0, self, self._tell_order)

    def _tell_order(self) -> None:
        header = self.rest.horizontalHeader()
        order = [header.logicalIndex(place) for place in range(header.count())]
        ids = [self.model.columns[section].id for section in order if section >= len(PINNED)]
        self._ordering = True
        for place in range(header.count()):
            header.moveSection(header.visualIndex(place), place)
        self._ordering = False
        self.columns_moved.emit(ids)

    def show_columns(self, columns: Sequence[Column]) -> None:
        """Show these columns behind the pinned ones."""
        with self._keeping_place():
            self.model.show_columns(columns)

    def show_swatches(self, run_ids: Sequence[str]) -> None:
        """Mark the compared runs with their colour and dash."""
        numbers = {run_id: number for number, run_id in enumerate(run_ids)}
        for view in (self.pinned, self.rest):
            view.look.swatches = numbers
        self._redraw()

    def show_rows(self, rows: Rows) -> None:
        """Replace the rows; what is selected and where the person is stays."""
        with self._keeping_place():
            self.model.show_rows(rows)
            for view in (self.pinned, self.rest):
                view.tree = bool(self.model.grouping)

    @contextmanager
    def _keeping_place(self) -> Iterator[None]:
        """Keep selection, the keyboard's row and the first row in sight with their runs while the model changes."""
        before, parts = self.model.rows, self._selected_parts()
        selected = [key for first, last in parts for key in before.ids(first, last)]
        current, top = self._run_at(self.pinned.currentIndex().row()), self._first_in_sight()
        yield
        if self.model.rows.same_runs(before) and len(selected) == self._selected_rows:
            return  # nothing moved
        if any(key.startswith(GROUP) for key in selected) and not self.model.grouping:
            selected = before.run_ids(parts)
        places = self.model.rows.places([run_id for run_id in (current, top[0]) if run_id])
        self.select_runs(selected)
        if len(selected) != self._selected_rows:
            self._selection_changed()
        if current in places and not self.pinned.currentIndex().isValid():
            where = self.model.index(places[current], 1)
            self.pinned.selectionModel().setCurrentIndex(where, QItemSelectionModel.SelectionFlag.NoUpdate)
        if top[0] in places:
            # Laid out now: until then the scroll bar knows the old rows.
            self.rest.doItemsLayout()
            self.pinned.doItemsLayout()
            self.rest.verticalScrollBar().setValue(places[top[0]] * self.row_height + top[1])

    @property
    def row_height(self) -> int:
        """How high a row is. Units: device-independent pixels."""
        return self.pinned.look.row_height

    def show_row_height(self, height: int) -> None:
        """Make all rows so high; the first one in sight stays."""
        first = self.rest.verticalScrollBar().value() // self.row_height
        for view in (self.pinned, self.rest):
            view.show_row_height(height)
            view.doItemsLayout()
        self.rest.verticalScrollBar().setValue(first * height)

    def in_sight(self) -> tuple[int, int]:
        """Give the first and the last place that is in sight."""
        first = self.rest.verticalScrollBar().value() // self.row_height
        return first, first + self.rest.viewport().height() // self.row_height + 1

    def scroll_to_top(self) -> None:
        """Show the first row."""
        self.rest.verticalScrollBar().setValue(0)

    def _run_at(self, row: int) -> str:
        return self.model.rows.ids(row, row)[0] if 0 <= row < len(self.model.rows) else ""

    def _first_in_sight(self) -> tuple[str, int]:
        """Give the run that the person scrolled to and how much of it is above; at the top, new runs push others down."""
        row, above = divmod(self.rest.verticalScrollBar().value(), self.row_height)
        return (self._run_at(row), above) if row or above else ("", 0)

    def _selected_parts(self) -> list[tuple[int, int]]:
        # By ranges: all rows are one of them, and an index for each would take longer than a frame.
        return sorted((part.top(), part.bottom()) for part in self.pinned.selectionModel().selection().toList())

    @property
    def _selected_rows(self) -> int:
        return sum(last - first + 1 for first, last in self._selected_parts())

    def selected_places(self) -> list[int]:
        """Give the places of the selected rows."""
        return [place for first, last in self._selected_parts() for place in range(first, last + 1)]

    @property
    def selected_count(self) -> int:
        """How many runs are selected, those of a selected group with it."""
        return self.model.rows.run_count(self._selected_parts())

    def selected_ids(self) -> list[str]:
        """Give the ids of the selected runs in the table's order, those of a selected group with it."""
        return self.model.rows.run_ids(self._selected_parts())

    def select_runs(self, run_ids: Sequence[str]) -> None:
        """Select these runs, those that are there."""
        found, last = QItemSelection(), len(self.model.columns) - 1
        for first, end in _ranges(sorted(self.model.rows.places(run_ids).values())):
            found.select(self.model.index(first, 0), self.model.index(end, last))
        self.pinned.selectionModel().select(found, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _selection_changed(self, *_arguments: object) -> None:
        self._show_mark()
        self.selection_changed.emit()

    def _show_mark(self) -> None:
        count = self._selected_rows
        header = self.pinned.horizontalHeader()
        assert isinstance(header, BoxHeader)
        header.show_mark("" if not count else "check" if count == len(self.model.rows) else "minus")

    def _show_focus(self, *_arguments: object) -> None:
        focused = self.pinned.hasFocus() or self.rest.hasFocus()
        row = self.pinned.selectionModel().currentIndex().row() if focused else -1
        for view in (self.pinned, self.rest):
            view.focused_row = row
        self._redraw()

    def _redraw(self, *_arguments: object) -> None:
        self._show_mark()
        for view in (self.pinned, self.rest):
            view.viewport().update()

    def copy(self) -> None:
        """Put the selected runs on the clipboard, as a table that spreadsheets take."""
        if self._selected_rows > MOST_AT_ONCE:
            self.copy_asked.emit()
            return
        shown = [self.model.row(place) for place in self.selected_places()]
        QGuiApplication.clipboard().setText(as_table(shown, self.model.columns))

    def rename(self) -> None:
        """Write into the name of the keyboard's row; several selected runs are edited together."""
        current = self.pinned.currentIndex()
        if self.selected_count > 1:
            self.edit_asked.emit()
        elif current.isValid():
            self.editing.begin(current.row(), PINNED.index(NAME))

    def _edit(self, current: QModelIndex) -> None:
        """Edit what is selected, the keyboard's row where nothing is."""
        if not self.selected_count:
            flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
            self.pinned.selectionModel().select(current, flags)
        self.edit_asked.emit()

    def _edit_alone(self, row: int) -> None:
        self._go_to(row)
        self.edit_asked.emit()

    def _go_to(self, row: int) -> None:
        """Make a row the keyboard's and the only selected one."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.pinned.selectionModel().setCurrentIndex(self.model.index(row, PINNED.index(NAME)), flags)

    def _ask_menu(self, place: QPoint, row: int, section: int) -> None:
        if not self.pinned.selectionModel().isRowSelected(row):
            self._go_to(row)
        self.menu_asked.emit(place, row, section)

    def _open_index(self, index: QModelIndex) -> None:
        if isinstance(self.model.row(index.row()), GroupRow):
            self._toggle(index.row())
        else:
            self.opened.emit(self._run_at(index.row()))

    def _toggle(self, row: int) -> None:
        self.group_toggled.emit(self._run_at(row))

    def _go_in_or_out(self, row: int, *, inwards: bool) -> None:
        """Open or close the group of a row; out of a run leads to its group."""
        group = self.model.row(row)
        if isinstance(group, GroupRow):
            if group.is_open != inwards:
                self._toggle(row)
        elif not inwards and isinstance(self.model.rows, GroupRows):
            name = self.model.rows.group_of(row)
            place = self.model.index(self.model.rows.places([name])[name], PINNED.index(NAME))
            self.pinned.selectionModel().setCurrentIndex(place, QItemSelectionModel.SelectionFlag.NoUpdate)

    def _sort(self, section: int) -> None:
        column = self.model.columns[section]
        if column is BOX:
            everything = self._selected_rows == len(self.model.rows)
            self.pinned.clearSelection() if everything else self.pinned.selectAll()
        elif column.order_by:
            self.sort_asked.emit(column)

    def _hover(self, row: int) -> None:
        for view in (self.pinned, self.rest):
            if view.look.hovered != row:
                view.look.hovered = row
                view.viewport().update()

    def _key(self, key: int, modifiers: object) -> None:
        asking = {
            Qt.Key.Key_C: self.compare_asked,
            Qt.Key.Key_D: self.density_asked,
            Qt.Key.Key_G: self.group_asked,
            Qt.Key.Key_K: self.keep_asked,
            Qt.Key.Key_V: self.views_asked,
        }
        current = self.pinned.selectionModel().currentIndex()
        if key == Qt.Key.Key_C and modifiers == Qt.KeyboardModifier.ControlModifier:
            self.copy()
        elif Qt.Key(key) in asking:
            asking[Qt.Key(key)].emit()
        elif current.isValid():
            self._key_on(current, key)

    def _key_on(self, current: QModelIndex, key: int) -> None:
        """Do what a key does with the keyboard's row."""
        if key == Qt.Key.Key_Space:
            flags = QItemSelectionModel.SelectionFlag.Toggle | QItemSelectionModel.SelectionFlag.Rows
            self.pinned.selectionModel().select(current, flags)
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._go_in_or_out(current.row(), inwards=key == Qt.Key.Key_Right)
        elif key == Qt.Key.Key_F2:
            self.rename()
        elif key == Qt.Key.Key_E:
            self._edit(current)
        else:
            self._open_index(current)


def _ranges(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Give the first and last of each run of neighbours among ascending places."""
    for _key, group in groupby(enumerate(places), key=lambda each: each[1] - each[0]):
        neighbours = [place for _number, place in group]
        yield neighbours[0], neighbours[-1]
