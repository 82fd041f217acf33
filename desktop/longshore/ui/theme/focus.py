"""The ring around the control that has the keyboard's focus; shown only when the keyboard moved it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import shiboken6
from PySide6.QtCore import QObject, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QFocusFrame, QProxyStyle, QStyle, QStyleOption, QWidget

from longshore.ui.theme.style import color


class KeyboardFocus(QObject):
    """Follows the focus in one window. Qt names no reason when the focus moved, so the window tells when it moves it."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._moving = False
        self._ring: FocusRing | None = None
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._follow)

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Whatever gets the focus in here got it from the keyboard."""
        before, self._moving = self._moving, True
        try:
            yield
        finally:
            self._moving = before

    def show_on(self, widget: QWidget) -> None:
        """Give a control the focus as the keyboard would."""
        with self.moving():
            widget.setFocus(Qt.FocusReason.TabFocusReason)
        if widget.hasFocus():
            self._follow(None, widget)

    @property
    def shown_on(self) -> QWidget | None:
        """The control that the ring is around."""
        ring = self._living_ring()
        return ring.widget() if ring is not None else None

    def _living_ring(self) -> FocusRing | None:
        """Give the ring, None before the first one, and where it is gone: a window that ends loses it before the focus."""
        if self._ring is not None and not shiboken6.isValid(self._ring):
            self._ring = None
        return self._ring

    def _follow(self, _old: QWidget | None, now: QWidget | None) -> None:
        ours = now is not None and now.window() is self._window and not now.property("bare")
        ring = self._living_ring()
        if self._moving and ours and now is not None:
            if ring is None:
                ring = self._ring = FocusRing(self._window)
            ring.setWidget(now)
        elif ring is not None:
            ring.setWidget(None)  # type: ignore[arg-type]


class _Margins(QProxyStyle):
    """Room for the ring: a 2 px line with a 1 px gap outside the control."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def pixelMetric(
        self, metric: QStyle.PixelMetric, option: QStyleOption | None = None, widget: QWidget | None = None
    ) -> int:
        if metric in (QStyle.PixelMetric.PM_FocusFrameHMargin, QStyle.PixelMetric.PM_FocusFrameVMargin):
            return 3
        return super().pixelMetric(metric, option, widget)


class FocusRing(QFocusFrame):
    """The ring itself."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._margins = _Margins()
        self.setStyle(self._margins)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color("focus.ring"), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 8, 8)
