"""What a person does with a pipeline: run it or a part, stop it, write it to a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from longshore.errors import LongshoreError
from longshore.store.records import Job
from longshore.ui.pages import pipeline_work as work
from longshore.ui.shell import trusting
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.task_list import stop_work

if TYPE_CHECKING:
    from longshore.projects.pipeline import Pipeline, Selection


class PipelineRuns(QObject):
    """Does it off the UI thread and tells how it went."""

    # A run was queued, or asked to stop.
    changed = Signal()

    def __init__(self, context: AppContext, page: QWidget) -> None:
        super().__init__(page)
        self._context, self._page = context, page

    def run(self, path: str, name: str, selection: Selection) -> None:
        """Queue a pipeline, or a part of it; the folder's trust is asked for first."""
        launch = partial(self._launch, path, name, selection)
        trusting.when_trusted(self._context, self._page.window(), path, launch)

    def _launch(self, path: str, name: str, selection: Selection) -> None:
        asked = work.launch(self._context.home, self._context.workspace_name, path, name, selection)
        self._context.runner.run(self, asked, self._launched, self._tell, title=f"Starting {name}", key="pipeline-run")

    def _launched(self, job: Job) -> None:
        self._context.tell("success", f"Started {job.title}")
        self.changed.emit()

    def stop(self, job: Job) -> None:
        """Ask a run to end."""
        if not job.ended:
            asked = stop_work(self._context.home, job.id)
            self._context.runner.run(self, asked, lambda _nothing: self.changed.emit(), self._tell)

    def ask_file(self, name: str, then: Callable[[str], None]) -> None:
        """Ask for a file for the picture."""
        stem = name.replace("/", "-").removesuffix(".yaml")
        dialog = QFileDialog(self._page.window(), "Export the pipeline", str(Path.home() / f"{stem}.svg"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilter("SVG picture (*.svg)")
        dialog.fileSelected.connect(then)
        dialog.open()

    def export(self, file: str, pipeline: Pipeline, seen: work.Seen | None, unfolded: frozenset[str]) -> None:
        """Write the graph as it stands to a file."""
        if not Path(file).suffix:
            file += ".svg"
        asked = work.export(file, pipeline, seen, unfolded, self._context.theme.scheme.name)
        done = partial(self._context.tell, "success", "Pipeline exported")
        self._context.runner.run(self, asked, done, self._tell, title="Exporting the pipeline")

    def _tell(self, error: LongshoreError) -> None:
        self._context.tell("error", error.reason, error.hint or "")
