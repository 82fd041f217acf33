"""A run's artifacts and its models' files: the tree, and a preview that reads no more than the head of a file."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts, logged_models, runs
from longshore.mlflow_rest.types import Artifact, LoggedModel
from longshore.tracking.content import audio, delimited, highlight, image_steps, notebook, safe_svg
from longshore.tracking.content.table import Table
from longshore.tracking.json_head import closed

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

_TEXT_BYTES = 256 * 1024
_IMAGE_BYTES = 16 * 1024 * 1024
# The pictures inside of a notebook stand between its cells.
_NOTEBOOK_BYTES = 4 * 1024 * 1024
_AUDIO_BYTES = 1024 * 1024
_HEX_BYTES = 4096
_MAGIC = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"BM", b"RIFF")
_MARKDOWN, _HTML, _PARQUET = (".md", ".markdown"), (".html", ".htm", ".xhtml"), (".parquet", ".pq")


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

    kind: str  # text, markdown, html, json, csv, parquet, notebook, audio, image, binary, too_large
    size_bytes: int | None
    text: str = ""
    # The first is the head of the table.
    rows: tuple[tuple[str, ...], ...] = ()
    # How many columns the widest row of a table has; the rows hold the first hundred.
    columns: int = 0
    image_bytes: bytes = b""
    truncated: bool = False
    # The same rows without the head, with what is known of the columns.
    table: Table | None = None
    notebook: notebook.Notebook | None = None
    audio: audio.Audio | None = None
    # The first bytes of what is no text.
    data: bytes = b""
    # A text's language, where its name says one.
    language: str = ""
    # Why it is shown otherwise than its name says, in a sentence.
    note: str = ""


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
    suffix = _suffix(path)
    if suffix in _PARQUET and size_bytes:
        return _parquet(_reader(client, run_id, path, model_id), size_bytes)
    limit = _limit(suffix)
    if suffix in image_steps.SUFFIXES and size_bytes is not None and size_bytes > limit:
        return Preview("too_large", size_bytes)
    if model_id is None:
        head = artifacts.download(client, run_id, path, limit)
    else:
        head = artifacts.download_model(client, model_id, path, limit)
    truncated = len(head) >= limit if size_bytes is None else len(head) < size_bytes
    return preview_of(path, head, size_bytes=size_bytes, truncated=truncated)


def _limit(suffix: str) -> int:
    if suffix in image_steps.SUFFIXES:
        return _IMAGE_BYTES
    if suffix in audio.SUFFIXES:
        return _AUDIO_BYTES
    return _NOTEBOOK_BYTES if suffix == ".ipynb" else _TEXT_BYTES


def _suffix(path: str) -> str:
    return posixpath.splitext(path)[1].lower()


def _reader(client: Client, run_id: str, path: str, model_id: str | None) -> Callable[[int, int], bytes]:
    def read_range(start: int, length: int) -> bytes:
        return artifacts.download_range(client, run_id, path, start, length, model_id=model_id)

    return read_range


def _parquet(read_range: Callable[[int, int], bytes], size_bytes: int) -> Preview:
    from longshore.tracking.content import parquet_process

    try:
        table = parquet_process.read(read_range, size_bytes)
    except Invalid as error:
        return Preview("binary", size_bytes, data=read_range(0, _HEX_BYTES), truncated=True, note=error.reason)
    return Preview("parquet", size_bytes, table=table, columns=table.all_columns, truncated=False)


def preview_of(path: str, head: bytes, *, size_bytes: int | None, truncated: bool) -> Preview:
    """Tell what the head of a file is; the name decides only where the content can't."""
    suffix = _suffix(path)
    if suffix in image_steps.SUFFIXES and head.startswith(_MAGIC):
        return Preview("image", size_bytes, image_bytes=head, truncated=truncated)
    if suffix in audio.SUFFIXES and (sound := audio.read(head, size_bytes)) is not None:
        return Preview("audio", size_bytes, audio=sound)
    text = _as_text(head, truncated=truncated)
    if text is None:
        return Preview("binary", size_bytes, data=head[:_HEX_BYTES], truncated=len(head) > _HEX_BYTES or truncated)
    if suffix == ".svg" and b"<svg" in head:
        return _drawing(head, text, size_bytes, truncated=truncated)
    return _of_text(path, text, size_bytes, truncated=truncated)


def _drawing(head: bytes, text: str, size_bytes: int | None, *, truncated: bool) -> Preview:
    problem = safe_svg.problem(head)
    if problem is None:
        return Preview("image", size_bytes, image_bytes=head, truncated=truncated)
    note = f"This picture is shown as text. {problem}"
    return Preview("text", size_bytes, text=text, truncated=truncated, language="html", note=note)


def _of_text(path: str, text: str, size_bytes: int | None, *, truncated: bool) -> Preview:
    suffix = _suffix(path)
    if suffix in (".csv", ".tsv"):
        return _table(text, "\t" if suffix == ".tsv" else ",", size_bytes, truncated=truncated)
    if suffix == ".ipynb" and (cells := notebook.read(text, truncated=truncated)) is not None:
        return Preview("notebook", size_bytes, notebook=cells, truncated=cells.cut)
    if suffix in (".json", ".ipynb") and (pretty := _pretty(text, truncated=truncated)) is not None:
        return Preview("json", size_bytes, text=pretty, truncated=truncated)
    kind = "markdown" if suffix in _MARKDOWN else "html" if suffix in _HTML else "text"
    return Preview(kind, size_bytes, text=text, truncated=truncated, language=highlight.language_of(path))


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
    table = delimited.read(text, separator, truncated=truncated)
    if table is None:
        return Preview("text", size_bytes, text=text, truncated=truncated)
    rows = (tuple(column.name for column in table.columns), *table.rows)
    cut = truncated or table.all_columns > len(table.columns) or (table.all_rows or 0) > len(table.rows)
    return Preview("csv", size_bytes, text, rows, table.all_columns, truncated=cut, table=table)


def _pretty(text: str, *, truncated: bool) -> str | None:
    try:
        return json.dumps(json.loads(closed(text) if truncated else text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
