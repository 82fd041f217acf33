"""The Runs page's work off the UI thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotAllowed, Unavailable
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.tracking.index import columns, looked_at
from longshore.tracking.rows import Grouping, RunRow, RunTable
from longshore.ui.shell.tasks import Work

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.tracking.experiment_list import Named
    from longshore.tracking.index.group_rows import GroupRows
    from longshore.tracking.index.row_view import IndexedRows
    from longshore.tracking.run_index import Frame
    from longshore.tracking.summaries import Summaries

# So many rows are read with everything, for the columns at first and the first frame of the next start.
HEAD = 200
# Of runs with more values than this, the last state keeps those that are shown.
WIDE = 300


@dataclass(frozen=True)
class Query:
    """What the table shows."""

    project: str | None
    experiment: str | None
    filter: str
    order_by: tuple[str, ...]
    grouping: Grouping = field(default_factory=Grouping)


def key_of(workspace: str | None, project: str | None) -> str:
    """Name the last state of a project's table."""
    return f"{workspace or ''}/{project or ''}"


@dataclass(frozen=True)
class Question:
    """A query with all that its answer depends on."""

    workspace: str | None
    query: Query
    experiments: tuple[Named, ...]
    # Those that are shown, as the index names them; None: all.
    columns: tuple[str, ...] | None = None

    def asks_the_same(self, other: Question) -> bool:
        """Tell whether the same runs answer both."""
        return replace(self, columns=None) == replace(other, columns=None)


@dataclass(frozen=True, eq=False)
class Answer:
    """What the index says."""

    question: Question
    frame: Frame
    rows: IndexedRows
    # The first rows with everything.
    head: tuple[RunRow, ...]
    # The columns that the table shows where nobody chose any: of thousands, a worker looks for them.
    at_first: tuple[str, ...]
    # The same runs in groups, None where they are not grouped.
    groups: GroupRows | None = None

    @property
    def running(self) -> bool:
        """Tell whether a run at the top goes on."""
        return any(row.status == "RUNNING" for row in self.head)


class Past:
    """Holds what this window knows of metrics over their histories; made by the first work that needs it."""

    def __init__(self, home: Home) -> None:
        self._home = home

    @cached_property
    def summaries(self) -> Summaries:
        """What is known."""
        from longshore.tracking.summaries import Summaries

        return Summaries(self._home)


def ask_work(home: Home, question: Question, before: Answer | None, past: Past) -> Work[Answer]:
    """Give the work that answers from what the index holds; of `before` is kept what is not new."""

    def work(_progress: Progress, cancel: CancelToken) -> Answer:
        from longshore.store import workspaces
        from longshore.tracking import run_index, snapshot
        from longshore.tracking.index.row_view import IndexedRows
        from longshore.ui.widgets.run_columns import columns_of_ids, default_ids, index_columns

        query, row = question.query, workspaces.get(home, question.workspace)
        chosen = [each for each in question.experiments if query.experiment in (None, each.name)]
        looked_at.look_at(home, row.name, [each.id for each in chosen])
        opened = tuple(each.experiment_id for each in before.frame.opened) if before else ()
        if before is not None and opened == tuple(each.id for each in chosen):
            frame = run_index.refreshed(before.frame)
        else:
            frame = run_index.open_runs(home, row, chosen)
        frame = past.summaries.attach(row, frame, names) if (names := past_names(question)) else frame.with_extra({})
        cancel.check()
        if before is not None and question.asks_the_same(before.question) and frame.holds_the_same(before.frame):
            shown = question.columns
            same = before.rows if shown is None else before.rows.showing(shown)
            groups = before.groups if shown is None or before.groups is None else before.groups.showing(shown)
            return replace(before, question=question, frame=frame, rows=same, groups=groups)
        selection = run_index.query(frame, query.filter, query.order_by)
        head = run_index.rows(selection[:HEAD])
        at_first = tuple(default_ids(head))
        if not (query.filter or query.experiment or query.order_by) and frame.as_of is not None:
            kept = question.columns or index_columns(columns_of_ids(frame.columns, at_first))
            table = RunTable(_narrowed(head, kept), len(selection), frame.as_of, None)
            snapshot.save_last(home, key_of(question.workspace, query.project), table)
        shown, groups = question.columns or (), None
        if query.grouping:
            cancel.check()
            groups = run_index.group_rows(selection, query.grouping, query.order_by, shown)
        return Answer(question, frame, IndexedRows(selection, question.columns), head, at_first, groups)

    return work


def past_names(question: Question) -> tuple[str, ...]:
    """Give the index columns that say what metrics were over their histories, of those that are shown or sorted by."""
    clauses = question.query.order_by
    if not any(map(columns.is_summary, question.columns or ())) and not any(
        clause.startswith(tuple(f"{kind}." for kind in columns.SUMMARIES)) for clause in clauses
    ):
        return ()
    from longshore.tracking.summaries import names_of

    return names_of(question.columns or (), clauses)


def _narrowed(rows: tuple[RunRow, ...], columns: Sequence[str]) -> tuple[RunRow, ...]:
    """Leave of thousands of values those that are shown: the next start reads them before it shows anything."""
    if not rows or max(len(row.metrics) + len(row.params) for row in rows) <= WIDE:
        return rows
    kept = set(columns)
    return tuple(
        replace(
            row,
            params={key: value for key, value in row.params.items() if f"p:{key}" in kept},
            metrics={key: value for key, value in row.metrics.items() if f"m:{key}" in kept},
            tags={key: value for key, value in row.tags.items() if f"t:{key}" in kept},
        )
        for row in rows
    )


def known_experiments_work(home: Home, workspace: str | None, project: str | None) -> Work[tuple[Named, ...] | None]:
    """Give the work that tells the project's experiments as they were known last, None where they never were."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Named, ...] | None:
        from longshore.store import workspaces
        from longshore.tracking import experiment_list

        return experiment_list.known(home, workspaces.get(home, workspace), project)

    return work


def experiments_work(home: Home, workspace: str | None, project: str | None) -> Work[tuple[Named, ...]]:
    """Give the work that asks the server for the project's experiments."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Named, ...]:
        from longshore.store import workspaces
        from longshore.tracking import experiment_list
        from longshore.workspace.connection import connect

        client = connect(home, workspace)
        return experiment_list.fetched(home, workspaces.get(home, workspace), project, client)

    return work


def sync_work(home: Home, workspace: str | None, experiments: Sequence[Named]) -> Work[LongshoreError | None]:
    """Give the work that brings the index up to date; its result is why the source could not be asked."""

    def work(progress: Progress, cancel: CancelToken) -> LongshoreError | None:
        from longshore.store import workspaces
        from longshore.tracking.index.sync import sync
        from longshore.workspace.connection import connect

        row = workspaces.get(home, workspace)
        client: Client | None = None
        offline: LongshoreError | None = None
        try:
            client = connect(home, workspace)
        except (Unavailable, NotAllowed) as error:
            offline = error
        for number, each in enumerate(experiments):
            cancel.check()
            share = partial(_share, progress, number, len(experiments))
            synced = sync(home, row, each.id, client, progress=share, cancel=cancel, thorough=False)
            offline = synced.offline or offline
        return offline

    return work


def _share(progress: Progress, number: int, count: int, done: float | None, words: str) -> None:
    progress(None if done is None else (number + done) / count, words)


def save_view_work(home: Home, key: str, value: object) -> Work[None]:
    """Give the work that keeps what somebody chose."""

    def work(_progress: Progress, _cancel: CancelToken) -> None:
        from longshore.store import view_state

        view_state.save(home, key, value)

    return work
