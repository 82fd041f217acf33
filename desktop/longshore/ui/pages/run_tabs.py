"""The tabs of a run's page. Each is made when it is chosen for the first time, and filled while it is in front."""

from __future__ import annotations

from PySide6.QtWidgets import QStackedWidget, QWidget

from longshore.ui.pages.run_live import LivePanel
from longshore.ui.pages.run_note import NotePanel
from longshore.ui.pages.run_source import SourcePanel
from longshore.ui.pages.run_work import RunState
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.facts import ValueTable
from longshore.ui.widgets.states import EmptyState
from longshore.ui.widgets.times import number

TABS = (
    ("live", "Live"),
    ("metrics", "Metrics"),
    ("params", "Parameters"),
    ("tags", "Tags"),
    ("note", "Note"),
    ("source", "Source and environment"),
)


class RunTabs(QStackedWidget):
    """Live, metrics, parameters, tags, note, source."""

    def __init__(self, context: AppContext, parent: QWidget) -> None:
        super().__init__(parent)
        self._context = context
        self._state: RunState | None = None
        self.live = LivePanel(context, self)
        self._panels: dict[str, QWidget] = {"live": self.live}
        self._current = "live"
        self.addWidget(self.live)

    def panel(self, tab: str) -> QWidget:
        """Give a tab's content."""
        if tab not in self._panels:
            self._panels[tab] = self._make(tab)
            self.addWidget(self._panels[tab])
        return self._panels[tab]

    def _make(self, tab: str) -> QWidget:
        if tab == "source":
            return SourcePanel(self._context)
        if tab == "note":
            return NotePanel(self._context)
        title = dict(TABS)[tab]
        nothing = EmptyState("run", f"No {title.lower()}", f"What the run logs as {title.lower()} stands here.")
        return ValueTable(title, mono=tab != "metrics", nothing=nothing)

    def choose(self, tab: str) -> None:
        """Bring a tab to the front."""
        self._current = tab
        self.setCurrentWidget(self.panel(tab))
        if self._state is not None:
            self._fill(self._state)

    def clear(self) -> None:
        """Forget the run, for another one."""
        self._state = None
        self.live.clear()
        for panel in self._panels.values():
            if isinstance(panel, SourcePanel | NotePanel):
                panel.clear()
            elif isinstance(panel, ValueTable):
                panel.show_values({})

    def show_state(self, state: RunState) -> None:
        """Show a state of the run."""
        self._state = state
        self.live.show_job(state.job)
        self._fill(state)

    def _fill(self, state: RunState) -> None:
        panel = self.panel(self._current)
        if isinstance(panel, SourcePanel | NotePanel):
            panel.show_state(state)
        elif isinstance(panel, ValueTable) and state.detail is not None:
            run = state.detail.run
            values = {"params": run.params, "tags": run.tags}.get(self._current)
            if values is None:
                values = {name: number(value) for name, value in run.metrics.items()}
            panel.show_values(dict(sorted(values.items())))
