"""Compared runs that go on: what they logged since, all together by a few requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError
from longshore.mlflow_rest import parsing
from longshore.mlflow_rest import runs as rest_runs
from longshore.mlflow_rest.types import RUNNING, SCHEDULED, Run
from longshore.tracking.comparing.places import Servers
from longshore.tracking.histories import History, empty, filled, with_point
from longshore.tracking.rows import RunRow

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.settings import Home
    from longshore.store.records import Workspace

Histories = Mapping[str, Mapping[str, History]]  # metric -> run id -> history
# Of so many metrics is asked for what lies between two looks, at one look; the others wait for their turn.
MOST_FILLED = 2
# A look into the personal workspace's own file is no request, but not for nothing either.
_MOST_READ = 24


@dataclass(frozen=True, eq=False)
class News:
    """What runs have logged since the last look."""

    runs: Mapping[str, Run] = field(default_factory=dict)  # by id
    # With what is new; a history without news is the same object.
    histories: Histories = field(default_factory=dict)
    # Deleted meanwhile, by id.
    gone: tuple[str, ...] = ()
    # Why the runs of a workspace could not be looked at.
    trouble: LongshoreError | None = None


def going_on(runs: Sequence[RunRow], histories: Histories) -> tuple[str, ...]:
    """Name the runs that there may be news of: those that run, and those whose last values were not all read."""
    waiting = {
        run_id for of_runs in histories.values() for run_id, history in of_runs.items() if history.gap is not None
    }
    return tuple(run.run_id for run in runs if run.status in (RUNNING, SCHEDULED) or run.run_id in waiting)


def follow(home: Home, servers: Servers, runs: Sequence[RunRow], histories: Histories, wanted: Sequence[str]) -> News:
    """Look what the runs among these that go on have logged, and draw the histories of the wanted metrics on.

    A workspace takes one request, and one more for each of at most `MOST_FILLED` metrics of which there may be values
    between the last known and the latest. A server that is away is told of in the answer; the others' runs are in it.
    """
    ids = set(going_on(runs, {metric: histories[metric] for metric in wanted if metric in histories}))
    by_workspace = servers.by_workspace([run.run_id for run in runs if run.run_id in ids])
    rows = {run.run_id: run for run in runs}
    news = News(histories=histories)
    for run_ids in by_workspace.values():
        try:
            news = _look(home, servers, [rows[run_id] for run_id in run_ids], wanted, news)
        except LongshoreError as error:
            news = replace(news, trouble=error)
    return news


def _look(home: Home, servers: Servers, rows: Sequence[RunRow], wanted: Sequence[str], before: News) -> News:
    client, workspace = servers(rows[0].run_id), servers.workspace(rows[0].run_id)
    found = _found(client, rows)
    gone = [row.run_id for row in rows if row.run_id not in found or found[row.run_id].lifecycle == "deleted"]
    histories: dict[str, dict[str, History]] = {metric: dict(each) for metric, each in before.histories.items()}
    for metric in wanted:
        of_runs = histories.get(metric)
        # Of a metric that nobody has read, all runs' histories are read elsewhere.
        if of_runs is not None:
            for run in found.values():
                if metric in run.latest:
                    of_runs[run.id] = with_point(of_runs.get(run.id) or empty(), run.latest[metric])
    _fill(home, client, workspace, list(found), [metric for metric in wanted if metric in histories], histories)
    return replace(before, runs={**before.runs, **found}, histories=histories, gone=(*before.gone, *gone))


def _found(client: Client, rows: Sequence[RunRow]) -> dict[str, Run]:
    ids = ", ".join(rest_runs.quoted(row.run_id) for row in rows)
    experiments = list(dict.fromkeys(row.experiment_id for row in rows))
    filter = f"attributes.run_id IN ({ids})"
    entries, _more = rest_runs.search_entries(client, experiments, filter=filter, view=rest_runs.ALL)
    runs = (replace(parsing.run(entry), latest=parsing.latest(entry)) for entry in entries)
    return {run.id: run for run in runs}


def _fill(
    home: Home,
    client: Client,
    workspace: Workspace,
    run_ids: Sequence[str],
    wanted: Sequence[str],
    histories: dict[str, dict[str, History]],
) -> None:
    """Close gaps: from the workspace's own file where that is at hand, else those that wait longest."""
    from longshore.tracking.local_histories import local_history

    gaps = [
        (metric, run_id)
        for metric in wanted
        for run_id in run_ids
        if run_id in histories[metric] and histories[metric][run_id].gap is not None
    ]
    gaps.sort(key=lambda gap: _waits_since(histories[gap[0]][gap[1]]))
    for metric, run_id in gaps[:_MOST_READ]:
        here = local_history(home, workspace, run_id, metric)
        if here is None:
            break
        histories[metric][run_id] = here
    else:
        return
    for metric in list(dict.fromkeys(metric for metric, _run_id in gaps))[:MOST_FILLED]:
        waiting = {run_id: histories[metric][run_id] for name, run_id in gaps if name == metric}
        histories[metric].update(filled(client, metric, waiting))


def _waits_since(history: History) -> int:
    return int(history.timestamps_ms[max(0, (history.gap or 0) - 1)]) if len(history) else 0
