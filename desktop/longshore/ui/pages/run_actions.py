"""What can be done with a run from its page."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.store.records import Job
from longshore.ui.pages.run_again import Again, launch_again, preset_of
from longshore.ui.pages.run_work import RunState
from longshore.ui.pages.trash_moves import Moves
from longshore.ui.shell import trusting
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.task_list import stop_work

if TYPE_CHECKING:
    from longshore.ui.pages.run import RunPage


class RunActions(QObject):
    """The actions of a run's page; each acts on the run as it was last shown."""

    def __init__(self, context: AppContext, page: RunPage, moves: Moves) -> None:
        super().__init__(page)
        self._context, self._page, self._moves = context, page, moves
        self._state: RunState | None = None

    def actions(self, state: RunState | None) -> list[Action]:
        """Give what can be done now."""
        self._state = state
        job = state.job if state else None
        run_id = state.detail.run.id if state and state.detail else None
        found = []
        if run_id:
            found.append(Action("run-compare", "Compare…", self._compare, icon="compare"))
        if state and (job or state.detail):
            found.append(Action("run-again", "Launch again", self._again, icon="refresh"))
            found.append(Action("run-edit", "Edit and launch…", self.edit_and_launch, icon="copy"))
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
                    partial(self._context.open, "models", register=run_id),
                    icon="model",
                    command=f"longshore register {run_id} --name NAME",
                )
            )
        if run_id:
            go = partial(self._context.open, "lineage", reference=f"run:{run_id}")
            found.append(Action("run-lineage", "Show lineage", go, icon="lineage"))
        if state and state.detail:
            found += self._moves.actions_of(state.detail.run.id, archived=state.archived, deleted=state.deleted)
            found.append(self._context.undo.action())
            keep = "Let go of it" if self._context.kept.holds(state.detail.run.id) else "Keep for comparing"
            found.append(Action("run-keep", keep, self._keep, icon="pin"))
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
        self._page.show_tab("live")
        self._page.live.log.start_search()

    def _show_level(self, level: str) -> None:
        self._page.show_tab("live")
        self._page.live.log.show_level(level)

    def _compare(self) -> None:
        detail = self._state.detail if self._state else None
        if detail is None:
            return
        from longshore.ui.pages.run_compare import CompareDialog

        asking = CompareDialog(self._page.window(), self._context, detail)
        asking.chosen.connect(lambda other: self._context.open("runs", compare=(detail.run.id, other)))
        asking.open()

    def _keep(self) -> None:
        if self._state is None or self._state.detail is None:
            return
        run, kept = self._state.detail.run, self._context.kept
        kept.let_go([run.id]) if kept.holds(run.id) else kept.keep([(run.id, run.name)])

    def _again(self) -> None:
        if self._state is None:
            return
        job = self._state.job
        path = str(job.spec.get("project_path") or "") if job is not None else ""
        launch = partial(self._launch_again, self._state)
        trusting.when_trusted(self._context, self._page.window(), path, launch) if path else launch()

    def _launch_again(self, state: RunState) -> None:
        work = launch_again(self._context.home, self._context.workspace_name, state)
        title = f"Launching {self._page.head.name.text()} again"
        self._context.runner.run(self._page, work, self._launched, title=title)

    def _launched(self, again: Again) -> None:
        self._context.tell(
            "success", f"Launched {again.job.title} again", f"With {again.code.words}. {again.code.why_not}"
        )
        self._context.open("run", job_id=again.job.id)

    def edit_and_launch(self) -> None:
        """Open the launch form with what this run was launched with."""
        if self._state is not None:
            self._context.launch(**preset_of(self._state))

    def _stop(self, job: Job) -> None:
        self._context.runner.run(self._page, stop_work(self._context.home, job.id), title=f"Stopping {job.title}")
