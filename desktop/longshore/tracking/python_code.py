"""Python that fetches runs with MLflow's own client: the same rows as a table shows, for a notebook or a colleague."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longshore.errors import Invalid
from longshore.tracking import archive, filters
from longshore.tracking.index import columns
from longshore.tracking.rows import Grouping

if TYPE_CHECKING:
    from longshore.store.records import Workspace
    from longshore.tracking.run_index import Selection

# More ids than this are no code that anybody reads.
MOST_IDS = 1_000
# What MLflow's client gives at most where it is not told.
_DEFAULT_MOST, _MANY = 50_000, 10_000_000
# A server takes only so many values in one condition.
_AT_ONCE = 200
_SIGN_IN = {
    "basic": "# Sign in first: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD in the environment.",
    "token": "# Sign in first: set MLFLOW_TRACKING_TOKEN in the environment.",
}
_BY = {"status": "status", "experiment": "experiment_id", "user": "tags.mlflow.user"}


@dataclass(frozen=True)
class Asked:
    """What a table shows: the question that its rows answer, and how they are grouped."""

    filter: str = ""
    order_by: Sequence[str] = ()
    grouping: Grouping = field(default_factory=Grouping)
    metrics: Sequence[str] = ()  # those that are shown, for the groups


def code(workspace: Workspace, address: str, selection: Selection, asked: Asked, *, by_ids: bool = False) -> str:
    """Give Python that fetches the runs of a selection, in its order, into the data frame `runs`.

    `by_ids`: exactly these runs; else all that fit the filter, also those that come later. A filter or an
    order that MLflow does not know is answered here, and the code names the runs.
    Raises: Invalid where they are too many to be named.
    """
    # MLflow knows no order by what metrics were over their histories.
    past = any(clause.startswith(("best.", "mean.")) for clause in asked.order_by)
    named = by_ids or past or filters.quick_check(asked.filter) is not None
    lines = ["import mlflow", *(["import pandas"] if named else []), ""]
    lines += [_SIGN_IN[workspace.auth]] if workspace.auth in _SIGN_IN else []
    lines += [f"mlflow.set_tracking_uri({address!r})"]
    experiments = [opened.experiment_id for opened in selection.frame.opened]
    lines += _by_ids(selection, experiments) if named else _by_filter(selection, experiments, asked)
    lines += _groups(asked) if asked.grouping else []
    return "\n".join(lines) + "\n"


def _by_filter(selection: Selection, experiments: Sequence[str], asked: Asked) -> list[str]:
    condition = asked.filter.strip()
    if selection.frame.has(columns.tag(archive.ARCHIVED)):
        condition = archive.without_archived(condition)
    lines = ["runs = mlflow.search_runs(", f"    experiment_ids={list(experiments)!r},"]
    lines += [f"    filter_string={condition!r},"] if condition else []
    lines += [f"    order_by={list(asked.order_by)!r},"] if asked.order_by else []
    lines += [f"    max_results={_MANY:_},"] if len(selection) > _DEFAULT_MOST else []
    return [*lines, ")"]


def _by_ids(selection: Selection, experiments: Sequence[str]) -> list[str]:
    if len(selection) > MOST_IDS:
        raise Invalid(
            f"{len(selection):,} runs are too many to be named one by one.",
            hint=f"Select at most {MOST_IDS:,}, or use a filter in MLflow's own language, without or, brackets and words.",
        )
    from longshore.tracking import run_index

    ids = [row.run_id for row in run_index.rows(selection, [])]
    return [
        "run_ids = [",
        *(f"    {run_id!r}," for run_id in ids),
        "]",
        "",
        "",
        "def fetch(some):",
        """    wanted = ", ".join(f"'{run_id}'" for run_id in some)""",
        "    return mlflow.search_runs(",
        f"        experiment_ids={list(experiments)!r}, filter_string=f'attributes.run_id IN ({{wanted}})'",
        "    )",
        "",
        "",
        f"parts = [fetch(run_ids[start : start + {_AT_ONCE}]) for start in range(0, len(run_ids), {_AT_ONCE})]",
        "runs = pandas.concat(parts).set_index('run_id', drop=False).reindex(run_ids).reset_index(drop=True)",
    ]


def _groups(asked: Asked) -> list[str]:
    by = [_column(name) for name in asked.grouping.by]
    metrics = [f"metrics.{name}" for name in asked.metrics]
    return [
        "",
        f"metrics = [name for name in {metrics!r} if name in runs]",
        f"groups = runs.groupby({by!r}, dropna=False)",
        "summary = groups[metrics].agg(['count', 'mean', 'std', 'min', 'max']).assign(runs=groups.size())",
    ]


def _column(name: str) -> str:
    if name.startswith(columns.PARAM):
        return f"params.{name[2:]}"
    return f"tags.{name[2:]}" if name.startswith(columns.TAG) else _BY[name]
