"""A metric of a million points: read and drawn for the first time, again, and zoomed, beside plain SQL and MLflow's client."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.benchmarks.measuring import Line, Options, run, summary, temporary_home, user_environment
from tests.benchmarks.run_index import SCHEMA

ROOT = Path(__file__).resolve().parents[2]
POINTS, QUICK_POINTS = 1_000_000, 20_000
KEY = "loss"


def measure(options: Options) -> Iterator[Line]:
    """Limits from asking to the picture: 0.8 s for the first time, 50 ms again, 16 ms for a step of the zoom (99th percentile)."""
    points = QUICK_POINTS if options.quick else POINTS
    with temporary_home() as path:
        database = path / "tracking" / "mlflow.db"
        database.parent.mkdir(parents=True)
        run([sys.executable, "-c", SCHEMA, str(database)], user_environment(path), cwd=ROOT)
        run_id = _with_points(database, points)
        _, sql = run(
            [sys.executable, "-c", _SQL, str(database), run_id, KEY, str(options.repetitions)], user_environment(path)
        )
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.zoom_metric",
            str(path),
            run_id,
            KEY,
            str(options.repetitions),
        ]
        found: dict[str, Any] = json.loads(run(command, user_environment(path), cwd=ROOT)[1])
        if found["points"] != points:
            raise RuntimeError(f"{found['points']} of {points} points came")
        yield _line("first_time", found, points, 800) | {"plain_sql": json.loads(sql)}
        yield _line("again", found, points, 50)
        steps = [_p99([each[place] for each in found["zoom_step"]]) for place in (0, 1)]
        yield _line("zoom_step", found, points, 16) | {"p99_ms": steps[0], "p99_cpu_ms": steps[1]}
        if options.peers:
            _, peer = run([sys.executable, "-c", _PEER, str(database), run_id, KEY], user_environment(path))
            yield {"figure": "mlflow_get_metric_history", "points": points, "s": round(float(peer), 2)}


def _with_points(database: Path, points: int) -> str:
    """Add a run with a metric of so many points, and give its id."""
    from tests.support.many_runs import BEGAN_MS, fill

    experiment = fill(database, project="long", count=1)
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        (run_id,) = connection.execute("SELECT run_uuid FROM runs WHERE experiment_id = ?", (experiment,)).fetchone()
        connection.executemany(
            "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, 0, ?)",
            (
                (KEY, 1 / (step + 1) + (step * 7919 % 1000) / 5000, BEGAN_MS + step, step, run_id)
                for step in range(points)
            ),
        )
        connection.execute(
            "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, 0, ?, ?, 0, ?)",
            (KEY, BEGAN_MS + points, points - 1, run_id),
        )
    return str(run_id)


def _line(figure: str, found: dict[str, Any], points: int, limit: float) -> Line:
    clock, processor = (summary([each[place] for each in found[figure]]) for place in (0, 1))
    return {"figure": figure, "points": points, "ms": clock, "cpu_ms": processor, "limit": limit}


def _p99(values: Sequence[float]) -> float:
    return round(sorted(values)[int(len(values) * 0.99)], 2)


_SQL = """
import json, sqlite3, sys, time
import numpy as np
asked = "SELECT step, value FROM metrics WHERE run_uuid = ? AND key = ? ORDER BY step"
best = {"ms": 1e9, "cpu_ms": 1e9}
for _ in range(int(sys.argv[4])):
    began, cpu = time.perf_counter(), time.process_time()
    with sqlite3.connect(sys.argv[1]) as connection:
        np.fromiter(connection.execute(asked, sys.argv[2:4]), np.dtype([("step", "i8"), ("value", "f8")]))
    took = {"ms": time.perf_counter() - began, "cpu_ms": time.process_time() - cpu}
    best = {key: min(best[key], round(value * 1000, 1)) for key, value in took.items()}
print(json.dumps(best))
"""

_PEER = """
import sys, time
import mlflow
client = mlflow.MlflowClient(f"sqlite:///{sys.argv[1]}")
began = time.perf_counter()
client.get_metric_history(sys.argv[2], sys.argv[3])
print(time.perf_counter() - began)
"""
