"""MLflow's SQLite store of any revision that has its tables. Opened for reading alone: never migrated, never written."""

from __future__ import annotations

import math
import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longshore.mlflow_rest.types import FINISHED, Metric
from longshore.tracking.imports.mlruns import RUN_ID, artifact_files
from longshore.tracking.imports.reading import inside
from longshore.tracking.imports.types import Content, Found, SourceRun
from longshore.workspace.database_file import reading

# The largest float stands for infinity there.
_INFINITE = sys.float_info.max


def count(file: Path, time_limit_s: float) -> int:
    """Tell how many runs a database holds. Raises: Invalid."""
    with reading(file, time_limit_s) as connection:
        return int(connection.execute("SELECT count(*) FROM runs").fetchone()[0])


def runs(found: Found) -> Iterator[SourceRun]:
    """Give every run."""
    with reading(found.path) as connection:
        known = _columns(connection, "runs")
        wanted = [name for name in ("run_uuid", "name", "user_id", "status", "start_time", "end_time") if name in known]
        rows = connection.execute(
            f"SELECT {', '.join('r.' + name for name in wanted)}, r.lifecycle_stage AS stage, r.experiment_id AS place,"
            " e.name AS experiment, e.lifecycle_stage AS experiment_stage,"
            " (SELECT value FROM tags t WHERE t.run_uuid = r.run_uuid AND t.key = 'mlflow.runName') AS tagged,"
            " (SELECT value FROM tags t WHERE t.run_uuid = r.run_uuid AND t.key = 'mlflow.parentRunId') AS parent"
            " FROM runs r LEFT JOIN experiments e ON e.experiment_id = r.experiment_id ORDER BY r.start_time"
        )
        names = [column[0] for column in rows.description]
        entries = [dict(zip(names, row, strict=True)) for row in rows]
    for entry in entries:
        yield _run(found, entry)


def _run(found: Found, entry: dict[str, Any]) -> SourceRun:
    deleted = "deleted" in (entry["stage"], entry["experiment_stage"])
    return SourceRun(
        id=str(entry["run_uuid"]),
        name=str(entry.get("name") or entry["tagged"] or ""),
        start_ms=_int(entry.get("start_time")),
        read=lambda: _content(found, entry),
        experiment=str(entry["experiment"] or ""),
        user=str(entry.get("user_id") or ""),
        parent_id=str(entry["parent"] or ""),
        left_out="It was deleted there." if deleted else "",
    )


def _content(found: Found, entry: dict[str, Any]) -> Content:
    run_id = str(entry["run_uuid"])
    remarks: list[str] = []
    with reading(found.path) as connection:
        params = _pairs(connection, "params", run_id)
        tags = _pairs(connection, "tags", run_id)
    return Content(
        metrics=_metrics(found.path, run_id),
        params=params,
        tags=tags,
        files=_files(found, str(entry["place"]), run_id, remarks),
        status=str(entry.get("status") or FINISHED),
        end_ms=_int(entry.get("end_time")),
        remarks=remarks,
    )


def _pairs(connection: sqlite3.Connection, table: str, run_id: str) -> dict[str, str]:
    rows = connection.execute(f"SELECT key, value FROM {table} WHERE run_uuid = ?", (run_id,))
    return {str(key): "" if value is None else str(value) for key, value in rows}


def _metrics(file: Path, run_id: str) -> Iterator[Metric]:
    with reading(file) as connection:
        known = _columns(connection, "metrics")
        # Steps and NaN came with later revisions.
        step = "step" if "step" in known else "0"
        nan = "is_nan" if "is_nan" in known else "0"
        rows = connection.execute(
            f"SELECT key, value, timestamp, {step}, {nan} FROM metrics WHERE run_uuid = ?", (run_id,)
        )
        for key, value, timestamp, at, is_nan in rows:
            yield Metric(str(key), math.nan if is_nan or value is None else _number(value), _int(timestamp), _int(at))


def _number(value: Any) -> float:
    found = float(value)
    return math.copysign(math.inf, found) if abs(found) == _INFINITE else found


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA table_info({table})")}


def _files(found: Found, experiment: str, run_id: str, remarks: list[str]) -> Iterator[tuple[str, Path]]:
    """Give the artifacts that lie beside the database, where MLflow puts them by default; none from elsewhere."""
    if not RUN_ID.fullmatch(run_id) or not re.fullmatch(r"\d+", experiment):
        return
    for name in ("mlruns", "mlartifacts"):
        root = found.path.parent / name / experiment / run_id / "artifacts"
        if root.is_dir() and inside(root, found.folder):
            yield from artifact_files(root, "", remarks)


def _int(value: Any) -> int:
    try:
        return int(value or 0)
    except (TypeError, ValueError):
        return 0
