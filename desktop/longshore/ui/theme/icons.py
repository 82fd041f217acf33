"""The design's outlines in any colour and size."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from longshore.settings import resources_dir

_RATIOS = (1.0, 2.0)


@functools.cache
def outlines() -> dict[str, str]:
    """Give the SVG paths by icon name."""
    found: dict[str, str] = json.loads((resources_dir() / "icons.json").read_text("utf-8"))["icons"]
    return found


@functools.cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    markup = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" fill="none" '
        f'stroke="{color}" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round">{outlines()[name]}</svg>'
    )
    return QSvgRenderer(QByteArray(markup.encode()))


@functools.lru_cache(maxsize=2000)
def pixmap(name: str, color: str, size: int = 16, ratio: float = 2.0) -> QPixmap:
    """Draw an icon. Units: `size` in device-independent pixels, `ratio` device pixels each."""
    drawn = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    _renderer(name, color).render(painter)
    painter.end()
    drawn.setDevicePixelRatio(ratio)
    return drawn


def paint(painter: QPainter, name: str, color: QColor, rect: QRectF) -> None:
    """Draw an icon with a painter that is open already."""
    _renderer(name, color.name()).render(painter, rect)


def drawn(width: int, height: int, ratio: float, paint: Callable[[QPainter], None]) -> QPixmap:
    """Draw something small once, to be shown often. Units: device-independent pixels, `ratio` device pixels each."""
    made = QPixmap(round(width * ratio), round(height * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint(painter)
    painter.end()
    return made


@functools.lru_cache(maxsize=500)
def icon(name: str, color: str, disabled: str | None = None, size: int = 16, gap: int = 0) -> QIcon:
    """Give an icon for a button: in the state's colour, and in another one while the button is disabled.

    Units: `gap` is room at the right of the outline, in device-independent pixels.
    """
    made = QIcon()
    for ratio in _RATIOS:
        drawn = _with_gap(pixmap(name, color, size, ratio), gap)
        made.addPixmap(drawn, QIcon.Mode.Normal)
        made.addPixmap(drawn, QIcon.Mode.Active)
        made.addPixmap(_with_gap(pixmap(name, disabled or color, size, ratio), gap), QIcon.Mode.Disabled)
    return made


def _with_gap(outline: QPixmap, gap: int) -> QPixmap:
    if not gap:
        return outline
    ratio = outline.devicePixelRatio()
    wider = QPixmap(outline.width() + round(gap * ratio), outline.height())
    wider.setDevicePixelRatio(ratio)
    wider.fill(Qt.GlobalColor.transparent)
    painter = QPainter(wider)
    painter.drawPixmap(0, 0, outline)
    painter.end()
    return wider
