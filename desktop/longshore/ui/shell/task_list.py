"""The task list: what runs and waits, with progress and cancel; waiting jobs can be reordered."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import ACTIVE_STATES, QUEUED, Job
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import Button, clear, horizontal, label, line, vertical
from longshore.ui.widgets.pill import describe
from longshore.ui.widgets.progress_row import ProgressRow
from longshore.ui.widgets.times import duration

WIDTH, HEIGHT, LOWEST, HEAD = 420, 420, 132, 48
BUILD_MS = 100


def read_jobs(home: Home) -> Work[tuple[Job, ...]]:
    """Give the work that reads the jobs under way, in the queue's order."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Job, ...]:
        from longshore.store import jobs

        return jobs.listing(home, states=ACTIVE_STATES)

    return work


def stop_work(home: Home, job_id: str) -> Work[None]:
    """Give the work that asks a job to stop."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.jobs import launching

        launching.stop(home, job_id)

    return work


def move_work(home: Home, job_id: str, before: str | None) -> Work[None]:
    """Give the work that reorders the queue."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.store import jobs, processes

        jobs.move(home, job_id, before=before)
        processes.wake(home)

    return work


class TaskList(QFrame):
    """A popover over the status bar."""

    def __init__(self, context: AppContext, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._context = context
        self._jobs: tuple[Job, ...] = ()
        column = vertical(self, (1, 1, 1, 1))
        head = QWidget()
        row = horizontal(head, (14, 10, 8, 8), 8)
        row.addWidget(label("Tasks", "title"))
        row.addStretch(1)
        row.addWidget(
            Button("", self.close_list, icon="x", kind="ghost", size="iconSmall", tip="Close", shortcut="Esc")
        )
        column.addWidget(head)
        column.addWidget(line())
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self._rows = vertical(body)
        area.setWidget(body)
        column.addWidget(area, 1)
        context.rows_changed.connect(self._read)
        # A task reports many times a second; the rows are built again a few times.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(BUILD_MS)
        self._soon.timeout.connect(self._build)
        context.runner.tasks_changed.connect(self._build_soon)
        # How long each has been running.
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        window.installEventFilter(self)
        self.show()
        self.raise_()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._read()
        self._build()

    def _tick(self) -> None:
        if any(job.state != QUEUED for job in self._jobs):
            self._build()

    def _build_soon(self) -> None:
        if not self._soon.isActive():
            self._soon.start()

    def _fit(self) -> None:
        """Stand in the window's lower right corner, as high as the rows, within limits."""
        window = self.parentWidget()
        if window is None:
            return
        wanted = HEAD + self._rows.sizeHint().height()
        self.setFixedSize(WIDTH, min(max(wanted, LOWEST), HEIGHT, window.height() - 80))
        self.move(window.width() - WIDTH - 12, window.height() - self.height() - 36)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def close_list(self) -> None:
        """Go away."""
        self.hide()
        self.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_list()
        else:
            super().keyPressEvent(event)

    def _read(self) -> None:
        self._context.runner.run(self, read_jobs(self._context.home), self._show)

    def _show(self, jobs: tuple[Job, ...]) -> None:
        self._jobs = jobs
        self._build()

    def _build(self) -> None:
        clear(self._rows)
        waiting = [job for job in self._jobs if job.state == QUEUED]
        for job in self._jobs:
            if job.state != QUEUED:
                self._rows.addWidget(self._running(job))
        for task in self._context.runner.shown():
            row = ProgressRow(task.title, task.token.cancel)
            row.show_progress(task.fraction, task.detail)
            self._rows.addWidget(row)
        if waiting:
            holder = QWidget()
            vertical(holder, (12, 8, 12, 0)).addWidget(label("Waiting", "smallStrong", "secondary"))
            self._rows.addWidget(holder)
        for place, job in enumerate(waiting):
            self._rows.addWidget(self._waiting(job, place, waiting))
        if self._rows.count() == 0:
            words = label("Nothing runs and nothing waits.", "body", "tertiary")
            words.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._rows.addStretch(1)
            self._rows.addWidget(words)
        self._rows.addStretch(1)
        self._fit()

    def _running(self, job: Job) -> QWidget:
        opened = partial(self._open, job) if job.kind == "run" else None
        row = ProgressRow(job.title, partial(self._stop, job), opened)
        started = job.started_at or job.created_at
        side = "Stopping…" if job.stop_requested else duration((datetime.now(UTC) - started).total_seconds())
        row.show_progress(job.progress, job.detail or describe(job.state)[0], side)
        return row

    def _waiting(self, job: Job, place: int, waiting: list[Job]) -> QWidget:
        holder = QWidget()
        row = horizontal(holder, (12, 4, 8, 4), 4)
        row.addWidget(label(f"{place + 1}", "small", "tertiary"))
        words = label(job.title)
        words.setToolTip(job.detail)
        row.addWidget(words, 1)
        up = Button("", icon="arrow-up", kind="ghost", size="iconSmall", tip=f"Move {job.title} up")
        down = Button("", icon="arrow-down", kind="ghost", size="iconSmall", tip=f"Move {job.title} down")
        up.setEnabled(place > 0)
        down.setEnabled(place < len(waiting) - 1)
        if place > 0:
            up.clicked.connect(partial(self._move, job.id, waiting[place - 1].id))
        after = waiting[place + 2].id if place + 2 < len(waiting) else None
        down.clicked.connect(partial(self._move, job.id, after))
        row.addWidget(up)
        row.addWidget(down)
        row.addWidget(
            Button("", partial(self._stop, job), icon="x", kind="ghost", size="iconSmall", tip=f"Remove {job.title}")
        )
        return holder

    def _open(self, job: Job) -> None:
        self.close_list()
        self._context.open("run", job_id=job.id)

    def _stop(self, job: Job) -> None:
        self._context.runner.run(self, stop_work(self._context.home, job.id), title=f"Stopping {job.title}")

    def _move(self, job_id: str, before: str | None, _checked: bool = False) -> None:
        self._context.runner.run(self, move_work(self._context.home, job_id, before), title="Reordering the queue")


def show_task_list(context: AppContext, window: QWidget) -> None:
    """Show the task list, or close the one that is shown."""
    shown = window.findChild(TaskList)
    if isinstance(shown, TaskList) and shown.isVisible():
        shown.close_list()
    else:
        TaskList(context, window)
