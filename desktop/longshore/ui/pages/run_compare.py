"""The dialog that asks with which other run of the experiment one is compared; the likeliest one is chosen already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.rows import RunRow
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import label, vertical
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.states import ErrorState
from longshore.ui.widgets.times import ago, number

if TYPE_CHECKING:
    from longshore.tracking.detail import RunDetail

_RUN_ID = Qt.ItemDataRole.UserRole
LISTED = 200
LONGEST_NAME = 60


@dataclass(frozen=True)
class Others:
    """The other runs of an experiment, the newest first, and the one to compare with unless somebody chooses."""

    rows: tuple[RunRow, ...]
    metric: str | None
    # Its id and why; empty where the experiment has no other run.
    suggested: str
    because: str


def others_work(home: Home, workspace: str | None, detail: RunDetail) -> Work[Others]:
    """Give the work that lists the runs that a run may be compared with."""

    def work(_progress: Progress, _cancel: CancelToken) -> Others:
        from longshore.tracking import table
        from longshore.workspace.connection import connect

        client = connect(home, workspace)
        found = table.search(client, experiments=[detail.experiment], limit=LISTED)
        return others_of(found.rows, detail.run.id)

    return work


def others_of(rows: Sequence[RunRow], run_id: str) -> Others:
    """Suggest the best run; where that is the run itself, or nobody can say, the one before it."""
    from longshore.tracking import direction

    others = tuple(row for row in rows if row.run_id != run_id)
    metric = direction.primary_metric(rows)
    best = direction.best([row.metrics[metric] for row in rows if metric in row.metrics], metric) if metric else None
    for row in others:
        if metric and best is not None and row.metrics.get(metric) == best:
            return Others(others, metric, row.run_id, f"best {metric}")
    # Newest first: what stands behind the run is older.
    ids = [row.run_id for row in rows]
    older = ids[ids.index(run_id) + 1 :] if run_id in ids else ids
    suggested = older[0] if older else others[0].run_id if others else ""
    return Others(others, metric, suggested, "the one before" if older else "")


class CompareDialog(Dialog):
    """Lists the other runs of the experiment; found by typing."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget, context: AppContext, detail: RunDetail) -> None:
        super().__init__(parent, "Compare with", "Compare", size="medium")
        self._others: Others | None = None
        column = vertical(self.body, (24, 0, 24, 16), 10)
        self.search = QLineEdit()
        self.search.setPlaceholderText(f"Search the runs of {detail.experiment.name}")
        self.search.setAccessibleName("Search runs")
        self.search.textChanged.connect(self._show)
        column.addWidget(self.search)
        self.list = QListWidget()
        self.list.setFixedHeight(296)
        self.list.setUniformItemSizes(True)
        self.list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setAccessibleName("Runs of the experiment")
        self.list.itemActivated.connect(lambda _item: self.confirmed())
        column.addWidget(self.list)
        self._state = label("Loading…", "small", "tertiary", wrap=True)
        column.addWidget(self._state)
        self.confirm_button.disable("Choose a run first.")
        work = others_work(context.home, context.workspace_name, detail)
        context.runner.run(self, work, self._take, self._fail)
        self.search.setFocus()

    def _take(self, others: Others) -> None:
        self._others = others
        self._show()

    def _fail(self, error: LongshoreError) -> None:
        self._state.hide()
        self.list.hide()
        layout = self.body.layout()
        assert layout is not None
        layout.addWidget(ErrorState(error, "The runs could not be listed"))

    def _show(self, _text: str = "") -> None:
        others = self._others
        if others is None:
            return
        wanted = self.search.text().strip().lower()
        self.list.clear()
        for row in others.rows:
            if wanted not in f"{row.name} {row.run_id}".lower():
                continue
            item = QListWidgetItem(_words(row, others))
            item.setData(_RUN_ID, row.run_id)
            item.setToolTip(f"{row.name}\n{row.run_id}")
            self.list.addItem(item)
            if row.run_id == others.suggested:
                self.list.setCurrentItem(item)
                self.list.scrollToItem(item)
        if self.list.currentRow() < 0 < self.list.count():
            self.list.setCurrentRow(0)
        nothing = "No run is called that here." if wanted else "The experiment has no other run yet."
        self._state.setText(nothing)
        self._state.setVisible(self.list.count() == 0)
        self.confirm_button.setEnabled(self.list.count() > 0)
        self.confirm_button.setToolTip("" if self.list.count() else nothing)

    def confirmed(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.accept()
            self.chosen.emit(str(item.data(_RUN_ID)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirmed()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.search.hasFocus():
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            self.list.setCurrentRow(min(max(self.list.currentRow() + step, 0), self.list.count() - 1))
        else:
            super().keyPressEvent(event)


def _words(row: RunRow, others: Others) -> str:
    name = row.name if len(row.name) <= LONGEST_NAME else f"{row.name[:28]}…{row.name[-28:]}"
    facts = [ago(row.start_time)] if row.start_time else []
    if others.metric in row.metrics:
        facts.insert(0, f"{others.metric} {number(row.metrics[others.metric or ''])}")
    if row.run_id == others.suggested and others.because:
        facts.append(others.because)
    return f"{name}    {', '.join(facts)}"
