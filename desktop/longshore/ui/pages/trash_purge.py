"""Deleting for good from the window: what it would free, the question, how far it is, and what it freed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from longshore.errors import Cancelled, LongshoreError
from longshore.progress import CancelToken
from longshore.ui.pages import trash_work as work
from longshore.ui.pages.trash_moves import count_of, place_of
from longshore.ui.shell.context import AppContext
from longshore.ui.widgets.dialog import ConfirmDialog
from longshore.ui.widgets.progress_row import ProgressRow
from longshore.ui.widgets.states import Banner
from longshore.ui.widgets.times import size

if TYPE_CHECKING:
    from longshore.policies.deleting import Purged, PurgePlan, Refusal

_NAMED = 5


class Purges(QObject):
    """Leads through a purge. `notice` shows a line above the table, `changed` reads the table again."""

    def __init__(
        self,
        context: AppContext,
        page: QWidget,
        changed: Callable[[], object],
        notice: Callable[[QWidget | None], object],
    ) -> None:
        super().__init__(page)
        self._context, self._page, self._changed, self._notice = context, page, changed, notice
        self._looking: CancelToken | None = None
        # Why no other one can begin now.
        self.busy = ""

    def ask(self, run_ids: Sequence[str]) -> None:
        """Find out what deleting these runs for good would do, then ask."""
        row = self._begin(f"Looking at {count_of(len(run_ids))}", self._cancel)
        self._looking = self._context.runner.run(
            self,
            work.plan_work(place_of(self._context), run_ids),
            self._confirm,
            self._failed,
            progressed=row.show_progress,
            key="purge",
        )

    def _cancel(self) -> None:
        if self._looking is not None:
            self._looking.cancel()

    def _begin(self, title: str, cancel: Callable[[], object] | None = None) -> ProgressRow:
        self.busy = "Runs are being deleted for good."
        row = ProgressRow(title, cancel)
        row.show_progress(None, "" if cancel else "The tracking server is stopped for some seconds.")
        self._notice(row)
        self._context.actions_changed.emit()
        return row

    def _end(self, words: QWidget | None = None) -> None:
        self.busy = ""
        self._notice(words)
        self._context.actions_changed.emit()

    def _confirm(self, plan: PurgePlan) -> None:
        self._end(_staying(plan.refused))
        if not plan.runs:
            return
        runs = count_of(len(plan.runs))
        ConfirmDialog(
            self._page.window(),
            f"Delete {runs} for good?",
            effect_of(plan),
            f"Delete {runs} for good",
            lambda: self._purge(plan),
            keep="Keep",
        ).open()

    def _purge(self, plan: PurgePlan) -> None:
        self._begin(f"Deleting {count_of(len(plan.runs))} for good")
        self._context.runner.run(
            self,
            work.purge_work(place_of(self._context), [run.run_id for run in plan.runs]),
            lambda found: self._purged(found, plan.refused),
            self._failed,
            key="purge",
        )

    def _purged(self, found: Purged, refused: Sequence[Refusal]) -> None:
        self._end(_staying((*refused, *found.left)))
        if found.purged:
            words = f"{count_of(len(found.purged))} deleted for good"
            self._context.tell("success", words, f"{size(found.freed_bytes)} freed.")
        self._changed()

    def _failed(self, error: LongshoreError) -> None:
        stopped = isinstance(error, Cancelled)
        self._end(None if stopped else Banner(f"{error.reason} {error.hint or ''}".strip()))
        self._changed()


def effect_of(plan: PurgePlan) -> str:
    """Say what a purge does: how much it frees, what goes with it, what stays."""
    words = [
        f"This frees {size(plan.size_bytes)}. Parameters, metrics, artifacts and models of these runs are gone then; "
        "it cannot be undone. The tracking server is stopped for some seconds."
    ]
    if plan.versions:
        named = ", ".join(plan.versions[:_NAMED]) + (" and more" if len(plan.versions) > _NAMED else "")
        words.append(f"These registered versions lose their files: {named}.")
    if plan.refused:
        words.append(f"{_others(len(plan.refused))}. {_why(plan.refused[0])}")
    return "\n\n".join(words)


def _staying(refused: Sequence[Refusal]) -> QWidget | None:
    if not refused:
        return None
    why = " ".join(_why(one) for one in refused[:_NAMED])
    more = f" And {len(refused) - _NAMED:,} more." if len(refused) > _NAMED else ""
    return Banner(why + more)


def _others(count: int) -> str:
    return "1 other stays" if count == 1 else f"{count:,} others stay"


def _why(one: Refusal) -> str:
    return f"{one.name or one.run_id[:8]} stays: {one.reason}"
