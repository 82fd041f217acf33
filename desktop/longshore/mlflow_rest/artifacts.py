"""Artifacts of runs and of logged models: listing, reading, writing, always through the server."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from longshore.errors import Invalid, Unavailable
from longshore.mlflow_rest import parsing, runs
from longshore.progress import CancelToken, Progress, no_progress

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Artifact

_PROXY = "/api/2.0/mlflow-artifacts/artifacts/"
_SERVED = "mlflow-artifacts:"
# How MLflow's own page adds a file to a run whose store is another one; it takes no more.
_UPLOAD = "/ajax-api/2.0/mlflow/upload-artifact"
_PAST_BYTES = 10 * 1024 * 1024
_CHUNK = 1 << 20
_PARTIAL, _RANGE_BEHIND_END = 206, 416
# A store that ignores ranges sends what stands before, too.
_MOST_SKIPPED = 64 << 20


def listing(client: Client, run_id: str, path: str = "") -> tuple[Artifact, ...]:
    """List one folder of a run's artifacts, by path; empty where the folder is not there."""
    found: list[Artifact] = []
    token: str | None = None
    while True:
        answer = client.read("artifacts/list", run_id=run_id, path=path or None, page_token=token)
        found += (parsing.artifact(entry) for entry in answer.get("files", ()))
        token = answer.get("next_page_token") or None
        if token is None:
            return tuple(sorted(found, key=lambda artifact: artifact.path))


def listing_model(client: Client, model_id: str, path: str = "") -> tuple[Artifact, ...]:
    """List one folder of a logged model's files, by path."""
    answer = client.read(f"logged-models/{quote(model_id)}/artifacts/directories", artifact_directory_path=path or None)
    return tuple(sorted(map(parsing.artifact, answer.get("files", ())), key=lambda artifact: artifact.path))


def listing_uri(client: Client, uri: str) -> tuple[Artifact, ...]:
    """List one folder that the server hands out itself (`mlflow-artifacts:`); the paths are names in that folder."""
    answer = client.read("mlflow-artifacts/artifacts", root="/api/2.0/", path=_folder(uri))
    return tuple(sorted(map(parsing.artifact, answer.get("files", ())), key=lambda artifact: artifact.path))


def download(client: Client, run_id: str, path: str, limit_bytes: int | None = None) -> bytes:
    """Read an artifact, or its first `limit_bytes`."""
    return _read(client, "/get-artifact", {"run_id": run_id, "path": path}, limit_bytes)


def download_model(client: Client, model_id: str, path: str, limit_bytes: int | None = None) -> bytes:
    """Read a file of a logged model, or its first `limit_bytes`."""
    return _read(client, _model_files(model_id), {"artifact_file_path": path}, limit_bytes)


def download_version(client: Client, name: str, version: str, path: str, limit_bytes: int | None = None) -> bytes:
    """Read a file of a model version, wherever its model was logged, or its first `limit_bytes`."""
    query = {"name": name, "version": version, "path": path}
    return _read(client, "/model-versions/get-artifact", query, limit_bytes)


def download_range(
    client: Client, run_id: str, path: str, start: int, length: int, *, model_id: str | None = None
) -> bytes:
    """Read some bytes of an artifact of a run, or of a logged model, from a place on; less where it ends.

    Raises: Invalid where the store behind the server reads whole files only and the place is far behind.
    """
    place, query = _address(run_id, path, model_id)
    with client.stream(place, query=query, headers={"Range": f"bytes={start}-{start + length - 1}"}) as response:
        if response.status_code == _RANGE_BEHIND_END:
            return b""
        skipped = 0 if response.status_code == _PARTIAL else start
        if skipped > _MOST_SKIPPED:
            raise Invalid("This server reads whole files only.", hint="Download the file.")
        found = bytearray()
        for piece in response.iter_bytes():
            found += piece
            if len(found) >= skipped + length:
                break
        return bytes(found[skipped : skipped + length])


def pieces(client: Client, run_id: str, path: str, *, model_id: str | None = None) -> Iterator[bytes]:
    """Read a whole artifact of a run, or of a logged model, piece by piece."""
    place, query = _address(run_id, path, model_id)
    with client.stream(place, query=query) as response:
        yield from response.iter_bytes(_CHUNK)


def download_to(
    client: Client,
    run_id: str,
    path: str,
    file: Path,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write an artifact to a file, whole or not at all."""
    _save(client, "/get-artifact", {"run_id": run_id, "path": path}, file, progress, cancel)


def download_model_to(
    client: Client,
    model_id: str,
    path: str,
    file: Path,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write a file of a logged model to a file, whole or not at all."""
    _save(client, _model_files(model_id), {"artifact_file_path": path}, file, progress, cancel)


def download_version_to(
    client: Client,
    name: str,
    version: str,
    path: str,
    file: Path,
    *,
    progress: Progress = no_progress,
    cancel: CancelToken | None = None,
) -> None:
    """Write a file of a model version to a file, whole or not at all."""
    query = {"name": name, "version": version, "path": path}
    _save(client, "/model-versions/get-artifact", query, file, progress, cancel)


def upload(client: Client, run_id: str, path: str, content: bytes | Path) -> None:
    """Add one artifact to a run; one of the same path is replaced."""
    upload_many(client, run_id, {path: content})


def upload_many(client: Client, run_id: str, files: Mapping[str, bytes | Path]) -> None:
    """Add artifacts to a run, by their path below its root.

    Where the store is not the server's own, but a folder or a bucket, MLflow takes no empty file: it is left out.
    Raises: Unavailable for a large file there, which only a client that reaches the store itself can write.
    """
    root = runs.get(client, run_id).artifact_uri
    for path, content in files.items():
        if path.startswith("/") or ".." in path.split("/"):
            raise Invalid(f"{path!r} leaves the run's artifacts.")
        body = content if isinstance(content, bytes) else _pieces(content)
        size = len(content) if isinstance(content, bytes) else content.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        if root.startswith(_SERVED):
            client.send("PUT", _PROXY + quote(f"{_folder(root)}/{path}"), content=body, headers=headers)
        elif size > _PAST_BYTES:
            raise _past(root)
        elif size:
            client.send("POST", _UPLOAD, query={"run_uuid": run_id, "path": path}, content=body, headers=headers)


def _folder(uri: str) -> str:
    if not uri.startswith(_SERVED):
        raise _past(uri)
    return urlsplit(uri).path.strip("/")


def _past(uri: str) -> Unavailable:
    return Unavailable(
        f"These artifacts lie in {uri}, past the tracking server.",
        hint="Start the server with --serve-artifacts and --default-artifact-root mlflow-artifacts:/.",
    )


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as source:
        # The length was promised: a log that grows meanwhile is sent as long as it was.
        left = os.fstat(source.fileno()).st_size
        while left and (piece := source.read(min(_CHUNK, left))):
            left -= len(piece)
            yield piece


def _address(run_id: str, path: str, model_id: str | None) -> tuple[str, dict[str, str]]:
    if model_id is None:
        return "/get-artifact", {"run_id": run_id, "path": path}
    return _model_files(model_id), {"artifact_file_path": path}


def _model_files(model_id: str) -> str:
    return f"/ajax-api/2.0/mlflow/logged-models/{quote(model_id)}/artifacts/files"


def _read(client: Client, path: str, query: Mapping[str, Any], limit_bytes: int | None) -> bytes:
    headers = {"Range": f"bytes=0-{limit_bytes - 1}"} if limit_bytes else None
    with client.stream(path, query=query, headers=headers) as response:
        if response.status_code == _RANGE_BEHIND_END:
            return b""
        found = bytearray()
        # Not every store behind the server honours a range.
        for piece in response.iter_bytes():
            found += piece
            if limit_bytes and len(found) >= limit_bytes:
                return bytes(found[:limit_bytes])
        return bytes(found)


def _save(
    client: Client, path: str, query: Mapping[str, Any], file: Path, progress: Progress, cancel: CancelToken | None
) -> None:
    fresh = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with client.stream(path, query=query) as response, fresh.open("wb") as output:
            total = int(response.headers.get("Content-Length") or 0)
            for piece in response.iter_bytes(_CHUNK):
                if cancel:
                    cancel.check()
                output.write(piece)
                progress(response.num_bytes_downloaded / total if total else None, file.name)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
