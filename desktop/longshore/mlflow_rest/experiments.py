"""Experiments: finding, making, tagging."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from longshore.errors import Conflict, NotFound
from longshore.mlflow_rest import parsing

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Experiment

_PAGE = 1000


def get(client: Client, experiment_id: str) -> Experiment:
    """Give one experiment, deleted or not."""
    return parsing.experiment(client.read("experiments/get", experiment_id=experiment_id)["experiment"])


def get_by_name(client: Client, name: str) -> Experiment:
    """Give one experiment by its name, deleted or not."""
    return parsing.experiment(client.read("experiments/get-by-name", experiment_name=name)["experiment"])


def create(client: Client, name: str, tags: Mapping[str, str] | None = None) -> Experiment:
    """Make an experiment.

    Raises: Conflict where the name is taken, by a deleted one too.
    """
    body = {"name": name, "tags": parsing.entries(tags or {})}
    return get(client, client.write("experiments/create", body)["experiment_id"])


def listing(client: Client, filter: str = "", *, deleted: bool = False) -> tuple[Experiment, ...]:
    """Give every experiment that fits MLflow's filter language, the latest changed first."""
    found: list[Experiment] = []
    token: str | None = None
    while True:
        body = {"max_results": _PAGE, "filter": filter, "view_type": "DELETED_ONLY" if deleted else "ACTIVE_ONLY"}
        answer = client.find("experiments/search", body | ({"page_token": token} if token else {}))
        found += (parsing.experiment(entry) for entry in answer.get("experiments", ()))
        token = answer.get("next_page_token")
        if not token:
            return tuple(found)


def set_tag(client: Client, experiment_id: str, key: str, value: str) -> None:
    """Set a tag."""
    client.write("experiments/set-experiment-tag", {"experiment_id": experiment_id, "key": key, "value": value})


def delete(client: Client, experiment_id: str) -> None:
    """Move an experiment and its runs to the trash."""
    client.write("experiments/delete", {"experiment_id": experiment_id})


def restore(client: Client, experiment_id: str) -> None:
    """Bring an experiment back from the trash."""
    client.write("experiments/restore", {"experiment_id": experiment_id})


def ensure(client: Client, name: str, tags: Mapping[str, str] | None = None) -> Experiment:
    """Give the experiment of this name with these tags, made or restored where needed."""
    wanted = tags or {}
    try:
        found = get_by_name(client, name)
    except NotFound:
        try:
            return create(client, name, wanted)
        except Conflict:  # somebody was faster
            found = get_by_name(client, name)
    if found.lifecycle == "deleted":
        restore(client, found.id)
    for key, value in wanted.items():
        if found.tags.get(key) != value:
            set_tag(client, found.id, key, value)
    return get(client, found.id)


def has_traces(client: Client, experiment_id: str) -> bool:
    """Tell whether any trace is in an experiment; a server that knows no traces has none."""
    place = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment_id}}
    body = {"locations": [place], "max_results": 1}
    try:
        answer = client.send("POST", "/api/3.0/mlflow/traces/search", body=body, retried=True)
    except NotFound:
        return False
    return bool(answer.json().get("traces"))
