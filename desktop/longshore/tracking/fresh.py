"""The runs of a project from the index, brought up to date first: who reads after writing sees what was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotAllowed, Unavailable
from longshore.progress import CancelToken, Progress, no_progress
from longshore.settings import Home
from longshore.tracking import experiment_list, run_index
from longshore.tracking.index.sync import sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace


@dataclass(frozen=True, eq=False)
class Fresh:
    """What the index holds, and why it is not the present where the server could not be asked."""

    frame: run_index.Frame
    offline: LongshoreError | None


def fresh_runs(
    home: Home,
    workspace: Workspace,
    project: str | None,
    connect: Callable[[], Client],
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> Fresh:
    """Give the runs of a project, or of the workspace; the last state where the server is away.

    Raises: Unavailable or NotAllowed where nothing was ever read; Cancelled.
    """
    client: Client | None = None
    offline: LongshoreError | None = None
    try:
        client = connect()
        experiments = experiment_list.fetched(home, workspace, project, client)
    except (Unavailable, NotAllowed) as error:
        known = experiment_list.known(home, workspace, project)
        if known is None:
            raise
        client, experiments, offline = None, known, error
    for each in experiments:
        synced = sync(home, workspace, each.id, client, progress=progress, cancel=cancel)
        offline = offline or synced.offline
    return Fresh(run_index.open_runs(home, workspace, experiments), offline)
