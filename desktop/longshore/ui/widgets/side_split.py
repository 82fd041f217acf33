"""A page's content with its inspector: side by side, or the inspector over the content where the window is narrow."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QWidget

from longshore.ui.theme.tokens import values

# Of the window: narrower, and both would be too narrow to read.
BESIDE_FROM = 1100
ROOMY_FROM = 1300


class SideSplit(QWidget):
    """Places both by hand: a layout would give the panel room that it does not take while it lies above."""

    # The panel came into view, or went.
    panel_moved = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._main: QWidget | None = None
        self._panel: QWidget | None = None
        # What the person chose for each of the two cases.
        self._wanted, self._over = True, False

    def hold(self, main: QWidget, panel: QWidget) -> None:
        """Place these two, which are children already."""
        self._main, self._panel = main, panel
        main.show()
        self._place()

    @property
    def beside(self) -> bool:
        """Tell whether there is room for both."""
        return self.window().width() >= BESIDE_FROM

    @property
    def panel_shown(self) -> bool:
        """Tell whether the panel is in view."""
        return self._wanted if self.beside else self._over

    def toggle_panel(self) -> None:
        """Show the panel, or hide it."""
        self.show_panel(not self.panel_shown)

    def show_panel(self, shown: bool) -> None:
        """Show or hide the panel; kept for wide and for narrow windows apart."""
        if shown == self.panel_shown:
            return
        if self.beside:
            self._wanted = shown
        else:
            self._over = shown
        self._place()
        self.panel_moved.emit()

    def _place(self) -> None:
        if self._main is None or self._panel is None:
            return
        layout = values()["layout"]
        width = layout["inspectorWidth" if self.window().width() >= ROOMY_FROM or not self.beside else "inspectorMin"]
        taken = width if self.beside and self.panel_shown else 0
        self._main.setGeometry(0, 0, self.width() - taken, self.height())
        self._panel.setGeometry(self.width() - width, 0, width, self.height())
        self._panel.setVisible(self.panel_shown)
        self._panel.raise_()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        was = self._panel is not None and not self._panel.isHidden()
        self._place()
        if self._panel is not None and was != self.panel_shown:
            self.panel_moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.panel_shown and not self.beside:
            self.show_panel(False)
            return
        super().keyPressEvent(event)
