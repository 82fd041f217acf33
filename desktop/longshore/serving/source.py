"""The files of a model version: what it declares, and all of them in a folder."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid, NotFound, Unavailable
from longshore.progress import CancelToken, Progress, no_progress
from longshore.serving import recipe

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import ModelVersion


@dataclass(frozen=True)
class Declaration:
    """What a model says about itself."""

    mlmodel: Mapping[str, Any]
    requirements: str
    # Files beside the model that the requirements name.
    files: Mapping[str, bytes]

    @property
    def mlflow_version(self) -> str:
        """The MLflow that saved it, empty where it does not say."""
        return str(self.mlmodel.get("mlflow_version") or "")


def identity(version: ModelVersion) -> str:
    """Tell this version's files from those of another one that once had the same name and number."""
    return f"{version.name}/{version.version} {version.run_id} {version.model_id} {version.source}"


def read(client: Client, version: ModelVersion, path: str) -> bytes | None:
    """Give one file of a version, None where there is none."""
    from longshore.registry import files

    try:
        return files.read(client, version, path)
    except NotFound:
        return None


def declaration(client: Client, version: ModelVersion) -> Declaration:
    """Read what a model declares. Raises: Invalid if it can't be served."""
    from longshore.registry import files

    with ThreadPoolExecutor(1) as beside:
        listed = beside.submit(read, client, version, "requirements.txt")
        mlmodel = files.model_file(client, version)
    if "python_function" not in (mlmodel.get("flavors") or {}):
        raise Invalid(
            f"{version.name}/{version.version} has no python_function flavor, which serving needs.",
            hint="Log it with an MLflow flavor that has one (mlflow.sklearn, mlflow.pyfunc and most others).",
        )
    requirements = (listed.result() or b"").decode("utf-8", "replace")
    if not requirements.strip():
        requirements = _conda_requirements(read(client, version, "conda.yaml"))
    named = recipe.local_files(requirements)
    found = {name: content for name in named if (content := read(client, version, name)) is not None}
    return Declaration(mlmodel, requirements, found)


def _conda_requirements(raw: bytes | None) -> str:
    import yaml

    found = yaml.safe_load(raw) if raw else None
    return recipe.conda_requirements(found) if isinstance(found, dict) else ""


def download(
    client: Client,
    version: ModelVersion,
    folder: Path,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write all files into a folder, which is emptied first. Raises: Unavailable if the disk is full; Cancelled."""
    from longshore.registry import files

    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        files.fetch(client, version, folder, progress=progress, cancel=cancel)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise Unavailable(
            f"The model's files cannot be written to {folder}: {error.strerror or error}.",
            hint="Free disk space, then deploy again." if full else "Make the folder writable, then deploy again.",
        ) from error
