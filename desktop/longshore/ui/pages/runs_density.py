"""How high the run table's rows are; kept for all projects of this home."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from longshore.store import quick
from longshore.tracking.views import DENSITIES
from longshore.ui.pages import runs_work as work
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.theme.tokens import values

if TYPE_CHECKING:
    from longshore.ui.widgets.run_table import RunTable

KEY = "runs.density"
TITLES = {"default": "Default rows", "compact": "Compact rows", "comfortable": "Comfortable rows"}


class Density(QObject):
    """Changes the rows' height and keeps it."""

    changed = Signal()

    def __init__(self, context: AppContext, page: QWidget, table: RunTable) -> None:
        super().__init__(page)
        self._context, self._page, self._table = context, page, table
        kept = quick.view_state(context.home, KEY)
        self.density = kept if kept in DENSITIES else DENSITIES[0]
        self._show()

    def actions(self) -> list[Action]:
        """Give an action for each height that the rows do not have."""
        return [
            Action(f"density {each}", TITLES[each], partial(self.take, each), icon="density", in_bar=False)
            for each in DENSITIES
            if each != self.density
        ]

    def menu(self) -> QMenu:
        """Make the menu of the heights."""
        menu = QMenu(self._page)
        for each in DENSITIES:
            action = menu.addAction(TITLES[each])
            action.setCheckable(True)
            action.setChecked(each == self.density)
            action.triggered.connect(lambda _checked=False, each=each: self.take(each))
        return menu

    def take(self, density: str) -> None:
        """Make the rows so high and keep it."""
        if density == self.density:
            return
        self.density = density
        self._show()
        self._context.runner.run(self, work.save_view_work(self._context.home, KEY, density), key="view")
        self._context.actions_changed.emit()
        self.changed.emit()

    def _show(self) -> None:
        self._table.show_row_height(values()["row"][self.density])
