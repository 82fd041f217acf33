"""What is shown of the selected step: its inspector, its last runs, its log; read off the UI thread."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.errors import LongshoreError
from longshore.ui.pages import pipeline_work as work
from longshore.ui.pages.pipeline_body import PipelineBody
from longshore.ui.pages.pipeline_inspector import Shown
from longshore.ui.pages.pipeline_looks import Look
from longshore.ui.shell.context import AppContext

if TYPE_CHECKING:
    from longshore.pipelines.state import StepState


class StepDetails(QObject):
    """Keeps inspector and log with the selected step."""

    def __init__(self, context: AppContext, body: PipelineBody) -> None:
        super().__init__(body)
        self._context, self._body = context, body
        self._shown: Shown | None = None
        self._seen: work.Seen | None = None

    def show(self, shown: Shown, seen: work.Seen, look: Look) -> None:
        """Show a node as it stands."""
        self._shown, self._seen = shown, seen
        self._body.inspector.show_node(shown, look)
        if seen.jobs and not shown.node.is_group:
            asked = work.read_step_runs(seen.jobs, shown.node.id)
            done = partial(self._body.inspector.show_runs, shown.node.id)
            self._context.runner.run(self, asked, done, self._tell, key="pipeline-step")
        self.read_log()

    def read_log(self) -> None:
        """Show what the step printed, while the log is in front."""
        if self._body.panel.tabs.current != "log" or self._seen is None or self._shown is None:
            return
        found = self._seen.state.steps.get(self._shown.node.id)
        if found is None or self._seen.job is None:
            self._body.panel.show_no_log("The selected step printed nothing in the last run: it did not run.")
            return
        asked = work.read_log(self._context.home, self._seen.job, found)
        self._context.runner.run(self, asked, partial(self._show_log, found), self._tell, key="pipeline-log")

    def _show_log(self, found: StepState, text: str) -> None:
        if self._shown is not None and self._shown.node.id == found.step:
            self._body.panel.show_log(found.step, text)

    def _tell(self, error: LongshoreError) -> None:
        self._context.tell("error", error.reason, error.hint or "")
