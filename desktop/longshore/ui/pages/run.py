"""One run: live curves and console, metrics, parameters, tags, source and environment, artifacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.store.records import Job
from longshore.ui.pages.run_again import Again, launch_again, preset_of
from longshore.ui.pages.run_head import RunHead
from longshore.ui.pages.run_live import LivePanel
from longshore.ui.pages.run_side import RunSide
from longshore.ui.pages.run_tabs import TABS, RunTabs
from longshore.ui.pages.run_work import RunState, curves_work, read_run
from longshore.ui.shell import trusting
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.shell.task_list import stop_work
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import clear, horizontal, line, vertical
from longshore.ui.widgets.choices import Tabs
from longshore.ui.widgets.late_content import LateContent
from longshore.ui.widgets.states import Banner, ErrorState, Loading, StateStack

if TYPE_CHECKING:
    from longshore.tracking.histories import History

LIVE_MS = 700
SIDE_TAB = "side"
# Named as the run's own parts are.
COUNTED = ("metrics", "params", "tags")
_ANY_WIDTH = 16777215
SIDE_FROM = 1100


class RunPage(Page):
    """A run, or a job that has no run yet."""

    title = "Run"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._state: RunState | None = None
        self._asked: tuple[str | None, str | None] = (None, None)
        self._busy = self._fetching = False
        outer = vertical(self)
        self._stack = StateStack()
        outer.addWidget(self._stack)
        self._content = LateContent(
            self._lay_out,
            lambda _holder: self._tabs_row.addWidget(self.tabs),
            lambda _holder: self._body_row.addWidget(self.panels, 1),
            lambda _holder: self.live.make_curves(),
            lambda _holder: self.live.make_console(),
            lambda _holder: self._body_row.addWidget(self.side),
            lambda _holder: self.side.make_artifacts(),
        )
        self._content.made.connect(self._show_side)
        self._stack.addWidget(self._content)
        self._timer = QTimer(self)
        self._timer.setInterval(LIVE_MS)
        self._timer.timeout.connect(self._tick)

    @cached_property
    def head(self) -> RunHead:
        """The run's name and state."""
        return RunHead(self._content)

    @cached_property
    def tabs(self) -> Tabs:
        """What can be chosen."""
        made = Tabs((*TABS, (SIDE_TAB, "System and artifacts")))
        made.chosen.connect(self._choose_tab)
        return made

    @cached_property
    def panels(self) -> RunTabs:
        """What is chosen."""
        return RunTabs(self.context, self._body)

    @cached_property
    def side(self) -> RunSide:
        """What the run used and its artifacts."""
        return RunSide(self.context, self._body)

    @property
    def ready(self) -> bool:
        """Tell whether all parts are made."""
        return self._content.ready

    @property
    def live(self) -> LivePanel:
        """The tab that follows the run."""
        return self.panels.live

    def _lay_out(self, content: QWidget) -> None:
        column = vertical(content)
        column.addWidget(self.head)
        self._banner_holder = QWidget()
        self._banner = vertical(self._banner_holder, (20, 0, 20, 8))
        column.addWidget(self._banner_holder)
        tabs = QWidget()
        self._tabs_row = horizontal(tabs, (20, 0, 20, 0))
        column.addWidget(tabs)
        column.addWidget(line("hStrong"))
        self._body = QWidget()
        column.addWidget(self._body, 1)
        self._body_row = horizontal(self._body)

    def _choose_tab(self, tab: str) -> None:
        if tab != SIDE_TAB:
            self.panels.choose(tab)
        self._show_side()

    def _show_side(self) -> None:
        """Show the side beside the tabs, or as a tab of its own where there is no room."""
        if not self._content.ready:
            return
        narrow = self.window().width() < SIDE_FROM
        self.tabs.set_shown(SIDE_TAB, narrow)
        if not narrow and self.tabs.current == SIDE_TAB:
            self.tabs.choose("live")
            self.panels.choose("live")
        alone = self.tabs.current == SIDE_TAB
        width = values()["layout"]["inspectorWidth"]
        self.side.setMinimumWidth(0 if alone else width)
        self.side.setMaximumWidth(_ANY_WIDTH if alone else width)
        self.side.setVisible(alone or not narrow)
        self.panels.setVisible(not alone)

    def crumbs(self) -> list[tuple[str, str | None]]:
        project = self.context.project
        parts: list[tuple[str, str | None]] = [(project.name, "overview")] if project else []
        return [*parts, ("Runs", "runs"), (self.head.name.text() or "Run", None)]

    def actions_now(self) -> list[Action]:
        state = self._state
        job = state.job if state else None
        run_id = state.detail.run.id if state and state.detail else None
        found = []
        if run_id:
            found.append(Action("run-compare", "Compare…", self._compare, icon="compare"))
        if state and (job or state.detail):
            found.append(Action("run-again", "Launch again", self._again, icon="refresh"))
            found.append(Action("run-edit", "Edit and launch…", self._edit_and_launch, icon="copy"))
        if job is not None and not job.ended:
            found.append(
                Action(
                    "run-stop",
                    "Stop run",
                    partial(self._stop, job),
                    icon="stop",
                    kind="danger",
                    disabled_because="It is stopping." if job.stop_requested else "",
                    command=f"longshore stop {job.id}",
                )
            )
        if state and state.detail and state.detail.models:
            found.append(
                Action(
                    "run-register",
                    "Register model…",
                    partial(self.context.open, "models", register=run_id),
                    icon="model",
                    command=f"longshore register {run_id} --name NAME",
                )
            )
        if run_id:
            go = partial(self.context.open, "lineage", reference=f"run:{run_id}")
            found.append(Action("run-lineage", "Show lineage", go, icon="lineage"))
        return found + (self._log_actions() if job is not None else [])

    def _log_actions(self) -> list[Action]:
        levels = (("all", "Show all lines of the log"), ("warning", "Show warnings"), ("error", "Show errors"))
        return [
            Action("log-search", "Search the log", self._search_log, icon="search", shortcut="Ctrl+F", in_bar=False),
            *(
                Action(f"log-{level}", title, partial(self._show_level, level), icon="terminal", in_bar=False)
                for level, title in levels
            ),
        ]

    def _search_log(self) -> None:
        self._show_tab("live")
        self.live.log.start_search()

    def _show_level(self, level: str) -> None:
        self._show_tab("live")
        self.live.log.show_level(level)

    def _show_tab(self, tab: str) -> None:
        self.tabs.choose(tab)
        self._choose_tab(tab)

    def _compare(self) -> None:
        detail = self._state.detail if self._state else None
        if detail is None:
            return
        from longshore.ui.pages.run_compare import CompareDialog

        asking = CompareDialog(self.window(), self.context, detail)
        asking.chosen.connect(lambda other: self.context.open("runs", compare=(detail.run.id, other)))
        asking.open()

    def _again(self) -> None:
        if self._state is not None:
            job = self._state.job
            path = str(job.spec.get("project_path") or "") if job is not None else ""
            launch = partial(self._launch_again, self._state)
            trusting.when_trusted(self.context, self.window(), path, launch) if path else launch()

    def _launch_again(self, state: RunState) -> None:
        work = launch_again(self.context.home, self.context.workspace_name, state)
        self.context.runner.run(self, work, self._launched, title=f"Launching {self.head.name.text()} again")

    def _launched(self, again: Again) -> None:
        self.context.tell(
            "success", f"Launched {again.job.title} again", f"With {again.code.words}. {again.code.why_not}"
        )
        self.context.open("run", job_id=again.job.id)

    def _edit_and_launch(self) -> None:
        if self._state is not None:
            self.context.launch(**preset_of(self._state))

    def _stop(self, job: Job) -> None:
        self.context.runner.run(self, stop_work(self.context.home, job.id), title=f"Stopping {job.title}")

    def show_with(self, **arguments: object) -> None:
        asked = (_text(arguments.get("run_id")), _text(arguments.get("job_id")))
        if asked != self._asked:
            self._asked, self._state = asked, None
            self._busy = self._fetching = False
            if self._content.ready:
                self._forget()
            self._stack.say(Loading("Loading the run…"))
        self._content.begin()
        self._timer.start()
        self.refresh()

    def _forget(self) -> None:
        """Let nothing of the run before stay on screen."""
        self.panels.clear()
        for tab in COUNTED:
            self.tabs.set_count(tab, None)
        self.side.clear()
        self.head.clear()
        self._show_banner(None)

    def refresh(self) -> None:
        # One that is live is read by the timer: the agent's own rows change every second, too.
        if not self._is_live():
            self._read()

    def _read(self) -> None:
        if self._busy or self._asked == (None, None):
            return
        self._busy = True
        asked, before = self._asked, self._state
        work = read_run(
            self.context.home, self.context.workspace_name, *asked, before.detail if before is not None else None
        )
        self.context.runner.run(
            self,
            work,
            lambda state: self._show_state(state, asked),
            lambda error: self._show_failure(error, asked),
            key="run",
        )

    def _tick(self) -> None:
        if not self.isVisible():
            self._timer.stop()
        elif self._is_live():
            self._read()

    def _is_live(self) -> bool:
        state = self._state
        if state is None:
            return False
        if state.job is not None and not state.job.ended:
            return True
        return state.detail is not None and state.detail.run.status in ("RUNNING", "SCHEDULED")

    def _show_failure(self, error: LongshoreError, asked: tuple[str | None, str | None]) -> None:
        if asked != self._asked:
            return
        self._busy = False
        if self._state is None:
            self._stack.say(ErrorState(error, "The run could not be loaded", self.refresh))
        else:
            self._show_banner(Banner(f"{error.reason} {error.hint or ''}".strip(), ("Retry", self.refresh)))

    def _show_banner(self, banner: Banner | None) -> None:
        clear(self._banner)
        self._banner_holder.setVisible(banner is not None)
        if banner is not None:
            self._banner.addWidget(banner)

    def _show_state(self, state: RunState, asked: tuple[str | None, str | None]) -> None:
        if asked != self._asked or not self._content.when_ready(partial(self._show_state, state, asked)):
            return
        self._busy = False
        first, before = self._state is None, self._state
        if state.offline is not None and before is not None:
            # What was read before the server went away stays on screen.
            state = replace(state, detail=before.detail)
        self._state = state
        self._stack.setCurrentWidget(self._content)
        self.head.show_state(state)
        self._show_problem(state)
        self.side.show_state(state.job, state.detail)
        self.panels.show_state(state)
        if state.detail is not None:
            self._show_counts(state)
        if state.detail is not None and state.offline is None:
            self._fetch_curves(state)
        if first or before is None or _actions_key(before) != _actions_key(state):
            self.context.actions_changed.emit()
        if first:
            self.rows_shown.emit()

    def _show_problem(self, state: RunState) -> None:
        job = state.job
        if state.offline is not None:
            still = (
                "The run is shown as it was read last." if state.detail else "The log and the job's state are shown."
            )
            self._show_banner(Banner(f"{state.offline.reason} {still}", ("Retry", self.refresh)))
        elif job is not None and job.error:
            words = f"{job.error.get('message') or ''} {job.error.get('hint') or ''}".strip()
            self._show_banner(Banner(words, ("Launch again…", self._edit_and_launch), tone="danger"))
        else:
            self._show_banner(None)

    def _show_counts(self, state: RunState) -> None:
        assert state.detail is not None
        for tab in COUNTED:
            self.tabs.set_count(tab, len(getattr(state.detail.run, tab)))

    def _fetch_curves(self, state: RunState) -> None:
        assert state.detail is not None
        if self._fetching:
            return
        names = tuple(
            sorted((name for name in state.detail.run.metrics if not name.startswith("system/")), key=_curve_order)
        )
        known = dict(self.live.curves.known)
        whole = bool(known) and set(known) >= set(names)
        if whole and not self._is_live() and state.detail.run.status != "RUNNING" and self._settled:
            return
        self._settled = not self._is_live()
        self._fetching = True
        asked = self._asked
        self.context.runner.run(
            self,
            curves_work(self.context.home, self.context.workspace_name, state.detail.run, names, known),
            lambda found: self._show_curves(found, asked),
            self._curves_failed,
            key="curves",
        )

    _settled = False

    def _curves_failed(self, _error: LongshoreError) -> None:
        self._fetching = False

    def _show_curves(self, found: Mapping[str, History], asked: tuple[str | None, str | None]) -> None:
        self._fetching = False
        if asked == self._asked:
            self.live.curves.show_curves(found)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_side()


def _text(value: object) -> str | None:
    return str(value) if value else None


def _actions_key(state: RunState) -> tuple[object, ...]:
    job = state.job
    return (
        job.state if job else "",
        job.stop_requested if job else False,
        state.detail.run.id if state.detail else "",
        bool(state.detail and state.detail.models),
    )


def _curve_order(name: str) -> tuple[bool, str]:
    from longshore.tracking.direction import is_known

    return (not is_known(name), name)
