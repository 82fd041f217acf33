"""Models as `log_model` left them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from longshore.mlflow_rest import parsing
from longshore.mlflow_rest.filters import quoted

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import LoggedModel


def get(client: Client, model_id: str) -> LoggedModel:
    """Give one logged model."""
    return parsing.logged_model(client.read(f"logged-models/{quote(model_id)}")["model"])


def search(client: Client, experiment_ids: Sequence[str], *, run_id: str | None = None) -> tuple[LoggedModel, ...]:
    """Give the models of some experiments, or of one run in them, the oldest first."""
    if not experiment_ids:
        return ()
    body: dict[str, Any] = {
        "experiment_ids": list(experiment_ids),
        "order_by": [{"field_name": "creation_timestamp", "ascending": True}],
    }
    body |= {"filter": f"source_run_id = {quoted(run_id)}"} if run_id else {}
    found: list[LoggedModel] = []
    token: str | None = None
    while True:
        answer = client.find("logged-models/search", body | ({"page_token": token} if token else {}))
        found += (parsing.logged_model(entry) for entry in answer.get("models", ()))
        token = answer.get("next_page_token") or None
        if token is None:
            return tuple(found)
