"""The right side of a run's page: what it used of the machine, its artifacts with a preview."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSplitter, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken
from longshore.store.records import Job
from longshore.ui.pages.run_artifacts import ArtifactActions
from longshore.ui.pages.run_system import SystemBox
from longshore.ui.pages.run_work import list_artifacts, preview_artifact
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.artifact_view import ArtifactPreview, ArtifactTree
from longshore.ui.widgets.basic import horizontal, label, line, vertical

if TYPE_CHECKING:
    from longshore.tracking.artifacts import Entry
    from longshore.tracking.detail import RunDetail


class RunSide(QFrame):
    """System and artifacts, made in this order in turns of their own."""

    tree: ArtifactTree
    preview: ArtifactPreview

    def __init__(self, context: AppContext, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self._context = context
        self._run_id = ""
        self._root: tuple[Entry, ...] | None = None
        self._reading: CancelToken | None = None
        column = vertical(self)
        self.system = SystemBox(context)
        column.addWidget(self.system)
        column.addWidget(line("hStrong"))
        head = QWidget()
        row = horizontal(head, (16, 10, 12, 4), 8)
        row.addWidget(label("Artifacts", "bodyStrong"))
        self._count = label("", "small", "secondary")
        row.addWidget(self._count)
        row.addStretch(1)
        column.addWidget(head)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        column.addWidget(self._splitter, 1)

    def make_artifacts(self) -> None:
        """Make the tree of artifacts and the preview."""
        self.tree, self.preview = ArtifactTree(), ArtifactPreview()
        self._splitter.addWidget(self.tree)
        self._splitter.addWidget(self.preview)
        self._splitter.setSizes([240, 300])
        self.tree.folder_asked.connect(self._list)
        self.tree.file_chosen.connect(self._read)
        self.actions_of_artifacts = ArtifactActions(
            self._context, self.tree, self.preview, lambda: self._run_id, self._stop_reading
        )
        self._context.theme.changed.connect(self.tree.redraw)

    def clear(self) -> None:
        """Forget everything, for another run."""
        self._run_id, self._root = "", None
        self._stop_reading()
        self.system.clear()
        self.actions_of_artifacts.clear()
        self.tree.clear()
        self.preview.show_nothing()
        self._count.setText("")

    def show_state(self, job: Job | None, detail: RunDetail | None) -> None:
        """Show a run's artifacts; the tree stays open where nothing changed."""
        self.system.show_state(job, detail)
        if detail is None:
            return
        self._run_id = detail.run.id
        if detail.artifacts != self._root:
            self._root = detail.artifacts
            self.tree.show_entries(detail.artifacts)
        count, live = len(detail.artifacts), detail.run.status in ("RUNNING", "SCHEDULED")
        nothing = "none yet" if live else "none"
        self._count.setText(nothing if not count else "1 entry" if count == 1 else f"{count} entries")

    def _list(self, folder: Entry) -> None:
        run_id = self._run_id
        work = list_artifacts(self._context.home, self._context.workspace_name, run_id, folder)
        self._context.runner.run(
            self,
            work,
            lambda found: self._show_folder(found, folder, run_id),
            lambda error: self._show_unread(error, folder, run_id),
        )

    def _show_folder(self, found: tuple[Entry, ...], folder: Entry, run_id: str) -> None:
        if run_id == self._run_id:
            self.tree.show_entries(found, folder)

    def _show_unread(self, error: LongshoreError, folder: Entry, run_id: str) -> None:
        if run_id == self._run_id:
            self.tree.close_folder(folder)
            self._context.tell("error", error.reason, error.hint or "")

    def _read(self, entry: Entry) -> None:
        self._stop_reading()
        self.preview.show_loading(entry)
        work = preview_artifact(self._context.home, self._context.workspace_name, self._run_id, entry)
        reading = self._context.runner.run(
            self, work, self.preview.show_content, lambda error: self._show_error(error, reading), key="preview"
        )
        self._reading = reading

    def _stop_reading(self) -> None:
        """Let the answer for another file or another run go unheard."""
        if self._reading is not None:
            self._reading.cancel()

    def _show_error(self, error: LongshoreError, reading: CancelToken) -> None:
        if not reading.cancelled:
            self.preview.show_error(error)
