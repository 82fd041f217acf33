"""Runs that somebody keeps for comparing: of any experiment and workspace, until they are let go."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from longshore.progress import CancelToken, Progress
from longshore.store import quick

if TYPE_CHECKING:
    from longshore.settings import Home
    from longshore.ui.shell.context import AppContext
    from longshore.ui.shell.tasks import Work

KEY = "compare.kept"
# As many as stand side by side.
MOST_KEPT = 50
_NAMES = ("run_id", "name", "workspace")


@dataclass(frozen=True)
class Kept:
    """A run, with what it was called when it was kept."""

    run_id: str
    name: str
    workspace: str


class KeptRuns(QObject):
    """The same in all workspaces and projects of a home; kept in its database."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._context = context
        self._runs: tuple[Kept, ...] | None = None

    @property
    def runs(self) -> tuple[Kept, ...]:
        """The kept runs, in the order in which they were kept."""
        if self._runs is None:
            self._runs = tuple(_read(quick.view_state(self._context.home, KEY)))
        return self._runs

    def holds(self, run_id: str) -> bool:
        """Tell whether a run is kept."""
        return any(run.run_id == run_id for run in self.runs)

    def keep(self, named: Sequence[tuple[str, str]]) -> None:
        """Keep runs (id, name) of the current workspace."""
        workspace = self._context.workspace_now()
        fresh = [Kept(run_id, name, workspace) for run_id, name in named if not self.holds(run_id)]
        room = MOST_KEPT - len(self.runs)
        if len(fresh) > room:
            self._context.tell("info", f"At most {MOST_KEPT} runs are kept for comparing.", "Let some go first.")
        elif fresh:
            self._put((*self.runs, *fresh))
            what = fresh[0].name if len(fresh) == 1 else f"{len(fresh)} runs"
            self._context.tell(
                "success", f"Kept {what} for comparing", f"{len(self.runs)} kept. They stay when the workspace changes."
            )

    def let_go(self, run_ids: Iterable[str]) -> None:
        """Keep these no longer; it can be undone."""
        gone, before = set(run_ids), self.runs
        left = tuple(run for run in before if run.run_id not in gone)
        if left == before:
            return
        self._put(left)
        lost = [run for run in before if run.run_id in gone]
        what = lost[0].name if len(lost) == 1 else f"{len(lost)} kept runs"
        self._context.offer("info", f"Let go of {what}", "", ("Undo", lambda: self._put(before)))

    def _put(self, runs: tuple[Kept, ...]) -> None:
        self._runs = runs
        saving = _save_work(self._context.home, [asdict(run) for run in runs])
        # The runner itself asks: the window may be gone before it is written.
        self._context.runner.run(self._context.runner, saving, key="view")
        self.changed.emit()
        self._context.actions_changed.emit()


def _read(found: Any) -> Iterable[Kept]:
    """Read what was saved; what is damaged counts as never kept."""
    for each in found if isinstance(found, list) else ():
        known = each if isinstance(each, dict) else {}
        values = {name: value for name in _NAMES if isinstance(value := known.get(name), str)}
        if len(values) == len(_NAMES):
            yield Kept(**values)


def _save_work(home: Home, kept: list[dict[str, str]]) -> Work[None]:
    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.store import view_state

        view_state.save(home, KEY, kept)

    return work
