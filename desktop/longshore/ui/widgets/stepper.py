"""A number with a minus and a plus at its right end."""

from __future__ import annotations

import contextlib

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QSpinBox, QWidget

from longshore.ui.theme import icons
from longshore.ui.theme.style import color, hex_color
from longshore.ui.widgets.basic import text_width

STEP_WIDTH = 24


class Stepper(QSpinBox):
    """Arrow keys and the two buttons step by one; digits type a value. `stepped` comes when a value is settled."""

    stepped = Signal(int)

    def __init__(
        self, name: str, low: int, high: int, value: int, *, suffix: str = "", none: str = "", width: int = 0
    ) -> None:
        """Make it. With `none`, the lowest value is shown as that word and means no value."""
        super().__init__()
        self.setRange(low, high)
        self.setSuffix(suffix)
        self.setSpecialValueText(none)
        self.setValue(value)
        self.setAccessibleName(name)
        self.setKeyboardTracking(False)
        self._minus, self._plus = _Step(self, "minus", f"{name}: less"), _Step(self, "plus", f"{name}: more")
        self._minus.clicked.connect(self.stepDown)
        self._plus.clicked.connect(self.stepUp)
        longest = max(text_width(f"{high}{suffix}"), text_width(none))
        self.setFixedWidth(width or longest + 2 * STEP_WIDTH + 24)
        self.lineEdit().setTextMargins(6, 0, 2 * STEP_WIDTH - 4, 0)
        self.valueChanged.connect(self._settled)
        self._update_buttons()

    def show_value(self, value: int) -> None:
        """Show a value without telling it."""
        if value != self.value():
            self.blockSignals(True)
            self.setValue(value)
            self.blockSignals(False)
        self._update_buttons()

    def _settled(self, value: int) -> None:
        self._update_buttons()
        self.stepped.emit(value)

    def _update_buttons(self) -> None:
        self._minus.setEnabled(self.value() > self.minimum())
        self._plus.setEnabled(self.value() < self.maximum())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        _place_at_right(self, self._plus, self._minus)


class StepLine(QLineEdit):
    """A text that is meant to be a whole number, with the same two buttons; what is no number stays as it was typed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._minus, self._plus = _Step(self, "minus", f"{name}: less"), _Step(self, "plus", f"{name}: more")
        self._minus.clicked.connect(lambda: self.step(-1))
        self._plus.clicked.connect(lambda: self.step(1))
        self.setTextMargins(0, 0, 2 * STEP_WIDTH, 0)

    def step(self, by: int) -> None:
        """Add to the number."""
        with contextlib.suppress(ValueError):
            self.setText(str(int(self.text() or "0") + by))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1, Qt.Key.Key_PageUp: 10, Qt.Key.Key_PageDown: -10}
        if by := steps.get(Qt.Key(event.key()), 0):
            self.step(by)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        _place_at_right(self, self._plus, self._minus)


def _place_at_right(field: QWidget, *buttons: QWidget) -> None:
    for place, button in enumerate(buttons, 1):
        button.setGeometry(field.width() - 1 - place * STEP_WIDTH, 1, STEP_WIDTH, field.height() - 2)


class _Step(QAbstractButton):
    def __init__(self, parent: QWidget, icon: str, name: str) -> None:
        super().__init__(parent)
        self._icon = icon
        self.setAccessibleName(name)
        # The arrow keys do the same from the number itself.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAutoRepeat(True)
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def sizeHint(self) -> QSize:
        return QSize(STEP_WIDTH, STEP_WIDTH)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self.isEnabled() and (self.isDown() or self.underMouse()):
            inner = box.adjusted(1, 1, -2 if self._icon == "plus" else 0, -1)
            painter.fillRect(inner, color("bg.pressed" if self.isDown() else "bg.hover"))
        painter.setPen(QPen(color("border.default"), 1))
        painter.drawLine(box.topLeft(), box.bottomLeft())
        token = "text.secondary" if self.isEnabled() else "text.disabled"
        mark = icons.pixmap(self._icon, hex_color(token), 12, self.devicePixelRatioF())
        painter.drawPixmap(round((box.width() - 12) / 2), round((box.height() - 12) / 2), mark)
