"""The artifacts of compared runs side by side: which there are, which differ, and how their texts do."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.mlflow_rest import artifacts
from longshore.tracking.artifacts import Preview, preview, preview_of
from longshore.tracking.comparing.places import Source, client_of
from longshore.tracking.content import image_steps
from longshore.tracking.content.image_steps import StepImage

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
    """One path, or a series of images under one name. Sizes by run id; a run that has no such file is left out."""

    path: str
    sizes: Mapping[str, int | None]
    # same size everywhere (the content may still differ), sizes differ, or some runs lack it.
    state: str  # alike, differs, missing
    # Of a series: the images of each run in the order of their steps.
    images: Mapping[str, tuple[StepImage, ...]] = field(default_factory=dict)

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of a series, of all runs."""
        return tuple(
            sorted({image.step for of_run in self.images.values() for image in of_run if image.step is not None})
        )


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
    by_run: dict[str, list[tuple[str, int | None]]] = {}
    cut = False
    for run_id in run_ids:
        client = client_of(source, run_id)
        listed = by_run[run_id] = []
        waiting = [("", 0)]
        while waiting and len(listed) < MOST_FILES:
            folder, depth = waiting.pop()
            if cancel:
                cancel.check()
            for each in artifacts.listing(client, run_id, folder):
                if each.is_dir and depth < _DEEPEST:
                    waiting.append((each.path, depth + 1))
                elif not each.is_dir:
                    listed.append((each.path, each.size_bytes))
        cut |= bool(waiting)
    lines = lines_of(by_run)
    lines.sort(key=lambda line: (line.path.startswith("longshore/"), line.path))
    return FileList(tuple(lines[:MOST_FILES]), cut or len(lines) > MOST_FILES)


def lines_of(by_run: Mapping[str, Sequence[tuple[str, int | None]]]) -> list[FileLine]:
    """Give the files (path, size) of runs as lines; what is logged step by step is one."""
    lines, inside = _series(by_run)
    found: dict[str, dict[str, int | None]] = {}
    for run_id, files in by_run.items():
        for path, size_bytes in files:
            if path not in inside:
                found.setdefault(path, {})[run_id] = size_bytes
    return [*lines, *(FileLine(path, sizes, _state(sizes, len(by_run))) for path, sizes in found.items())]


def _series(by_run: Mapping[str, Sequence[tuple[str, int | None]]]) -> tuple[list[FileLine], set[str]]:
    """Put the images together that are one thing at several steps; with the paths that stand for nothing else then.

    Those of `log_image` have the time in their names: no path of one run is another's.
    """
    groups: dict[str, dict[str, list[StepImage]]] = {}
    for run_id, files in by_run.items():
        for image in image_steps.in_order(files):
            if image.step is not None:
                folder = posixpath.dirname(image.path)
                groups.setdefault(posixpath.join(folder, image.name), {}).setdefault(run_id, []).append(image)
    lines, inside = [], {path for files in by_run.values() for path, _size in files if image_steps.is_logged(path)}
    plain = {path for files in by_run.values() for path, _size in files}
    for name, of_runs in groups.items():
        paths = {image.path for images in of_runs.values() for image in images}
        if name in plain or not (paths & inside or any(len(images) > 1 for images in of_runs.values())):
            continue
        inside |= paths
        sizes = {run_id: sum(image.size_bytes or 0 for image in images) for run_id, images in of_runs.items()}
        images = {run_id: tuple(images) for run_id, images in of_runs.items()}
        lines.append(FileLine(name, sizes, _state(sizes, len(by_run)), images))
    return lines, inside


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


def images_of(source: Source, images: Mapping[str, StepImage], cancel: CancelToken | None = None) -> dict[str, Preview]:
    """Read an image of each run, by run id, for looking at side by side; one that is not there is left out.

    Raises: Unavailable.
    """
    found = {}
    for run_id, image in images.items():
        if cancel:
            cancel.check()
        try:
            found[run_id] = preview(client_of(source, run_id), run_id, image.path, size_bytes=image.size_bytes)
        except NotFound:
            continue
    return found


def _head(client: Client, run_id: str, path: str) -> bytes:
    try:
        return artifacts.download(client, run_id, path, _MOST_BYTES)
    except NotFound:
        return b""
