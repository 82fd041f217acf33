"""The list at the left of a page: a name with one line of facts or a state each, found by typing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets import pill
from longshore.ui.widgets.basic import label, vertical

_ENTRY = Qt.ItemDataRole.UserRole


@dataclass(frozen=True)
class Entry:
    """One row."""

    name: str
    facts: str
    state: str = ""  # drawn as a pill before the facts


class EntryDelegate(QStyledItemDelegate):
    """Two lines: the name, and below it the state and the facts."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(100, 54)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        entry = index.data(_ENTRY)
        assert isinstance(entry, Entry)
        rect = QRectF(option.rect).adjusted(1, 1, -1, -1)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setBrush(color("bg.selected" if chosen else "bg.hover"))
            painter.drawRoundedRect(rect, 6, 6)
        list_view = option.widget
        if chosen and isinstance(list_view, EntryList) and list_view.keyboard:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(color("focus.ring"), 2))
            painter.drawRoundedRect(rect.adjusted(1, 1, -1, -1), 6, 6)
        inner = rect.adjusted(10, 0, -10, 0)
        _line(
            painter, QRectF(inner.left(), inner.top() + 5, inner.width(), 20), "bodyMedium", "text.primary", entry.name
        )
        below = QRectF(inner.left(), inner.top() + 26, inner.width(), 20)
        if entry.state:
            look = pill.describe(entry.state)
            pill.paint(painter, below.adjusted(-2, 0, 0, 0), *look)
            below.setLeft(below.left() + pill.width_of(look[0]) + 6)
        _line(painter, below, "caption", "text.secondary", entry.facts)
        painter.restore()


def _line(painter: QPainter, room: QRectF, role: str, token: str, words: str) -> None:
    painter.setFont(font(role))
    painter.setPen(color(token))
    fitted = painter.fontMetrics().elidedText(words, Qt.TextElideMode.ElideMiddle, int(room.width()))
    painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), fitted)


class EntryList(QListWidget):
    """Knows whether the keyboard brought the focus here."""

    def __init__(self) -> None:
        super().__init__()
        self.keyboard = False
        self.setProperty("bare", True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setStyleSheet("QListWidget { background: transparent; }")

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut, QEvent.Type.KeyPress):
            self.keyboard = event.type() != QEvent.Type.FocusOut and self._by_keyboard(event)
            self.viewport().update()
        return super().event(event)

    @staticmethod
    def _by_keyboard(event: QEvent) -> bool:
        reason = getattr(event, "reason", None)
        return reason is None or reason() != Qt.FocusReason.MouseFocusReason


class SideList(QFrame):
    """The list with its filter."""

    chosen = Signal(str)

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("surface", "sunken")
        self.setFixedWidth(values()["layout"]["sideListWidth"])
        self._entries: tuple[Entry, ...] = ()
        self._current = ""
        column = vertical(self, (12, 12, 8, 8), 8)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(f"Filter {title.lower()}")
        self.filter.setAccessibleName(f"Filter {title.lower()}")
        self._search = self.filter.addAction(
            icons.icon("search", hex_color("text.tertiary")), QLineEdit.ActionPosition.LeadingPosition
        )
        self.filter.textChanged.connect(self._fill)
        self.filter.installEventFilter(self)
        column.addWidget(self.filter)
        self.list = EntryList()
        self.list.setAccessibleName(title)
        self.list.setItemDelegate(EntryDelegate(self.list))
        self.list.currentItemChanged.connect(self._choose)
        column.addWidget(self.list, 1)
        self._none = label("", "small", "tertiary", wrap=True)
        self._none.setContentsMargins(8, 4, 8, 4)
        self._none.hide()
        column.insertWidget(1, self._none)

    def show_entries(self, entries: Sequence[Entry], current: str) -> None:
        """Show these, one of them selected; what is on screen already is left alone."""
        if (tuple(entries), current) == (self._entries, self._current):
            return
        self._entries, self._current = tuple(entries), current
        self._fill()

    def focus_filter(self) -> None:
        """Let the person type what to look for."""
        self.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter.selectAll()

    def _fill(self, _text: str = "") -> None:
        wanted = self.filter.text().strip().lower()
        place = self.list.verticalScrollBar().value()
        self.list.blockSignals(True)
        self.list.clear()
        for entry in self._entries:
            if wanted in entry.name.lower():
                self._add(entry)
        self.list.blockSignals(False)
        self.list.verticalScrollBar().setValue(place)
        self._none.setText(f"Nothing here is called “{self.filter.text().strip()}”.")
        self._none.setVisible(bool(wanted) and self.list.count() == 0)

    def _add(self, entry: Entry) -> None:
        item = QListWidgetItem(entry.name)
        item.setData(_ENTRY, entry)
        words = f"{entry.name}, {pill.describe(entry.state)[0]}" if entry.state else f"{entry.name}, {entry.facts}"
        item.setToolTip(words)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, words)
        self.list.addItem(item)
        if entry.name == self._current:
            self.list.setCurrentItem(item)

    def _choose(self, item: QListWidgetItem | None, _before: object = None) -> None:
        if item is not None and item.text() != self._current:
            self._current = item.text()
            self.chosen.emit(self._current)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.filter and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down and self.list.count():
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                return True
            if event.key() == Qt.Key.Key_Escape and self.filter.text():
                self.filter.clear()
                return True
        return super().eventFilter(watched, event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "_search"):
            self._search.setIcon(icons.icon("search", hex_color("text.tertiary")))
