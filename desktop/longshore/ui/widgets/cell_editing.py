"""Writing into a cell of the run table: a line over the cell, which stays with its run while rows come and go."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit

from longshore.tracking.rows import GroupRow
from longshore.ui.widgets.run_columns import Column, is_editable, raw
from longshore.ui.widgets.run_model import RunTableModel
from longshore.ui.widgets.run_view import RunView

# Narrower, nobody reads what is typed.
LEAST_WIDTH = 120


class CellEditing(QObject):
    """Enter or leaving the line keeps what was typed, Escape drops it, Tab goes to the next cell that can be written."""

    # run id, column, text
    written = Signal(str, object, str)
    # A row whose text has several lines, which one line would spoil.
    too_long = Signal(int)

    def __init__(self, pinned: RunView, rest: RunView, model: RunTableModel) -> None:
        super().__init__(pinned)
        self._views, self._model = (pinned, rest), model
        self._run_id, self._column, self._before = "", "", ""
        self.line: QLineEdit | None = None
        model.modelReset.connect(self._place)
        for view in self._views:
            view.verticalScrollBar().valueChanged.connect(self._place)
            view.horizontalScrollBar().valueChanged.connect(self._place)
            view.horizontalHeader().sectionResized.connect(self._place)

    def begin(self, row: int, section: int) -> None:
        """Write into a cell; nothing where its column can't be written."""
        column = self._model.columns[section]
        if not is_editable(column) or not 0 <= row < self._model.rowCount():
            return
        self.close()
        run = self._model.row(row)
        if isinstance(run, GroupRow):
            return  # it has no name of its own
        before = str(raw(run, column) or "")
        if "\n" in before:
            self.too_long.emit(row)
            return
        self._run_id, self._column, self._before = run.run_id, column.id, before
        view = self._view(section)
        view.scrollTo(self._model.index(row, section))
        line = QLineEdit(self._before, view.viewport())
        line.setAccessibleName(f"{column.title} of {run.name}")
        line.installEventFilter(self)
        self.line = line
        self._place()
        line.selectAll()
        line.show()
        line.setFocus(Qt.FocusReason.OtherFocusReason)

    def close(self, *, keep: bool = True) -> None:
        """Take the line away. `keep`: what was typed is written."""
        line, self.line = self.line, None
        if line is None:
            return
        line.removeEventFilter(self)
        had_focus = line.hasFocus()
        text = line.text().strip() if self._column == "name" else line.text()
        line.hide()
        line.deleteLater()
        if had_focus:
            self._views[0].setFocus(Qt.FocusReason.OtherFocusReason)
        column = self._known(self._column)
        if keep and column is not None and text != self._before:
            self.written.emit(self._run_id, column, text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FocusOut and watched is self.line:
            self.close()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and watched is self.line:
            return self._key(event.key())
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            # What the page does with Escape and Enter is not meant here.
            event.accept()
        return False

    def _key(self, key: int) -> bool:
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.close()
        elif key == Qt.Key.Key_Escape:
            self.close(keep=False)
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._next(1 if key == Qt.Key.Key_Tab else -1)
        else:
            return False
        return True

    def _next(self, step: int) -> None:
        editable = [section for section, column in enumerate(self._model.columns) if is_editable(column)]
        at = next((place for place, each in enumerate(editable) if self._model.columns[each].id == self._column), 0)
        run_id = self._run_id
        self.close()
        row = self._model.rows.places([run_id]).get(run_id)
        if row is not None:
            self.begin(row, editable[(at + step) % len(editable)])

    def _place(self, *_arguments: object) -> None:
        """Put the line over its cell, wherever that is by now."""
        if self.line is None:
            return
        row = self._model.rows.places([self._run_id]).get(self._run_id)
        section = next((n for n, column in enumerate(self._model.columns) if column.id == self._column), None)
        if row is None or section is None:
            self.close(keep=False)  # the run went, or its column
            return
        view = self._view(section)
        header = view.horizontalHeader()
        width = max(header.sectionSize(section), LEAST_WIDTH)
        left = header.sectionViewportPosition(section)
        top, height = view.rowViewportPosition(row), view.rowHeight(row)
        # In low rows it stands out a little, for its text to stay whole.
        more = max(0, self.line.sizeHint().height() - height)
        self.line.setGeometry(QRect(left, top - more // 2, width, height + more))

    def _view(self, section: int) -> RunView:
        return self._views[0] if not self._views[0].isColumnHidden(section) else self._views[1]

    def _known(self, column_id: str) -> Column | None:
        return next((column for column in self._model.columns if column.id == column_id), None)
