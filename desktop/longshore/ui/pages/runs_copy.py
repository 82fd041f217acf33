"""Copying from the run table: many rows as a table, and Python that fetches the same rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from longshore.errors import LongshoreError
from longshore.progress import CancelToken, Progress
from longshore.tracking.edits import Edit, edited_row
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.run_columns import Column
from longshore.ui.widgets.run_model import as_table
from longshore.ui.widgets.run_table import MOST_COPIED, RunTable

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.settings import Home
    from longshore.tracking.python_code import Asked
    from longshore.tracking.rows import Rows, RunRow
    from longshore.ui.pages.runs_search import RunSearch
    from longshore.ui.pages.runs_work import Answer
    from longshore.ui.shell.tasks import Work

# After so many rows it is looked whether somebody gave up.
_LOT = 500


def table_work(
    rows: Rows, places: Sequence[int], columns: Sequence[Column], edits: Mapping[str, Edit]
) -> Work[tuple[str, int]]:
    """Give the work that writes rows as text; `rows`: for this thread alone."""

    def row(place: int) -> RunRow:
        found = rows[place]
        edit = edits.get(found.run_id)
        return found if edit is None else edited_row(found, edit)

    def work(progress: Progress, cancel: CancelToken) -> tuple[str, int]:
        found: list[RunRow] = []
        for start in range(0, len(places), _LOT):
            cancel.check()
            progress(start / len(places), f"{start:,} of {len(places):,} rows")
            found += (row(place) for place in places[start : start + _LOT])
        return as_table(found, columns), len(found)

    return work


def code_work(home: Home, workspace: str | None, answer: Answer, asked: Asked, run_ids: Sequence[str]) -> Work[str]:
    """Give the work that writes the Python. `run_ids`: the selected runs, none for all that the table shows."""

    def work(_progress: Progress, _cancel: CancelToken) -> str:
        from longshore.store import workspaces
        from longshore.tracking import python_code
        from longshore.tracking.run_index import Selection
        from longshore.workspace.connection import known_address

        row, selection = workspaces.get(home, workspace), answer.rows.selection
        if run_ids:
            places = answer.rows.places(run_ids)
            numbers = selection.numbers[[places[run_id] for run_id in run_ids if run_id in places]]
            selection = Selection(selection.frame, numbers)
        return python_code.code(row, known_address(home, row), selection, asked, by_ids=bool(run_ids))

    return work


class Copying(QObject):
    """Puts things on the clipboard and tells what they are."""

    def __init__(self, context: AppContext, page: QWidget, table: RunTable, search: RunSearch) -> None:
        super().__init__(page)
        self._context, self._table, self._search = context, table, search
        table.copy_asked.connect(self._copy_many)

    def actions(self) -> list[Action]:
        """Give the actions."""
        selected, answer = self._table.selected_count, self._search.answer
        because = "" if answer is not None and len(answer.rows) else "There are no runs."
        title = "Copy selected runs as Python" if selected else "Copy as Python"
        first = "" if selected else "Select a run or more (Space)."
        return [
            Action("copy-python", title, self.copy_python, icon="code", in_bar=False, disabled_because=because),
            Action("copy-table", "Copy as table", self._table.copy, icon="copy", in_bar=False, disabled_because=first),
        ]

    def _copy_many(self) -> None:
        """Copy more rows than can be read in one turn of the event loop."""
        places, rows = self._table.selected_places(), self._table.model.rows.apart()
        some = places[:MOST_COPIED]
        work = table_work(rows, some, tuple(self._table.model.columns), dict(self._table.model.edits))
        done = partial(self._copied_many, len(places))
        self._context.runner.run(self, work, done, self._tell, key="runs.copy", title=f"Copying {len(some):,} rows")

    def _copied_many(self, wanted: int, found: tuple[str, int]) -> None:
        text, count = found
        QGuiApplication.clipboard().setText(text)
        rest = "" if wanted == count else f"Of {wanted:,} rows these are the first. Export has all of them."
        self._context.tell("success", f"Copied {count:,} rows", rest)

    def copy_python(self) -> None:
        """Copy code that fetches the selected runs, or all that the table shows."""
        answer = self._search.answer
        if answer is None:
            return
        from longshore.tracking.python_code import Asked

        query = answer.question.query
        metrics = [column.key for column in self._table.model.columns if column.kind == "metrics"]
        asked = Asked(query.filter, query.order_by, query.grouping, metrics)
        run_ids = self._table.selected_ids()
        work = code_work(self._context.home, self._context.workspace_name, answer, asked, run_ids)
        done: Callable[[str], None] = partial(self._copied_code, len(run_ids) or len(answer.rows))
        self._context.runner.run(self, work, done, self._tell, key="runs.copy")

    def _copied_code(self, count: int, code: str) -> None:
        QGuiApplication.clipboard().setText(code)
        words = "1 run" if count == 1 else f"{count:,} runs"
        self._context.tell("success", "Copied Python", f"It fetches {words} with MLflow's client.")

    def _tell(self, error: LongshoreError) -> None:
        self._context.tell("error", error.reason, error.hint or "")
