"""What the engine says of a deployment now: whether it answers, and its replicas with what they use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QProgressBar, QWidget

from longshore.ui.pages.deployments_work import Health, Row
from longshore.ui.widgets.basic import Card, ElidedLabel, clear, horizontal, label, vertical
from longshore.ui.widgets.pill import Pill, describe
from longshore.ui.widgets.states import Banner
from longshore.ui.widgets.times import duration, full, size

if TYPE_CHECKING:
    from longshore.serving.status import ReplicaStatus


class DeploymentHealth(QWidget):
    """The section with its title."""

    def __init__(self, retry: Callable[[], object]) -> None:
        super().__init__()
        self._retry = retry
        self._shown: object = None
        outer = vertical(self, spacing=8)
        head = QWidget()
        row = horizontal(head, spacing=8)
        row.addWidget(label("Health", "title"))
        self._pill = Pill()
        row.addWidget(self._pill)
        self._words = ElidedLabel("", "small", "secondary")
        row.addWidget(self._words, 1)
        outer.addWidget(head)
        body = QWidget()
        self._column = vertical(body, spacing=8)
        outer.addWidget(body)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say that the engine is being asked."""
        self._shown = None
        self._pill.set_look("Looking", "neutral", "clock")
        self._words.setText("")
        clear(self._column)

    def show_health(self, health: Health, row: Row) -> None:
        """Show an answer of the engine."""
        self._show_answer(health, row)
        # It comes every few seconds; what is the same as before is left alone.
        shown = (health.problem and str(health.problem), health.status and health.status.replicas)
        if shown == self._shown:
            return
        self._shown = shown
        clear(self._column)
        if health.problem is not None:
            words = f"{health.problem.reason} {health.problem.hint or ''}".strip()
            self._column.addWidget(Banner(words, ("Retry", self._retry)))
        elif health.status is not None:
            for replica in health.status.replicas:
                self._column.addWidget(_card(replica))
            if not health.status.replicas:
                self._column.addWidget(label("No container runs.", "body", "secondary"))

    def _show_answer(self, health: Health, row: Row) -> None:
        detail = row.deployment.detail if row.deployment.state == "unhealthy" else ""
        if health.status is None:
            self._pill.set_look("Not known", "neutral", "info")
            self._words.setText("")
        elif health.status.answers:
            self._pill.set_look("Answers", "success", "ok")
            count = len(health.status.replicas)
            self._words.setText(f"/ping says 200, {count} replica{'' if count == 1 else 's'}")
        elif row.busy:
            self._pill.set_look("Not yet", "neutral", "clock")
            self._words.setText("/ping does not answer before the first version is healthy")
        else:
            self._pill.set_look("No answer", "warning", "warn")
            self._words.setText(detail or "/ping does not answer")


def _card(replica: ReplicaStatus) -> QWidget:
    card = Card(surface="panel")
    column = vertical(card, (14, 10, 14, 12), 8)
    head = QWidget()
    row = horizontal(head, spacing=8)
    name = ElidedLabel(replica.name, "mono", mode=Qt.TextElideMode.ElideMiddle)
    row.addWidget(name, 1)
    state = Pill()
    state.set_look(*_look(replica))
    row.addWidget(state)
    column.addWidget(head)
    facts = QWidget()
    grid = QGridLayout(facts)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(2)
    up = ""
    if replica.started_at is not None:
        up = duration((datetime.now(UTC) - replica.started_at).total_seconds())
    limit = f" of {size(replica.memory_limit_bytes)}" if replica.memory_limit_bytes else ""
    cells = (
        ("Model", replica.model.replace("/", " v"), ""),
        ("Up", up or "—", full(replica.started_at)),
        ("CPU", f"{replica.cpu_percent:.0f} %", "100 % is one core"),
        ("Memory", f"{size(replica.memory_bytes)}{limit}", ""),
    )
    for place, (title, value, tip) in enumerate(cells):
        grid.addWidget(label(title, "caption", "tertiary"), 0, place)
        words = ElidedLabel(value, mode=Qt.TextElideMode.ElideMiddle)
        if tip:
            words.setToolTip(tip)
        grid.addWidget(words, 1, place)
        grid.setColumnStretch(place, 3 if place in (0, 3) else 2)
    if replica.memory_limit_bytes:
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setRange(0, 1000)
        bar.setValue(round(1000 * min(replica.memory_bytes / replica.memory_limit_bytes, 1)))
        bar.setAccessibleName(f"Memory of {replica.name}")
        grid.addWidget(bar, 2, 3)
    column.addWidget(facts)
    return card


def _look(replica: ReplicaStatus) -> tuple[str, str, str]:
    if replica.state != "running":
        return (replica.state.capitalize(), "danger", "x-circle")
    if replica.health in ("healthy", "unhealthy", "starting"):
        return describe(replica.health)
    return describe("running")
