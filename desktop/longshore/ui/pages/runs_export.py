"""Export from the Runs page: all rows that fit the filter, with every column, into a CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from longshore.progress import CancelToken, Progress
from longshore.tracking.index import columns
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.settings import Home
    from longshore.tracking.run_index import Selection
    from longshore.ui.pages.runs_search import RunSearch
    from longshore.ui.pages.runs_work import Past
    from longshore.ui.shell.tasks import Work

KINDS = "CSV (*.csv);;Parquet (*.parquet)"


def export_work(
    home: Home, workspace: str | None, past: Past, selection: Selection, names: Sequence[str], file: Path
) -> Work[int]:
    """Give the work that writes the file. `names`: the best and mean values that go with it; what is missing is read."""

    def work(progress: Progress, cancel: CancelToken) -> int:
        from longshore.tracking.export import export

        whole = selection
        if names:
            from longshore.store import workspaces
            from longshore.tracking import summaries
            from longshore.workspace.connection import connect

            row = workspaces.get(home, workspace)
            asking = partial(connect, home, workspace)
            whole = summaries.complete(past.summaries, row, whole, names, asking, progress=progress, cancel=cancel)
        return export(whole, file, past=names, progress=progress, cancel=cancel)

    return work


class Export(QObject):
    """Asks where, writes in the background, and tells."""

    def __init__(self, context: AppContext, page: QWidget, search: RunSearch) -> None:
        super().__init__(page)
        self._context, self._page, self._search = context, page, search

    def action(self) -> Action:
        """Give the action."""
        project = self._context.project.name if self._context.project else ""
        return Action(
            "export-runs", "Export…", self.ask, icon="upload", in_bar=False,
            disabled_because="" if self._search.answer else "The runs are being read.",
            command=f"longshore runs {project} --export runs.csv".replace("  ", " "),
        )  # fmt: skip

    def ask(self) -> None:
        """Ask for the file, then write it."""
        project = self._context.project.name if self._context.project else "runs"
        chosen, kind = QFileDialog.getSaveFileName(self._page, "Export runs", f"{project}.csv", KINDS)
        if chosen:
            file = Path(chosen)
            self.write(file if file.suffix else file.with_suffix(".parquet" if "parquet" in kind else ".csv"))

    def write(self, file: Path) -> None:
        """Write what the table shows."""
        answer = self._search.answer
        if answer is not None:
            names = [name for name in self._search.columns or () if columns.is_summary(name)]
            writing = export_work(
                self._context.home, self._context.workspace_name, self._search.past, answer.rows.selection, names, file
            )
            self._context.runner.run(
                self, writing, lambda count: self._done(count, file), title=f"Exporting to {file.name}"
            )

    def _done(self, count: int, file: Path) -> None:
        self._context.tell("success", f"Exported {count:,} runs", str(file))
