"""Archiving and deleting from wherever runs are shown: the question before, what happened after, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from longshore.errors import LongshoreError
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


@dataclass(frozen=True)
class Move:
    """A change of where runs are, what takes it back for those that were moved, and how it is told."""

    work: Work[Outcome]
    back: Callable[[Sequence[str]], Work[Outcome]]
    # With a place for what was moved: `{} went to the trash`.
    words: str
    title: str


class Moves(QObject):
    """Takes runs out of sight, and back. `changed` is called whenever a page that is seen has to be read again."""

    def __init__(self, context: AppContext, page: QWidget, changed: Callable[[], object]) -> None:
        super().__init__(page)
        self._context, self._page, self._changed = context, page, changed
        context.runs_moved.connect(self._read_again)

    def actions_of(self, run_id: str, *, archived: bool, deleted: bool) -> list[Action]:
        """Give what can be done with one run that is looked at."""
        if deleted:
            back = partial(self.bring_back, [run_id])
            return [Action("run-restore", "Restore", back, icon="undo", command=f"longshore restore {run_id}")]
        ask, put = partial(self.ask_to_delete, [run_id]), partial(self.archive, [run_id])
        archive = Action("run-archive", "Archive", put, icon="box", in_bar=False, command=f"longshore archive {run_id}")
        if archived:
            take, command = partial(self.unarchive, [run_id]), f"longshore archive --undo {run_id}"
            archive = Action(
                "run-unarchive", "Bring back from the archive", take, icon="box", in_bar=False, command=command
            )
        delete = Action("run-delete", "Delete…", ask, icon="trash", in_bar=False, command=f"longshore delete {run_id}")
        return [archive, delete]

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
        self._do(
            Move(
                work.delete_work(place, run_ids),
                lambda done: work.restore_work(place, done),
                "{} went to the trash",
                f"Deleting {count_of(len(run_ids))}",
            )
        )

    def archive(self, run_ids: Sequence[str]) -> None:
        """Take runs out of the tables, with undo in the message."""
        place = place_of(self._context)
        self._do(
            Move(
                work.archive_work(place, run_ids),
                lambda done: work.archive_work(place, done, undo=True),
                "{} archived",
                f"Archiving {count_of(len(run_ids))}",
            )
        )

    def unarchive(self, run_ids: Sequence[str]) -> None:
        """Bring archived runs back into the tables, with undo in the message."""
        place = place_of(self._context)
        self._do(
            Move(
                work.archive_work(place, run_ids, undo=True),
                lambda done: work.archive_work(place, done),
                "{} back from the archive",
                "Bringing back from the archive",
            )
        )

    def bring_back(self, ids: Sequence[str]) -> None:
        """Restore runs and experiments from the trash, with undo in the message."""
        place = place_of(self._context)
        self._do(
            Move(
                work.restore_work(place, ids),
                lambda done: work.delete_again_work(place, done),
                "{} restored from the trash",
                "Restoring",
            )
        )

    def delete_experiments(self, names: Sequence[str], failed: Callable[[LongshoreError], None]) -> None:
        """Move empty experiments to the trash, with undo in the message."""
        place = place_of(self._context)
        self._do(
            Move(
                work.delete_experiments_work(place, names),
                lambda done: work.restore_work(place, done),
                "{} went to the trash",
                "Deleting experiments",
            ),
            failed,
        )

    def _do(self, move: Move, failed: Callable[[LongshoreError], None] | None = None) -> None:
        self._context.runner.run(self, move.work, partial(self._tell, move), failed, title=move.title)

    def _tell(self, move: Move, outcome: Outcome) -> None:
        if outcome.done:
            words = move.words.format(_things(outcome.done))
            self._context.offer_undo(words, partial(self._take_back, words, move.back(outcome.done)))
        tell_refused(self._context, outcome)
        self._context.runs_moved.emit()

    def _take_back(self, words: str, back: Work[Outcome]) -> None:
        self._context.runner.run(
            self, back, partial(self._taken_back, words), partial(self._still_there, words, back), title="Undoing"
        )

    def _taken_back(self, words: str, outcome: Outcome) -> None:
        if outcome.done:
            self._context.tell("success", f"Undone: {words}")
        tell_refused(self._context, outcome)
        self._context.runs_moved.emit()

    def _still_there(self, words: str, back: Work[Outcome], error: LongshoreError) -> None:
        """Keep what could not be taken back, such as while the server was away: it can be tried again."""
        self._context.undo.push(words, partial(self._take_back, words, back))
        self._context.tell("error", f"Not undone: {error.reason}", error.hint or "")

    def _read_again(self) -> None:
        if self._page.isVisible():
            self._changed()


def _things(ids: Sequence[str]) -> str:
    """Give `2 runs`, `1 experiment`, or both."""
    experiments = sum(one.startswith(work.EXPERIMENT) for one in ids)
    counts = ((len(ids) - experiments, "run"), (experiments, "experiment"))
    return " and ".join(count_of(number, thing) for number, thing in counts if number)


def tell_refused(context: AppContext, outcome: Outcome) -> None:
    """Say which runs stay as they are, and why."""
    refused = outcome.refused
    if not refused:
        return
    first = refused[0]
    name = first.name or first.run_id[:8]
    rest = f" {count_of(len(refused) - 1, 'other')} too." if len(refused) > 1 else ""
    context.tell("error", f"{name} stays: {first.reason}{rest}")
