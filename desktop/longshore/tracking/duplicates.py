"""Artifacts of the same content: first by size, which costs nothing, then by hash."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.mlflow_rest import artifacts, runs
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking import trash
from longshore.tracking.artifact_files import ArtifactFile, list_remote, walk_store

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

# Below this, thousands of small files (every model has the same conda.yaml) would be hashed to save nothing.
LEAST_BYTES = 64 * 1024
_HEAD_BYTES = 64 * 1024
_CHUNK = 1 << 20

Read = Callable[[ArtifactFile], Iterator[bytes]]


@dataclass(frozen=True)
class DuplicateGroup:
    """Files of one content."""

    hash: str
    size_bytes: int
    files: tuple[ArtifactFile, ...]

    @property
    def saved_bytes(self) -> int:
        """What one copy instead of all would save; names of one file on the disk are one copy."""
        copies = len({file.inode if file.local else file for file in self.files})
        return self.size_bytes * (copies - 1)


def duplicates(
    client: Client,
    store: Path | None,
    *,
    project: str | None = None,
    least_bytes: int = LEAST_BYTES,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> tuple[DuplicateGroup, ...]:
    """Give the groups of files of the same content, the one that would save most first.

    `store`: the folder of the personal server's artifacts. With None, a team's server, every file that has another of
    its size is downloaded to be compared.
    """
    token = cancel or CancelToken()
    experiments = [one.id for one in trash.experiments_anywhere(client, project)]
    if store is not None:
        files: Iterable[ArtifactFile] = walk_store(client, store, progress, token)
        read: Read = _read_local
    else:
        wanted = runs.search_all(client, experiments) if experiments else ()
        files = list_remote(client, wanted, progress, token)

        def read(file: ArtifactFile) -> Iterator[bytes]:
            return artifacts.pieces(client, file.run_id, file.path, model_id=file.model_id or None)

    if store is not None and project is not None:
        files = _of_runs(client, files, set(experiments))
    return find(files, read, least_bytes=least_bytes, progress=progress, cancel=token)


def find(
    files: Iterable[ArtifactFile], read: Read, *, least_bytes: int, progress: Progress, cancel: CancelToken
) -> tuple[DuplicateGroup, ...]:
    """Group files by content: those of one size by the hash of their head, then by that of the whole."""
    by_size: dict[int, list[ArtifactFile]] = defaultdict(list)
    for file in files:
        if file.size_bytes >= least_bytes:
            by_size[file.size_bytes].append(file)
    candidates = [same for same in by_size.values() if len(same) > 1]
    groups: list[DuplicateGroup] = []
    total, done = sum(file.size_bytes for same in candidates for file in same), 0
    for same in candidates:
        progress(done / max(total, 1), f"Comparing {len(same)} files of {same[0].size_bytes:,} bytes")
        for alike in _grouped(same, read, _HEAD_BYTES, cancel).values():
            whole = _grouped(alike, read, None, cancel) if len(alike) > 1 else {}
            groups += (
                DuplicateGroup(digest, equal[0].size_bytes, tuple(equal))
                for digest, equal in whole.items()
                if len(equal) > 1
            )
        done += sum(file.size_bytes for file in same)
    found = [group for group in groups if group.saved_bytes]
    return tuple(sorted(found, key=lambda group: (-group.saved_bytes, group.hash)))


def _grouped(
    files: Iterable[ArtifactFile], read: Read, limit: int | None, cancel: CancelToken
) -> dict[str, list[ArtifactFile]]:
    found: dict[str, list[ArtifactFile]] = defaultdict(list)
    for file in files:
        try:
            found[_hash(read(file), limit, cancel)].append(file)
        except (OSError, NotFound):  # deleted under our hands
            continue
    return found


def _hash(pieces: Iterator[bytes], limit: int | None, cancel: CancelToken) -> str:
    digest, left = hashlib.blake2b(digest_size=20), limit
    for piece in pieces:
        cancel.check()
        digest.update(piece if left is None else piece[:left])
        if left is not None:
            left -= len(piece)
            if left <= 0:
                break
    return digest.hexdigest()


def _read_local(file: ArtifactFile) -> Iterator[bytes]:
    assert file.local is not None
    with file.local.open("rb") as source:
        yield source.read(_HEAD_BYTES)
        while piece := source.read(_CHUNK):
            yield piece


def _of_runs(client: Client, files: Iterable[ArtifactFile], experiments: set[str]) -> Iterator[ArtifactFile]:
    """Leave out the files of other projects' runs. Each run is asked for once."""
    known: dict[str, bool] = {}
    for file in files:
        if file.size_bytes < LEAST_BYTES:
            continue
        if file.run_id not in known:
            try:
                known[file.run_id] = bool(file.run_id) and runs.get(client, file.run_id).experiment_id in experiments
            except NotFound:
                known[file.run_id] = False
        if known[file.run_id]:
            yield file
