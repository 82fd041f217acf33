"""A personal store with thousands of runs, written past the REST API while no server runs: for measuring alone."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import uuid
from pathlib import Path

BEGAN_MS = 1_760_000_000_000


def fill(
    database: Path,
    *,
    project: str,
    count: int,
    params: int = 12,
    metrics: int = 10,
    seed: int = 0,
    experiment_name: str = "",
    steps: int = 0,
) -> str:
    """Add an experiment of this project with `count` finished runs, and give its id. The schema must be there.

    `steps`: how many values each metric's history has; without, only the last values are there.
    """
    chance = random.Random(seed)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        experiment = str(connection.execute("SELECT max(experiment_id) + 1 FROM experiments").fetchone()[0])
        connection.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, "
            "last_update_time, workspace) VALUES (?, ?, ?, 'active', ?, ?, 'default')",
            (int(experiment), experiment_name or project, f"mlflow-artifacts:/{experiment}", BEGAN_MS, BEGAN_MS),
        )
        connection.execute(
            "INSERT INTO experiment_tags (key, value, experiment_id) VALUES ('longshore.project', ?, ?)",
            (project, int(experiment)),
        )
        ids = [uuid.UUID(int=chance.getrandbits(128)).hex for _ in range(count)]
        connection.executemany(
            "INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time,"
            " end_time, deleted_time, source_version, lifecycle_stage, artifact_uri, experiment_id)"
            " VALUES (?, ?, 'UNKNOWN', '', '', 'ada', 'FINISHED', ?, ?, NULL, '', 'active', ?, ?)",
            (
                (run, f"run-{n}", BEGAN_MS + n * 60_000, BEGAN_MS + n * 60_000 + 42_000,
                 f"mlflow-artifacts:/{experiment}/{run}/artifacts", int(experiment))
                for n, run in enumerate(ids)
            ),
        )  # fmt: skip
        connection.executemany(
            "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
            ((f"param_{p:02}", str(chance.randint(0, 9)), run) for run in ids for p in range(params)),
        )
        connection.executemany(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, 0, 0, ?)",
            ((f"metric_{m:02}", chance.random(), BEGAN_MS, run) for run in ids for m in range(metrics)),
        )
        connection.executemany(
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
            (
                (f"metric_{m:02}", chance.random(), BEGAN_MS + step, step, run)
                for run in ids
                for m in range(metrics)
                for step in range(steps)
            ),
        )
        connection.executemany(
            "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
            (
                (key, value, run)
                for n, run in enumerate(ids)
                for key, value in (("mlflow.runName", f"run-{n}"), ("mlflow.user", "ada"), ("team", f"team {n % 3}"))
            ),
        )
    return experiment
