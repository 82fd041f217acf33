"""The run table: pages of runs from the workspace's server, by project and by MLflow's filter language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import experiments as rest_experiments
from longshore.mlflow_rest import runs as rest_runs
from longshore.mlflow_rest.filters import equals
from longshore.mlflow_rest.types import Experiment, Page, Run
from longshore.tracking import archive, filters
from longshore.tracking.rows import ColumnSet, RunRow, RunTable

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

__all__ = ["ColumnSet", "Experiment", "Run", "RunRow", "RunTable", "experiments", "resolve", "row", "search"]

PROJECT_TAG = "longshore.project"
# Reading a page's JSON holds the interpreter: more runs at once would make a window stutter.
_PAGE = 200
_SHORTEST_PREFIX = 6
_PREFIX = re.compile(r"[0-9A-Za-z_-]+")
_RUN_ID = re.compile(r"[0-9a-f]{32}")


def experiments(client: Client, project: str | None = None, *, unclaimed: bool = False) -> tuple[Experiment, ...]:
    """Give the experiments of a project (by the tag `longshore.project`), or all; the latest changed first.

    `unclaimed`: those without such a tag, too.
    """
    if project is None:
        return rest_experiments.listing(client)
    if unclaimed:
        return tuple(
            each for each in rest_experiments.listing(client) if each.tags.get(PROJECT_TAG, project) == project
        )
    found = rest_experiments.listing(client, equals("tags", PROJECT_TAG, project))
    return tuple(experiment for experiment in found if experiment.tags.get(PROJECT_TAG) == project)


def search(
    client: Client,
    *,
    project: str | None = None,
    experiments: Sequence[Experiment] | Sequence[str] | None = None,
    filter: str = "",
    order_by: Sequence[str] = (),
    limit: int = _PAGE,
    page_token: str | None = None,
    archived: bool = False,
) -> RunTable:
    """Give the first `limit` runs that fit, newest first where `order_by` is empty.

    `experiments`: values that this room gave, or names; all of the project without. `archived`: with the archived runs,
    too; a filter that speaks of their tag has them in any case. How many fit in all is told once the end is seen.
    Raises: Invalid that says where the filter is wrong; NotFound for an experiment; Unavailable.
    """
    chosen = _chosen(client, project, experiments)
    shown = _Shown(filter, archived=archived)
    names = {experiment.id: experiment.name for experiment in chosen}
    as_of = datetime.now(UTC)
    found: list[RunRow] = []
    token = page_token
    while len(found) < limit:
        page = _page(client, list(names), shown, order_by, min(_PAGE, limit - len(found)), token)
        found += (row(run, names.get(run.experiment_id, "")) for run in page.runs)
        token = page.next_token
        if token is None:
            break
    total = len(found) if token is None and page_token is None else None
    return RunTable(tuple(found), total, as_of, token)


def resolve(client: Client, reference: str) -> Run:
    """Give the run of an id, or of a unique prefix of it.

    Raises: NotFound; Invalid for a prefix that is too short or fits several runs.
    """
    wanted = reference.removeprefix("run:").strip()
    if _RUN_ID.fullmatch(wanted):
        return _get(client, wanted)
    if len(wanted) < _SHORTEST_PREFIX or not _PREFIX.fullmatch(wanted):
        raise Invalid(
            f"{reference!r} is not a run's id.",
            hint=f"Give the id, or its first {_SHORTEST_PREFIX} characters or more.",
        )
    everywhere = [experiment.id for experiment in rest_experiments.listing(client)]
    # LIKE takes an underscore for any character: the answers are compared again.
    page = rest_runs.search(client, everywhere, filter=f"attributes.run_id LIKE '{wanted}%'", max_results=20)
    fitting = [run for run in page.runs if run.id.startswith(wanted)]
    if len(fitting) > 1:
        raise Invalid(
            f"{len(fitting)} runs begin with {wanted!r}.",
            hint="Give more characters: " + ", ".join(run.id[: len(wanted) + 6] for run in fitting[:4]),
        )
    # A search leaves some of a run out.
    return _get(client, fitting[0].id if fitting else wanted)


def row(run: Run, experiment: str) -> RunRow:
    """Give a run as a row of the table."""
    return RunRow(
        run_id=run.id,
        name=run.name,
        status=run.status,
        start_time=run.start_time,
        end_time=run.end_time,
        user=run.user,
        experiment_id=run.experiment_id,
        experiment=experiment,
        params=run.params,
        metrics=run.metrics,
        tags=run.tags,
    )


def _get(client: Client, run_id: str) -> Run:
    try:
        return rest_runs.get(client, run_id)
    except (NotFound, Invalid) as error:
        raise NotFound(f"There is no run {run_id}.", hint="`longshore runs` lists them.") from error


def _chosen(
    client: Client, project: str | None, wanted: Sequence[Experiment] | Sequence[str] | None
) -> tuple[Experiment, ...]:
    if wanted is None:
        return experiments(client, project)
    found: list[Experiment] = []
    for each in wanted:
        if isinstance(each, Experiment):
            found.append(each)
            continue
        try:
            found.append(rest_experiments.get_by_name(client, each))
        except NotFound as error:
            raise NotFound(f"There is no experiment {each!r}.", hint="Check its name.") from error
    return tuple(found)


@dataclass(frozen=True)
class _Shown:
    """Which runs are shown: what the person wrote, and whether archived ones are among them."""

    filter: str
    archived: bool

    @property
    def condition(self) -> str:
        """The filter as the server gets it."""
        return (self.filter if self.archived else archive.without_archived(self.filter)).strip()


def _page(
    client: Client, ids: Sequence[str], shown: _Shown, order_by: Sequence[str], size: int, token: str | None
) -> Page:
    try:
        return rest_runs.search(
            client, ids, filter=shown.condition, order_by=order_by, max_results=size, page_token=token
        )
    except Invalid as error:
        if shown.condition == shown.filter.strip():
            raise filters.explained(shown.filter, order_by, error) from error
    # What is wrong is said of the person's own words. Where they are right, the server does not know IS NULL.
    page = _page(client, ids, _Shown(shown.filter, archived=True), order_by, size, token)
    return Page(tuple(run for run in page.runs if archive.ARCHIVED not in run.tags), page.next_token)
