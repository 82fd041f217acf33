"""A store of somebody else's: made by real MLflow, in a child process, where an `mlflow.db` and its artifacts lie."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

from longshore.workspace.database_file import REVISION

_MAKE = """
import sys
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
for name in sys.argv[1:]:
    with mlflow.start_run(run_name=name):
        mlflow.log_metric("loss", 0.25)
        mlflow.log_param("lr", 0.1)
        mlflow.log_text(f"written by {name}", "notes/hello.txt")
"""
_READ = """
import mlflow
mlflow.set_tracking_uri("sqlite:///mlflow.db")
for run in sorted(mlflow.search_runs(output_format="list", search_all_experiments=True), key=lambda run: run.info.start_time):
    print(run.info.run_name)
"""


def make_store(folder: Path, *runs: str) -> Path:
    """Make an `mlflow.db` in a folder, with a run of each name whose artifacts lie in `mlruns` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    _python(folder, _MAKE, *runs)
    return folder / "mlflow.db"


def empty_store(file: Path, *, runs: int = 0) -> Path:
    """Make what looks like a store of the MLflow that is served here, at once: enough to be added, not to be served."""
    tables = ("experiments (experiment_id, artifact_location)", "runs (x)", "metrics (x)", "params (x)", "tags (x)")
    with contextlib.closing(sqlite3.connect(file)) as opened, opened:
        for table in (*tables, "alembic_version (version_num)"):
            opened.execute(f"CREATE TABLE {table}")
        opened.execute("INSERT INTO alembic_version VALUES (?)", (REVISION,))
        opened.executemany("INSERT INTO runs VALUES (?)", ((number,) for number in range(runs)))
    return file


def run_names(folder: Path) -> list[str]:
    """Give the names of all runs as MLflow reads them from the file itself, oldest first."""
    return _python(folder, _READ).split()


def _python(folder: Path, code: str, *arguments: str) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=folder, env=kept | {"MLFLOW_DISABLE_TELEMETRY": "true"},
        capture_output=True, text=True, check=False, timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
