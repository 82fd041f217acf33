"""Runs: finding, making, ending, logging."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from longshore.mlflow_rest import experiments, parsing
from longshore.mlflow_rest.filters import equals, field, quoted
from longshore.mlflow_rest.types import DatasetInput, Metric, Page, Run

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

__all__ = [
    "create",
    "delete",
    "delete_tag",
    "field",
    "find_by_tag",
    "get",
    "log_batch",
    "log_inputs",
    "quoted",
    "restore",
    "search",
    "search_all",
    "search_entries",
    "set_tag",
    "update",
]

ACTIVE_ONLY, DELETED_ONLY, ALL = "ACTIVE_ONLY", "DELETED_ONLY", "ALL"
# What one `log-batch` call takes.
_METRICS, _PARAMS, _TAGS = 1000, 100, 100
# SQLite takes only so many values in one condition.
_EXPERIMENTS = 500


def get(client: Client, run_id: str) -> Run:
    """Give one run, deleted or not."""
    found = client.read("runs/get", run_id=run_id)["run"]
    return replace(parsing.run(found), latest=parsing.latest(found))


def create(
    client: Client,
    experiment_id: str,
    *,
    name: str = "",
    tags: Mapping[str, str] | None = None,
    start_time: datetime | None = None,
    user: str = "",
) -> Run:
    """Start a run, now where no time is given; MLflow makes a name where none is given."""
    body: dict[str, Any] = {
        "experiment_id": experiment_id,
        "start_time": parsing.milliseconds(start_time or datetime.now(UTC)),
        "tags": parsing.entries(tags or {}),
    }
    body |= {"run_name": name} if name else {}
    body |= {"user_id": user} if user else {}
    return parsing.run(client.write("runs/create", body)["run"])


def update(
    client: Client,
    run_id: str,
    *,
    status: str | None = None,
    end_time: datetime | None = None,
    name: str | None = None,
) -> None:
    """Change a run's status (`types.FINISHED` and so on), end or name; None leaves it."""
    body: dict[str, Any] = {"run_id": run_id, "status": status, "run_name": name}
    body["end_time"] = parsing.milliseconds(end_time) if end_time else None
    client.write("runs/update", {key: value for key, value in body.items() if value is not None})


def delete(client: Client, run_id: str) -> None:
    """Move a run to the trash."""
    client.write("runs/delete", {"run_id": run_id})


def restore(client: Client, run_id: str) -> None:
    """Bring a run back from the trash."""
    client.write("runs/restore", {"run_id": run_id})


def search(
    client: Client,
    experiment_ids: Sequence[str],
    *,
    filter: str = "",
    order_by: Sequence[str] = (),
    max_results: int = 1000,
    page_token: str | None = None,
    deleted: bool = False,
) -> Page:
    """Give one page of the runs that fit MLflow's filter language.

    Raises: Invalid with MLflow's words where `filter` or `order_by` is not in that language.
    """
    view = DELETED_ONLY if deleted else ACTIVE_ONLY
    entries, token = search_entries(
        client,
        experiment_ids,
        filter=filter,
        order_by=order_by,
        max_results=max_results,
        page_token=page_token,
        view=view,
    )
    return Page(tuple(parsing.run(entry) for entry in entries), token)


def search_entries(
    client: Client,
    experiment_ids: Sequence[str],
    *,
    filter: str = "",
    order_by: Sequence[str] = (),
    max_results: int = 1000,
    page_token: str | None = None,
    view: str = ACTIVE_ONLY,
) -> tuple[Sequence[Mapping[str, Any]], str | None]:
    """Give one page of a search as the server sent it, and the token that continues it: for whoever reads many runs.

    Raises: as `search`.
    """
    if not experiment_ids:
        return (), None
    body: dict[str, Any] = {
        "experiment_ids": list(experiment_ids),
        "filter": filter,
        "order_by": list(order_by),
        "max_results": max_results,
        "run_view_type": view,
    }
    answer = client.find("runs/search", body | ({"page_token": page_token} if page_token else {}))
    return answer.get("runs", ()), answer.get("next_page_token") or None


def search_all(
    client: Client,
    experiment_ids: Sequence[str],
    *,
    filter: str = "",
    order_by: Sequence[str] = (),
    deleted: bool = False,
) -> Iterator[Run]:
    """Give the runs of every page, one request per thousand."""
    token: str | None = None
    while True:
        page = search(client, experiment_ids, filter=filter, order_by=order_by, page_token=token, deleted=deleted)
        yield from page.runs
        token = page.next_token
        if token is None:
            return


def find_by_tag(client: Client, key: str, value: str, experiment_ids: Sequence[str] | None = None) -> tuple[Run, ...]:
    """Give the runs that carry a tag with this value, in these experiments or in all of them."""
    if experiment_ids is None:
        experiment_ids = [experiment.id for experiment in experiments.listing(client)]
    found: list[Run] = []
    for start in range(0, len(experiment_ids), _EXPERIMENTS):
        some = experiment_ids[start : start + _EXPERIMENTS]
        found += search_all(client, some, filter=equals("tags", key, value))
    return tuple(run for run in found if run.tags.get(key) == value)


def log_batch(
    client: Client,
    run_id: str,
    *,
    metrics: Iterable[Metric] = (),
    params: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Log any number of values, in as few requests as MLflow's limits allow.

    Raises: Invalid where a parameter was logged before with another value.
    """
    values = [
        {"key": m.key, "value": parsing.plain(m.value), "timestamp": m.timestamp_ms, "step": m.step} for m in metrics
    ]
    # Apart, since one request takes at most a thousand values of all kinds together.
    parts: list[dict[str, Any]] = [
        {"params": some, "tags": others}
        for some, others in _side_by_side(parsing.entries(params or {}), parsing.entries(tags or {}))
    ]
    parts += ({"metrics": values[start : start + _METRICS]} for start in range(0, len(values), _METRICS))
    for part in parts:
        client.write("runs/log-batch", {"run_id": run_id, **part})


def _side_by_side(
    params: list[dict[str, str]], tags: list[dict[str, str]]
) -> Iterator[tuple[list[dict[str, str]], list[dict[str, str]]]]:
    while params or tags:
        yield params[:_PARAMS], tags[:_TAGS]
        params, tags = params[_PARAMS:], tags[_TAGS:]


def set_tag(client: Client, run_id: str, key: str, value: str) -> None:
    """Set a tag."""
    client.write("runs/set-tag", {"run_id": run_id, "key": key, "value": value})


def delete_tag(client: Client, run_id: str, key: str) -> None:
    """Remove a tag. Raises: NotFound where the run has none of this name."""
    client.write("runs/delete-tag", {"run_id": run_id, "key": key})


def log_inputs(client: Client, run_id: str, inputs: Iterable[DatasetInput]) -> None:
    """Record data that the run read; what is recorded already stays single."""
    datasets = [
        {
            "tags": parsing.entries({"mlflow.data.context": entry.context} if entry.context else {}),
            "dataset": {
                "name": entry.name,
                "digest": entry.digest,
                "source_type": entry.source_type,
                # MLflow's own client reads the source as JSON.
                "source": entry.source or "{}",
            },
        }
        for entry in inputs
    ]
    if datasets:
        client.write("runs/log-inputs", {"run_id": run_id, "datasets": datasets})
