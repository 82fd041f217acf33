"""The archive: runs that stay as they are and that tables leave out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from longshore.mlflow_rest import runs as rest_runs
from longshore.mlflow_rest.filters import field

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

# The time at which a run was archived. Tables leave out runs that carry it, unless their filter speaks of it.
ARCHIVED = "longshore.archived"


def without_archived(filter: str) -> str:
    """Give a filter that leaves archived runs out; unchanged where it speaks of them itself."""
    if ARCHIVED in filter:
        return filter
    condition = f"{field('tags', ARCHIVED)} IS NULL"
    return f"{filter} AND {condition}" if filter.strip() else condition


def archive(client: Client, run_ids: Iterable[str]) -> None:
    """Take runs out of the tables; nothing else changes. Raises: NotFound, Invalid for one in the trash."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    for run_id in run_ids:
        rest_runs.set_tag(client, run_id, ARCHIVED, now)


def unarchive(client: Client, run_ids: Iterable[str]) -> None:
    """Bring archived runs back into the tables; one that was not archived stays as it is."""
    for run_id in run_ids:
        if ARCHIVED in rest_runs.get(client, run_id).tags:
            rest_runs.delete_tag(client, run_id, ARCHIVED)
