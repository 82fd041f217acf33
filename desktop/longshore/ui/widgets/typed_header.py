"""A table's header with two lines: a column's name, and below it its type and how many of its values are missing."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import QHeaderView, QStyleOptionHeader, QWidget

from longshore.ui.theme.fonts import font, grown
from longshore.ui.theme.style import color

DETAIL = Qt.ItemDataRole.UserRole
_MARGIN, _WIDEST = 8, 260


class TypedHeader(QHeaderView):
    """The second line is the model's header data of the role `DETAIL`."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(False)
        self.setFixedHeight(grown(40))

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, index: int) -> None:  # noqa: N802
        super().initStyleOptionForIndex(option, index)
        option.text = ""

    def sectionSizeFromContents(self, index: int) -> QSize:
        wide = max(
            QFontMetrics(font("smallStrong")).horizontalAdvance(self._words(index, Qt.ItemDataRole.DisplayRole)),
            QFontMetrics(font("caption")).horizontalAdvance(self._words(index, DETAIL)),
        )
        return QSize(min(wide + 2 * _MARGIN + 2, _WIDEST), self.height())

    def paintSection(self, painter: QPainter, rect: QRect, index: int) -> None:
        painter.save()
        super().paintSection(painter, rect, index)
        painter.restore()
        inside = rect.adjusted(_MARGIN, 3, -_MARGIN, -3)
        half = inside.height() // 2
        for place, role, look, token in (
            (
                QRect(inside.x(), inside.y(), inside.width(), half),
                Qt.ItemDataRole.DisplayRole,
                "smallStrong",
                "text.primary",
            ),
            (QRect(inside.x(), inside.y() + half, inside.width(), half), DETAIL, "caption", "text.tertiary"),
        ):
            painter.setFont(font(look))
            painter.setPen(color(token))
            words = painter.fontMetrics().elidedText(
                self._words(index, role), Qt.TextElideMode.ElideRight, place.width()
            )
            painter.drawText(place, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)

    def _words(self, index: int, role: int) -> str:
        model = self.model()
        return str(model.headerData(index, Qt.Orientation.Horizontal, role) or "") if model is not None else ""
