"""The head of a run's page: name, state, and one line of facts."""

from __future__ import annotations

from datetime import UTC, datetime

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from longshore.store.records import RUNNING
from longshore.ui.pages.run_progress import RunProgress, told
from longshore.ui.pages.run_work import RunState
from longshore.ui.widgets.basic import ElidedLabel, badge, clear, horizontal, vertical
from longshore.ui.widgets.kind_tile import KindTile
from longshore.ui.widgets.pill import Pill
from longshore.ui.widgets.times import ago, duration

LONGEST_BADGE = 28


class RunHead(QWidget):
    """Shows what a run is and how it goes."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._badges: tuple[str, ...] = ()
        row = horizontal(self, (20, 14, 20, 6), 12)
        row.addWidget(KindTile("run", 36))
        words = QWidget()
        column = vertical(words, spacing=2)
        first = QWidget()
        title_row = horizontal(first, spacing=8)
        self.name = ElidedLabel("", "heading", mode=Qt.TextElideMode.ElideMiddle)
        self.pill = Pill("RUNNING")
        badges = QWidget()
        self._badge_row = horizontal(badges, spacing=6)
        title_row.addWidget(self.name)
        title_row.addWidget(self.pill)
        title_row.addWidget(badges)
        title_row.addStretch(1)
        column.addWidget(first)
        self.facts = ElidedLabel("", "body", "secondary")
        column.addWidget(self.facts)
        row.addWidget(words, 1)
        self.progress = RunProgress()
        row.addWidget(self.progress)

    def clear(self) -> None:
        """Forget the run, for another one."""
        self.name.setText("")
        self.facts.setText("")
        self.progress.show_progress(None)

    def show_state(self, state: RunState) -> None:
        """Show a state; what stayed is left alone, for it comes every second while a run is live."""
        job, detail = state.job, state.detail
        self.name.setText(detail.run.name if detail else job.title if job else "")
        self.pill.set_state(status_of(state))
        badges = (detail.experiment.name, detail.code.entry_point) if detail else ()
        if badges != self._badges:
            self._badges = badges
            clear(self._badge_row)
            for words in filter(None, badges):
                self._badge_row.addWidget(_badge(words))
        self.facts.setText(facts_line(state))
        self.progress.show_progress(told(state))


def _badge(words: str) -> QLabel:
    # A badge has the width of its text: a long one would leave no room for the name.
    made = badge(words if len(words) <= LONGEST_BADGE else f"{words[:13]}…{words[-13:]}")
    made.setToolTip(words)
    return made


def status_of(state: RunState) -> str:
    """Give the state's word: the job's while it lives, for the run itself knows nothing of stopping."""
    job, detail = state.job, state.detail
    if detail is not None and (job is None or job.ended):
        return detail.run.status
    return job.state if job is not None else ""


def facts_line(state: RunState) -> str:
    """Say who ran it, when, for how long, where, and from which commit."""
    job, detail = state.job, state.detail
    parts = []
    if detail is not None and detail.run.user:
        parts.append(f"by {detail.run.user}")
    started = (job.started_at if job else None) or (detail.run.start_time if detail else None)
    if started is not None:
        parts.append(f"started {ago(started)}")
    if job is not None and job.state == RUNNING and job.started_at:
        parts.append(f"for {duration((datetime.now(UTC) - job.started_at).total_seconds())}")
    elif detail is not None and detail.run.end_time and detail.run.start_time:
        parts.append(f"took {duration((detail.run.end_time - detail.run.start_time).total_seconds())}")
    target = job.target if job else detail.target if detail else ""
    if target:
        parts.append({"local": "on this computer", "docker": "in Docker"}.get(target, f"on {target}"))
    if detail is not None and detail.code.commit:
        dirty = " + changes" if detail.code.dirty else ""
        parts.append(f"commit {detail.code.commit[:7]}{dirty}")
    if job is not None and not job.ended and job.detail:
        parts.append(job.detail)
    return ", ".join(parts)
