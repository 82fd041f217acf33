"""F6 goes from pane to pane: navigation, top bar, the page's toolbar, content and inspector, status bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QWidget

if TYPE_CHECKING:
    from longshore.ui.shell.window import MainWindow

# Frames of a page that are panes of their own; what lies beside them is the page's content.
_OWN = ("toolbar", "inspector")


def move(window: MainWindow, step: int) -> None:
    """Give the focus to the first control of the next pane, or of the one before."""
    found = [first for first in map(_first_of, _panes(window)) if first is not None]
    if not found:
        return
    focused = window.focusWidget()
    here = next((place for place, pane in enumerate(found) if focused and _pane_of(focused) is _pane_of(pane)), None)
    place = (0 if step > 0 else -1) if here is None else (here + step) % len(found)
    found[place].setFocus(Qt.FocusReason.TabFocusReason)


def _panes(window: MainWindow) -> list[QWidget]:
    """Give the panes in the order in which they are read."""
    page = window.page
    inner: list[QWidget] = []
    if page is not None:
        frames = [frame for frame in page.findChildren(QFrame) if frame.objectName() in _OWN and frame.isVisible()]
        toolbars = [frame for frame in frames if frame.objectName() == "toolbar"]
        inner = [*toolbars, page, *(frame for frame in frames if frame not in toolbars)]
    return [window.navigation, window.top_bar, *inner, window.status_bar]


def _pane_of(widget: QWidget) -> QWidget | None:
    from longshore.ui.shell.pages import Page

    at: QWidget | None = widget
    while at is not None:
        if at.objectName() in (*_OWN, "nav", "topBar", "statusBar") or isinstance(at, Page):
            return at
        at = at.parentWidget()
    return None


def _first_of(pane: QWidget) -> QWidget | None:
    at = pane.nextInFocusChain()
    while at is not None and at is not pane:
        tabbed = at.focusPolicy() & Qt.FocusPolicy.TabFocus
        if tabbed and at.isVisible() and at.isEnabled() and pane.isAncestorOf(at) and _pane_of(at) is pane:
            return at
        at = at.nextInFocusChain()
    return None
