"""DVCLive's folder: the last values in `metrics.json`, the histories in `plots/metrics`, the parameters in YAML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longshore.errors import Invalid
from longshore.mlflow_rest.types import Metric
from longshore.tracking.imports.reading import (
    as_number,
    as_param,
    files_below,
    flat,
    identity,
    inside,
    parse,
    read_bytes,
)
from longshore.tracking.imports.types import Content, Found, SourceRun


def is_one(folder: Path) -> bool:
    """Tell whether a folder is DVCLive's."""
    has_metrics, has_plots = (folder / "metrics.json").is_file(), (folder / "plots" / "metrics").is_dir()
    return (has_metrics and (has_plots or folder.name == "dvclive")) or has_plots


def runs(found: Found) -> Iterator[SourceRun]:
    """Give the one run that the folder holds: the next run overwrites it."""
    files = list(_files(found))
    try:
        times = [int(file.stat().st_mtime * 1000) for file in files]
        # There is no id in it: the same values are the same run.
        content = [part for file in files for part in (file.name, read_bytes(file, found.folder))]
    except (OSError, Invalid) as error:
        from longshore.tracking.imports.mlruns import why

        yield SourceRun(identity(str(found.path)), found.path.name, 0, Content, left_out=why(error))
        return
    yield SourceRun(
        id=identity("dvclive", *content),
        name=found.path.name,
        start_ms=min(times, default=0),
        read=lambda: _content(found, max(times, default=0)),
    )


def _files(found: Found) -> Iterator[Path]:
    for name in ("metrics.json", "params.yaml"):
        if (file := found.path / name).is_file():
            yield file
    for file in files_below(found.path / "plots" / "metrics", found.folder):
        if file.suffix == ".tsv" and inside(file, found.folder):
            yield file


def _content(found: Found, end_ms: int) -> Content:
    summary: Any = {}
    params: dict[str, str] = {}
    histories: dict[str, bytes] = {}
    for file in _files(found):
        content = read_bytes(file, found.folder)
        if file.name == "metrics.json":
            summary = parse(file.name, content)
        elif file.name == "params.yaml":
            params = {name: as_param(value) for name, value in flat(parse(file.name, content)).items()}
        else:
            histories[file.relative_to(found.path / "plots" / "metrics").with_suffix("").as_posix()] = content
    return Content(metrics=tuple(metrics(summary, histories, end_ms)), params=params, end_ms=end_ms)


def metrics(summary: Any, histories: dict[str, bytes], time_ms: int) -> Iterator[Metric]:
    """Give the histories, and the last values of what has none. Raises: Invalid."""
    if not isinstance(summary, dict):
        raise Invalid("metrics.json holds no names.")
    for name, content in histories.items():
        yield from history(name, content, time_ms)
    last = as_number(summary.get("step"))
    for name, value in flat(summary).items():
        number = as_number(value)
        # Nested names are written with dots here and as folders beside the histories.
        if number is not None and name != "step" and not {name, name.replace(".", "/")} & set(histories):
            yield Metric(name, number, time_ms, int(last) if last is not None and abs(last) < 1 << 62 else 0)


def history(name: str, content: bytes, time_ms: int) -> Iterator[Metric]:
    """Read one table of steps and values; the value's column bears the file's name. Raises: Invalid."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8", "replace")), delimiter="\t")
    try:
        for number, row in enumerate(rows):
            text = row.get(name.rpartition("/")[2]) or row.get(name)
            value, step, time = (as_number(each) for each in (text, row.get("step"), row.get("timestamp")))
            if value is not None:
                at = int(time) if time is not None and 0 < time < 1 << 53 else time_ms
                yield Metric(name, value, at, int(step) if step is not None and abs(step) < 1 << 62 else number)
    except csv.Error as error:
        raise Invalid(f"{name}.tsv cannot be read: {error}.") from error
