"""Histories of metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from longshore.mlflow_rest import parsing

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import MetricPoint

# The server's limit; a smaller page makes a million points slower, not lighter.
_PAGE = 25_000
# The server's own limit for one answer that is sampled.
_SAMPLES = 2500


def history(client: Client, run_id: str, key: str) -> tuple[MetricPoint, ...]:
    """Give every logged value of a metric, as the server orders them (time, then step); empty where there is none."""
    return tuple(point for page in pages(client, run_id, key) for point in page)


def pages(client: Client, run_id: str, key: str) -> Iterator[tuple[MetricPoint, ...]]:
    """Give the same request by request, for who may give up between them."""
    token: str | None = None
    while True:
        answer = client.read("metrics/get-history", run_id=run_id, metric_key=key, max_results=_PAGE, page_token=token)
        yield tuple(parsing.metric_point(entry) for entry in answer.get("metrics", ()))
        token = answer.get("next_page_token") or None
        if token is None:
            return


def beginning(client: Client, run_id: str, key: str, limit: int) -> tuple[tuple[MetricPoint, ...], bool]:
    """Give the first values of a metric, at most `limit`, and whether these are all."""
    answer = client.read("metrics/get-history", run_id=run_id, metric_key=key, max_results=limit)
    points = tuple(parsing.metric_point(entry) for entry in answer.get("metrics", ()))
    return points, not answer.get("next_page_token")


def sampled(
    client: Client,
    run_ids: Sequence[str],
    key: str,
    *,
    steps: tuple[int, int] | None = None,
    max_results: int = _SAMPLES,
) -> dict[str, tuple[MetricPoint, ...]]:
    """Give at most `max_results` values of a metric for each run, evenly chosen by step, by the web page's own call.

    `steps`: first and last step, both included; all without.
    Raises: NotFound where the server is too old for it.
    """
    first, last = steps or (None, None)
    answer = client.read(
        "metrics/get-history-bulk-interval",
        root="/ajax-api/2.0/mlflow/",
        run_ids=list(run_ids),
        metric_key=key,
        start_step=first,
        end_step=last,
        max_results=max_results,
    )
    found: dict[str, list[MetricPoint]] = {run_id: [] for run_id in run_ids}
    for entry in answer.get("metrics", ()):
        found[entry["run_id"]].append(parsing.metric_point(entry))
    return {run_id: tuple(points) for run_id, points in found.items()}
