"""A run's artifacts and its models' files: the tree, and a preview that reads no more than the head of a file."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts, logged_models, runs
from longshore.mlflow_rest.types import Artifact, LoggedModel
from longshore.tracking.json_head import closed

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

_TEXT_BYTES = 256 * 1024
_IMAGE_BYTES = 16 * 1024 * 1024
_ROWS, _COLUMNS = 200, 100
# A table's cell or a line of JSON may be huge, and no widget shows it.
_CELL = 500
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".svg")
_MAGIC = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")


@dataclass(frozen=True)
class Entry:
    """A file or folder in the tree. `model_id`: it belongs to a logged model, and the path is relative to that."""

    path: str
    name: str
    is_dir: bool
    size_bytes: int | None
    model_id: str | None = None


@dataclass(frozen=True)
class Preview:
    """What can be shown of a file without reading all of it."""

    kind: str  # text, json, csv, image, binary, too_large
    size_bytes: int | None
    text: str = ""
    # The first is the head of the table.
    rows: tuple[tuple[str, ...], ...] = ()
    # How many columns the widest row of a table has; the rows hold the first hundred.
    columns: int = 0
    image_bytes: bytes = b""
    truncated: bool = False


def tree(client: Client, run_id: str, path: str = "", *, model_id: str | None = None) -> tuple[Entry, ...]:
    """Give one folder of a run's artifacts, folders first; the root also shows each logged model as a folder.

    Raises: NotFound, Unavailable.
    """
    if model_id is not None:
        return _entries(artifacts.listing_model(client, model_id, path), model_id)
    if path:
        return _entries(artifacts.listing(client, run_id, path))
    run = runs.get(client, run_id)
    try:
        models = logged_models.search(client, [run.experiment_id], run_id=run_id)
    except NotFound:
        models = ()
    return tree_of(client, run_id, models)


def tree_of(client: Client, run_id: str, models: Sequence[LoggedModel]) -> tuple[Entry, ...]:
    """Give the root of a run whose models are known."""
    own = _entries(artifacts.listing(client, run_id))
    return (*(Entry("", model.name or model.id, True, None, model.id) for model in models), *own)


def preview(
    client: Client, run_id: str, path: str, *, model_id: str | None = None, size_bytes: int | None = None
) -> Preview:
    """Read the head of a file and tell what it is. `size_bytes`: from the tree, else it is asked for.

    Raises: NotFound, Invalid for a folder, Unavailable.
    """
    if size_bytes is None:
        size_bytes = _size(client, run_id, path, model_id)
    image = posixpath.splitext(path)[1].lower() in _IMAGES
    limit = _IMAGE_BYTES if image else _TEXT_BYTES
    if image and size_bytes is not None and size_bytes > limit:
        return Preview("too_large", size_bytes)
    if model_id is None:
        head = artifacts.download(client, run_id, path, limit)
    else:
        head = artifacts.download_model(client, model_id, path, limit)
    truncated = len(head) >= limit if size_bytes is None else len(head) < size_bytes
    return preview_of(path, head, size_bytes=size_bytes, truncated=truncated)


def preview_of(path: str, head: bytes, *, size_bytes: int | None, truncated: bool) -> Preview:
    """Tell what the head of a file is; the name decides only where the content can't."""
    suffix = posixpath.splitext(path)[1].lower()
    if suffix in _IMAGES and (head.startswith(_MAGIC) or (suffix == ".svg" and b"<svg" in head)):
        return Preview("image", size_bytes, image_bytes=head, truncated=truncated)
    text = _as_text(head, truncated=truncated)
    if text is None:
        return Preview("binary", size_bytes, truncated=truncated)
    if suffix in (".csv", ".tsv"):
        return _table(text, "\t" if suffix == ".tsv" else ",", size_bytes, truncated=truncated)
    if suffix in (".json", ".ipynb") and (pretty := _pretty(text, truncated=truncated)) is not None:
        return Preview("json", size_bytes, text=pretty, truncated=truncated)
    return Preview("text", size_bytes, text=text, truncated=truncated)


def _entries(listed: Sequence[Artifact], model_id: str | None = None) -> tuple[Entry, ...]:
    found = [Entry(a.path, posixpath.basename(a.path), a.is_dir, a.size_bytes, model_id) for a in listed]
    return tuple(sorted(found, key=lambda entry: (not entry.is_dir, entry.name.lower())))


def _size(client: Client, run_id: str, path: str, model_id: str | None) -> int | None:
    folder = posixpath.dirname(path)
    if model_id is None:
        listed = artifacts.listing(client, run_id, folder)
    else:
        listed = artifacts.listing_model(client, model_id, folder)
    for artifact in listed:
        if artifact.path == path:
            if artifact.is_dir:
                raise Invalid(f"{path} is a folder.")
            return artifact.size_bytes
    raise NotFound(f"The run has no artifact {path}.", hint="Refresh the list; it may have been replaced.")


def _as_text(head: bytes, *, truncated: bool) -> str | None:
    """Decode UTF-8, with some stray bytes allowed; None for what is no text."""
    if b"\0" in head:
        return None
    if truncated:
        # The cut may have halved a character: not more than its three bytes are dropped.
        for drop in range(4):
            try:
                return head[: len(head) - drop].decode("utf-8-sig")
            except UnicodeDecodeError:
                continue
    text = head.decode("utf-8-sig", "replace")
    return text if text.count("�") <= len(text) // 20 else None


def _table(text: str, separator: str, size_bytes: int | None, *, truncated: bool) -> Preview:
    lines = text if not truncated else text[: text.rfind("\n") + 1] or text
    rows: list[tuple[str, ...]] = []
    columns = 0
    try:
        for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator):
            if len(rows) > _ROWS:
                truncated = True
                break
            if row:
                rows.append(tuple(cell[:_CELL] for cell in row[:_COLUMNS]))
                columns = max(columns, len(row))
    except csv.Error:
        return Preview("text", size_bytes, text=text, truncated=truncated)
    truncated = truncated or columns > _COLUMNS
    return Preview("csv", size_bytes, text=lines, rows=tuple(rows), columns=columns, truncated=truncated)


def _pretty(text: str, *, truncated: bool) -> str | None:
    try:
        return json.dumps(json.loads(closed(text) if truncated else text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
