"""Pills for states, outlined aliases: painted, for widgets and for delegates alike."""

from __future__ import annotations

import functools

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

from longshore.ui.theme import icons
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color, hex_color

HEIGHT = 20

# state as MLflow, the queue or a deployment spells it -> word, tone, icon
STATES: dict[str, tuple[str, str, str]] = {
    "RUNNING": ("Running", "info", "ring"),
    "SCHEDULED": ("Queued", "neutral", "clock"),
    "FINISHED": ("Finished", "success", "ok"),
    "FAILED": ("Failed", "danger", "x-circle"),
    "KILLED": ("Stopped", "neutral", "stop"),
    "queued": ("Queued", "neutral", "clock"),
    "preparing": ("Preparing", "info", "ring"),
    "running": ("Running", "info", "ring"),
    "stopping": ("Stopping", "neutral", "stop"),
    "finished": ("Finished", "success", "ok"),
    "failed": ("Failed", "danger", "x-circle"),
    "stopped": ("Stopped", "neutral", "stop"),
    "building": ("Building", "info", "ring"),
    "starting": ("Starting", "info", "ring"),
    "healthy": ("Healthy", "success", "ok"),
    "unhealthy": ("Degraded", "warning", "warn"),
    "done": ("Done", "success", "ok"),
    "cached": ("Cached", "success", "check"),
    "skipped": ("Skipped", "neutral", "minus"),
}


def describe(state: str) -> tuple[str, str, str]:
    """Give the word, the tone and the icon of a state; an unknown one is shown as it is."""
    return STATES.get(state, (state.capitalize(), "neutral", "info"))


def width_of(text: str) -> int:
    """Measure a pill with this word."""
    return QFontMetrics(font("small")).horizontalAdvance(text) + 30


def paint(painter: QPainter, rect: QRectF, text: str, tone: str, icon: str, ratio: float = 2.0) -> None:
    """Draw a pill of height 20 at the left of a rectangle, vertically centred."""
    drawn = font("small")
    width = min(float(width_of(text)), rect.width())
    pill = QRectF(rect.left(), rect.center().y() - HEIGHT / 2, width, HEIGHT)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color(f"{tone}.subtle"))
    painter.drawRoundedRect(pill, HEIGHT / 2, HEIGHT / 2)
    painter.drawPixmap(
        QPointF(pill.left() + 7, pill.top() + 4), icons.pixmap(icon, hex_color(f"{tone}.text"), 12, ratio)
    )
    painter.setFont(drawn)
    painter.setPen(color(f"{tone}.text"))
    inner = pill.adjusted(23, 0, -6, 0)
    fitted = QFontMetrics(drawn).elidedText(text, Qt.TextElideMode.ElideRight, int(inner.width()) + 2)
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter), fitted)
    painter.restore()


def pixmap(text: str, tone: str, icon: str, room: int, ratio: float) -> QPixmap:
    """Give a pill for a table that shows it often, at most `room` wide. Units: device-independent pixels."""
    colors = (hex_color(f"{tone}.subtle"), hex_color(f"{tone}.text"))
    return _pixmap(text, tone, icon, max(1, min(room, width_of(text))), ratio, font("small").key(), colors)


@functools.lru_cache(maxsize=200)
def _pixmap(
    text: str, tone: str, icon: str, width: int, ratio: float, _font_key: str, _colors: tuple[str, str]
) -> QPixmap:
    whole = QRectF(0, 0, width, HEIGHT)
    return icons.drawn(width, HEIGHT, ratio, lambda painter: paint(painter, whole, text, tone, icon, ratio))


def paint_alias(painter: QPainter, rect: QRectF, text: str, ratio: float = 2.0) -> float:
    """Draw an alias, outlined with a flag, and give its width."""
    metrics = QFontMetrics(font("small"))
    width = min(metrics.horizontalAdvance(text) + 30.0, rect.width())
    box = QRectF(rect.left() + 0.5, rect.center().y() - 9.5, width - 1, 19)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(color("border.default"), 1))
    painter.setBrush(color("bg.raised"))
    painter.drawRoundedRect(box, 4, 4)
    tone = "success.text" if text == "champion" else "accent.text" if text == "challenger" else "text.secondary"
    painter.drawPixmap(QPointF(box.left() + 6, box.top() + 4), icons.pixmap("flag", hex_color(tone), 12, ratio))
    painter.setFont(font("small"))
    painter.setPen(color("text.primary"))
    inner = box.adjusted(22, 0, -6, 0)
    fitted = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(inner.width()) + 2)
    painter.drawText(inner, int(Qt.AlignmentFlag.AlignVCenter), fitted)
    painter.restore()
    return width


class Pill(QWidget):
    """A state as icon and word."""

    def __init__(self, state: str = "") -> None:
        super().__init__()
        self._text, self._tone, self._icon = describe(state)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self._text)

    def set_state(self, state: str) -> None:
        """Show another state."""
        self.set_look(*describe(state))

    def set_look(self, text: str, tone: str, icon: str) -> None:
        """Show any word in a tone: success, info, warning, danger, neutral."""
        self._text, self._tone, self._icon = text, tone, icon
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(width_of(self._text), HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint(painter, QRectF(self.rect()), self._text, self._tone, self._icon, self.devicePixelRatioF())


class AliasTag(QWidget):
    """An alias of a model version."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self.setAccessibleName(f"alias {text}")
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(QFontMetrics(font("small")).horizontalAdvance(self._text) + 31, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_alias(QPainter(self), QRectF(self.rect()), self._text, self.devicePixelRatioF())
