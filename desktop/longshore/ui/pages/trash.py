"""Trash: what can come back or go for good; beside it, what takes room in this project or workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from PySide6.QtWidgets import QFrame, QWidget

from longshore.errors import Cancelled, LongshoreError
from longshore.progress import CancelToken
from longshore.ui.pages import trash_work as work
from longshore.ui.pages.trash_moves import Moves, place_of
from longshore.ui.pages.trash_purge import Purges
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.pages import Page
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.basic import clear, horizontal, label, line, vertical
from longshore.ui.widgets.choices import Tabs
from longshore.ui.widgets.plain_table import PlainTable, TextColumn, TextRow
from longshore.ui.widgets.progress_row import ProgressRow
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState, StateStack

TABS = (
    ("trash", "Trash"),
    ("biggest", "Biggest runs"),
    ("duplicates", "Duplicate artifacts"),
    ("empty", "Empty experiments"),
)
COLUMNS = {
    "trash": (TextColumn("Name"), TextColumn("What", 110), TextColumn("Experiment"), TextColumn("Started", 120)),
    "biggest": (TextColumn("Run"), TextColumn("Experiment"), TextColumn("", 120), TextColumn("Artifacts", 110, True)),
    "duplicates": (
        TextColumn("Artifact"),
        TextColumn("In the runs"),
        TextColumn("Copies", 80, True),
        TextColumn("Each", 100, True),
        TextColumn("Would save", 110, True),
    ),
    "empty": (TextColumn("Experiment"), TextColumn("Id", 220)),
}
ABOUT = {
    "trash": "Restore a run, or delete it for good to free its room.",
    "biggest": "Runs by the room that their artifacts and models take, those in the trash too.",
    "duplicates": "Files of 64 KB or more that are there more than once, compared by content.",
    "empty": "No run, no model and no trace is in them, and no run of theirs is in the trash.",
}
NOTHING = {
    "trash": ("trash", "The trash is empty", "Runs that are deleted on the Runs page can be restored from here."),
    "biggest": ("ok", "No artifacts", "No run here has logged an artifact or a model."),
    "duplicates": ("ok", "Nothing is there twice", "No two artifacts of 64 KB or more have the same content."),
    "empty": ("ok", "No experiment is empty", "Experiments in which nothing is would be listed here."),
}


class TrashPage(Page):
    """Four tables behind tabs; each is read when its tab comes to the front."""

    title = "Trash"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._looking: CancelToken | None = None
        self._generation = 0
        self._download = False
        column = vertical(self)
        column.addWidget(self._head())
        column.addWidget(line())
        holder = QWidget()
        self._notices = vertical(holder)
        column.addWidget(holder)
        self._stack = StateStack()
        self.tables = {tab: PlainTable(title, COLUMNS[tab]) for tab, title in TABS}
        for table in self.tables.values():
            table.opened.connect(self._open)
            table.selection_changed.connect(context.actions_changed)
            self._stack.addWidget(table)
        column.addWidget(self._stack, 1)
        self._moves = Moves(context, self, self.look)
        self.purges = Purges(context, self, self.look, self._notice)
        context.workspace_changed.connect(self._look_if_shown)

    def _head(self) -> QWidget:
        head = QFrame()
        head.setObjectName("toolbar")
        row = horizontal(head, (20, 0, 20, 0), 16)
        self.tabs = Tabs(TABS)
        self.tabs.chosen.connect(self.choose)
        row.addWidget(self.tabs)
        self._about = label(ABOUT["trash"], "small", "secondary", wrap=True)
        row.addWidget(self._about, 1)
        return head

    def crumbs(self) -> list[tuple[str, str | None]]:
        project = self.context.project
        return [(project.name, "overview"), ("Runs", "runs"), ("Trash", None)] if project else [("Trash", None)]

    def show_with(self, **arguments: object) -> None:
        tab = str(arguments.get("tab") or self.tabs.current)
        self.choose(tab if tab in COLUMNS else "trash")

    def choose(self, tab: str) -> None:
        """Bring a table to the front, and read it."""
        self.tabs.choose(tab)
        self._about.setText(ABOUT[tab])
        self._download = False
        self._notice(None)
        self.look()

    @property
    def table(self) -> PlainTable:
        """The table in front."""
        return self.tables[self.tabs.current]

    # -- reading ------------------------------------------------------------------------------------------------

    def _look_if_shown(self) -> None:
        if self.isVisible():
            self.look()

    def look(self) -> None:
        """Read the table in front; what was being read for another one is cancelled."""
        if self._looking is not None:
            self._looking.cancel()
        self._generation += 1
        generation, tab = self._generation, self.tabs.current
        row = ProgressRow(f"Reading: {dict(TABS)[tab].lower()}", self._cancel)
        row.show_progress(None, "")
        if not self.table.rows.rows or self._stack.said is not None:
            self._stack.say(row)
        self._looking = self.context.runner.run(
            self,
            self._work(tab),
            lambda found: self._show(found, tab, generation),
            lambda error: self._show_failure(error, generation),
            progressed=lambda fraction, detail: self._show_progress(row, fraction, detail, generation),
            key="trash",
        )
        self.context.actions_changed.emit()

    def _work(self, tab: str) -> Work[Any]:
        place = place_of(self.context)
        if tab == "duplicates":
            return work.duplicates_work(place, download=self._download)
        return {"trash": work.list_work, "biggest": work.biggest_work, "empty": work.empty_work}[tab](place)

    def _cancel(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    def _show_progress(self, row: ProgressRow, fraction: float | None, detail: str, generation: int) -> None:
        if generation == self._generation and self._stack.said is not None:
            row.show_progress(fraction, detail)

    def _show(self, found: Sequence[TextRow] | None, tab: str, generation: int) -> None:
        if generation != self._generation:
            return
        self._looking = None
        self.tables[tab].show_rows(found or ())
        if found is None:
            text = "Files of one size would be downloaded from the team's server to compare what is in them."
            ask = ("Download and compare", self._compare)
            self._stack.say(EmptyState("download", "Compare by content?", text, ask))
        elif not found:
            self._stack.say(EmptyState(*NOTHING[tab]))
        else:
            self._stack.setCurrentWidget(self.tables[tab])
        self.tabs.set_count(tab, len(found) if found else None)
        self.context.actions_changed.emit()
        self.rows_shown.emit()

    def _compare(self) -> None:
        self._download = True
        self.look()

    def _show_failure(self, error: LongshoreError, generation: int) -> None:
        if generation != self._generation:
            return
        self._looking = None
        if isinstance(error, Cancelled):
            again = ("Look again", self.look)
            self._stack.say(EmptyState("stop", "Stopped", "What was found so far is not shown.", again))
        else:
            self._stack.say(ErrorState(error, "This could not be read", self.look))

    def _notice(self, widget: QWidget | None) -> None:
        """Show a line above the table, or none."""
        clear(self._notices)
        if widget is not None:
            self._notices.addWidget(widget)

    # -- doing --------------------------------------------------------------------------------------------------

    def _open(self, identity: str) -> None:
        run_id = identity.removeprefix(work.RUN)
        if identity.startswith(work.RUN) and run_id and self.tabs.current != "trash":
            self.context.open("run", run_id=run_id)

    def actions_now(self) -> list[Action]:
        return [*self._actions_of_tab(), self.context.undo.action()]

    def _actions_of_tab(self) -> list[Action]:
        chosen = self.table.selected()
        runs = [one.removeprefix(work.RUN) for one in chosen if one.startswith(work.RUN)]
        because = "" if chosen else "Select a row or more."
        if self.tabs.current == "trash":
            return self._trash_actions(chosen, runs, because)
        if self.tabs.current == "empty":
            delete = partial(self._delete_experiments, chosen)
            command = "longshore delete experiment:NAME"
            return [
                Action("delete-runs", "Delete experiment", delete, "trash", disabled_because=because, command=command)
            ]
        if self.tabs.current == "biggest":
            ask: Callable[[], None] = partial(self._moves.ask_to_delete, runs)
            command = "longshore delete RUN..."
            return [Action("delete-runs", "Delete…", ask, "trash", disabled_because=because, command=command)]
        return []

    def _trash_actions(self, chosen: Sequence[str], runs: Sequence[str], because: str) -> list[Action]:
        everything = [row.id.removeprefix(work.RUN) for row in self.table.rows.rows if row.id.startswith(work.RUN)]
        busy = self.purges.busy
        return [
            Action(
                "purge-all",
                "Empty the trash…",
                partial(self.purges.ask, everything),
                disabled_because=busy or ("" if everything else "No run is in the trash."),
                command="longshore purge --all",
            ),
            Action(
                "purge",
                "Delete for good…",
                partial(self.purges.ask, runs),
                icon="trash",
                kind="danger",
                disabled_because=busy or ("" if runs else "Select a run or more."),
                command="longshore purge RUN...",
            ),
            Action(
                "restore",
                "Restore",
                partial(self._restore, chosen),
                icon="undo",
                kind="primary",
                disabled_because=busy or because,
                command="longshore restore RUN...",
            ),
        ]

    def _restore(self, ids: Sequence[str]) -> None:
        self._moves.bring_back(ids)

    def _delete_experiments(self, ids: Sequence[str]) -> None:
        self._moves.delete_experiments([one.removeprefix(work.EXPERIMENT) for one in ids], self._not_done)

    def _not_done(self, error: LongshoreError) -> None:
        self._notice(Banner(f"{error.reason} {error.hint or ''}".strip()))
        self.look()
