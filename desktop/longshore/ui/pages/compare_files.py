"""The artifacts of compared runs: a list of files with what differs, texts as a difference, images side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.tracking.content import image_steps
from longshore.ui.pages.compare_images import CompareImages
from longshore.ui.pages.compare_layout import CompareLayout
from longshore.ui.pages.compare_pair import PairTab
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import ElidedLabel, clear, vertical
from longshore.ui.widgets.diff_view import DiffView
from longshore.ui.widgets.plain_table import PlainTable, TextColumn, TextRow
from longshore.ui.widgets.states import EmptyState, ErrorState, Loading
from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.tracking.comparing.files import FileLine, FileList, TextDifference

_STATES = {"alike": "same size", "differs": "differs", "missing": "not in all"}
_COLUMNS = (TextColumn("File"), TextColumn("Change", 84), TextColumn("Size", 132, right=True))


class FilesTab(PairTab):
    """The list asks for what is chosen in it."""

    def __init__(self, context: AppContext, layout: CompareLayout, pin: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(context, layout, pin, "files", parent)
        self.table: PlainTable | None = None
        self._beside: QWidget | None = None
        self._reading: CancelToken | None = None
        self.shown_path = ""
        self._lines: dict[str, FileLine] = {}

    # -- the list -----------------------------------------------------------------------------------------------

    def work(self) -> Work[object]:
        home, workspaces = self.context.home, self.workspaces
        ids = [run.run_id for run in self.runs]

        def work(_progress: Progress, cancel: CancelToken) -> FileList:
            from longshore.tracking.comparing.files import files_of
            from longshore.tracking.comparing.places import Servers

            return files_of(Servers(home, workspaces), ids, cancel)

        return work

    def show_found(self, found: object) -> None:
        from longshore.tracking.comparing.files import FileList

        assert isinstance(found, FileList)
        if not found.lines:
            self.show_content(EmptyState("file", "No artifacts", "None of these runs logged a file."))
            return
        differing = sum(line.state != "alike" for line in found.lines)
        more = ", and more" if found.cut else ""
        self.said.setText(f"{differing:,} of {len(found.lines):,} files differ in size or are not in all runs{more}")
        split = QSplitter(Qt.Orientation.Horizontal, self.holder)
        split.setChildrenCollapsible(False)
        split.setProperty("bare", True)
        split.setHandleWidth(16)
        self.table = PlainTable("Artifacts of the runs", _COLUMNS)
        self._lines = {line.path: line for line in found.lines}
        self.table.show_rows([self._row(line) for line in found.lines])
        self.table.selection_changed.connect(self._chosen)
        split.addWidget(self.table)
        self._beside = QWidget(split)
        vertical(self._beside)
        split.addWidget(self._beside)
        kept = self.layout_kept.numbers("files.split")
        split.setSizes(list(kept) if len(kept) == 2 and any(kept) else [420, 560])
        split.splitterMoved.connect(lambda *_: self.layout_kept.put("files.split", split.sizes()))
        self.show_content(split)
        paths = [line.path for line in found.lines]
        self.table.selectRow(paths.index(self.shown_path) if self.shown_path in paths else _first(found))

    def _row(self, line: FileLine) -> TextRow:
        pair = [line.sizes.get(run_id, -1) for run_id in (self.base.value, self.other.value)]
        sizes = ["—" if each == -1 else size(each) for each in pair]
        words = sizes[0] if sizes[0] == sizes[1] else " → ".join(sizes)
        name = (
            f"{line.path}, {len(line.steps):,} {'step' if len(line.steps) == 1 else 'steps'}"
            if line.images
            else line.path
        )
        return TextRow(line.path, (name, _STATES[line.state], words))

    # -- one file -----------------------------------------------------------------------------------------------

    def _chosen(self) -> None:
        chosen = self.table.selected() if self.table is not None else []
        if len(chosen) != 1:
            return
        self.shown_path = path = chosen[0]
        if self._reading is not None:
            self._reading.cancel()
        line = self._lines[path]
        if line.images or path.lower().endswith(image_steps.SUFFIXES):
            self._show_beside(CompareImages(self.context, self.runs, self.workspaces, line, self._beside))
        else:
            self._show_beside(Loading(f"Reading {path}…"))
            self._reading = self.context.runner.run(
                self, self._text_work(path), self._show_text, self._fail, key="compare.file"
            )

    def _text_work(self, path: str) -> Work[TextDifference]:
        home, workspaces = self.context.home, self.workspaces
        base, other = self.base.value, self.other.value

        def work(_progress: Progress, cancel: CancelToken) -> TextDifference:
            from longshore.tracking.comparing.files import text_difference
            from longshore.tracking.comparing.places import Servers

            cancel.check()
            return text_difference(Servers(home, workspaces), base, other, path)

        return work

    def _show_text(self, found: TextDifference) -> None:
        if found.why:
            self._show_beside(EmptyState("file", "No text", found.why))
        elif not found.lines:
            self._show_beside(EmptyState("file", "The same text", f"{self.shown_path} is the same in both runs."))
        else:
            diff = DiffView(f"Difference of {self.shown_path}")
            diff.show_lines(found.lines)
            note = (
                [ElidedLabel("Only the beginning of the files is compared.", "small", "secondary")] if found.cut else []
            )
            self._show_beside(*note, diff)

    def _fail(self, error: LongshoreError) -> None:
        self._show_beside(ErrorState(error, "The file could not be compared", self._chosen))

    def _show_beside(self, *widgets: QWidget) -> None:
        layout = self._beside.layout() if self._beside is not None else None
        if layout is None:
            return
        clear(layout)
        for widget in widgets:
            layout.addWidget(widget)
        if isinstance(layout, QVBoxLayout) and widgets:
            layout.setStretchFactor(widgets[-1], 1)


def _first(found: FileList) -> int:
    """Choose the file that is looked at first: one that differs, where there is one."""
    return next((place for place, line in enumerate(found.lines) if line.state == "differs"), 0)
