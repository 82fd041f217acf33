"""How far a run is, at the right of its page's head: from its log, or from how long such runs usually take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from PySide6.QtWidgets import QProgressBar, QWidget

from longshore.store.records import RUNNING
from longshore.ui.pages.run_work import RunState
from longshore.ui.widgets.basic import ElidedLabel, label, restyle, row_of, vertical

_WIDTH, _STEPS = 300, 1000


@dataclass(frozen=True)
class Told:
    """What is told of a run's progress. `fraction`: from 0 to 1, None where nobody knows."""

    title: str
    side: str
    fraction: float | None


def told(state: RunState, now: datetime | None = None) -> Told | None:
    """Say how far a run is, None where nothing is known or nothing runs."""
    job = state.job
    if job is None or job.state != RUNNING or job.started_at is None:
        return None
    now = now or datetime.now(UTC)
    elapsed_s = max(0.0, (now - job.started_at).total_seconds())
    if (progress := state.progress) is not None:
        left_s = progress.time_left_s(elapsed_s)
        return Told(progress.words, _left(left_s, now, whole=progress.whole), progress.fraction)
    if (usual := state.usual) is None:
        return None
    title = f"Usually {roughly(usual.seconds)}"
    if elapsed_s < usual.seconds:
        return Told(title, f"about {roughly(usual.seconds - elapsed_s)} left", elapsed_s / usual.seconds)
    return Told(title, f"runs for {roughly(elapsed_s)}", None)


def _left(left_s: float | None, now: datetime, *, whole: bool) -> str:
    if left_s is None:
        return ""
    if not whole:
        return f"{roughly(left_s)} left in it"
    words = f"{roughly(left_s)} left"
    # The end of what takes days is no time of day.
    if 60 <= left_s < 86_400:
        words += f", ends about {(now + timedelta(seconds=left_s)).astimezone():%H:%M}"
    return words


def roughly(seconds: float) -> str:
    """Give a duration as people say it: 12 s, 3 min, 2 h 10 min, 3 d."""
    if seconds < 60:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{hours / 24:.0f} d"


class RunProgress(QWidget):
    """Shows it: words, the time that is left, a bar."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Told | None = None
        self.setFixedWidth(_WIDTH)
        column = vertical(self, (0, 4, 0, 0), 6)
        self.title = ElidedLabel("", "bodyMedium")
        self.side = label("", "body", "secondary")
        row = row_of(self.title, self.side, spacing=8)
        row.layout().setStretch(0, 1)  # type: ignore[union-attr]
        column.addWidget(row)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, _STEPS)
        column.addWidget(self.bar)
        column.addStretch(1)
        self.hide()

    def show_progress(self, found: Told | None) -> None:
        """Show it; None shows nothing."""
        if found == self._shown:
            return
        self._shown = found
        self.setVisible(found is not None)
        if found is None:
            return
        self.title.setText(found.title)
        self.side.setText(found.side)
        self.bar.setValue(_STEPS if found.fraction is None else round(found.fraction * _STEPS))
        self.bar.setAccessibleName(f"Progress: {found.title}")
        tone = "" if found.fraction is not None else "neutral"
        if (self.bar.property("tone") or "") != tone:
            restyle(self.bar, tone=tone)
