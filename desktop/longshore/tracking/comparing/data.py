"""Which data compared runs read: names, hashes, sizes and rows, run by run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import NotFound
from longshore.mlflow_rest import artifacts, runs
from longshore.tracking.comparing.places import Source, client_of

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import DatasetInput

INPUTS_FILE = "longshore/inputs.json"
_MOST_BYTES = 2_000_000


@dataclass(frozen=True)
class DataVersion:
    """A dataset as one run read it. None: not recorded."""

    digest: str
    source: str
    context: str
    rows: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True)
class DataLine:
    """One dataset, by run id; a run that did not read it is left out."""

    name: str
    versions: Mapping[str, DataVersion]
    # All runs read it, with the same hash.
    same: bool


def data_of(source: Source, run_ids: Sequence[str]) -> tuple[DataLine, ...]:
    """Give the data of some runs, what differs first. Raises: NotFound for a run that is gone, Unavailable."""
    found: dict[str, dict[str, DataVersion]] = {}
    for run_id in run_ids:
        client = client_of(source, run_id)
        sizes = _sizes(client, run_id)
        for each in runs.get(client, run_id).inputs:
            found.setdefault(each.name, {})[run_id] = _version(each, sizes.get(each.name))
    lines = [
        DataLine(
            name,
            versions,
            len(versions) == len(run_ids) and len({version.digest for version in versions.values()}) == 1,
        )
        for name, versions in found.items()
    ]
    return tuple(sorted(lines, key=lambda line: (line.same, line.name)))


def _version(found: DatasetInput, size_bytes: int | None) -> DataVersion:
    return DataVersion(found.digest, _place(found.source), found.context, found.rows, size_bytes)


def _place(source: str) -> str:
    """Read the address out of MLflow's description of a source."""
    try:
        described = json.loads(source)
    except ValueError:
        return source
    if not isinstance(described, dict):
        return source
    return next((str(described[key]) for key in ("uri", "url", "path") if described.get(key)), source)


def _sizes(client: Client, run_id: str) -> dict[str, int]:
    try:
        listed: Any = json.loads(artifacts.download(client, run_id, INPUTS_FILE, _MOST_BYTES))
    except (NotFound, ValueError):
        return {}
    if not isinstance(listed, list):
        return {}
    return {
        str(each.get("path")): int(each["size_bytes"])
        for each in listed
        if isinstance(each, dict) and isinstance(each.get("size_bytes"), int)
    }
