"""How much room runs take: before a purge, after it, and which are the biggest."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.mlflow_rest import runs as rest_runs
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking import trash
from longshore.tracking.artifact_files import folder_files, list_remote, local_folder, walk_store

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run

_BIGGEST = 20


@dataclass(frozen=True)
class RunSize:
    """A run with the bytes of its artifacts and of its models' files."""

    run_id: str
    name: str
    experiment: str
    size_bytes: int
    in_trash: bool


def local_bytes(store: Path, uris: Iterable[str]) -> int:
    """Measure what lies under some artifact addresses on this computer; a file with several names counts once."""
    total, seen = 0, set[tuple[int, int]]()
    for uri in uris:
        folder = local_folder(store, uri)
        if folder is None:
            continue
        for _path, _entry, stat in folder_files(folder):
            if stat.st_nlink == 1 or (stat.st_dev, stat.st_ino) not in seen:
                total += stat.st_size
                seen.add((stat.st_dev, stat.st_ino))
    return total


def remote_bytes(
    client: Client, runs: Sequence[Run], progress: Progress = no_progress, cancel: CancelToken | None = None
) -> Mapping[str, int]:
    """Add up what the server lists for some runs, by run."""
    found: Counter[str] = Counter()
    for file in list_remote(client, runs, progress, cancel or CancelToken()):
        found[file.run_id] += file.size_bytes
    return found


def biggest(
    client: Client,
    store: Path | None,
    *,
    project: str | None = None,
    limit: int = _BIGGEST,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> tuple[RunSize, ...]:
    """Give the runs whose files take the most room, those in the trash too.

    `store`: the folder of the personal server's artifacts, None for a team's server, whose files are listed.
    """
    token = cancel or CancelToken()
    experiments = {one.id: one.name for one in trash.experiments_anywhere(client, project)}
    if store is None:
        everything = list(_every_run(client, list(experiments), token))
        counted: Mapping[str, int] = remote_bytes(client, everything, progress, token)
    else:
        local: Counter[str] = Counter()
        for file in walk_store(client, store, progress, token):
            local[file.run_id] += file.size_bytes
        counted = local
    found: list[RunSize] = []
    for run_id, size in heapq.nlargest(len(counted), counted.items(), key=lambda item: item[1]):
        token.check()
        if len(found) >= limit or size == 0:
            break
        row = _sized(client, run_id, size, experiments)
        if row is not None:
            found.append(row)
    return tuple(found)


def _every_run(client: Client, experiment_ids: Sequence[str], cancel: CancelToken) -> Iterable[Run]:
    for deleted in (False, True):
        for run in rest_runs.search_all(client, experiment_ids, deleted=deleted):
            cancel.check()
            yield run


def _sized(client: Client, run_id: str, size: int, experiments: Mapping[str, str]) -> RunSize | None:
    try:
        run = rest_runs.get(client, run_id) if run_id else None
    except NotFound:
        run = None
    if run is None or run.experiment_id not in experiments:
        return None
    return RunSize(run.id, run.name, experiments[run.experiment_id], size, run.lifecycle != "active")
