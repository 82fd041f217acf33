"""Writing an index: one writer at a time adds segments and merges small ones; readers are never held up."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Conflict, Unavailable
from longshore.tracking.index import files, living, merging
from longshore.tracking.index.columns import conforming, tombstones
from longshore.tracking.index.layout import LOCK, MANIFEST, SEGMENT_SUFFIX
from longshore.tracking.index.manifest import IndexBroken, Manifest, Segment, read_manifest, write_manifest

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "IndexBroken", "Manifest", "append", "discard", "read_manifest", "replace_all", "tombstones", "touch", "verify",
    "writing",
]  # fmt: skip

_WAIT_S = 10.0
# More files than this make opening slow; merging each time would write the same rows again and again.
_MOST_SEGMENTS = 8
_held = threading.local()


@contextlib.contextmanager
def writing(folder: Path, *, wait_s: float = _WAIT_S) -> Iterator[None]:
    """Hold the index's lock; a thread that holds it may take it again.

    Raises: Conflict if another holds it for longer than `wait_s`; Unavailable if the folder can't be written.
    """
    from filelock import FileLock, Timeout

    held: set[Path] = _held.__dict__.setdefault("folders", set())
    if folder in held:
        yield
        return
    with _said(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(str(folder / LOCK))
        try:
            lock.acquire(timeout=wait_s, poll_interval=0.02)
        except Timeout as error:
            raise Conflict(
                "The run index is being filled by another process.", hint="Try again in a moment."
            ) from error
    held.add(folder)
    try:
        yield
    finally:
        held.discard(folder)
        lock.release()


def append(
    folder: Path,
    tables: Sequence[pa.Table],
    *,
    as_of: float,
    complete: bool,
    expected: int | None,
    source: Mapping[str, Any],
) -> Manifest:
    """Add rows, or replace those of the same runs; a row with the lifecycle "gone" removes its run.

    Raises: IndexBroken; Conflict; Unavailable; ValueError for a table against the convention.
    """
    with writing(folder), _said(folder):
        manifest = read_manifest(folder)
        segments = [*(manifest.segments if manifest else ()), *_written(folder, manifest, tables)]
        if len(segments) > _MOST_SEGMENTS:
            segments = merging.merged(folder, segments)
        return _store(folder, Manifest(tuple(segments), as_of, complete, expected, source))


def replace_all(
    folder: Path,
    tables: Sequence[pa.Table],
    *,
    as_of: float,
    complete: bool,
    expected: int | None,
    source: Mapping[str, Any],
) -> Manifest:
    """Put these rows in the place of everything, readable or not. Raises: as `append`, but not IndexBroken."""
    with writing(folder), _said(folder):
        segments = _written(folder, None, tables)
        return _store(folder, Manifest(tuple(segments), as_of, complete, expected, source))


def touch(folder: Path, *, as_of: float, source: Mapping[str, Any]) -> Manifest:
    """Say that the source was looked at and held nothing new. Raises: IndexBroken; Conflict; Unavailable."""
    with writing(folder), _said(folder):
        last = read_manifest(folder) or Manifest((), as_of, complete=False, expected=None)
        manifest = Manifest(last.segments, as_of, last.complete, last.expected, source)
        write_manifest(folder, manifest, durable=False)
        return manifest


def verify(folder: Path) -> Manifest | None:
    """Read every segment's frame and checksum; the state, or None where there is no index. Raises: IndexBroken."""
    found = files.open_segments(folder)
    return found[0] if found else None


def discard(folder: Path) -> None:
    """Forget an index, so that it is filled from nothing. Raises: Conflict; Unavailable."""
    with writing(folder), _said(folder):
        (folder / MANIFEST).unlink(missing_ok=True)
        _remove_strays(folder, ())


def _written(folder: Path, manifest: Manifest | None, tables: Sequence[pa.Table]) -> list[Segment]:
    import pyarrow as pa

    filled = [conforming(table) for table in tables if len(table)]
    if not filled:
        return []
    table = living.once(merging.tidy(pa.concat_tables(filled, promote_options="default")))
    order = living.natural_order(table["start_time"], table["run_id"])
    return [files.write(folder, merging.next_number(manifest.segments if manifest else ()), table, order)]


def _store(folder: Path, manifest: Manifest) -> Manifest:
    write_manifest(folder, manifest)
    _remove_strays(folder, manifest.segments)
    return manifest


def _remove_strays(folder: Path, kept: Sequence[Segment]) -> None:
    """Remove what no manifest names: merged segments, and what a killed writer left."""
    names = {segment.file for segment in kept}
    for file in folder.iterdir():
        if (file.suffix == SEGMENT_SUFFIX and file.name not in names) or file.suffix == ".tmp":
            # Windows keeps a file that somebody has mapped: it goes the next time.
            with contextlib.suppress(OSError):
                file.unlink()


@contextlib.contextmanager
def _said(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"The run index in {folder} cannot be written: {error}.",
            hint="Make room on the disk, or make the folder writable.",
        ) from error
