"""A folder of a run's artifacts: what is in it, what it says where it is a model's, and a copy of all of it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.errors import Invalid, NotFound, WorkFailed
from longshore.mlflow_rest import artifacts
from longshore.progress import CancelToken, Progress, no_progress
from longshore.tracking.content import image_steps, model_folder
from longshore.tracking.local_copies import safe_name

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Artifact

_MOST_FOLDERS, _MOST_FILES = 200, 5_000
# For a copy: beyond, something lists itself.
_MOST_COPIED = 1_000_000


@dataclass(frozen=True)
class FolderPreview:
    """What can be said of a folder without reading its files."""

    files: int
    size_bytes: int
    # False: it holds more than was counted.
    whole: bool
    images: tuple[image_steps.StepImage, ...]  # its own, not those of folders in it
    model: model_folder.ModelFolder | None


def folder_preview(client: Client, run_id: str, path: str, *, model_id: str | None = None) -> FolderPreview:
    """Count what is in a folder, and read what it says of a model. Raises: NotFound, Unavailable."""
    own = _listing(client, run_id, path, model_id)
    files, size_bytes, whole = 0, 0, True
    for number, found in enumerate(_walk(client, run_id, path, model_id, _MOST_FOLDERS)):
        if found is None or number >= _MOST_FILES:
            whole = False
            break
        files, size_bytes = files + 1, size_bytes + (found.size_bytes or 0)
    images = image_steps.in_order((each.path, each.size_bytes) for each in own if not each.is_dir)
    return FolderPreview(files, size_bytes, whole, images, _model(client, run_id, path, model_id, own))


def _model(
    client: Client, run_id: str, path: str, model_id: str | None, own: tuple[Artifact, ...]
) -> model_folder.ModelFolder | None:
    there = {each.path.rpartition("/")[2]: each.path for each in own if not each.is_dir}
    if "MLmodel" not in there:
        return None

    def text(name: str) -> str:
        if name not in there:
            return ""
        data = artifacts.download_range(client, run_id, there[name], 0, model_folder.LONGEST, model_id=model_id)
        return data.decode("utf-8", "replace")

    return model_folder.read(text("MLmodel"), text("requirements.txt"))


def download_folder(
    client: Client,
    run_id: str,
    path: str,
    target: Path,
    *,
    model_id: str | None = None,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> int:
    """Copy a folder's files into a folder of this computer and give their number.

    A path that would leave the folder is refused. What was copied stays where the rest fails.
    Raises: Invalid, NotFound, Unavailable, Cancelled; WorkFailed where it can't be written.
    """
    files = []
    for found in _walk(client, run_id, path, model_id, _MOST_COPIED):
        if cancel:
            cancel.check()
        if found is not None:
            files.append(found)
    if not files:
        raise NotFound("There is no file in this folder.", hint="Refresh the list; they may have been removed.")
    places = [_place(target, found.path, path) for found in files]
    whole, done = sum(found.size_bytes or 0 for found in files) or 1, 0
    for found, place in zip(files, places, strict=True):
        progress(min(1.0, done / whole), found.path)
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            _copy(client, run_id, found.path, place, model_id, cancel)
        except OSError as error:
            raise WorkFailed(f"{place} could not be written: {error}.", hint="Choose another folder.") from error
        done += found.size_bytes or 0
    return len(files)


def _copy(
    client: Client, run_id: str, path: str, place: Path, model_id: str | None, cancel: CancelToken | None
) -> None:
    if model_id is None:
        artifacts.download_to(client, run_id, path, place, cancel=cancel)
    else:
        artifacts.download_model_to(client, model_id, path, place, cancel=cancel)


def _place(target: Path, path: str, folder: str) -> Path:
    """Give the place of a file below the target. Raises: Invalid for a path that leaves it."""
    inner = path.removeprefix(f"{folder}/") if folder else path
    parts = inner.split("/")
    if any(part in ("", ".", "..") or safe_name(part) != part for part in parts):
        raise Invalid(
            f"The artifact {path!r} has a name that can't be a file's here.", hint="Download the others one by one."
        )
    return target.joinpath(*parts)


def _walk(client: Client, run_id: str, path: str, model_id: str | None, most_folders: int) -> Iterator[Artifact | None]:
    """Go through the files below a folder; None stands for what is left out."""
    waiting, seen = [path], 0
    while waiting:
        if seen >= most_folders:
            yield None
            return
        folder = waiting.pop()
        seen += 1
        with contextlib.suppress(NotFound):  # removed meanwhile
            for found in _listing(client, run_id, folder, model_id):
                # A store that lists a folder in itself would never end.
                if not found.is_dir:
                    yield found
                elif found.path != folder and found.path.startswith(f"{folder}/" if folder else ""):
                    waiting.append(found.path)


def _listing(client: Client, run_id: str, path: str, model_id: str | None) -> tuple[Artifact, ...]:
    if model_id is None:
        return artifacts.listing(client, run_id, path)
    return artifacts.listing_model(client, model_id, path)


def thumbnail_bytes(client: Client, run_id: str, path: str, model_id: str | None, limit_bytes: int) -> bytes:
    """Read an image for a small picture of it; empty where it is larger than the limit. Raises: Unavailable, NotFound."""
    data = artifacts.download_range(client, run_id, path, 0, limit_bytes + 1, model_id=model_id)
    return data if len(data) <= limit_bytes else b""
