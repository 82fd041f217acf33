"""Labels, buttons, lines and boxes in the design's looks; each is one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import hex_color
from longshore.ui.widgets.plain_words import one_line

Margins = tuple[int, int, int, int]
# Qt puts 4 px between a button's icon and its text.
ICON_GAP = 3


def restyle(widget: QWidget, **properties: Any) -> None:
    """Set properties that the style sheet looks at, and draw the widget anew where one is another than before."""
    if properties and all(widget.property(name) == value for name, value in properties.items()):
        return
    for name, value in properties.items():
        widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def label(text: str = "", role: str = "body", tone: str = "", *, wrap: bool = False, select: bool = False) -> QLabel:
    """Give a label in a role of the type scale and a tone."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("role", role)
    if tone:
        made.setProperty("tone", tone)
    made.setWordWrap(wrap)
    if select:
        made.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return made


class ElidedLabel(QLabel):
    """A label on one line that ends in an ellipsis where it does not fit; the whole text is its tooltip.

    A name with several lines, or with marks that turn the order of letters, stands there on one, without them. It shortens when it paints. To put a shorter text in would tell the layout each time, which measures all again.
    """

    def __init__(
        self,
        text: str = "",
        role: str = "body",
        tone: str = "",
        *,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__(one_line(text))
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", role)
        if tone:
            self.setProperty("tone", tone)
        self.setMinimumWidth(24)

    def setText(self, text: str) -> None:  # noqa: N802 - Qt's name
        super().setText(one_line(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        text, room, metrics = self.text(), self.contentsRect(), self.fontMetrics()
        short = metrics.horizontalAdvance(text) > room.width() + 1
        if short != bool(self.toolTip()) or (short and self.toolTip() != text):
            self.setToolTip(text if short else "")
        if not short:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        self.drawFrame(painter)
        shown = metrics.elidedText(text, self._mode, room.width())
        self.style().drawItemText(
            painter, room, self.alignment(), self.palette(), self.isEnabled(), shown, self.foregroundRole()
        )


class IconLabel(QWidget):
    """An icon in a token's colour; follows the theme."""

    def __init__(self, name: str, token: str = "text.secondary", size: int = 16) -> None:
        super().__init__()
        self._name, self._token = name, token
        self.setFixedSize(size, size)

    def set_icon(self, name: str, token: str) -> None:
        """Show another icon."""
        self._name, self._token = name, token
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painter.drawPixmap(0, 0, icons.pixmap(self._name, hex_color(self._token), self.width(), ratio))


class Button(QPushButton):
    """A button of the design. Kinds: "", primary, ghost, danger, dangerSolid, link. Sizes: "", small, large, icon."""

    def __init__(
        self,
        text: str = "",
        clicked: Callable[[], object] | None = None,
        *,
        icon: str = "",
        kind: str = "",
        size: str = "",
        tip: str = "",
        shortcut: str = "",
    ) -> None:
        super().__init__(text)
        self._icon, self._kind, self._rest = icon, kind, text
        self._drawn: tuple[object, ...] = ()
        # Not "size": every widget has a property of that name, and the style sheet would never see ours.
        for name, value in (("kind", kind), ("extent", size)):
            if value:
                self.setProperty(name, value)
        hint = f"{tip} ({shortcut})" if tip and shortcut else tip
        self.setToolTip(hint)
        self.setAccessibleName(text or tip)
        self.setCursor(Qt.CursorShape.PointingHandCursor if kind == "link" else Qt.CursorShape.ArrowCursor)
        self.setAutoDefault(False)
        self._icon_size = 14 if size == "small" else 16
        self._draw_icon()
        if clicked is not None:
            self.clicked.connect(lambda _checked=False: clicked())

    def set_icon(self, name: str) -> None:
        """Show another icon."""
        self._icon = name
        self._draw_icon()

    def disable(self, reason: str) -> None:
        """Switch off and say why in the tooltip."""
        self.setEnabled(False)
        self.setToolTip(reason)

    def show_busy(self, text: str) -> None:
        """Say that the work is under way; the width stays."""
        self.setFixedWidth(self.width())
        self.setEnabled(False)
        self.setText(text)

    def show_rest(self) -> None:
        """Be ready again."""
        self.setMinimumWidth(0)
        self.setMaximumWidth(16777215)
        self.setEnabled(True)
        self.setText(self._rest)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.StyleChange, QEvent.Type.PaletteChange):
            self._draw_icon()

    def _draw_icon(self) -> None:
        if not self._icon:
            return
        tokens = {"primary": "text.onAccent", "danger": "danger.text", "dangerSolid": "text.onDanger"}
        tokens["inverseGhost"] = "text.inverseSecondary"
        token = tokens.get(self._kind, "accent.text" if self._kind == "link" else "text.secondary")
        gap = ICON_GAP if self.text() else 0
        look = (self._icon, hex_color(token), hex_color("text.disabled"), self._icon_size, gap)
        if look != self._drawn:
            self._drawn = look
            self.setIconSize(QSize(self._icon_size + gap, self._icon_size))
            self.setIcon(icons.icon(*look))


class KeyButton(Button):
    """A button that shows its keys at the right."""

    def __init__(self, text: str, clicked: Callable[[], object] | None = None, *, shortcut: str, **look: str) -> None:
        super().__init__(text, clicked, shortcut=shortcut, **look)
        self.setProperty("keys", True)
        self._keys = key_hint(shortcut, on_accent=look.get("kind") == "primary")
        row = horizontal(self, (0, 0, 8, 0))
        row.addStretch(1)
        row.addWidget(self._keys)

    def sizeHint(self) -> QSize:
        return super().sizeHint() + QSize(self._keys.sizeHint().width() + 8, 0)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()


def key_hint(keys: str, *, on_accent: bool = False) -> QWidget:
    """Show a shortcut as small key caps."""
    holder = QWidget()
    row = horizontal(holder, spacing=2)
    for key in keys.split("+"):
        cap = QLabel(key)
        cap.setProperty("key", "onAccent" if on_accent else True)
        cap.setIndent(0)
        cap.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row.addWidget(cap)
    holder.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    return holder


def badge(text: str) -> QLabel:
    """Give a grey badge for a fact, such as a framework's name."""
    made = QLabel(text)
    made.setTextFormat(Qt.TextFormat.PlainText)
    made.setProperty("badge", True)
    made.setIndent(0)
    # Else the first layout measures it in the body's size.
    made.ensurePolished()
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
    return made


def line(kind: str = "h") -> QFrame:
    """Give a hairline: h, v, hStrong, vStrong."""
    made = QFrame()
    made.setProperty("line", kind)
    return made


def vertical(parent: QWidget, margins: Margins = (0, 0, 0, 0), spacing: int = 0) -> QVBoxLayout:
    """Give a widget a column layout."""
    layout = QVBoxLayout(parent)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    return layout


def horizontal(parent: QWidget, margins: Margins = (0, 0, 0, 0), spacing: int = 0) -> QHBoxLayout:
    """Give a widget a row layout."""
    layout = QHBoxLayout(parent)
    layout.setContentsMargins(*margins)
    layout.setSpacing(spacing)
    return layout


def row_of(*widgets: QWidget | None, spacing: int = 8, margins: Margins = (0, 0, 0, 0)) -> QWidget:
    """Put widgets in a row; None is the stretch."""
    holder = QWidget()
    fill(horizontal(holder, margins, spacing), widgets)
    return holder


def column_of(*widgets: QWidget | None, spacing: int = 0, margins: Margins = (0, 0, 0, 0)) -> QWidget:
    """Put widgets in a column; None is the stretch."""
    holder = QWidget()
    fill(vertical(holder, margins, spacing), widgets)
    return holder


def fill(layout: QBoxLayout, widgets: Iterable[QWidget | None]) -> None:
    """Add widgets to a layout; None is the stretch."""
    for widget in widgets:
        if widget is None:
            layout.addStretch(1)
        else:
            layout.addWidget(widget)


def clear(layout: QLayout) -> None:
    """Remove and delete everything in a layout."""
    while (item := layout.takeAt(0)) is not None:
        widget = item.widget()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif (inner := item.layout()) is not None:
            clear(inner)


class Card(QFrame):
    """A bordered box; with `interactive` one target that a click or Enter activates."""

    activated = Signal()

    def __init__(self, *, interactive: bool = False, surface: str = "card") -> None:
        super().__init__()
        self.setProperty("surface", surface)
        self._interactive = interactive
        if interactive:
            self.setProperty("interactive", True)
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if self._interactive and event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._interactive and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.activated.emit()
            return
        super().keyPressEvent(event)


def text_width(text: str, role: str = "body") -> int:
    """Measure a text. Units: device-independent pixels."""
    return QFontMetrics(font(role)).horizontalAdvance(text)
