"""The menu of a run in the table: what the keyboard does, for the mouse, with the keys beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from longshore.tracking.rows import GroupRow
from longshore.ui.widgets.run_columns import is_editable

if TYPE_CHECKING:
    from longshore.ui.pages.runs import RunsPage

LONGEST = 40


def run_menu(page: RunsPage, row: int, section: int) -> QMenu:
    """Make the menu for a cell; what is selected is meant with it."""
    table, menu = page.table, QMenu(page)
    several, column = table.selected_count > 1, table.model.columns[section]
    run_id = table.model.rows.ids(row, row)[0]

    def add(title: str, run: Callable[[], object], keys: str = "") -> None:
        action = menu.addAction(title)
        action.triggered.connect(lambda _checked=False: run())
        if keys:
            # Shown here; the table itself listens to the keys.
            action.setShortcut(QKeySequence(keys))
            action.setShortcutVisibleInContextMenu(True)

    if isinstance(table.model.row(row), GroupRow):
        add("Open or close the group", lambda: page.groups.toggle(run_id), "Return")
        add("Open all groups", lambda: page.groups.open_all(opened=True))
        add("Close all groups", lambda: page.groups.open_all(opened=False))
    else:
        add("Open", lambda: page.context.open("run", run_id=run_id), "Return")
    if several:
        add("Compare", page.comparing.compare, "C")
    add("Keep for comparing", page.keep, "K")
    menu.addSeparator()
    if not several:
        add("Rename", table.rename, "F2")
    if not isinstance(table.model.row(row), GroupRow) and is_editable(column) and column.id != "name":
        title = column.title if len(column.title) <= LONGEST else f"{column.title[:LONGEST]}…"
        add(f"Edit {title} here", lambda: table.editing.begin(row, section))
    add("Edit name, tags and note…", page.edits.ask, "E")
    menu.addSeparator()
    add("Copy as table", table.copy, "Ctrl+C")
    add("Copy as Python", page.copying.copy_python)
    return menu


def show_below(menu: QMenu, widget: QWidget) -> None:
    """Show a menu with its right edge at a widget's right edge, the first entry lit for the keyboard; it goes when it closes."""
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(widget.mapToGlobal(QPoint(widget.width() - menu.sizeHint().width(), widget.height() + 4)))
    menu.setActiveAction(next((action for action in menu.actions() if action.isEnabled()), menu.actions()[0]))


def show_menu(page: RunsPage, place: QPoint, row: int, section: int) -> None:
    """Show the menu; it goes when it closes."""
    menu = run_menu(page, row, section)
    menu.aboutToHide.connect(menu.deleteLater)
    menu.popup(place)
