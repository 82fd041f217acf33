"""The console of a run: its job's log as it grows, searched and saved whole."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QListWidget, QListWidgetItem, QStackedWidget, QWidget

from longshore.errors import LongshoreError
from longshore.store.records import Job
from longshore.ui.pages.run_log import (
    MOST_FOUND,
    Found,
    LogPiece,
    OpenedLog,
    count_lines,
    open_log,
    read_log,
    save_log,
    search_log,
)
from longshore.ui.shell.context import AppContext
from longshore.ui.theme.fonts import font
from longshore.ui.widgets.basic import clear, label, vertical
from longshore.ui.widgets.log_view import LogView
from longshore.ui.widgets.states import EmptyState, ErrorState

# A line is on screen within 200 ms of being written.
LOG_MS = 80


class Console(QStackedWidget):
    """Follows the log of one job."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._job: Job | None = None
        self._opened_log: OpenedLog | None = None
        self._reading = False
        self.log = LogView()
        self.addWidget(self.log)
        self._instead = QWidget()
        self._instead_column = vertical(self._instead, (16, 16, 16, 16))
        self.addWidget(self._instead)
        self._timer = QTimer(self)
        self._timer.setInterval(LOG_MS)
        self._timer.timeout.connect(self._read)
        self.log.save_asked.connect(self._ask_file)
        self.log.whole_search_asked.connect(self._search_whole)
        context.theme.changed.connect(self.log.redraw)

    def clear(self) -> None:
        """Forget everything, for another run."""
        self._job, self._opened_log, self._reading = None, None, False
        self._timer.stop()
        self.log.clear()
        self.setCurrentWidget(self.log)

    def show_job(self, job: Job | None) -> None:
        """Follow the log of a job; a run that was made elsewhere has none."""
        if job is None:
            if self.currentWidget() is self.log:
                words = "This run was not launched by Longshore, so its output is elsewhere."
                self._show_instead(EmptyState("terminal", "No console output", words))
            return
        if self._job is None or self._job.id != job.id:
            self._job = job
            self._context.runner.run(
                self,
                open_log(self._context.home, job),
                lambda found: self._opened(found, job),
                lambda error: self._failed(error, job),
                key=f"log {job.id}",
            )
        elif self._job.ended != job.ended:
            self._job = job
            # What was written up to the end is read once more.
            self._timer.start()
            self._read()

    def _is_of(self, job: Job) -> bool:
        return self._job is not None and self._job.id == job.id

    def _opened(self, found: OpenedLog, job: Job) -> None:
        if not self._is_of(job):
            return
        self._opened_log = found
        self.setCurrentWidget(self.log)
        self.log.count_from(None)
        self.log.append(found.lines)
        self.log.show_partial(found.partial)
        counting = count_lines(found.reader.path, 0, found.read_bytes)
        self._context.runner.run(
            self, counting, lambda count: self._counted(count - len(found.lines), job), lambda _error: None
        )
        self._timer.start()

    def _counted(self, before: int, job: Job) -> None:
        if self._is_of(job):
            self.log.count_from(max(0, before))

    def _failed(self, error: LongshoreError, job: Job) -> None:
        if self._is_of(job):
            self._reading = False
            self._timer.stop()
            self._show_instead(ErrorState(error, "The log could not be opened", lambda: self._again(job)))

    def _again(self, job: Job) -> None:
        self.clear()
        self.show_job(job)

    def _show_instead(self, widget: QWidget) -> None:
        clear(self._instead_column)
        self._instead_column.addWidget(widget)
        self._instead_column.addStretch(1)
        self.setCurrentWidget(self._instead)

    def _read(self) -> None:
        job, opened = self._job, self._opened_log
        if opened is None or self._reading or job is None:
            return
        if not self.isVisible() and not job.ended:
            return
        self._reading = True
        self._context.runner.run(
            self,
            read_log(opened.reader),
            lambda piece: self._append(piece, job),
            lambda error: self._failed(error, job),
            key=f"log {job.id}",
        )

    def _append(self, piece: LogPiece, job: Job) -> None:
        if not self._is_of(job):
            return
        self._reading = False
        self.log.append(piece.lines, skipped=piece.skipped)
        self.log.show_partial(piece.partial)
        if not piece.lines and self._job is not None and self._job.ended:
            self._timer.stop()

    def _ask_file(self) -> None:
        job = self._job
        if job is None:
            return
        dialog = QFileDialog(self.window(), "Save log", f"{job.id}.log")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda file: self.save_to(file, job))
        dialog.open()

    def save_to(self, file: str, job: Job) -> None:
        """Write the whole log, masked, to a file."""
        self._context.runner.run(
            self,
            save_log(self._context.home, job, file),
            lambda saved: self._context.tell("success", "Saved the log", saved),
            title="Saving the log",
        )

    def _search_whole(self, text: str) -> None:
        if self._job is not None:
            self._context.runner.run(
                self,
                search_log(self._context.home, self._job, text),
                partial(self._show_found, text, self._job),
                title=f"Searching the log for {text}",
                key="log search",
            )

    def _show_found(self, text: str, job: Job, found: tuple[Found, ...]) -> None:
        if not self._is_of(job) or not self.isVisible():
            return
        popup = FoundLines(self, text, found)
        popup.chosen.connect(lambda number: self._go_to(popup, number))
        popup.open_above(self.log)

    def _go_to(self, popup: FoundLines, number: int) -> None:
        if self.log.go_to_line(number):
            popup.close()
        else:
            popup.title.setText("The console no longer holds that line. Save the log to read around it.")


class FoundLines(QFrame):
    """The lines of a whole log that hold a text: a popup over the console."""

    # The number of a line in the whole log.
    chosen = Signal(int)

    def __init__(self, parent: QWidget, text: str, found: tuple[Found, ...]) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popover")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        column = vertical(self, (8, 8, 8, 8), 6)
        more = f"The first {MOST_FOUND} lines" if len(found) >= MOST_FOUND else f"{len(found):,} lines"
        self.title = label(f"{more} of the whole log hold “{text}”", "small", "secondary")
        column.addWidget(self.title)
        self.list = QListWidget()
        self.list.setAccessibleName("Lines of the whole log")
        self.list.setFont(font("log"))
        self.list.setUniformItemSizes(True)
        width = len(str(found[-1].number)) if found else 1
        for each in found:
            item = QListWidgetItem(f"{each.number:>{width}}  {each.line[:400]}")
            item.setToolTip(each.line[:2000])
            item.setData(Qt.ItemDataRole.UserRole, each.number)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.itemActivated.connect(lambda item: self.chosen.emit(item.data(Qt.ItemDataRole.UserRole)))
        column.addWidget(self.list, 1)

    def open_above(self, view: QWidget) -> None:
        """Cover the lower part of a view."""
        width, height = max(320, view.width() - 48), max(160, view.height() - 72)
        self.resize(width, height)
        self.move(view.mapToGlobal(QPoint(24, 48)))
        self.show()
        self.list.setFocus()
