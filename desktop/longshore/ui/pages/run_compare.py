"""The dialog that asks with which other run of the experiment one is compared; the likeliest one is chosen already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.rows import RunRow
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.search_dialog import Entry, SearchDialog
from longshore.ui.widgets.times import ago, number

if TYPE_CHECKING:
    from longshore.tracking.detail import RunDetail

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
        found = table.search(client, experiments=[detail.experiment], limit=LISTED, counted=False)
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


class CompareDialog(SearchDialog):
    """Lists the other runs of the experiment; found by typing."""

    def __init__(self, parent: QWidget, context: AppContext, detail: RunDetail) -> None:
        super().__init__(
            parent,
            "Compare with",
            "Compare",
            placeholder=f"Search the runs of {detail.experiment.name}",
            search="Search runs",
            listed="Runs of the experiment",
            none="The experiment has no other run yet.",
        )
        work = others_work(context.home, context.workspace_name, detail)
        context.runner.run(
            self, work, self._take, lambda error: self.show_failure(error, "The runs could not be listed")
        )

    def _take(self, others: Others) -> None:
        entries = [
            Entry(row.run_id, _words(row, others), f"{row.name}\n{row.run_id}", f"{row.name} {row.run_id}")
            for row in others.rows
        ]
        self.show_entries(entries, others.suggested)


def _words(row: RunRow, others: Others) -> str:
    name = row.name if len(row.name) <= LONGEST_NAME else f"{row.name[:28]}…{row.name[-28:]}"
    facts = [ago(row.start_time)] if row.start_time else []
    if others.metric in row.metrics:
        facts.insert(0, f"{others.metric} {number(row.metrics[others.metric or ''])}")
    if row.run_id == others.suggested and others.because:
        facts.append(others.because)
    return f"{name}    {', '.join(facts)}"
