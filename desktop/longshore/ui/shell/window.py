"""The frame: navigation at the left, top bar, the page, status bar; toasts and palette above them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import QMainWindow, QStackedWidget, QWidget

from longshore.errors import LongshoreError
from longshore.ui.shell.actions import Action, ActionRegistry
from longshore.ui.shell.context import AppContext, Place
from longshore.ui.shell.navigation import Navigation
from longshore.ui.shell.pages import BY_ID, Page
from longshore.ui.shell.status_bar import HEIGHT as STATUS_HEIGHT
from longshore.ui.shell.status_bar import StatusBar
from longshore.ui.shell.top_bar import TopBar
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import horizontal, vertical
from longshore.ui.widgets.late_content import TURN_MS

if TYPE_CHECKING:
    from longshore.ui.shell.palette import Palette
    from longshore.ui.shell.toasts import Toasts
    from longshore.ui.theme.focus import KeyboardFocus

# Below this width the navigation shows icons alone.
NARROW_BELOW = 1200


class MainWindow(QMainWindow):
    """The one window."""

    first_painted = Signal()
    closing = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.context = context
        self.actions_registry = ActionRegistry()
        self.actions_registry.add_source(self._page_actions)
        self._pages: dict[str, Page] = {}
        # By keys; those that no action of the page has now are switched off.
        self.shortcuts: dict[str, QShortcut] = {}
        self._painted = False
        self._nav_narrow: bool | None = None  # what the person chose; None: by width
        self.setWindowTitle("Longshore")
        self.setMinimumSize(*values()["layout"]["windowMin"])
        self.resize(*values()["layout"]["window"])
        self.navigation, self.top_bar, self.status_bar = Navigation(context), TopBar(context), StatusBar()
        self._stack = QStackedWidget()
        self._build()
        self._connect()

    # What the first frame does not show is made when it is needed.
    @cached_property
    def toasts(self) -> Toasts:
        """The messages at the bottom right."""
        from longshore.ui.shell.toasts import Toasts

        return Toasts(self, STATUS_HEIGHT + 12)

    @cached_property
    def palette_box(self) -> Palette:
        """The command palette."""
        from longshore.ui.shell.palette import Palette

        return Palette(self, self.actions_registry.available)

    @cached_property
    def keyboard(self) -> KeyboardFocus:
        """Shows where the keyboard moved the focus."""
        from longshore.ui.theme.focus import KeyboardFocus

        return KeyboardFocus(self)

    def _build(self) -> None:
        central = QWidget()
        column = vertical(central)
        body = QWidget()
        row = horizontal(body)
        row.addWidget(self.navigation)
        right = QWidget()
        inner = vertical(right)
        inner.addWidget(self.top_bar)
        inner.addWidget(self._stack, 1)
        row.addWidget(right, 1)
        column.addWidget(body, 1)
        column.addWidget(self.status_bar)
        self.setCentralWidget(central)

    def _connect(self) -> None:
        context = self.context
        context.place_changed.connect(self.show_place)
        context.project_changed.connect(self._show_project)
        context.actions_changed.connect(self.refresh_actions)
        context.told.connect(self._tell)
        context.offered.connect(self._offer)
        context.runner.failed_unseen.connect(self._tell_failure)
        self.navigation.palette_asked.connect(self.open_palette)
        # Many writes in a row are one change for the eye.
        self._rows_timer = QTimer(self)
        self._rows_timer.setSingleShot(True)
        self._rows_timer.setInterval(120)
        self._rows_timer.timeout.connect(self._refresh_page)
        context.rows_changed.connect(self._rows_timer_start)
        self._look_timer = QTimer(self)
        self._look_timer.timeout.connect(self._refresh_page)
        # Bar and shortcuts change in a turn of their own, once for all that asks for it.
        self._bar_timer = QTimer(self)
        self._bar_timer.setSingleShot(True)
        self._bar_timer.setInterval(TURN_MS)
        self._bar_timer.timeout.connect(self._show_actions)
        # Fields take the sign as text; elsewhere it leads to the page's filter or search.
        self._bind("/", "Ctrl+F")

    def open_palette(self) -> None:
        """Let the person search every action."""
        self.palette_box.open()

    def _rows_timer_start(self) -> None:
        if not self._rows_timer.isActive():
            self._rows_timer.start()

    @property
    def page(self) -> Page | None:
        """The page in front."""
        shown = self._stack.currentWidget()
        return shown if isinstance(shown, Page) else None

    def page_of(self, page_id: str) -> Page:
        """Give a page, made at first use."""
        if page_id not in self._pages:
            page = BY_ID[page_id].make(self.context, self._stack)
            self._pages[page_id] = page
            self._stack.addWidget(page)
            # It was long in the making: its first picture comes in a turn of its own.
            page.setUpdatesEnabled(False)
            QTimer.singleShot(TURN_MS, page, partial(page.setUpdatesEnabled, True))
        return self._pages[page_id]

    def announce(self, page_id: str) -> None:
        """Show in the first frame which page is about to come: pages are made after it."""
        project = self.context.project if BY_ID[page_id].group == "project" else None
        title = BY_ID[page_id].title
        self.top_bar.show_crumbs([(project.name, "overview"), (title, None)] if project else [(title, None)])
        self.navigation.light(page_id)

    def show_place(self, place: Place) -> None:
        """Bring a page to the front with what it shall show."""
        page = self.page_of(place.page_id)
        # Qt would give the focus of a page that goes to whatever comes next, as if Tab had been pressed.
        focused = self.focusWidget()
        if page is not self.page and focused is not None and self._stack.isAncestorOf(focused):
            self._stack.setFocus()
        self._stack.setCurrentWidget(page)
        page.show_with(**place.arguments)
        self._look_again_for(page)
        self.refresh_actions()

    def _look_again_for(self, page: Page) -> None:
        if page.look_every_s is None:
            self._look_timer.stop()
        else:
            self._look_timer.start(round(page.look_every_s * 1000))

    def refresh_actions(self) -> None:
        """Show breadcrumb, buttons and shortcuts of the page as they are a turn later."""
        self._bar_timer.start()

    def _show_actions(self) -> None:
        page = self.page
        if page is None:
            return
        self.top_bar.show_crumbs(page.crumbs())
        self.top_bar.show_actions(page.actions_now())
        self._bind_shortcuts()

    def _bind_shortcuts(self) -> None:
        wanted = {action.shortcut for action in self.actions_registry.available() if action.shortcut}
        for keys in wanted - self.shortcuts.keys():
            self.shortcuts[keys] = self._bind(keys, keys)
        for keys, shortcut in self.shortcuts.items():
            shortcut.setEnabled(keys in wanted)

    def _bind(self, keys: str, action_keys: str) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(partial(self._run_shortcut, action_keys))
        return shortcut

    def _run_shortcut(self, keys: str) -> None:
        for action in self.actions_registry.available():
            if action.shortcut != keys:
                continue
            if action.disabled_because:
                self.context.tell("info", action.title, action.disabled_because)
            else:
                with self.keyboard.moving():
                    action.run()
            return

    def _page_actions(self) -> list[Action]:
        return self.page.actions_now() if self.page else []

    def _refresh_page(self) -> None:
        if self.page is not None:
            self.page.refresh()

    def _show_project(self) -> None:
        self.navigation.show_project(self.context.project)
        self.refresh_actions()

    def _tell(self, kind: str, text: str, detail: str) -> None:
        self.toasts.show(kind, text, detail)

    def _offer(self, kind: str, text: str, detail: str, action: tuple[str, Callable[[], object]]) -> None:
        self.toasts.show(kind, text, detail, action)

    def _tell_failure(self, title: str, error: LongshoreError) -> None:
        self.toasts.show("error", f"{title}: {error.reason}", error.hint or "")

    def toggle_navigation(self) -> None:
        """Collapse the navigation, or show it whole."""
        self._nav_narrow = self.navigation.width() > NARROW_BELOW // 10
        self.navigation.set_narrow(self._nav_narrow)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < NARROW_BELOW
        if event.oldSize().width() < 0 or narrow != (event.oldSize().width() < NARROW_BELOW):
            self._nav_narrow = None
        self.navigation.set_narrow(narrow if self._nav_narrow is None else self._nav_narrow)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def focusNextPrevChild(self, forward: bool) -> bool:  # noqa: N802
        with self.keyboard.moving():
            return super().focusNextPrevChild(forward)

    def closeEvent(self, event: QCloseEvent) -> None:
        self.closing.emit()
        super().closeEvent(event)
