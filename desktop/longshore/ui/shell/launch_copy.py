"""Taking the parameters of an earlier run into the launch dialog, as far as the entry point declares them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.rows import RunRow
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.search_dialog import Entry, SearchDialog
from longshore.ui.widgets.times import ago

LISTED = 200
LONGEST_NAME = 60


@dataclass(frozen=True)
class Copied:
    """What is taken of a run, and the names of its parameters that are left out."""

    run: str
    values: Mapping[str, str]
    left_out: tuple[str, ...]

    @property
    def words(self) -> str:
        """Say what was done."""
        count = len(self.values)
        taken = f"{count} parameter{'' if count == 1 else 's'} of {self.run}" if count else f"Nothing of {self.run}"
        if not self.left_out:
            return f"{taken}{' taken over' if count else ': it logged no parameters'}."
        names = ", ".join(self.left_out[:8]) + (f" and {len(self.left_out) - 8} more" if len(self.left_out) > 8 else "")
        return f"{taken} taken over. Left out, since the entry point does not declare them: {names}."


def copied(row: RunRow, declared: Iterable[str]) -> Copied:
    """Take what is declared of a run's parameters; a name with dashes is the same as one with underscores."""
    known = {name.replace("-", "_").lower(): name for name in declared}
    values, left_out = {}, []
    for name, value in row.params.items():
        found = known.get(name.lstrip("-").replace("-", "_").lower())
        if found is None:
            left_out.append(name)
        else:
            values[found] = value
    return Copied(row.name, values, tuple(left_out))


def runs_work(home: Home, workspace: str | None, project: str) -> Work[tuple[RunRow, ...]]:
    """Give the work that lists the project's runs, the newest first."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[RunRow, ...]:
        from longshore.tracking import table
        from longshore.workspace.connection import connect

        return table.search(connect(home, workspace), project=project, limit=LISTED).rows

    return work


class CopyDialog(SearchDialog):
    """Lists the project's runs; found by name, id, or a parameter such as depth=8."""

    picked = Signal(object)

    def __init__(self, parent: QWidget, context: AppContext, project: str) -> None:
        super().__init__(
            parent,
            "Copy parameters from",
            "Copy",
            placeholder="Search by name, or a parameter such as depth=8",
            search="Search runs",
            listed="Runs of the project",
            none="The project has no run yet.",
        )
        self._rows: dict[str, RunRow] = {}
        self.chosen.connect(lambda key: self.picked.emit(self._rows[key]))
        context.runner.run(
            self,
            runs_work(context.home, context.workspace_name, project),
            self._take,
            lambda error: self.show_failure(error, "The runs could not be listed"),
        )

    def _take(self, rows: tuple[RunRow, ...]) -> None:
        self._rows = {row.run_id: row for row in rows}
        self.show_entries([_entry(row) for row in rows])


def _entry(row: RunRow) -> Entry:
    pairs = [f"{name}={value}" for name, value in list(row.params.items())[:40]]
    name = row.name if len(row.name) <= LONGEST_NAME else f"{row.name[:28]}…{row.name[-28:]}"
    facts = [ago(row.start_time)] if row.start_time else []
    facts.append(", ".join(pairs[:4])[:80] if pairs else "no parameters")
    tip = "\n".join([row.name, *(pair[:120] for pair in pairs[:20])])
    return Entry(row.run_id, f"{name}    {', '.join(facts)}", tip, f"{row.name} {row.run_id} {' '.join(pairs)}")
