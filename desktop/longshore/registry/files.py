"""The files of a model version, wherever the model was logged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts
from longshore.mlflow_rest import registry as rest
from longshore.progress import CancelToken, Progress, no_progress

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Artifact, ModelVersion, Run
    from longshore.registry.models import VersionInfo

# An MLmodel file is a page of text; more than this is something else.
_MODEL_FILE_LIMIT = 4 << 20


def read(client: Client, version: ModelVersion | VersionInfo, path: str, limit_bytes: int | None = None) -> bytes:
    """Read one file of a version."""
    return artifacts.download_version(client, version.name, version.version, path, limit_bytes)


def listing(client: Client, version: ModelVersion | VersionInfo) -> tuple[Artifact, ...]:
    """List every file of a version, with paths relative to the model's root."""
    return tuple(_walk(client, version, "", rest.download_uri(client, version.name, version.version)))


def fetch(
    client: Client,
    version: ModelVersion | VersionInfo,
    folder: Path,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> tuple[Artifact, ...]:
    """Copy a version's files into a folder, which is made, and give what was copied."""
    found = listing(client, version)
    total = sum(file.size_bytes or 0 for file in found) or 1
    done = 0
    for file in found:
        progress(done / total, file.path)
        target = folder / file.path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise Invalid(f"The model's file {file.path!r} lies outside of the model.")
        target.parent.mkdir(parents=True, exist_ok=True)
        artifacts.download_version_to(client, version.name, version.version, file.path, target, cancel=cancel)
        done += file.size_bytes or 0
    progress(1.0, "")
    return found


def model_file(client: Client, version: ModelVersion | VersionInfo) -> dict[str, Any]:
    """Read a version's MLmodel file. Raises: Invalid where it is no such file, NotFound."""
    import yaml

    text = read(client, version, "MLmodel", _MODEL_FILE_LIMIT)
    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Invalid(
            f"The MLmodel file of {version.name}/{version.version} is damaged.", details=str(error)
        ) from error
    if not isinstance(found, dict):
        raise Invalid(f"The MLmodel file of {version.name}/{version.version} is damaged.")
    return found


def requirements(client: Client, version: ModelVersion | VersionInfo) -> tuple[str, ...]:
    """Read what a version needs installed, empty where it says nothing."""
    try:
        text = read(client, version, "requirements.txt", _MODEL_FILE_LIMIT).decode("utf-8", "replace")
    except NotFound:
        return ()
    lines = (line.strip() for line in text.splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def model_folders(client: Client, run: Run) -> list[str]:
    """Give the folders among a run's artifacts that hold a model, as MLflow 2 logged them."""
    tops = [entry.path for entry in artifacts.listing(client, run.id) if entry.is_dir]
    return [
        top for top in tops if any(entry.path == f"{top}/MLmodel" for entry in artifacts.listing(client, run.id, top))
    ]


def _walk(client: Client, version: ModelVersion | VersionInfo, path: str, uri: str) -> Iterator[Artifact]:
    for entry in _folder(client, version, path, uri):
        name = entry.path.rsplit("/", 1)[-1]
        inner = f"{path}/{name}" if path else name
        if entry.is_dir:
            yield from _walk(client, version, inner, uri)
        else:
            yield replace(entry, path=inner)


def _folder(client: Client, version: ModelVersion | VersionInfo, path: str, uri: str) -> tuple[Artifact, ...]:
    if version.model_id:
        return artifacts.listing_model(client, version.model_id, path)
    return artifacts.listing_uri(client, f"{uri}/{path}" if path else uri)
