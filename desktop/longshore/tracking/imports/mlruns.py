"""MLflow's file store: a folder per experiment, one per run below it, a file per value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longshore.errors import Invalid, LongshoreError
from longshore.mlflow_rest.types import FAILED, FINISHED, KILLED, RUNNING, SCHEDULED, Metric
from longshore.tracking.imports.reading import files_below, inside, parse, read_bytes, read_lines, read_text
from longshore.tracking.imports.types import Content, Found, SourceRun

RUN_ID = re.compile(r"[0-9a-f]{32}")
_EXPERIMENT_ID = re.compile(r"\d{1,20}")
_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
# As MLflow's file store numbers them.
STATUS = {1: RUNNING, 2: SCHEDULED, 3: FINISHED, 4: FAILED, 5: KILLED}


def experiment_folders(store: Path) -> Iterator[Path]:
    """Give the folders of experiments; those of a database's artifacts have no `meta.yaml` and are left out."""
    for entry in sorted(store.iterdir()):
        if _EXPERIMENT_ID.fullmatch(entry.name) and not entry.is_symlink() and (entry / "meta.yaml").is_file():
            yield entry


def runs(found: Found) -> Iterator[SourceRun]:
    """Give every run, whole or broken."""
    for experiment in experiment_folders(found.path):
        try:
            about = _meta(experiment, found.folder)
        except (Invalid, OSError) as error:
            yield _broken(experiment, error)
            continue
        name = str(about.get("name") or experiment.name)
        gone = about.get("lifecycle_stage") == "deleted"
        try:
            entries = sorted(experiment.iterdir())
        except OSError as error:
            yield _broken(experiment, error)
            continue
        for entry in entries:
            if RUN_ID.fullmatch(entry.name):
                yield _run(entry, found, name, gone=gone)


def _run(run: Path, found: Found, experiment: str, *, gone: bool) -> SourceRun:
    try:
        if run.is_symlink():
            raise Invalid("Its folder is a link.")
        about = _meta(run, found.folder)
        if missing := [key for key in ("start_time", "status") if key not in about]:
            raise Invalid(f"meta.yaml is cut off: it does not say {' and '.join(missing)}.")
        name = str(about.get("run_name") or "") or _value(run / "tags" / "mlflow.runName", found.folder)
        return SourceRun(
            id=run.name,
            name=name,
            start_ms=int(about.get("start_time") or 0),
            read=lambda: _content(run, about, found),
            experiment=experiment,
            user=str(about.get("user_id") or ""),
            parent_id=_value(run / "tags" / "mlflow.parentRunId", found.folder),
            left_out="It was deleted there." if gone or about.get("lifecycle_stage") == "deleted" else "",
        )
    except (Invalid, OSError, ValueError, TypeError) as error:
        return _broken(run, error)


def _broken(place: Path, error: Exception) -> SourceRun:
    return SourceRun(id=place.name, name=place.name, start_ms=0, read=Content, left_out=why(error))


def why(error: Exception) -> str:
    """Say in a person's words why something could not be read."""
    if isinstance(error, LongshoreError):
        return error.reason
    if isinstance(error, PermissionError):
        return f"{Path(str(error.filename or '')).name or 'It'} may not be read: permission denied."
    if isinstance(error, OSError):
        return f"It cannot be read: {error.strerror or error}."
    return f"It cannot be read: {error}."


def _meta(place: Path, folder: Path) -> dict[str, Any]:
    about = parse("meta.yaml", read_bytes(place / "meta.yaml", folder, 1 << 20))
    if not isinstance(about, dict):
        raise Invalid("meta.yaml holds nothing.")
    return about


def _value(file: Path, folder: Path) -> str:
    return read_text(file, folder) if file.is_file() else ""


def _content(run: Path, about: dict[str, Any], found: Found) -> Content:
    remarks: list[str] = []
    status = about.get("status", 3)
    models = tuple(_models(run, found.folder))
    return Content(
        metrics=_metrics(run / "metrics", found.folder, remarks),
        params=dict(_values(run / "params", found.folder)),
        tags=dict(_values(run / "tags", found.folder)),
        files=_files((("", run / "artifacts"), *models), remarks),
        status=STATUS.get(status, FINISHED) if isinstance(status, int) else str(status),
        end_ms=int(about.get("end_time") or 0),
        remarks=remarks,
    )


def _values(root: Path, folder: Path) -> Iterator[tuple[str, str]]:
    # A slash in a name makes a folder.
    for file in files_below(root, folder):
        yield file.relative_to(root).as_posix(), read_text(file, folder)


def _metrics(root: Path, folder: Path, remarks: list[str]) -> Iterator[Metric]:
    for file in files_below(root, folder):
        key, unreadable = file.relative_to(root).as_posix(), 0
        for line in read_lines(file, folder):
            try:
                yield _point(key, line.split())
            except (ValueError, IndexError):
                unreadable += bool(line.strip())
        if unreadable:
            lines = "A line" if unreadable == 1 else f"{unreadable:,} lines"
            remarks.append(
                f"{lines} of metric {key} cannot be read and {'was' if unreadable == 1 else 'were'} left out."
            )


def _point(key: str, parts: list[bytes]) -> Metric:
    # Time, value, and since MLflow 1.0 the step.
    return Metric(key, float(parts[1]), int(parts[0]), int(parts[2]) if len(parts) == 3 else 0)


def _models(run: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Give the models that MLflow 3 keeps beside the runs, each with the name that it gets among the run's artifacts."""
    outputs = run / "outputs"
    if outputs.is_symlink() or not outputs.is_dir():
        return
    for entry in sorted(outputs.iterdir()):
        model = run.parent / "models" / entry.name
        if not _MODEL_ID.fullmatch(entry.name) or not (model / "meta.yaml").is_file():
            continue
        name = str(_meta(model, folder).get("name") or entry.name)
        if re.fullmatch(r"[\w.\- ]+", name) and name.strip("."):
            yield name, model / "artifacts"


def _files(roots: tuple[tuple[str, Path], ...], remarks: list[str]) -> Iterator[tuple[str, Path]]:
    for name, root in roots:
        yield from artifact_files(root, name, remarks)


def artifact_files(root: Path, below: str, remarks: list[str]) -> Iterator[tuple[str, Path]]:
    """Give the files of an artifact folder with their paths; a link that leaves it is refused with a remark."""
    if root.is_symlink():
        remarks.append(f"The folder {root.name} is a link and was left out.")
        return
    for file in files_below(root, root):
        path = file.relative_to(root).as_posix()
        if not inside(file, root):
            remarks.append(f"Artifact {path} is a link that leaves the run's folder and was left out.")
        elif not file.is_file() or file.is_dir():
            remarks.append(f"Artifact {path} is not a file and was left out.")
        else:
            yield (f"{below}/{path}" if below else path), file
