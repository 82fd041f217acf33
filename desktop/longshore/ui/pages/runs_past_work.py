"""The work that reads metrics' histories for the run table, off the UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.ui.pages.runs_work import Answer, Past

# Of more runs a server is not asked before somebody says so; from a file so many are read in passing.
FEW, FEW_IN_FILE = 60, 2_000
# A server is asked for what is in sight for so long; then it is looked what is in sight by now.
ASKING_S = 1.0


@dataclass(frozen=True)
class Looked:
    """What a look at the histories found."""

    # Values came.
    news: bool
    # How many histories are unknown, of all that were asked for.
    left: int
    # How long a server would take for them; 0 where they come from the personal workspace's file.
    seconds: float = 0.0

    @property
    def is_cheap(self) -> bool:
        """Tell whether the rest may be read without asking a person."""
        return self.seconds == 0.0 or self.left <= FEW


def look_work(
    home: Home,
    workspace: str | None,
    past: Past,
    answer: Answer,
    sight: tuple[int, int],
    metrics: Sequence[str],
    *,
    everything: bool,
) -> Work[Looked]:
    """Give the work that reads what is in sight, and tells how much of the rest is unknown where everything is wanted.

    `sight`: the first and last place. What is soon read is read with it.
    """

    def work(_progress: Progress, cancel: CancelToken) -> Looked:
        from longshore.store import workspaces
        from longshore.workspace.connection import connect

        row, found = workspaces.get(home, workspace), past.summaries
        numbers = answer.rows.selection.numbers
        chosen = numbers[sight[0] : sight[1] + 1]
        if everything:
            left = _unknown(past, row, answer, metrics)
            if left <= (FEW_IN_FILE if found.is_quick(row) else FEW):
                chosen = numbers
        asking = partial(connect, home, workspace)
        frame = answer.frame
        news = found.read(row, frame, chosen, metrics, asking, cancel=cancel, longest_s=ASKING_S)
        left = _unknown(past, row, answer, metrics) if everything else 0
        return Looked(news, left, found.seconds(row, left))

    return work


def count_work(home: Home, workspace: str | None, past: Past, answer: Answer, metrics: Sequence[str]) -> Work[Looked]:
    """Give the work that tells how many histories are unknown."""

    def work(_progress: Progress, _cancel: CancelToken) -> Looked:
        from longshore.store import workspaces

        row = workspaces.get(home, workspace)
        left = _unknown(past, row, answer, metrics)
        return Looked(news=False, left=left, seconds=past.summaries.seconds(row, left))

    return work


def read_work(home: Home, workspace: str | None, past: Past, answer: Answer, metrics: Sequence[str]) -> Work[bool]:
    """Give the work that reads the histories of all runs that the table shows."""

    def work(progress: Progress, cancel: CancelToken) -> bool:
        from longshore.store import workspaces
        from longshore.workspace.connection import connect

        asking = partial(connect, home, workspace)
        row, numbers = workspaces.get(home, workspace), answer.rows.selection.numbers
        return past.summaries.read(row, answer.frame, numbers, metrics, asking, progress=progress, cancel=cancel)

    return work


def _unknown(past: Past, workspace: object, answer: Answer, metrics: Sequence[str]) -> int:
    from longshore.store.records import Workspace

    assert isinstance(workspace, Workspace)
    numbers = answer.rows.selection.numbers
    return sum(len(past.summaries.missing(workspace, answer.frame, numbers, each).unknown) for each in metrics)
