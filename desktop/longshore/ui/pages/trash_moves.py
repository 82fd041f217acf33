"""Archiving and deleting from wherever runs are shown: the question before, what happened after, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.ui.pages import trash_work as work
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from longshore.policies.deleting import Outcome


def count_of(number: int, thing: str = "run") -> str:
    """Give `1 run` or `3 runs`."""
    return f"1 {thing}" if number == 1 else f"{number:,} {thing}s"


def place_of(context: AppContext) -> work.Place:
    """Give what the Trash page shows now."""
    return work.Place(context.home, context.workspace_name, context.project.name if context.project else None)


class Moves(QObject):
    """Takes runs out of sight. `changed` is called whenever a table has to be read again."""

    def __init__(self, context: AppContext, page: QWidget, changed: Callable[[], object]) -> None:
        super().__init__(page)
        self._context, self._page, self._changed = context, page, changed

    def actions(self, count: int, ids: Callable[[], Sequence[str]]) -> list[Action]:
        """Give what can be done with the `count` selected runs, whose ids `ids` gives, and the way to the trash."""
        because = "" if count else "Select a run or more (Space)."

        return [
            Action(
                "archive-runs",
                "Archive",
                lambda: self.archive(ids()),
                icon="box",
                in_bar=bool(count),
                disabled_because=because,
                command="longshore archive RUN...",
            ),
            Action(
                "delete-runs",
                "Delete…",
                lambda: self.ask_to_delete(ids()),
                icon="trash",
                in_bar=bool(count),
                disabled_because=because,
                command="longshore delete RUN...",
            ),
            Action("trash", "Trash", lambda: self._context.open("trash"), icon="trash", command="longshore trash"),
        ]

    def ask_to_delete(self, run_ids: Sequence[str]) -> None:
        """Ask, then move runs to the trash."""
        from longshore.ui.widgets.dialog import ConfirmDialog

        ConfirmDialog(
            self._page.window(),
            f"Delete {count_of(len(run_ids))}?",
            "They go to the trash, where they can be restored until somebody deletes them for good. "
            "Runs whose model has an alias or is deployed stay, and so does what a deployed model was made from.",
            f"Delete {count_of(len(run_ids))}",
            lambda: self.delete(run_ids),
            keep="Keep",
        ).open()

    def delete(self, run_ids: Sequence[str]) -> None:
        """Move runs to the trash, with undo in the message."""
        place = place_of(self._context)
        self._context.runner.run(
            self,
            work.delete_work(place, run_ids),
            lambda outcome: self._tell(outcome, "went to the trash", work.restore_work(place, outcome.done)),
            title=f"Deleting {count_of(len(run_ids))}",
        )

    def archive(self, run_ids: Sequence[str]) -> None:
        """Take runs out of the tables, with undo in the message."""
        place = place_of(self._context)
        self._context.runner.run(
            self,
            work.archive_work(place, run_ids),
            lambda outcome: self._tell(outcome, "archived", work.archive_work(place, outcome.done, undo=True)),
            title=f"Archiving {count_of(len(run_ids))}",
        )

    def bring_back(self, ids: Sequence[str]) -> None:
        """Restore runs and experiments from the trash."""
        self.undo(work.restore_work(place_of(self._context), ids))

    def undo(self, back: Work[Outcome]) -> None:
        """Do what brings something back, and tell."""
        self._context.runner.run(self, back, self._came_back, title="Restoring")

    def _tell(self, outcome: Outcome, what: str, back: Work[Outcome]) -> None:
        if outcome.done:
            words = f"{count_of(len(outcome.done))} {what}"
            self._context.offer("success", words, "", ("Undo", partial(self.undo, back)))
        tell_refused(self._context, outcome)
        self._changed()

    def _came_back(self, outcome: Outcome) -> None:
        if outcome.done:
            self._context.tell("success", f"{len(outcome.done):,} came back")
        tell_refused(self._context, outcome)
        self._changed()


def tell_refused(context: AppContext, outcome: Outcome) -> None:
    """Say which runs stay as they are, and why."""
    refused = outcome.refused
    if not refused:
        return
    first = refused[0]
    name = first.name or first.run_id[:8]
    rest = f" {count_of(len(refused) - 1, 'other')} too." if len(refused) > 1 else ""
    context.tell("error", f"{name} stays: {first.reason}{rest}")
