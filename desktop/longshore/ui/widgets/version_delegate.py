"""Draws a cell of the version table: aliases side by side, the run as a link, the best value bold."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from longshore.registry.models import VersionInfo
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets import pill
from longshore.ui.widgets.version_model import Column, VersionModel

ROW_HEIGHT = 28


class VersionDelegate(QStyledItemDelegate):
    """One delegate for all columns."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self.hovered = -1
        # The row that has the keyboard's focus, -1 while the view has not.
        self.focused_row = -1

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, ROW_HEIGHT)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        model = index.model()
        assert isinstance(model, VersionModel)
        painter.save()
        rect = QRectF(option.rect)
        self._background(painter, rect, index.row(), chosen=bool(option.state & QStyle.StateFlag.State_Selected))
        self._content(
            painter, rect.adjusted(8, 0, -8, 0), model, model.versions[index.row()], model.columns[index.column()]
        )
        painter.restore()

    def _background(self, painter: QPainter, rect: QRectF, row: int, *, chosen: bool) -> None:
        if row == self.hovered:
            token = "bg.selectedHover" if chosen else "bg.hover"
        else:
            token = "bg.selected" if chosen else "bg.surface"
        painter.fillRect(rect, color(token))
        painter.setPen(color("border.subtle"))
        painter.drawLine(QPointF(rect.left(), rect.bottom() - 0.5), QPointF(rect.right(), rect.bottom() - 0.5))
        if row == self.focused_row:
            painter.setPen(QPen(color("focus.ring"), 2))
            for y in (rect.top() + 1, rect.bottom() - 1):
                painter.drawLine(QPointF(rect.left(), y), QPointF(rect.right(), y))

    def _content(
        self, painter: QPainter, rect: QRectF, model: VersionModel, version: VersionInfo, column: Column
    ) -> None:
        if column.kind == "aliases":
            _aliases(painter, rect, version.aliases)
            return
        words = model.text(version, column)
        best = column.kind == "metric" and model.is_best(version, column)
        role = "bodyStrong" if column.kind == "version" or best else "body"
        token = {"run": "accent.text", "time": "text.secondary", "live": "text.secondary"}.get(
            column.kind, "text.primary"
        )
        if words == "—":
            token = "text.tertiary"
        painter.setFont(font(role))
        painter.setPen(color(token))
        mode = Qt.TextElideMode.ElideMiddle if column.kind == "run" else Qt.TextElideMode.ElideRight
        side = Qt.AlignmentFlag.AlignRight if column.kind == "metric" else Qt.AlignmentFlag.AlignLeft
        fitted = QFontMetrics(font(role)).elidedText(words, mode, int(rect.width()) + 1)
        painter.drawText(rect, int(Qt.AlignmentFlag.AlignVCenter | side), fitted)


def _aliases(painter: QPainter, rect: QRectF, aliases: tuple[str, ...]) -> None:
    room = QRectF(rect)
    for place, alias in enumerate(aliases):
        rest = len(aliases) - place
        # What does not fit is counted; the tooltip has all.
        if room.width() < (width_of((alias,)) if rest == 1 else 60) and place:
            painter.setFont(font("small"))
            painter.setPen(color("text.secondary"))
            painter.drawText(room, int(Qt.AlignmentFlag.AlignVCenter), f"+{rest}")
            return
        room.setLeft(room.left() + pill.paint_alias(painter, room, alias) + 4)


def width_of(aliases: tuple[str, ...]) -> int:
    """Measure aliases side by side."""
    metrics = QFontMetrics(font("small"))
    return sum(metrics.horizontalAdvance(alias) + 34 for alias in aliases)
