"""The command palette: every action, page, project and what else can be named, by a few letters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import shiboken6
from PySide6.QtCore import QAbstractListModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from longshore.ui.shell.actions import Action
from longshore.ui.shell.fuzzy import match
from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import IconLabel, horizontal, key_hint, line, vertical

ROWS, ROW_HEIGHT, GROUP_HEIGHT = 8, 36, 26
MOST = 60
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Hit:
    """One row: a group's title, or an action with its matched letters."""

    action: Action | None
    group: str
    places: tuple[int, ...] = field(default=())


def search(actions: list[Action], query: str) -> list[Hit]:
    """Give the rows for a query, grouped, the best match first."""
    scored = []
    for order, action in enumerate(actions):
        found = match(query, action.title)
        if found is not None:
            scored.append((-found[0], order, Hit(action, action.group, found[1])))
    scored.sort(key=lambda each: each[:2])
    groups: dict[str, list[Hit]] = {}
    for _score, _order, hit in scored[:MOST]:
        groups.setdefault(hit.group, []).append(hit)
    return [row for group, hits in groups.items() for row in (Hit(None, group), *hits)]


class HitModel(QAbstractListModel):
    """The rows of the palette."""

    def __init__(self) -> None:
        super().__init__()
        self.hits: list[Hit] = []

    def show_hits(self, hits: list[Hit]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self.hits = hits
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.hits)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        hit = self.hits[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return hit.action.title if hit.action else hit.group
        if role == Qt.ItemDataRole.ToolTipRole and hit.action:
            return hit.action.disabled_because or hit.action.command or hit.action.title
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        hit = self.hits[index.row()] if 0 <= index.row() < len(self.hits) else None
        if hit is None or hit.action is None or hit.action.disabled_because:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class HitDelegate(QStyledItemDelegate):
    """Draws a row: icon, title with the matched letters in bold, shortcut."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        model = index.model()
        assert isinstance(model, HitModel)
        return QSize(100, ROW_HEIGHT if model.hits[index.row()].action else GROUP_HEIGHT)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, HitModel)
        hit = model.hits[index.row()]
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if hit.action is None:
            painter.setFont(font("small"))
            painter.setPen(color("text.tertiary"))
            painter.drawText(rect.adjusted(14, 4, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), hit.group)
        else:
            if option.state & QStyle.StateFlag.State_Selected:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(color("bg.selected"))
                painter.drawRoundedRect(rect.adjusted(4, 1, -4, -1), 6, 6)
            self._paint_action(painter, rect, hit, hit.action)
        painter.restore()

    def _paint_action(self, painter: QPainter, rect: QRectF, hit: Hit, action: Action) -> None:
        quiet = bool(action.disabled_because)
        icon = icons.pixmap(
            action.icon or "chev-right", hex_color("text.disabled" if quiet else "text.secondary"), 16, 2.0
        )
        painter.drawPixmap(round(rect.left() + 14), round(rect.center().y() - 8), icon)
        right = rect.right() - 14
        if action.shortcut:
            painter.setFont(font("caption"))
            painter.setPen(color("text.tertiary"))
            box = QRectF(rect.left(), rect.top(), right - rect.left(), rect.height())
            flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight)
            painter.drawText(box, flags, action.shortcut.replace("+", " "))
            right -= painter.fontMetrics().horizontalAdvance(action.shortcut) + 16
        _paint_title(
            painter, QRectF(rect.left() + 40, rect.top(), right - rect.left() - 40, rect.height()), hit, quiet=quiet
        )


def _paint_title(painter: QPainter, rect: QRectF, hit: Hit, *, quiet: bool) -> None:
    assert hit.action is not None
    painter.setPen(color("text.disabled" if quiet else "text.primary"))
    fitted = QFontMetrics(font("body")).elidedText(hit.action.title, Qt.TextElideMode.ElideRight, int(rect.width()))
    left, places = rect.left(), set(hit.places)
    for at, letter in enumerate(fitted):
        drawn = font("bodyStrong" if at in places else "body")
        painter.setFont(drawn)
        advance = QFontMetrics(drawn).horizontalAdvance(letter)
        painter.drawText(
            QRectF(left, rect.top(), advance + 4, rect.height()), int(Qt.AlignmentFlag.AlignVCenter), letter
        )
        left += advance


class Palette(QFrame):
    """A field and its hits, in the middle of the window's upper part."""

    def __init__(self, window: QWidget, actions: Callable[[], list[Action]]) -> None:
        super().__init__(window)
        self.setObjectName("palette")
        self._actions = actions
        self._found: list[Action] = []
        self._before: QWidget | None = None
        self.setFixedWidth(values()["layout"]["paletteWidth"])
        column = vertical(self, (1, 1, 1, 6), 0)
        head = QWidget()
        row = horizontal(head, (14, 6, 12, 6), 10)
        self.field = QLineEdit()
        self.field.setProperty("bare", True)
        self.field.setPlaceholderText("Search or run a command")
        self.field.setAccessibleName("Search or run a command")
        self.field.installEventFilter(self)
        row.addWidget(IconLabel("search", "text.tertiary"))
        row.addWidget(self.field, 1)
        row.addWidget(key_hint("Esc"))
        column.addWidget(head)
        column.addWidget(line("hStrong"))
        self._model = HitModel()
        self.list = QListView()
        self.list.setModel(self._model)
        self.list.setItemDelegate(HitDelegate(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setAccessibleName("Results")
        self.list.clicked.connect(self._choose)
        column.addWidget(self.list)
        self.field.textChanged.connect(self._search)
        window.installEventFilter(self)
        self.hide()

    def open(self) -> None:
        """Show the palette, empty."""
        if not self.isVisible():
            self._before = QApplication.focusWidget()
        self._found = self._actions()
        self.field.clear()
        self._search("")
        self._place()
        self.show()
        self.raise_()
        self.field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_box(self) -> None:
        """Go away; the focus returns to where it was."""
        before, self._before = self._before, None
        if before is not None and shiboken6.isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()

    def _place(self) -> None:
        window = self.parentWidget()
        if window is not None:
            self.move((window.width() - self.width()) // 2, max(48, window.height() // 8))

    def _search(self, query: str) -> None:
        hits = search(self._found, query) or [Hit(None, "Nothing is called that")]
        self._model.show_hits(hits)
        heights = sum(ROW_HEIGHT if hit.action else GROUP_HEIGHT for hit in hits)
        self.list.setFixedHeight(min(heights, ROWS * ROW_HEIGHT) + 2)
        self.adjustSize()
        self._move(0, from_start=True)

    def _move(self, step: int, *, from_start: bool = False) -> None:
        rows = [row for row, hit in enumerate(self._model.hits) if hit.action and not hit.action.disabled_because]
        if not rows:
            return
        current = self.list.currentIndex().row()
        place = 0 if from_start or current not in rows else (rows.index(current) + step) % len(rows)
        self.list.setCurrentIndex(self._model.index(rows[place]))

    def _choose(self, index: QModelIndex) -> None:
        hit = self._model.hits[index.row()] if index.isValid() else None
        if hit and hit.action and not hit.action.disabled_because:
            self.close_box()
            hit.action.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field:
            if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
                return self._key(event)
            if event.type() == QEvent.Type.FocusOut:
                self.hide()
        elif event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _key(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            self.close_box()
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._move(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.list.currentIndex())
        else:
            return False
        return True
