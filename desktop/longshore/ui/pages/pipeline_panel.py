"""Below a pipeline's graph: what went wrong, the log of the selected step, the timeline, the runs before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QStackedWidget, QWidget

from longshore.store.records import Job
from longshore.ui.widgets.basic import (
    Button,
    ElidedLabel,
    IconLabel,
    clear,
    column_of,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.choices import Tabs
from longshore.ui.widgets.click_row import ClickRow, fixed
from longshore.ui.widgets.gantt import Bar, Gantt
from longshore.ui.widgets.log_tail import LogTail
from longshore.ui.widgets.pill import Pill
from longshore.ui.widgets.states import EmptyState
from longshore.ui.widgets.times import ago, duration, full

if TYPE_CHECKING:
    from longshore.pipelines.state import PipelineState

TABS = (("problems", "Problems"), ("log", "Log"), ("timeline", "Timeline"), ("history", "History"))
HEIGHT = 36
MOST_SHOWN = 30


@dataclass(frozen=True)
class Problem:
    """Something that went wrong. Without a step: of the whole run, or of the folder."""

    title: str
    detail: str = ""
    step: str = ""
    tone: str = "danger"
    # What mends it: the repair's id, and what its button says.
    repair: tuple[str, str] = ("", "")


class PipelinePanel(QFrame):
    """Four tabs; the chevron folds them away."""

    tab_chosen = Signal(str)
    step_chosen = Signal(str)
    log_asked = Signal(str)
    resume_asked = Signal()
    run_from_asked = Signal(str)
    repair_asked = Signal(str)
    job_opened = Signal(str)
    folded = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        column = vertical(self)
        column.addWidget(line("hStrong"))
        head = QWidget()
        head.setFixedHeight(HEIGHT)
        row = horizontal(head, (20, 0, 12, 0), 8)
        self.tabs = Tabs(TABS)
        self.tabs.chosen.connect(self.choose)
        row.addWidget(self.tabs, 1)
        self._about = ElidedLabel("", "small", "secondary")
        self._about.setMaximumWidth(280)
        row.addWidget(self._about)
        self.fold = Button("", self._toggle, icon="chev-down", kind="ghost", size="iconSmall", tip="Fold the panel")
        row.addWidget(self.fold)
        column.addWidget(head)
        column.addWidget(line())
        self.stack = QStackedWidget()
        column.addWidget(self.stack, 1)
        self.log, self.timeline = LogTail("Log of the selected step"), Gantt()
        self._shown: dict[str, object] = {}
        self._pages = {"problems": _Tab(), "log": _Tab(self.log), "timeline": _Tab(self.timeline), "history": _Tab()}
        for page in self._pages.values():
            self.stack.addWidget(page.holder)
        self.timeline.chosen.connect(self.step_chosen)
        self.choose("problems")

    def choose(self, tab: str) -> None:
        """Bring a tab to the front, unfolded."""
        self.tabs.choose(tab)
        self._about.setVisible(tab == "log")
        self.stack.setCurrentWidget(self._pages[tab].holder)
        if self.stack.isHidden():
            self._toggle()
        self.tab_chosen.emit(tab)

    def _toggle(self) -> None:
        folded = not self.stack.isHidden()
        self.stack.setHidden(folded)
        self.fold.set_icon("chev-right" if folded else "chev-down")
        self.fold.setToolTip("Unfold the panel" if folded else "Fold the panel")
        self.folded.emit(folded)

    # -- what is shown ------------------------------------------------------------------------------------------

    def show_problems(self, problems: Sequence[Problem], *, resume: str, start: str) -> None:
        """List what went wrong. `resume` and `start`: why one can't resume, or run from a step; empty: one can."""
        count = sum(one.tone == "danger" for one in problems)
        self.tabs.set_count("problems", count or None)
        if not self._changed("problems", (tuple(problems), resume, start)):
            return
        page = self._pages["problems"]
        clear(page.column)
        if not problems:
            words = label("No problems. Steps that fail are listed here, with their reason.", "body", "secondary")
            page.column.addWidget(row_of(IconLabel("ok", "success.text"), words, None, margins=(20, 10, 20, 10)))
            page.column.addStretch(1)
            return
        for place, problem in enumerate(problems[:MOST_SHOWN]):
            if place:
                page.column.addWidget(line())
            page.column.addWidget(self._problem(problem, resume, start))
        if len(problems) > MOST_SHOWN:
            page.column.addWidget(row_of(label(f"and {len(problems) - MOST_SHOWN} more"), margins=(20, 8, 20, 8)))
        page.column.addStretch(1)

    def _problem(self, problem: Problem, resume: str, start: str) -> QWidget:
        holder = QWidget()
        row = horizontal(holder, (20, 9, 12, 9), 10)
        icon = "x-circle" if problem.tone == "danger" else "warn"
        where = Qt.AlignmentFlag.AlignTop if problem.detail else Qt.AlignmentFlag.AlignVCenter
        row.addWidget(IconLabel(icon, f"{problem.tone}.text"), 0, where)
        words = [ElidedLabel(problem.title, "bodyMedium")]
        if problem.detail:
            words.append(ElidedLabel(problem.detail, "small", "secondary"))
        row.addWidget(column_of(*words, spacing=2), 1)
        repair, action = problem.repair
        if repair:
            row.addWidget(Button(action, partial(self.repair_asked.emit, repair), size="small", tip=problem.detail))
        if not problem.step:
            return holder
        buttons = [
            Button("Open log", partial(self.log_asked.emit, problem.step), icon="terminal", size="small"),
            Button("Run from here", partial(self.run_from_asked.emit, problem.step), icon="play-from", size="small"),
            Button("Resume", self.resume_asked.emit, icon="resume", size="small"),
        ]
        for button, reason in zip(buttons[1:], (start, resume), strict=True):
            if reason:
                button.disable(reason)
        row.addWidget(row_of(*buttons, spacing=6), 0, Qt.AlignmentFlag.AlignTop)
        return holder

    def show_log(self, step: str, text: str) -> None:
        """Show a step's own lines."""
        if self._shown.get("log step") != step:
            self.log.forget()
            self._shown["log step"] = step
        if not text:
            self.show_no_log("It has printed nothing." if step else "Select a step to read what it printed.")
            return
        self._about.setText(step)
        self._pages["log"].show_content()
        self.log.show_text(text)

    def show_no_log(self, words: str) -> None:
        """Say why there is no log."""
        self._about.setText("")
        self._pages["log"].say(EmptyState("terminal", "No log", words))

    def show_timeline(self, bars: tuple[Bar, ...], now: float) -> None:
        """Show when the tasks of the last run ran."""
        page = self._pages["timeline"]
        if bars:
            page.show_content()
            self.timeline.show_bars(bars, now)
        elif self._changed("timeline", ()):
            page.say(EmptyState("clock", "No timeline yet", "When each step ran, and how long, is drawn here."))

    def show_history(self, jobs: Sequence[Job]) -> None:
        """List the runs of the pipeline, the last one first."""
        self.tabs.set_count("history", len(jobs) or None)
        marks = tuple((job.id, job.state, job.ended_at, job.run_ids) for job in jobs)
        if not self._changed("history", marks):
            return
        page = self._pages["history"]
        clear(page.column)
        if not jobs:
            words = "Each run of this pipeline is listed here, with its part, duration and end."
            page.column.addWidget(EmptyState("run", "Not run yet", words))
            return
        for place, job in enumerate(jobs[:MOST_SHOWN]):
            if place:
                page.column.addWidget(line())
            page.column.addWidget(self._job(job))
        page.column.addStretch(1)

    def _job(self, job: Job) -> QWidget:
        part = part_of(job)
        row = ClickRow(f"{job.state}, {part}, {ago(job.created_at)}", 32)
        row.activated.connect(partial(self.job_opened.emit, job.id))
        inner = horizontal(row, (20, 0, 20, 0), 12)
        inner.addWidget(fixed(row_of(Pill(job.state), None), 96))
        inner.addWidget(ElidedLabel(part, "body", mode=Qt.TextElideMode.ElideMiddle), 1)
        error = str((job.error or {}).get("message") or "")
        inner.addWidget(ElidedLabel(error, "small", "secondary"), 2)
        took = label(duration(job.duration_s), "small", "secondary")
        took.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        inner.addWidget(fixed(took, 64))
        when = label(ago(job.created_at), "small", "tertiary")
        when.setToolTip(full(job.created_at))
        when.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        inner.addWidget(fixed(when, 84))
        return row

    def _changed(self, what: str, value: object) -> bool:
        if self._shown.get(what, self) == value:
            return False
        self._shown[what] = value
        return True


def part_of(job: Job) -> str:
    """Say in words which part of its pipeline a job ran."""
    part = job.spec.get("selection") or {}
    if part.get("only"):
        return f"Only {part['only']}"
    if part.get("start") or part.get("end"):
        words = [f"from {part['start']}"] if part.get("start") else []
        words += [f"to {part['end']}"] if part.get("end") else []
        found = " ".join(words)
        return found[:1].upper() + found[1:]
    if part.get("tags"):
        return f"With tag {', '.join(part['tags'])}"
    return "Resumed" if part.get("resume") else "All steps"


def bars_of(state: PipelineState) -> tuple[Bar, ...]:
    """Give the tasks of a run as bars."""
    return tuple(
        Bar(step.step, f"{step.step} {task.task}".strip(), task.state, task.began_at, task.ended_at)
        for step in state.steps.values()
        for task in step.tasks
        if task.began_at is not None
    )


class _Tab:
    """What a tab holds: a content, or words instead."""

    def __init__(self, content: QWidget | None = None) -> None:
        self.holder = QStackedWidget()
        self._words = QWidget()
        self._words_column = vertical(self._words)
        self._content = content
        if content is None:
            self._content = area = QScrollArea()
            area.setWidgetResizable(True)
            area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            body = QWidget()
            self.column = vertical(body)
            area.setWidget(body)
        self.holder.addWidget(self._words)
        assert self._content is not None
        self.holder.addWidget(self._content)
        self.holder.setCurrentIndex(1)

    def say(self, words: QWidget) -> None:
        clear(self._words_column)
        self._words_column.addWidget(words)
        self.holder.setCurrentIndex(0)

    def show_content(self) -> None:
        self.holder.setCurrentIndex(1)
