"""The versions of one model: aliases, source run, metrics, when registered, where served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QItemSelection, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from longshore.registry.models import VersionInfo
from longshore.ui.widgets.basic import text_width
from longshore.ui.widgets.version_delegate import ROW_HEIGHT, VersionDelegate, width_of
from longshore.ui.widgets.version_model import Column, VersionModel

HEADER_HEIGHT = 28
# Rows that are in view before the table scrolls.
MOST_ROWS = 9
# What may become narrower where even without metrics the room is short. Units: device-independent pixels.
LOWEST = {"aliases": 96, "run": 64, "live": 48}


class VersionTable(QTableView):
    """One row a version, the latest first."""

    version_chosen = Signal(str)
    # Enter on a version.
    version_opened = Signal(str)
    run_opened = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Versions")
        self._delegate = VersionDelegate(self)
        self.rows = VersionModel()
        self.setModel(self.rows)
        self.setItemDelegate(self._delegate)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setProperty("bare", True)
        side = self.verticalHeader()
        side.hide()
        side.setDefaultSectionSize(ROW_HEIGHT)
        head = self.horizontalHeader()
        head.setFixedHeight(HEADER_HEIGHT)
        head.setHighlightSections(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setMinimumSectionSize(24)

    def show_versions(
        self, versions: Sequence[VersionInfo], served: Mapping[str, tuple[str, ...]], current: str
    ) -> None:
        """Show these versions, one of them selected."""
        self.rows.show_versions(versions, served)
        shown = min(max(len(versions), 1), MOST_ROWS)
        self.setFixedHeight(HEADER_HEIGHT + shown * ROW_HEIGHT + 2)
        self._fit()
        self._select(current)

    def _select(self, version: str) -> None:
        selection = self.selectionModel()
        selection.blockSignals(True)
        for row, each in enumerate(self.rows.versions):
            if each.version == version:
                self.selectRow(row)
        selection.blockSignals(False)
        self._mark_focus()

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:  # noqa: N802
        super().selectionChanged(selected, deselected)
        if version := self._current():
            self.version_chosen.emit(version.version)
        self._mark_focus()

    def _current(self) -> VersionInfo | None:
        rows = self.selectionModel().selectedRows()
        return self.rows.versions[rows[0].row()] if rows else None

    # -- columns ------------------------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Give each column what it needs; metrics leave from the last on, and the run's name takes the rest."""
        widths = [self._needed(column) for column in self.rows.columns]
        room = self.viewport().width()
        hidden: set[int] = set()
        for place in reversed(range(len(widths))):
            if self.rows.columns[place].kind == "metric" and sum(widths) > room:
                widths[place] = 0
                hidden.add(place)
        for place, column in enumerate(self.rows.columns):
            # What is cut ends in an ellipsis or a count, and has its tooltip.
            if (over := sum(widths) - room) > 0 and column.kind in LOWEST:
                widths[place] = max(widths[place] - over, min(LOWEST[column.kind], widths[place]))
        rest = room - sum(widths)
        for place, column in enumerate(self.rows.columns):
            if column.kind == "run":
                full = max((text_width(each.run_name) + 20 for each in self.rows.versions), default=0)
                grown = min(max(full - widths[place], 0), max(rest, 0))
                widths[place] += grown
                rest -= grown
        if widths:
            widths[-1] = max(widths[-1] + rest, 40)
        for place, width in enumerate(widths):
            self.setColumnHidden(place, place in hidden)
            self.setColumnWidth(place, width)

    def _needed(self, column: Column) -> int:
        texts = [self.rows.text(version, column) for version in self.rows.versions]
        if column.kind == "aliases":
            widest = max((width_of(version.aliases) + 12 for version in self.rows.versions), default=0)
            return min(max(widest, 72), 200)
        widest = max([text_width(column.title, "smallStrong") + 4, *(text_width(text, "bodyStrong") for text in texts)])
        most = {"run": 110, "live": 140, "metric": 110}.get(column.kind, 130)
        return min(widest + 20, most)

    # -- mouse and keyboard -------------------------------------------------------------------------------------

    def _run_at(self, event: QMouseEvent) -> str:
        index = self.indexAt(event.position().toPoint())
        if not index.isValid() or self.rows.columns[index.column()].kind != "run":
            return ""
        return self.rows.versions[index.row()].run_id

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())
        link = bool(self._run_at(event))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if link else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and (run_id := self._run_at(event)):
            self.run_opened.emit(run_id)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(-1)

    def _hover(self, row: int) -> None:
        if row != self._delegate.hovered:
            self._delegate.hovered = row
            self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        version = self._current()
        if version is not None and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.version_opened.emit(version.version)
        elif version is not None and event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(version.reference)
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._mark_focus(by_keyboard=event.reason() != Qt.FocusReason.MouseFocusReason)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._mark_focus()

    def _mark_focus(self, *, by_keyboard: bool = True) -> None:
        rows = self.selectionModel().selectedRows()
        shown = self.hasFocus() and by_keyboard and bool(rows)
        self._delegate.focused_row = rows[0].row() if shown else -1
        self.viewport().update()
