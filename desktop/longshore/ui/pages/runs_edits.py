"""Editing runs from the table: shown at once, written in the background, taken back where the server refuses, with undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.errors import Cancelled, Invalid, LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.tracking import edits
from longshore.tracking.edits import MOST, NOTE, Change, Edit, Edited
from longshore.ui.pages.trash_moves import count_of
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.run_columns import Column, edit_of
from longshore.ui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.settings import Home
    from longshore.tracking.edits import Written
    from longshore.tracking.index.row_view import IndexedRows
    from longshore.ui.pages.runs_search import RunSearch
    from longshore.ui.shell.tasks import Work

# From here on it takes seconds: it stands in the task list and can be stopped.
MANY = 25
# Looks at the index until what was written stands in the rows: one may have been under way already.
LOOKS = 2


@dataclass(frozen=True)
class Done:
    """What came of an edit, and whether the index has it already."""

    edited: Edited
    indexed: bool


class EditStopped(LongshoreError):
    """Somebody stopped an edit of many runs; what was done until then can be undone."""

    def __init__(self, done: Done) -> None:
        super().__init__("It was stopped.")
        self.done = done


@dataclass(eq=False)
class Pending:
    """An edit that is shown before the index has it."""

    edits: dict[str, Edit]
    token: CancelToken | None = None
    # Looks at the index that are still to come; None while the server is asked.
    looks: int | None = None


def edit_work(home: Home, workspace: str | None, changes: Sequence[Change]) -> Work[Done]:
    """Give the work that writes changes to the server and brings the index up to date."""

    def work(progress: Progress, cancel: CancelToken) -> Done:
        from longshore.store import workspaces
        from longshore.tracking import editing
        from longshore.workspace.connection import connect

        client = connect(home, workspace, wait_s=5.0, timeout_s=30.0)
        edited = editing.apply(client, changes, progress=progress, cancel=cancel)
        done = Done(edited, editing.catch_up(home, workspaces.get(home, workspace), client, edited))
        if cancel.cancelled:
            raise EditStopped(done)
        return done

    return work


def written_work(rows: IndexedRows, run_ids: Sequence[str]) -> Work[Written]:
    """Give the work that reads what is written on some runs."""

    def work(_progress: Progress, _cancel: CancelToken) -> Written:
        from longshore.tracking.index import columns

        frame = rows.selection.frame
        numbers = [rows.selection[place] for place in rows.places(run_ids).values()]
        found = frame.rows(numbers, [columns.tag(key) for key in (*frame.columns.tags, NOTE)])
        return edits.written(found, frame.columns.tags)

    return work


class Edits(QObject):
    """What the table's edits do, and the way back."""

    def __init__(self, context: AppContext, page: QWidget, table: RunTable, search: RunSearch) -> None:
        super().__init__(page)
        self._context, self._page, self._table, self._search = context, page, table, search
        self._pending: list[Pending] = []
        table.cell_written.connect(self._write_cell)
        table.edit_asked.connect(self.ask)
        search.looked.connect(self._count_look)
        context.runner.tasks_changed.connect(self._drop_cancelled)

    def actions(self) -> list[Action]:
        """Give the actions: edit what is selected, rename, undo."""
        selected = self._table.selected_count
        because = "" if selected else "Select a run or more (Space)."
        current = "" if self._table.pinned.currentIndex().isValid() else "Move to a run with the arrow keys."
        return [
            Action("edit-runs", "Edit name, tags and note…", self.ask, in_bar=False, disabled_because=because),
            Action("rename-run", "Rename run", self._table.rename, in_bar=False, disabled_because=current or because),
            self._context.undo.action(),
        ]

    def forget(self) -> None:
        """Know nothing of another project's or workspace's edits."""
        self._pending = []
        self._show()

    def ask(self) -> None:
        """Ask what shall become of the selected runs."""
        run_ids, answer = self._table.selected_ids(), self._search.answer
        if answer is None or not run_ids or self._too_many(run_ids):
            return
        self._context.runner.run(
            self, written_work(answer.rows, run_ids), partial(self._ask, run_ids), key="runs.written"
        )

    def _ask(self, run_ids: Sequence[str], written: Written) -> None:
        from longshore.ui.pages.runs_edit_dialog import EditDialog

        dialog = EditDialog(self._page.window(), written)
        dialog.edited.connect(lambda edit: self.edit(run_ids, edit))
        dialog.open()

    def _too_many(self, run_ids: Sequence[str]) -> bool:
        if len(run_ids) > MOST:
            self._context.tell("info", f"Select at most {MOST:,} runs to edit them together.")
        return len(run_ids) > MOST

    def _write_cell(self, run_id: str, column: object, text: str) -> None:
        """Write a cell; one of the selected runs' stands for all of them."""
        assert isinstance(column, Column)
        selected = self._table.selected_ids() if column.id != "name" else []
        self.edit(selected if run_id in selected else [run_id], edit_of(column, text))

    def edit(self, run_ids: Sequence[str], edit: Edit) -> None:
        """Show an edit at once and write it."""
        if not edit or self._too_many(run_ids):
            return
        try:
            edits.check(edit)
        except Invalid as error:
            self._context.tell("error", error.reason, error.hint or "")
            return
        self._write([Change(run_id, edit) for run_id in run_ids], _words(edit, len(run_ids)), undoing=False)

    def _write(self, changes: Sequence[Change], words: str, *, undoing: bool) -> None:
        pending = Pending({change.run_id: change.to for change in changes})
        self._pending.append(pending)
        self._show()
        pending.token = self._context.runner.run(
            self,
            edit_work(self._context.home, self._context.workspace_name, changes),
            partial(self._take, pending, words, undoing),
            partial(self._fail, pending, changes, words, undoing),
            key="runs.edit",
            title=f"Editing {count_of(len(changes))}" if len(changes) >= MANY else "",
        )
        self._context.actions_changed.emit()

    def _take(self, pending: Pending, words: str, undoing: bool, done: Done) -> None:
        edited = done.edited
        for each in edited.refused:
            pending.edits.pop(each.run_id, None)
        # Where the index lags behind, what the server took stays shown.
        pending.looks = LOOKS if done.indexed else None
        if not pending.edits:
            self._pending.remove(pending)
        self._show()
        if edited.undo and undoing:
            self._context.tell("success", f"Undone: {words}")
        elif edited.undo:
            self._context.offer_undo(words, partial(self._write, edited.undo, words, undoing=True))
        if edited.refused:
            self._tell_refused(edited)
        self._search.look()
        self._context.actions_changed.emit()

    def _fail(
        self, pending: Pending, changes: Sequence[Change], words: str, undoing: bool, error: LongshoreError
    ) -> None:
        if isinstance(error, EditStopped):
            self._take(pending, words, undoing, error.done)
            return
        self._pending.remove(pending)
        self._show()
        if undoing:
            self._context.undo.push(words, partial(self._write, changes, words, undoing=True))
        self._context.tell("error", f"Nothing was changed: {error.reason}", error.hint or "")

    def _tell_refused(self, edited: Edited) -> None:
        first = edited.refused[0]
        if isinstance(first.error, Cancelled):
            self._context.tell("info", f"Stopped: {count_of(len(edited.refused))} stay as they are.")
            return
        place = self._table.model.rows.places([first.run_id]).get(first.run_id)
        name = first.run_id[:8] if place is None else self._table.model.row(place).name
        more = len(edited.refused) - 1
        rest = f" {count_of(more, 'other')} too." if more else ""
        self._context.tell("error", f"{name} stays as it is: {first.error.reason}{rest}", first.error.hint or "")

    def _count_look(self, _answer: object) -> None:
        for pending in self._pending[:]:
            if pending.looks is not None:
                pending.looks -= 1
                if pending.looks <= 0:
                    self._pending.remove(pending)
                    self._show()

    def _drop_cancelled(self) -> None:
        """Show no longer what somebody stopped before it began."""
        waiting = [task.token for task in self._context.runner.shown()]
        for pending in self._pending[:]:
            token = pending.token
            if token is not None and token.cancelled and token not in waiting and pending.looks is None:
                self._pending.remove(pending)
                self._show()

    def _show(self) -> None:
        shown: dict[str, Edit] = {}
        for pending in self._pending:
            for run_id, edit in pending.edits.items():
                shown[run_id] = edits.together(shown[run_id], edit) if run_id in shown else edit
        self._table.model.show_edits(shown)


def _words(edit: Edit, count: int) -> str:
    """Say what an edit did: `Renamed 1 run`, `Tagged 3 runs`."""
    if edit.name is not None and not edit.tags:
        return f"Renamed {count_of(count)}" if count > 1 else f"Renamed to {edit.name}"
    if edit.name is None and set(edit.tags) == {NOTE}:
        return f"Changed the note of {count_of(count)}"
    if edit.name is None and len(edit.tags) == 1:
        (key,) = edit.tags
        return f"Changed the tag {key} of {count_of(count)}"
    return f"Edited {count_of(count)}"
