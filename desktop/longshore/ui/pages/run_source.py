"""Where a run came from: code, command, environment, inputs; from what was recorded when the job started."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QScrollArea, QVBoxLayout, QWidget

from longshore.progress import CancelToken, Progress
from longshore.ui.pages.run_work import RunState
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import clear, label, vertical
from longshore.ui.widgets.facts import Fact, FactGrid

PATCH_BYTES = 200_000
CAPTURED = (("command.txt", "Command"), ("patch.diff", "Uncommitted changes"), ("environment.lock", "Environment lock"))


class SourcePanel(QScrollArea):
    """Facts, then the captured texts."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._shown: object = None
        self._text_column: QVBoxLayout | None = None
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        self._column = vertical(body, (20, 16, 20, 16), 10)
        self.setWidget(body)

    def clear(self) -> None:
        """Forget the run, for another one."""
        self._shown = self._text_column = None
        clear(self._column)

    def show_state(self, state: RunState) -> None:
        """Show what is known; read the job's captured files where it has a folder here."""
        job, detail = state.job, state.detail
        key = (
            job.id if job else "",
            job.started_at if job else None,
            detail.run.id if detail else "",
            detail.environment if detail else "",
        )
        if key == self._shown:
            return
        self._shown = key
        clear(self._column)
        self._column.addWidget(FactGrid(self._facts(state), name_width=130))
        if detail is not None and detail.run.inputs:
            self._column.addSpacing(8)
            self._column.addWidget(label("Input files", "bodyStrong"))
            rows: list[Fact] = [(each.name, f"md5 {each.digest}") for each in detail.run.inputs]
            self._column.addWidget(FactGrid(rows, name_width=130))
        texts = QWidget()
        column = self._text_column = vertical(texts, spacing=8)
        self._column.addWidget(texts)
        self._column.addStretch(1)
        if job is not None and job.folder:
            self._context.runner.run(
                self,
                read_captured(job.folder),
                # Another run may be shown by the time of the answer.
                lambda found: self._show_texts(found, column) if column is self._text_column else None,
                lambda _error: None,
            )

    def _facts(self, state: RunState) -> list[Fact]:
        job, detail = state.job, state.detail
        facts: list[Fact] = []
        if detail is not None:
            code = detail.code
            facts += [
                ("Run id", detail.run.id),
                ("Source", code.source),
                ("Entry point", code.entry_point),
                ("Commit", code.commit + (" with uncommitted changes" if code.dirty else "")),
                ("Branch", code.branch),
                ("Environment", detail.environment or ""),
                ("Image", detail.image or ""),
                ("Exit status", "" if detail.exit_code is None else str(detail.exit_code)),
            ]
        if job is not None:
            facts += [("Job", job.id), ("Folder", job.folder)]
        return facts

    def _show_texts(self, found: dict[str, str], column: QVBoxLayout) -> None:
        for title, text in found.items():
            column.addWidget(label(title, "bodyStrong"))
            view = QPlainTextEdit(text)
            view.setReadOnly(True)
            view.setProperty("mono", True)
            view.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            view.setAccessibleName(title)
            view.setFixedHeight(min(320, 34 + 17 * min(text.count("\n") + 1, 17)))
            column.addWidget(view)


def read_captured(folder: str) -> Work[dict[str, str]]:
    """Give the work that reads what was captured when the job started."""

    def work(_progress: Progress, _cancel: CancelToken) -> dict[str, str]:
        found = {}
        for name, title in CAPTURED:
            try:
                with (Path(folder) / "capture" / name).open("rb") as file:
                    text = file.read(PATCH_BYTES).decode("utf-8", "replace").strip()
            except OSError:
                continue
            if text:
                found[title] = text
        return found

    return work
