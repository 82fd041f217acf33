"""The bar above a page: breadcrumb at the left, the page's actions at the right."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QPushButton, QWidget

from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.basic import Button, ElidedLabel, KeyButton, clear, horizontal, label

HEIGHT = 48
# Below this width the quieter actions move into the menu at the right.
ROOMY = 620
# From this width on, each button shows its keys.
KEYS_FROM = 1100


class TopBar(QFrame):
    """Shows where one is and what can be done here."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self.setObjectName("topBar")
        self.setFixedHeight(HEIGHT)
        self._context = context
        row = horizontal(self, (20, 0, 16, 0), 8)
        self._crumbs = QWidget()
        self._crumb_row = horizontal(self._crumbs, spacing=8)
        row.addWidget(self._crumbs, 1)
        self._buttons = QWidget()
        self._button_row = horizontal(self._buttons, spacing=8)
        row.addWidget(self._buttons)
        self._shown: list[Action] = []
        self._look: list[object] = []
        self._path: list[tuple[str, str | None]] = []

    def show_crumbs(self, crumbs: list[tuple[str, str | None]]) -> None:
        """Show the path to this page; each part leads to its page."""
        if crumbs == self._path:
            return
        self._path = crumbs
        clear(self._crumb_row)
        for index, (title, page_id) in enumerate(crumbs):
            last = index == len(crumbs) - 1
            if index:
                self._crumb_row.addWidget(label("/", "body", "tertiary"))
            if last or page_id is None:
                words = ElidedLabel(
                    title,
                    "bodyStrong" if last else "body",
                    "" if last else "secondary",
                    mode=Qt.TextElideMode.ElideMiddle,
                )
                self._crumb_row.addWidget(words, 1 if last else 0)
            else:
                button = QPushButton(title if len(title) <= 28 else f"{title[:13]}…{title[-13:]}")
                button.setProperty("nav", "crumb")
                button.setToolTip(title)
                button.clicked.connect(partial(self._context.open, page_id))
                self._crumb_row.addWidget(button)

    def show_actions(self, actions: list[Action]) -> None:
        """Show the page's buttons; the primary one stands last."""
        shown = [action for action in actions if action.in_bar]
        look: list[object] = [*map(_look, shown), self._room]
        self._shown = shown
        if look == self._look:
            return
        self._look = look
        clear(self._button_row)
        quiet = [action for action in shown if action.kind != "primary"]
        room = 3 if self._room[0] else 1
        for action in quiet[:room]:
            self._button_row.addWidget(self._button(action))
        if quiet[room:]:
            more = Button("", icon="dots", size="icon", tip="More actions")
            more.clicked.connect(partial(self._show_more, more, quiet[room:]))
            self._button_row.addWidget(more)
        for action in shown:
            if action.kind == "primary":
                self._button_row.addWidget(self._button(action))

    @property
    def _room(self) -> tuple[bool, bool]:
        return self.width() >= ROOMY, self.width() >= KEYS_FROM

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_actions(self._shown)

    def _button(self, action: Action) -> Button:
        shows_keys = action.shortcut and (self._room[1] or action.kind == "primary")
        button: Button = (KeyButton if shows_keys else Button)(
            action.title,
            icon=action.icon,
            kind=action.kind,
            tip=action.command or action.title,
            shortcut=action.shortcut,
        )
        button.clicked.connect(partial(self._run, action.id))
        if action.disabled_because:
            button.disable(action.disabled_because)
        return button

    def _run(self, action_id: str, _checked: bool = False) -> None:
        # The action is looked up anew: what it does may have changed since the button was made.
        for action in self._shown:
            if action.id == action_id and not action.disabled_because:
                action.run()
                return

    def _show_more(self, button: QWidget, actions: list[Action], _checked: bool = False) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for action in actions:
            item = menu.addAction(action.title)
            item.setEnabled(not action.disabled_because)
            item.setToolTip(action.disabled_because)
            item.triggered.connect(partial(self._run, action.id))
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))


def _look(action: Action) -> tuple[str, ...]:
    return (action.id, action.title, action.icon, action.kind, action.disabled_because, action.shortcut)
