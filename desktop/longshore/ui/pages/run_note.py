"""A run's note: Markdown that is read, and edited beside its preview. It is MLflow's own note, so its web page shows it too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QKeySequence, QShortcut
from PySide6.QtWidgets import QPlainTextEdit, QSplitter, QStackedWidget, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking import edits
from longshore.tracking.content import safe_markdown
from longshore.tracking.edits import NOTE, Change, Edit
from longshore.ui.pages.run_work import RunState
from longshore.ui.pages.runs_edits import Done, edit_work
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import Button, label, row_of, vertical
from longshore.ui.widgets.rich_text import RichText
from longshore.ui.widgets.states import EmptyState

# The preview follows the typing this late.
PREVIEW_MS = 200


class NotePanel(QStackedWidget):
    """Shows the note, and edits it."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self._run_id, self._note = "", ""
        # What stood there when the editing began; None while nobody edits.
        self._began_with: str | None = None
        self._saving = False
        nothing = EmptyState(
            "file", "No note", "Write down why this run was made and what came of it.", ("Write a note", self.edit)
        )
        self.addWidget(nothing)
        self.addWidget(self._make_reading())
        self.addWidget(self._make_editing())

    def _make_reading(self) -> QWidget:
        holder = QWidget()
        column = vertical(holder, (20, 12, 20, 12), 6)
        column.addWidget(row_of(None, Button("Edit note", self.edit, icon="file", size="small")))
        self.shown = RichText(holder)
        self.shown.setAccessibleName("Note")
        self.shown.anchorClicked.connect(_follow)
        column.addWidget(self.shown, 1)
        return holder

    def _make_editing(self) -> QWidget:
        holder = QWidget()
        column = vertical(holder, (20, 12, 20, 12), 8)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        self.text = QPlainTextEdit()
        self.text.setProperty("mono", True)
        self.text.setTabChangesFocus(True)
        self.text.setPlaceholderText("Markdown")
        self.text.setAccessibleName("Note in Markdown")
        self.text.textChanged.connect(self._typed)
        self.preview = RichText()
        self.preview.setAccessibleName("Preview of the note")
        splitter.addWidget(self.text)
        splitter.addWidget(self.preview)
        splitter.setSizes([500, 500])
        column.addWidget(splitter, 1)
        self.message = label("", "small", "danger", wrap=True)
        self.message.hide()
        column.addWidget(self.message)
        self.save_button = Button("Save note", self.save, kind="primary", tip="Save note", shortcut="Ctrl+S")
        leave = Button("Cancel", self.leave, tip="Leave the note as it was", shortcut="Esc")
        column.addWidget(row_of(None, leave, self.save_button))
        for keys, do in (("Ctrl+S", self.save), ("Ctrl+Return", self.save), ("Esc", self.leave)):
            shortcut = QShortcut(QKeySequence(keys), holder, do)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PREVIEW_MS)
        self._timer.timeout.connect(self._show_preview)
        return holder

    def clear(self) -> None:
        """Forget the run, for another one."""
        self._run_id, self._note, self._began_with, self._saving = "", "", None, False
        self.text.clear()
        self.setCurrentIndex(0)

    def show_state(self, state: RunState) -> None:
        """Show the run's note; what is being written stays."""
        if state.detail is None or self._saving:
            return
        run_id, note = state.detail.run.id, state.detail.note
        if (run_id, note) == (self._run_id, self._note):
            return
        self._run_id, self._note = run_id, note
        if self._began_with is None:
            self._show_note()

    def _show_note(self) -> None:
        self.setCurrentIndex(1 if self._note.strip() else 0)
        self.shown.show_markdown(safe_markdown.parts(self._note)[0])

    def edit(self) -> None:
        """Let a person write the note."""
        if not self._run_id:
            return
        self._began_with = self._note
        self.text.setPlainText(self._note)
        self._say("")
        self.setCurrentIndex(2)
        self._show_preview()
        self.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Leave the note as it was; what was written can be had back."""
        draft, began = self.text.toPlainText(), self._began_with
        self._began_with = None
        self._show_note()
        self.setFocus()
        if began is not None and draft != began:
            run_id = self._run_id
            self._context.offer(
                "info", "The note was left as it was", "", ("Keep writing", partial(self._again, run_id, draft))
            )

    def _again(self, run_id: str, draft: str) -> None:
        if run_id == self._run_id:
            self.edit()
            self.text.setPlainText(draft)

    def _typed(self) -> None:
        self._timer.start()
        try:
            edits.check(Edit(tags={NOTE: self.text.toPlainText()}))
        except Invalid as error:
            self._say(f"{error.reason} {error.hint or ''}".strip())
            self.save_button.disable(error.reason)
        else:
            self._say("")
            self.save_button.setEnabled(True)
            self.save_button.setToolTip("Save note (Ctrl+S)")

    def _say(self, text: str) -> None:
        self.message.setText(text)
        self.message.setVisible(bool(text))

    def _show_preview(self) -> None:
        self.preview.show_markdown(safe_markdown.parts(self.text.toPlainText())[0])

    def save(self) -> None:
        """Write the note to the server."""
        text = self.text.toPlainText().rstrip()
        if self._saving or not self.save_button.isEnabled():
            return
        if self._began_with is None or text == self._began_with:
            self.leave()
            return
        self._saving = True
        self.save_button.show_busy("Saving…")
        change = Change(self._run_id, _edit(text), _edit(self._began_with))
        self._write(change, partial(self._saved, self._run_id, text))

    def _write(self, change: Change, done: Callable[[Done], None]) -> None:
        work = edit_work(self._context.home, self._context.workspace_name, [change])
        self._context.runner.run(self, work, done, partial(self._refused, change.run_id), key="note")

    def _saved(self, run_id: str, text: str, done: Done) -> None:
        if done.edited.refused:
            self._refused(run_id, done.edited.refused[0].error)
            return
        (undo,) = done.edited.undo
        self._context.offer_undo("Saved the note", partial(self._undo, undo))
        if run_id == self._run_id:
            self._end_saving()
            self._note, self._began_with = text, None
            self._show_note()
            self.setFocus()

    def _end_saving(self) -> None:
        self._saving = False
        self.save_button.show_rest()

    def _undo(self, change: Change) -> None:
        """Write what stood there before, unless somebody wrote meanwhile."""
        self._write(change, partial(self._undone, change))

    def _undone(self, change: Change, done: Done) -> None:
        if done.edited.refused:
            error = done.edited.refused[0].error
            self._context.tell("error", error.reason, error.hint or "")
            return
        self._context.tell("success", "Took the note back")
        if change.run_id == self._run_id and self._began_with is None:
            self._note = change.to.tags[NOTE] or ""
            self._show_note()

    def _refused(self, run_id: str, error: LongshoreError) -> None:
        words = f"{error.reason} {error.hint or ''}".strip()
        if run_id == self._run_id and self._saving:
            self._end_saving()
            self._say(words)
            if error.code == "conflict":
                self._look_again()
        else:
            self._context.tell("error", error.reason, error.hint or "")

    def _look_again(self) -> None:
        """Read what stands there now, so that leaving shows it, and writing on begins with it."""
        run_id = self._run_id

        def show(note: str) -> None:
            if run_id == self._run_id:
                self._note = note

        work = read_note(self._context.home, self._context.workspace_name, run_id)
        self._context.runner.run(self, work, show, lambda _error: None, key="note")


def read_note(home: Home, workspace: str | None, run_id: str) -> Work[str]:
    """Give the work that reads a run's note."""

    def work(_progress: Progress, _cancel: CancelToken) -> str:
        from longshore.mlflow_rest import runs
        from longshore.workspace.connection import connect

        return runs.get(connect(home, workspace), run_id).tags.get(NOTE, "")

    return work


def _edit(text: str) -> Edit:
    return Edit(tags={NOTE: text or None})


def _follow(url: QUrl) -> None:
    """Open a link of the note, where it leads to a page."""
    if url.scheme() in ("http", "https"):
        QDesktopServices.openUrl(url)
