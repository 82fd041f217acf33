"""The right side of the Home page: what runs now and what happened."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from longshore.store.records import Job
from longshore.ui.pages.home_cards import list_box
from longshore.ui.pages.home_data import HomeState
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.task_list import stop_work
from longshore.ui.widgets.basic import Card, ElidedLabel, IconLabel, clear, horizontal, label, restyle, vertical
from longshore.ui.widgets.pill import describe
from longshore.ui.widgets.progress_row import ProgressRow
from longshore.ui.widgets.times import ago, duration, full

SIDE_WIDTH = 332


class HomeSide(QFrame):
    """Running now, Activity."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._shown: tuple[tuple[Job, ...], ...] | None = None
        self._outer = vertical(self)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body = QWidget()
        self._column = vertical(self._body, spacing=10)
        self._outer.addWidget(self._area)
        self.place(beside=True)

    def place(self, *, beside: bool) -> None:
        """Stand beside the projects with a scroll bar of its own, or below them as a part of the page."""
        self.setObjectName("inspector" if beside else "")
        restyle(self)
        self._column.setContentsMargins(*((16, 20, 16, 16) if beside else (0, 8, 0, 0)))
        if beside:
            self.setFixedWidth(SIDE_WIDTH)
            self._area.setWidget(self._body)
        else:
            self.setMinimumWidth(0)
            self.setMaximumWidth(16777215)
            self._area.takeWidget()
            self._outer.addWidget(self._body)
        self._area.setVisible(beside)
        self._body.show()

    def show_state(self, state: HomeState) -> None:
        """Show the jobs of a state."""
        shown = (state.running, state.activity)
        if shown == self._shown:
            return
        self._shown = shown
        clear(self._column)
        self._column.addWidget(label("Running now", "title"))
        if state.running:
            self._column.addWidget(list_box([self._progress(job) for job in state.running]))
        else:
            self._column.addWidget(label("Nothing runs.", "body", "tertiary"))
        self._column.addSpacing(12)
        self._column.addWidget(label("Activity", "title"))
        for job in state.activity:
            self._column.addWidget(self._activity(job))
        if not state.activity:
            self._column.addWidget(
                label("What you launch, promote and deploy is listed here.", "body", "tertiary", wrap=True)
            )
        self._column.addStretch(1)

    def _progress(self, job: Job) -> QWidget:
        row = ProgressRow(job.title, partial(self._stop, job))
        started = job.started_at or job.created_at
        side = duration((datetime.now(UTC) - started).total_seconds())
        row.show_progress(job.progress, job.detail or describe(job.state)[0], side)
        return row

    def _stop(self, job: Job) -> None:
        self._context.runner.run(self, stop_work(self._context.home, job.id), title=f"Stopping {job.title}")

    def _activity(self, job: Job) -> QWidget:
        word, tone, icon = describe(job.state)
        card = Card(interactive=True, surface="flat")
        card.activated.connect(
            partial(self._context.open, "run", job_id=job.id)
            if job.kind == "run"
            else partial(self._context.open, "deployments")
        )
        row = horizontal(card, (0, 4, 0, 4), 10)
        row.addWidget(IconLabel(icon, f"{tone}.text"), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(ElidedLabel(f"{job.title} {word.lower()}", "body", mode=Qt.TextElideMode.ElideMiddle), 1)
        when = label(ago(job.ended_at), "small", "tertiary")
        when.setToolTip(full(job.ended_at))
        row.addWidget(when)
        card.setAccessibleName(f"{job.title} {word}, {ago(job.ended_at)}")
        return card
