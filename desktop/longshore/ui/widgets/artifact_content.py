"""The content of a file that was decoded, in the widget of its kind. Each makes only what is in view, or a part a turn."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QMargins, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QHeaderView, QTableView, QTreeWidget, QTreeWidgetItem, QWidget

from longshore.ui.theme.fonts import font
from longshore.ui.widgets.artifact_decode import Shown
from longshore.ui.widgets.audio_view import AudioView
from longshore.ui.widgets.code_text import CodeText
from longshore.ui.widgets.notebook_view import NotebookView
from longshore.ui.widgets.rich_text import RichText
from longshore.ui.widgets.states import EmptyState
from longshore.ui.widgets.typed_header import DETAIL, TypedHeader

if TYPE_CHECKING:
    from longshore.tracking.content.table import Column

# So many entries of a JSON list are made at once; the rest are asked for.
ENTRIES = 200
_LONGEST_VALUE = 300
_LONGEST_TIP = 2_000
_ROW_HEIGHT = 24
_NARROWEST = 84
IMAGE_MARGINS = QMargins(16, 8, 16, 8)
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()


def content_of(shown: Shown) -> QWidget:
    """Give the widget that shows a file's content."""
    if shown.kind == "none":
        return EmptyState("file", shown.title, shown.why)
    return _MAKERS[shown.kind](shown)


def _rich(shown: Shown) -> QWidget:
    made = RichText()
    if shown.kind == "html":
        made.show_html(shown.parts)
    else:
        made.show_markdown(shown.parts)
    return made


class ImageView(QWidget):
    """An image, made smaller to fit, never larger than it is."""

    def __init__(self, image: QImage) -> None:
        super().__init__()
        self._image = image
        self._fitted = QPixmap()
        self._fitted_to: tuple[QSize, float] | None = None
        self.setMinimumHeight(120)
        self.setAccessibleName(f"Image of {image.width()} x {image.height()} pixels")

    def _fit(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        if self._fitted_to != (self.size(), ratio):
            self._fitted_to, shown = (self.size(), ratio), self._image
            room = self.size().shrunkBy(IMAGE_MARGINS) * ratio
            if shown.width() > room.width() or shown.height() > room.height():
                shown = shown.scaled(
                    room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
                )
            self._fitted = QPixmap.fromImage(shown)
            self._fitted.setDevicePixelRatio(ratio)
        return self._fitted

    def paintEvent(self, event: QPaintEvent) -> None:
        pixmap = self._fit()
        painter = QPainter(self)
        painter.drawPixmap(round((self.width() - pixmap.width() / pixmap.devicePixelRatio()) / 2), 8, pixmap)


class RowsModel(QAbstractTableModel):
    """Rows of texts; the first one is the head. What is known of the columns stands below their names."""

    def __init__(
        self, rows: Sequence[Sequence[str]], parent: QObject | None = None, *, columns: Sequence[Column] = ()
    ) -> None:
        super().__init__(parent)
        self._head, self._rows, self._known = rows[0], rows[1:], columns
        self._columns = max(len(row) for row in rows)

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        return 0 if parent.isValid() else self._columns

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            row = self._rows[index.row()]
            return row[index.column()] if index.column() < len(row) else ""
        return font("mono") if role == Qt.ItemDataRole.FontRole else None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return str(section + 1) if role == Qt.ItemDataRole.DisplayRole else None
        name, detail = self._head[section] if section < len(self._head) else "", self._detail(section)
        if role == DETAIL:
            return detail
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{name}\n{detail}".strip()
        return name if role == Qt.ItemDataRole.DisplayRole else None

    def _detail(self, section: int) -> str:
        if section >= len(self._known):
            return ""
        column = self._known[section]
        if column.nulls is None:
            return column.type
        return f"{column.type}, {'no' if not column.nulls else f'{column.nulls:,}'} empty"


def _table(shown: Shown) -> QTableView:
    table = QTableView()
    table.setHorizontalHeader(TypedHeader(table))
    table.setModel(RowsModel(shown.rows, table, columns=shown.columns))
    table.setAccessibleName("File content")
    table.setShowGrid(False)
    table.setWordWrap(False)
    # Else it looks at all rows for the width of each column.
    table.horizontalHeader().setResizeContentsPrecision(0)
    table.verticalHeader().setDefaultSectionSize(24)
    table.verticalHeader().setMinimumWidth(40)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    for column in range(table.model().columnCount()):
        table.setColumnWidth(column, max(_NARROWEST, table.horizontalHeader().sectionSizeFromContents(column).width()))
    return table


class JsonTree(QTreeWidget):
    """A JSON document: what is inside of a list or an object is made when somebody opens it."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.setColumnCount(2)
        self.setHeaderLabels(["Name", "Value"])
        self.setAccessibleName("File content")
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.header().setStretchLastSection(True)
        self.header().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setColumnWidth(0, 150)
        self.itemExpanded.connect(self._open)
        self.itemActivated.connect(self._activated)
        self.itemClicked.connect(self._activated)
        # A document that is one value, or an empty list, is a row of its own.
        entries = _entries(value) if _count(value) else None
        self._fill(self.invisibleRootItem(), entries or iter([("", value)]), max(1, _count(value)))

    def _fill(self, parent: QTreeWidgetItem, entries: Iterator[tuple[str, Any]], left: int) -> None:
        items: list[QTreeWidgetItem] = [JsonItem(name, value) for name, value in islice(entries, ENTRIES)]
        if left > len(items):
            items.append(MoreItem(entries, left - len(items)))
        parent.addChildren(items)

    def _open(self, item: QTreeWidgetItem) -> None:
        if isinstance(item, JsonItem) and not item.childCount():
            entries = _entries(item.value)
            if entries is not None:
                self._fill(item, entries, _count(item.value))

    def _activated(self, item: QTreeWidgetItem, _column: int) -> None:
        if isinstance(item, MoreItem):
            parent = item.parent() or self.invisibleRootItem()
            parent.removeChild(item)
            self._fill(parent, item.entries, item.left)


class JsonItem(QTreeWidgetItem):
    """One value with its name. The value is no item data: Qt would copy all that is in it."""

    def __init__(self, name: str, value: Any) -> None:
        words = _words(value)
        super().__init__([name, words if len(words) <= _LONGEST_VALUE else f"{words[:_LONGEST_VALUE]}…"])
        self.value = value
        self.setSizeHint(0, QSize(0, _ROW_HEIGHT))
        self.setToolTip(0, name[:_LONGEST_TIP])
        self.setToolTip(1, words[:_LONGEST_TIP])
        self.setFont(1, font("mono"))
        if _count(value) and isinstance(value, dict | list):
            self.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)


class MoreItem(QTreeWidgetItem):
    """Stands for the entries that are not made yet."""

    def __init__(self, entries: Iterator[tuple[str, Any]], left: int) -> None:
        super().__init__([f"Show {min(left, ENTRIES):,} more of {left:,}", ""])
        self.entries, self.left = entries, left


def _entries(value: Any) -> Iterator[tuple[str, Any]] | None:
    if isinstance(value, dict):
        return iter(value.items())
    if isinstance(value, list):
        return ((str(place), each) for place, each in enumerate(value))
    return None


def _count(value: Any) -> int:
    return len(value) if isinstance(value, dict | list) else 1


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{len(value):,}}}"
    if isinstance(value, list):
        return f"[{len(value):,}]"
    return json.dumps(value, ensure_ascii=False)


_MAKERS: dict[str, Callable[[Shown], QWidget]] = {
    "table": _table,
    "json": lambda shown: JsonTree(shown.value),
    "image": lambda shown: ImageView(shown.image or QImage()),
    "text": lambda shown: CodeText(shown.text, shown.language),
    "markdown": _rich,
    "html": _rich,
    "notebook": lambda shown: NotebookView(shown.cells, shown.language),
    "audio": lambda shown: AudioView(shown.audio) if shown.audio is not None else QWidget(),
}
