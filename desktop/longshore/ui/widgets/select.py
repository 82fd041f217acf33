"""A choice of one: a drop-down list whose text ends in an ellipsis where it does not fit."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

_ROOM_OF_ARROW = 34


class Select(QComboBox):
    """Each choice has words and a value; `name` is its accessible name and tooltip."""

    def __init__(self, name: str, options: Sequence[tuple[str, str]] = (), *, widest: int = 200) -> None:
        super().__init__()
        self._name = name
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setMaximumWidth(widest)
        self.setMinimumContentsLength(6)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.show_options(options)

    def show_options(self, options: Sequence[tuple[str, str]]) -> None:
        """Offer these; the choice stays where it is still there."""
        before = self.value
        self.clear()
        for words, value in options:
            self.addItem(words, value)
            self.setItemData(self.count() - 1, words, Qt.ItemDataRole.ToolTipRole)
        self.choose(before)

    @property
    def value(self) -> str:
        """The value of the choice."""
        found = self.currentData()
        return found if isinstance(found, str) else ""

    def choose(self, value: str) -> None:
        """Make a choice without telling it; the first one where the value is not offered."""
        self.setCurrentIndex(max(0, self.findData(value)))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        taken = _ROOM_OF_ARROW + (0 if option.currentIcon.isNull() else option.iconSize.width() + 14)
        whole = option.currentText
        option.currentText = self.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideMiddle, self.width() - taken)
        tip = self._name if option.currentText == whole else f"{self._name}: {whole}"
        if tip != self.toolTip():
            self.setToolTip(tip)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
