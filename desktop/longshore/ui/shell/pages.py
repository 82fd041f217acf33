"""The page registry: one row per page. A page's module is imported when the page is shown for the first time."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QWidget

from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext


class Page(QWidget):
    """What the window shows beside the navigation. Subclasses fill it and override what they need."""

    title = ""
    # How often the page looks by itself while it is in front: for what the server tells and no row of the local database.
    look_every_s: float | None = None
    # The rows of the last state, or the first ones of the server, are on screen.
    rows_shown = Signal()

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.context = context

    def show_with(self, **arguments: object) -> None:
        """Show what the arguments name; called each time the page comes to the front."""

    def crumbs(self) -> list[tuple[str, str | None]]:
        """Give the breadcrumb: titles, each with the page that it leads to."""
        project = self.context.project
        return [(project.name, "overview"), (self.title, None)] if project else [(self.title, None)]

    def actions_now(self) -> list[Action]:
        """Give what can be done on this page now."""
        return []

    def note_rows(self) -> None:
        """Tell, once whoever opened the page listens, that its rows are there."""
        QTimer.singleShot(0, self.rows_shown.emit)

    def refresh(self) -> None:
        """Bring the page up to date; called when the local database changed while the page is shown."""


@dataclass(frozen=True)
class PageRow:
    """One page of the registry."""

    id: str
    title: str
    icon: str
    where: str  # "module:Class" in ui.pages
    group: str  # workspace, project, bottom; empty: reached from other pages alone
    # What the lit entry of the navigation is, where the page itself has none.
    under: str = ""

    def make(self, context: AppContext, parent: QWidget) -> Page:
        """Import the page's module and make the page, in its place from the start: Qt styles again what moves."""
        module, _, name = self.where.partition(":")
        factory = getattr(importlib.import_module(f"longshore.ui.pages.{module}"), name)
        return cast(Callable[[AppContext, QWidget], Page], factory)(context, parent)


PAGES: tuple[PageRow, ...] = (
    PageRow("home", "Home", "home", "home:HomePage", "workspace"),
    PageRow("overview", "Overview", "overview", "overview:OverviewPage", "project"),
    PageRow("pipeline", "Pipeline", "pipeline", "pipeline:PipelinePage", "project"),
    PageRow("runs", "Runs", "run", "runs:RunsPage", "project"),
    PageRow("run", "Run", "run", "run:RunPage", "", under="runs"),
    PageRow("trash", "Trash", "trash", "trash:TrashPage", "", under="runs"),
    PageRow("models", "Models", "model", "models:ModelsPage", "project"),
    PageRow("lineage", "Lineage", "lineage", "lineage:LineagePage", "project"),
    PageRow("deployments", "Deployments", "deployment", "deployments:DeploymentsPage", "project"),
    PageRow("settings", "Settings", "settings", "settings:SettingsPage", "bottom"),
)
BY_ID = {row.id: row for row in PAGES}
