"""How far a deployment's job is: its steps in a row, what it does now, or why it failed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtWidgets import QWidget

from longshore.errors import from_dict
from longshore.store.records import Step
from longshore.ui.pages.deployments_work import Row
from longshore.ui.widgets.basic import Card, IconLabel, clear, horizontal, label, line, vertical
from longshore.ui.widgets.progress_row import ProgressRow
from longshore.ui.widgets.states import ErrorState
from longshore.ui.widgets.times import duration

TITLES = {
    "image": "Build image",
    "container": "Start container",
    "health": "Check health",
    "switch": "Switch over",
    "tidy": "Tidy up",
    "route": "Close the port",
    "containers": "Remove containers",
    "forget": "Forget it",
}
_LOOKS = {
    "done": ("ok", "success.text", "secondary"),
    "running": ("ring", "info.text", ""),
    "failed": ("x-circle", "danger.text", "danger"),
}


class StepStrip(QWidget):
    """The steps of a job, each with its state as an icon and a word."""

    def __init__(self, steps: tuple[Step, ...], *, stopped: bool) -> None:
        super().__init__()
        row = horizontal(self, (12, 0, 12, 10), 6)
        for place, step in enumerate(steps):
            if place:
                row.addWidget(IconLabel("chev-right", "text.tertiary", 12))
            state = "pending" if stopped and step.state == "running" else step.state
            icon, token, tone = _LOOKS.get(state, ("clock", "text.tertiary", "tertiary"))
            row.addWidget(IconLabel(icon, token, 14))
            words = label(TITLES.get(step.name, step.name), "smallStrong" if state == "running" else "small", tone)
            words.setAccessibleName(f"{words.text()}, {state}")
            row.addWidget(words)
        row.addStretch(1)


class DeploymentProgress(QWidget):
    """Empty where nothing is under way and nothing failed."""

    def __init__(self, cancel: Callable[[], object], retry: Callable[[], object]) -> None:
        super().__init__()
        self._cancel, self._retry = cancel, retry
        self._column = vertical(self, spacing=10)
        self._row: Row | None = None
        self._progress: ProgressRow | None = None
        self._strip: StepStrip | None = None
        self._card: Card | None = None

    def show_row(self, row: Row) -> None:
        """Show the job of a deployment; while it goes on, only what changed is drawn anew."""
        before, self._row = self._row, row
        if row.busy and self._progress is not None and before is not None and _same_job(before, row):
            self._show_steps(row, before)
        elif row != before:
            self._build(row)
        self.tick()
        self.setVisible(self._column.count() > 0)

    def tick(self) -> None:
        """Show the time that has gone by."""
        row = self._row
        if row is None or row.job is None or self._progress is None:
            return
        job = row.job
        gone = duration((datetime.now(UTC) - (job.started_at or job.created_at)).total_seconds())
        if job.stop_requested:
            self._progress.show_progress(
                None, "Waits for the step that runs, then takes back what was made.", "Stopping…"
            )
        else:
            words = job.detail or row.deployment.detail
            self._progress.show_progress(job.progress, words, "Waiting" if job.started_at is None else gone)

    def _build(self, row: Row) -> None:
        clear(self._column)
        self._progress = self._strip = None
        deployment = row.deployment
        if row.busy and row.job is not None:
            # What ends a deployment can't be stopped half-way.
            cancel = self._cancel if row.job.kind == "deploy" and not row.job.stop_requested else None
            self._progress = ProgressRow(row.job.title, cancel)
            self._card = Card(surface="panel")
            vertical(self._card, (1, 1, 1, 1)).addWidget(self._progress)
            self._column.addWidget(self._card)
            self._show_steps(row, None)
        elif deployment.error:
            error = from_dict(dict(deployment.error))
            serves = deployment.serving_version
            title = f"v{deployment.model_version} was not deployed" if serves else "The deployment failed"
            if serves:
                title += f"; v{serves} stays"
            failed = ErrorState(error, title, self._retry, details_shown=True)
            self._column.addWidget(failed)
            if row.steps:
                self._column.addWidget(StepStrip(row.steps, stopped=True))

    def _show_steps(self, row: Row, before: Row | None) -> None:
        layout = self._card.layout() if self._card is not None else None
        if layout is None or (before is not None and before.steps == row.steps):
            return
        if self._strip is not None:
            layout.removeWidget(self._strip)
            self._strip.deleteLater()
        else:
            layout.addWidget(line())
        self._strip = StepStrip(row.steps, stopped=False)
        self._strip.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self._strip)


def _same_job(before: Row, row: Row) -> bool:
    if before.job is None or row.job is None or before.deployment.name != row.deployment.name:
        return False
    return (before.job.id, before.job.stop_requested) == (row.job.id, row.job.stop_requested)
