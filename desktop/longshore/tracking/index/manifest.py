"""The manifest of an index: which segments count, how fresh they are, and where the filler stands."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.errors import Unavailable
from longshore.tracking.index.layout import MANIFEST, SEGMENT_SUFFIX

FORMAT = 1
# Windows refuses to open a file in the moment in which it is replaced.
_TRIES = 40
_PAUSE_S = 0.01


class IndexBroken(Unavailable):
    """An index can't be read: damaged, cut short, or of another version. It is filled again from nothing."""

    title = "The run index is damaged"

    def __init__(self, folder: Path, reason: str) -> None:
        super().__init__(
            f"The run index in {folder} cannot be read: {reason}.",
            hint="It is built again from the server; nothing is lost.",
        )
        self.folder = folder


@dataclass(frozen=True)
class Segment:
    """One immutable file of rows."""

    file: str
    rows: int
    size_bytes: int
    crc32: int


@dataclass(frozen=True)
class Manifest:
    """The state of one experiment's index. Later segments win over earlier ones."""

    segments: tuple[Segment, ...]
    # Unix seconds of the last successful look at the source.
    as_of: float
    # Whether everything was read once; until then the newest runs are there.
    complete: bool
    # How many rows the source is known to hold, None where it did not say.
    expected: int | None
    # The filler's own: kind, watermark, schema revision, cursor of the sweep.
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The rows of all segments, those counted in that later ones replaced."""
        return sum(segment.rows for segment in self.segments)


def read_manifest(folder: Path) -> Manifest | None:
    """Give the state of an index, None where there is none yet. Raises: IndexBroken."""
    content = _read(folder / MANIFEST)
    if content is None:
        return None
    try:
        found = json.loads(content)
        if found["format"] != FORMAT:
            raise IndexBroken(folder, f"its format is {found['format']!r}, this version reads {FORMAT}")
        return Manifest(
            segments=tuple(_segment(entry) for entry in found["segments"]),
            as_of=float(found["as_of"]),
            complete=bool(found["complete"]),
            expected=None if found["expected"] is None else int(found["expected"]),
            source=dict(found["source"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IndexBroken(folder, f"its manifest is damaged ({error})") from error


def write_manifest(folder: Path, manifest: Manifest, *, durable: bool = True) -> None:
    """Put a manifest in the place of the last one, whole or not at all.

    `durable`: survives a power failure; what only says "looked again" may be lost in one.
    Raises: OSError.
    """
    content = json.dumps(
        {
            "format": FORMAT,
            "segments": [vars(segment) for segment in manifest.segments],
            "as_of": manifest.as_of,
            "complete": manifest.complete,
            "expected": manifest.expected,
            "source": dict(manifest.source),
        },
        separators=(",", ":"),
    )
    fresh = folder / f"{MANIFEST}.{secrets.token_hex(4)}.tmp"
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        _replace(fresh, folder / MANIFEST)
    except OSError:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def _segment(entry: Mapping[str, Any]) -> Segment:
    segment = Segment(
        str(entry["file"]), int(entry["rows"]), size_bytes=int(entry["size_bytes"]), crc32=int(entry["crc32"])
    )
    # What a damaged manifest names is opened: it must not lead elsewhere.
    if Path(segment.file).name != segment.file or not segment.file.endswith(SEGMENT_SUFFIX):
        raise ValueError(f"{segment.file!r} is no segment")
    return segment


def _read(file: Path) -> bytes | None:
    for last in (*[False] * _TRIES, True):
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except PermissionError as error:
            if last or os.name != "nt":
                raise _unreadable(file, error) from error
            time.sleep(_PAUSE_S)
        except OSError as error:
            raise _unreadable(file, error) from error
    raise AssertionError


def _unreadable(file: Path, error: OSError) -> Unavailable:
    return Unavailable(f"The run index cannot be read: {error}.", hint=f"Check the rights of {file.parent}.")


def _replace(fresh: Path, file: Path) -> None:
    for last in (*[False] * _TRIES, True):
        try:
            fresh.replace(file)
            return
        except PermissionError:
            if last or os.name != "nt":
                raise
            time.sleep(_PAUSE_S)
