"""A patch or a unified difference: added and removed lines in their colours; drawn only as far as it is in view."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QSize, QStringListModel, Qt
from PySide6.QtGui import QFontMetrics, QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from longshore.ui.theme.fonts import font, grown
from longshore.ui.theme.style import color

# Longer lines of a minified file would make the view a mile wide.
LONGEST_LINE = 400
MOST_LINES = 50_000
_ROW = 18
_GROUND = {"+": "success.subtle", "-": "danger.subtle"}
_HEADS = ("diff ", "index ", "--- ", "+++ ", "new file", "deleted file", "similarity", "rename ", "Binary ")
Index = QModelIndex | QPersistentModelIndex


class DiffView(QListView):
    """Lines can be selected and copied."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._model = QStringListModel(self)
        self.setModel(self._model)
        self._delegate = _LineDelegate(self)
        self.setItemDelegate(self._delegate)
        self.setUniformItemSizes(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)

    def show_text(self, text: str) -> int:
        """Show a patch; give how many lines are left out."""
        return self.show_lines(text.splitlines())

    def show_lines(self, lines: Sequence[str]) -> int:
        """Show lines; give how many are left out."""
        shown = [line.expandtabs(4)[:LONGEST_LINE] for line in lines[:MOST_LINES]]
        self._delegate.width = QFontMetrics(font("mono")).horizontalAdvance("m") * max(map(len, shown), default=1) + 24
        self._model.setStringList(shown)
        self.scrollToTop()
        return max(0, len(lines) - MOST_LINES)

    @property
    def lines(self) -> list[str]:
        """The lines that are shown."""
        return self._model.stringList()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = sorted(index.row() for index in self.selectedIndexes())
            QGuiApplication.clipboard().setText("\n".join(self.lines[row] for row in rows))
            return
        super().keyPressEvent(event)


class _LineDelegate(QStyledItemDelegate):
    """One line in its colour."""

    width = 100

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(self.width, grown(_ROW))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line = str(index.data())
        head = line.startswith(_HEADS)
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, color("bg.selected"))
        elif not head and (token := _GROUND.get(line[:1])):
            painter.fillRect(option.rect, color(token))
        painter.setFont(font("mono"))
        painter.setPen(color(_tone(line, head=head)))
        painter.drawText(option.rect.adjusted(8, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), line)
        painter.restore()


def _tone(line: str, *, head: bool) -> str:
    if head:
        return "text.tertiary"
    if line.startswith("@@"):
        return "accent.text"
    return {"+": "success.text", "-": "danger.text"}.get(line[:1], "text.primary")
