"""Export from the Runs page: all rows that fit the filter, with every column, into a CSV or Parquet file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from longshore.progress import CancelToken, Progress
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.tracking.run_index import Selection
    from longshore.ui.pages.runs_work import Answer
    from longshore.ui.shell.tasks import Work

KINDS = "CSV (*.csv);;Parquet (*.parquet)"


def export_work(selection: Selection, file: Path) -> Work[int]:
    """Give the work that writes the file."""

    def work(progress: Progress, cancel: CancelToken) -> int:
        from longshore.tracking.export import export

        return export(selection, file, progress=progress, cancel=cancel)

    return work


class Export(QObject):
    """Asks where, writes in the background, and tells."""

    def __init__(self, context: AppContext, page: QWidget, answer: Callable[[], Answer | None]) -> None:
        super().__init__(page)
        self._context, self._page, self._answer = context, page, answer

    def action(self) -> Action:
        """Give the action."""
        project = self._context.project.name if self._context.project else ""
        return Action(
            "export-runs", "Export…", self.ask, icon="upload", in_bar=False,
            disabled_because="" if self._answer() else "The runs are being read.",
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
        answer = self._answer()
        if answer is not None:
            writing = export_work(answer.rows.selection, file)
            self._context.runner.run(
                self, writing, lambda count: self._done(count, file), title=f"Exporting to {file.name}"
            )

    def _done(self, count: int, file: Path) -> None:
        self._context.tell("success", f"Exported {count:,} runs", str(file))
