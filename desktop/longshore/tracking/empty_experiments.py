"""Experiments in which nothing is: no run, not in the trash either, no model, no trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from longshore.errors import Conflict, Invalid, NotFound
from longshore.mlflow_rest import experiments, logged_models, runs
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking import table

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Experiment

# MLflow logs into it what names no experiment, and cannot do without it.
_DEFAULT = "0"
PREFIX = "experiment:"


def empty_experiments(
    client: Client,
    *,
    project: str | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> tuple[Experiment, ...]:
    """Give the experiments in which nothing is, by name; one that MLflow needs is not among them."""
    every = [one for one in table.experiments(client, project) if one.id != _DEFAULT]
    found: list[Experiment] = []
    for number, experiment in enumerate(every):
        if cancel:
            cancel.check()
        progress(number / len(every), experiment.name)
        if is_empty(client, experiment.id):
            found.append(experiment)
    return tuple(sorted(found, key=lambda one: one.name))


def is_empty(client: Client, experiment_id: str) -> bool:
    """Tell whether nothing is in an experiment."""
    for deleted in (False, True):
        if runs.search(client, [experiment_id], max_results=1, deleted=deleted).runs:
            return False
    return not logged_models.search(client, [experiment_id]) and not experiments.has_traces(client, experiment_id)


def delete(client: Client, name: str) -> Experiment:
    """Move an empty experiment to the trash. Raises: NotFound, Conflict where something is in it, Invalid for MLflow's own."""
    experiment = _by_name(client, name)
    if experiment.id == _DEFAULT:
        raise Invalid("MLflow needs its default experiment.", hint="Leave it; it takes no room.")
    if not is_empty(client, experiment.id):
        raise Conflict(f"The experiment {name} is not empty.", hint="Delete its runs first; the trash counts too.")
    if experiment.lifecycle == "active":
        experiments.delete(client, experiment.id)
    return experiments.get(client, experiment.id)


def restore(client: Client, name: str) -> Experiment:
    """Bring an experiment back from the trash, with its runs. Raises: NotFound."""
    experiment = _by_name(client, name)
    if experiment.lifecycle != "active":
        experiments.restore(client, experiment.id)
    return experiments.get(client, experiment.id)


def _by_name(client: Client, name: str) -> Experiment:
    try:
        return experiments.get_by_name(client, name)
    except NotFound as error:
        raise NotFound(f"There is no experiment {name!r}.", hint="Check its name.") from error
