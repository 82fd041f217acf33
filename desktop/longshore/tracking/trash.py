"""The trash: runs that can come back. What may go there is asked before, in `policies`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, NotFound
from longshore.mlflow_rest import experiments as rest_experiments
from longshore.mlflow_rest import runs as rest_runs
from longshore.mlflow_rest.filters import equals, quoted
from longshore.tracking import table
from longshore.tracking.rows import RunRow

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Experiment, Run
    from longshore.progress import CancelToken

# SQLite takes only so many values in one condition.
_EXPERIMENTS = 500
_IDS = 200
_ID = re.compile(r"[0-9a-f]{32}")


def listing(client: Client, project: str | None = None, *, cancel: CancelToken | None = None) -> tuple[RunRow, ...]:
    """Give the runs in the trash, of a project or of all, newest first; those of deleted experiments too."""
    found: list[RunRow] = []
    every = {one.id: one.name for one in experiments_anywhere(client, project)}
    ids = list(every)
    for start in range(0, len(ids), _EXPERIMENTS):
        for run in rest_runs.search_all(client, ids[start : start + _EXPERIMENTS], deleted=True):
            if cancel:
                cancel.check()
            found.append(table.row(run, every.get(run.experiment_id, "")))
    oldest = datetime.min.replace(tzinfo=UTC)
    return tuple(sorted(found, key=lambda row: row.start_time or oldest, reverse=True))


def experiments_anywhere(client: Client, project: str | None = None) -> tuple[Experiment, ...]:
    """Give the experiments of a project, or all, whether they are in the trash or not."""
    condition = equals("tags", table.PROJECT_TAG, project) if project else ""
    found = [one for deleted in (False, True) for one in rest_experiments.listing(client, condition, deleted=deleted)]
    return tuple(one for one in found if not project or one.tags.get(table.PROJECT_TAG) == project)


def resolve(client: Client, reference: str) -> str:
    """Give the id of the run that an id or a unique prefix names, in the trash or not. Raises: NotFound, Invalid."""
    try:
        active: list[str] = [table.resolve(client, reference).id]
    except NotFound:
        active = []
    wanted = reference.removeprefix("run:").strip()
    fitting: set[str] = {*active, *(() if wanted in active else _in_trash(client, wanted))}
    if len(fitting) > 1:
        raise Invalid(
            f"{len(fitting)} runs begin with {wanted!r}, some of them in the trash.", hint="Give the whole id."
        )
    if not fitting:
        raise NotFound(f"There is no run {wanted}.", hint="`longshore trash` and `longshore runs` list them.")
    return fitting.pop()


def _in_trash(client: Client, prefix: str) -> list[str]:
    ids = [one.id for one in experiments_anywhere(client)]
    condition = f"attributes.run_id LIKE {quoted(prefix + '%')}"
    page = rest_runs.search(client, ids, filter=condition, max_results=20, deleted=True)
    return [run.id for run in page.runs if run.id.startswith(prefix)]


def find(client: Client, run_ids: Sequence[str], cancel: CancelToken | None = None) -> dict[str, Run]:
    """Give those of some runs that are there, in the trash or not, by id: hundreds in one request."""
    every = [one.id for one in experiments_anywhere(client)]
    ids = [run_id for run_id in dict.fromkeys(run_ids) if _ID.fullmatch(run_id)]
    found: dict[str, Run] = {}
    for first in range(0, len(ids), _IDS):
        condition = f"attributes.run_id IN ({', '.join(map(quoted, ids[first : first + _IDS]))})"
        for start in range(0, len(every), _EXPERIMENTS):
            for deleted in (True, False):
                if cancel:
                    cancel.check()
                some = every[start : start + _EXPERIMENTS]
                found |= {run.id: run for run in rest_runs.search_all(client, some, filter=condition, deleted=deleted)}
    return found


def restore(client: Client, run_id: str) -> None:
    """Bring a run back from the trash; one that is not there stays as it is.

    Raises: NotFound where it was deleted for good; Conflict where its experiment is in the trash too.
    """
    try:
        run = rest_runs.get(client, run_id)
    except NotFound as error:
        raise NotFound(f"There is no run {run_id}: it was deleted for good.") from error
    experiment = rest_experiments.get(client, run.experiment_id)
    if experiment.lifecycle == "deleted":
        raise Conflict(
            f"The experiment {experiment.name} of this run is in the trash too.",
            hint=f"Restore it first, with all its runs: longshore restore 'experiment:{experiment.name}'",
        )
    if run.lifecycle != "active":
        rest_runs.restore(client, run_id)
