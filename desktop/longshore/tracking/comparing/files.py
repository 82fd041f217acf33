"""The artifacts of compared runs side by side: which there are, which differ, and how their texts do."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.mlflow_rest import artifacts
from longshore.tracking.artifacts import Preview, preview, preview_of
from longshore.tracking.comparing.places import Source, client_of

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.progress import CancelToken

# A run may hold a checkpoint per step; more files than this are not compared.
MOST_FILES, _DEEPEST = 2_000, 6
# Texts up to here are compared; the rest of a longer one is not looked at.
MOST_LINES, _MOST_BYTES = 5_000, 1_000_000
_LONGEST_LINE = 2_000


@dataclass(frozen=True)
class FileLine:
    """One path. Sizes by run id; a run that has no such file is left out."""

    path: str
    sizes: Mapping[str, int | None]
    # same size everywhere (the content may still differ), sizes differ, or some runs lack it.
    state: str  # alike, differs, missing


@dataclass(frozen=True)
class FileList:
    """The files of some runs, by path."""

    lines: tuple[FileLine, ...]
    cut: bool = False


@dataclass(frozen=True)
class TextDifference:
    """A unified difference; no lines where both are the same. `why`: why there is none for what is no text."""

    lines: tuple[str, ...]
    cut: bool = False
    why: str = ""


def files_of(source: Source, run_ids: Sequence[str], cancel: CancelToken | None = None) -> FileList:
    """List the artifacts of some runs; what Longshore records itself stands last. Raises: Unavailable."""
    found: dict[str, dict[str, int | None]] = {}
    cut = False
    for run_id in run_ids:
        client = client_of(source, run_id)
        waiting, count = [("", 0)], 0
        while waiting and count < MOST_FILES:
            folder, depth = waiting.pop()
            if cancel:
                cancel.check()
            for each in artifacts.listing(client, run_id, folder):
                if each.is_dir and depth < _DEEPEST:
                    waiting.append((each.path, depth + 1))
                elif not each.is_dir:
                    found.setdefault(each.path, {})[run_id] = each.size_bytes
                    count += 1
        cut |= bool(waiting)
    lines = [FileLine(path, sizes, _state(sizes, len(run_ids))) for path, sizes in found.items()]
    lines.sort(key=lambda line: (line.path.startswith("longshore/"), line.path))
    return FileList(tuple(lines[:MOST_FILES]), cut or len(lines) > MOST_FILES)


def _state(sizes: Mapping[str, int | None], runs: int) -> str:
    if len(sizes) < runs:
        return "missing"
    return "alike" if len(set(sizes.values())) == 1 else "differs"


def text_difference(source: Source, base_id: str, other_id: str, path: str) -> TextDifference:
    """Compare a text artifact of two runs; a file that one lacks counts as empty. Raises: Unavailable."""
    heads = [_head(client_of(source, run_id), run_id, path) for run_id in (base_id, other_id)]
    kinds = {preview_of(path, head, size_bytes=None, truncated=len(head) >= _MOST_BYTES).kind for head in heads if head}
    if kinds & {"binary", "image", "too_large"}:
        same = heads[0] == heads[1]
        return TextDifference((), why="Both are the same bytes." if same else "The content is not text.")
    return unified(*(head.decode("utf-8", "replace") for head in heads), cut=any(len(h) >= _MOST_BYTES for h in heads))


def unified(base: str, other: str, *, cut: bool = False) -> TextDifference:
    """Give the lines of a unified difference between two texts."""
    one, two = base.splitlines(), other.splitlines()
    cut = cut or len(one) > MOST_LINES or len(two) > MOST_LINES
    found = difflib.unified_diff(one[:MOST_LINES], two[:MOST_LINES], lineterm="", n=3)
    # The names of the files, which the reader knows.
    return TextDifference(tuple(line[:_LONGEST_LINE] for line in list(found)[2:]), cut)


def images_of(
    source: Source, run_ids: Sequence[str], path: str, cancel: CancelToken | None = None
) -> dict[str, Preview]:
    """Read an artifact of some runs for looking at side by side; a run that lacks it is left out. Raises: Unavailable."""
    found = {}
    for run_id in run_ids:
        if cancel:
            cancel.check()
        try:
            found[run_id] = preview(client_of(source, run_id), run_id, path)
        except NotFound:
            continue
    return found


def _head(client: Client, run_id: str, path: str) -> bytes:
    try:
        return artifacts.download(client, run_id, path, _MOST_BYTES)
    except NotFound:
        return b""
