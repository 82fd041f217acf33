"""TensorBoard: each folder that holds event files is a run, as TensorBoard itself shows them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from longshore.errors import Invalid
from longshore.mlflow_rest.types import Metric
from longshore.tracking.imports.event_file import Damaged, events
from longshore.tracking.imports.reading import identity, inside
from longshore.tracking.imports.types import Content, Found, SourceRun

PREFIX = "events.out.tfevents."


def runs(found: Found) -> Iterator[SourceRun]:
    """Give every folder below that holds event files."""
    for place, folders, names in os.walk(found.path, followlinks=False):
        folders.sort()
        files = [Path(place) / name for name in sorted(names) if name.startswith(PREFIX)]
        files = [file for file in files if inside(file, found.folder) and file.is_file()]
        if files:
            yield _run(found, Path(place), files)


def _run(found: Found, place: Path, files: list[Path]) -> SourceRun:
    below = "" if place == found.path else place.relative_to(found.path).as_posix()
    # The first file's name holds time, host and process: it stays the same when the folder is moved or grows.
    return SourceRun(
        id=identity("tensorboard", below, files[0].name),
        name=below or found.path.name,
        start_ms=_first_time(files[0]),
        read=lambda: _content(files),
    )


def _first_time(file: Path) -> int:
    try:
        for event in events(file):
            return int(event.wall_time_s * 1000)
    except (Damaged, OSError, OverflowError, ValueError):
        pass
    return 0


def _content(files: list[Path]) -> Content:
    content = Content()
    for file in files:
        with file.open("rb"):  # one that may not be read is said before anything is made
            pass
    if all(_first_time(file) == 0 for file in files):
        raise Invalid("Its event files hold nothing that can be read.")
    content.metrics = _metrics(files, content)
    return content


def _metrics(files: list[Path], content: Content) -> Iterator[Metric]:
    for file in files:
        try:
            for event in events(file):
                try:
                    time_ms = int(event.wall_time_s * 1000)
                except (OverflowError, ValueError):
                    time_ms = content.end_ms
                content.end_ms = max(content.end_ms, time_ms)
                content.params |= event.params
                for tag, value in event.scalars:
                    yield Metric(tag, value, time_ms, event.step)
        except Damaged as error:
            content.remarks.append(f"{file.name} is {error}; what stands before was taken over.")
