"""All artifact files of a workspace: walked in the personal workspace's folder, listed through REST on a team's server."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

from longshore.errors import LongshoreError, NotFound
from longshore.mlflow_rest import artifacts, logged_models
from longshore.store import workspaces

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run
    from longshore.progress import CancelToken, Progress
    from longshore.settings import Home

_RUN = re.compile(r"[0-9a-f]{32}")
_MODEL = re.compile(r"m-[0-9a-f]{32}")
_MAKER = re.compile(rb"^run_id: ([0-9a-f]{32})\s*$", re.MULTILINE)
_MLMODEL_BYTES = 64 * 1024
_THREADS = 4
_TELL_EVERY = 200


@dataclass(frozen=True)
class ArtifactFile:
    """One file of a run or of a logged model; the path is relative to that."""

    run_id: str  # empty for a model whose run nobody knows
    model_id: str
    path: str
    size_bytes: int
    # Where it lies on this computer, and what it is there: two names of one file need its room once.
    local: Path | None = None
    inode: tuple[int, int] = (0, 0)


def own_store(home: Home, workspace: str) -> Path | None:
    """Give the folder of the artifacts where a workspace is the personal one, None for a team's."""
    return home.tracking / "artifacts" if workspaces.get(home, workspace).kind == "personal" else None


def local_folder(store: Path, uri: str) -> Path | None:
    """Give the folder that an artifact address means on this computer, None for one elsewhere.

    `store`: the folder that the personal server hands out. An address that leaves it is none of ours.
    """
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    if parts.scheme != "mlflow-artifacts":
        return None
    root = store.resolve()
    found = (root / unquote(parts.path).strip("/")).resolve()
    return found if found != root and found.is_relative_to(root) else None


def folder_files(folder: Path) -> Iterator[tuple[str, os.DirEntry[str], os.stat_result]]:
    """Walk a folder's files; links are not followed. What vanishes meanwhile is passed over."""
    waiting = [""]
    while waiting:
        inner = waiting.pop()
        try:
            with os.scandir(folder / inner) as entries:
                for entry in entries:
                    path = f"{inner}{entry.name}"
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path + "/")
                    else:
                        yield path, entry, entry.stat(follow_symlinks=False)
        except OSError:
            continue


def walk_store(client: Client, store: Path, progress: Progress, cancel: CancelToken) -> Iterator[ArtifactFile]:
    """Walk everything that the personal server keeps, active or in the trash, by the run that it belongs to."""
    for number, owner in enumerate(_owners(store)):
        cancel.check()
        if number % _TELL_EVERY == 0:
            progress(None, f"Looking at artifacts: {number:,} folders")
        run_id, model_id = (owner.name, "") if _RUN.fullmatch(owner.name) else (_maker(client, owner), owner.name)
        folder = owner / "artifacts"
        for path, entry, stat in folder_files(folder):
            yield ArtifactFile(run_id, model_id, path, stat.st_size, Path(entry.path), (stat.st_dev, stat.st_ino))


def _owners(store: Path) -> Iterator[Path]:
    for experiment in _folders(store):
        for inner in _folders(experiment):
            if _RUN.fullmatch(inner.name):
                yield inner
            elif inner.name == "models":
                yield from (model for model in _folders(inner) if _MODEL.fullmatch(model.name))


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []


def _maker(client: Client, model: Path) -> str:
    """Give the run that made a model: its own file says so, which is much quicker than to ask for each."""
    try:
        with (model / "artifacts" / "MLmodel").open("rb") as source:
            if match := _MAKER.search(source.read(_MLMODEL_BYTES)):
                return match[1].decode("ascii")
    except OSError:
        pass
    try:
        return logged_models.get(client, model.name).run_id
    except LongshoreError:
        return ""


def list_remote(client: Client, runs: Iterable[Run], progress: Progress, cancel: CancelToken) -> Iterator[ArtifactFile]:
    """List the files of some runs and their models through the server, some at a time."""
    wanted = list(runs)
    models = models_of(client, {run.experiment_id for run in wanted})
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="artifacts") as pool:

        def one(run: Run) -> list[ArtifactFile]:
            cancel.check()
            found = list(_listed(client, run.id, ""))
            for model_id in models.get(run.id, ()):
                found += _listed(client, run.id, model_id)
            return found

        for number, files in enumerate(pool.map(one, wanted)):
            progress(number / max(len(wanted), 1), f"Listing artifacts: {number:,} of {len(wanted):,} runs")
            yield from files


def _listed(client: Client, run_id: str, model_id: str) -> Iterator[ArtifactFile]:
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            if model_id:
                listed = artifacts.listing_model(client, model_id, folder)
            else:
                listed = artifacts.listing(client, run_id, folder)
        except NotFound:  # deleted under our hands
            return
        for entry in listed:
            # A store that lists a folder in itself would never end.
            if entry.is_dir and entry.path != folder and entry.path.startswith(folder):
                waiting.append(entry.path)
            elif not entry.is_dir:
                yield ArtifactFile(run_id, model_id, entry.path, entry.size_bytes or 0)


def models_of(client: Client, experiment_ids: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Give the ids of the logged models of some experiments, by run."""
    found: dict[str, tuple[str, ...]] = {}
    for model in logged_models.search(client, sorted(experiment_ids)):
        if model.run_id:
            found[model.run_id] = (*found.get(model.run_id, ()), model.id)
    return found
