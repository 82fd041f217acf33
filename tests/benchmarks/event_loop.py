"""Event loop: the longest time that the driven window did not answer, beside a bare window in the same moments."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.heartbeat import longest
from tests.benchmarks.measuring import Line, Options, ours, run, temporary_home, user_environment

ROOT = Path(__file__).parents[2]
MANY, FEW = 10_000, 300
PROJECT = "many"
SCRIPT = """\
import argparse, time
p = argparse.ArgumentParser()
p.add_argument("--curves", default="no")
if __name__ == "__main__":
    given = p.parse_args()
    import mlflow
    with mlflow.start_run():
        mlflow.log_params({"curves": given.curves})
        for step in range(40 if given.curves == "yes" else 1):
            mlflow.log_metrics({"loss": 1 / (step + 1), "val_loss": 1.1 / (step + 1), "accuracy": step / 40}, step=step)
            print("epoch", step, flush=True)
            time.sleep(0.05)
"""


def measure(options: Options) -> Iterator[Line]:
    """Limit: 50 ms while the window is driven; on a loaded machine the bare window's figure tells how loaded."""
    docker = bool(shutil.which("docker")) and not options.quick
    count = FEW if options.quick else MANY
    with temporary_home() as home:
        model = prepare(home, count)
        driven, bare = drive(home, model, docker=docker)
    for name, (began, ended) in driven["stretches"].items():
        yield {
            "figure": f"longest_gap_{name}",
            "ms": longest(driven["gaps"], began, ended),
            "bare_window_ms": longest(bare, began, ended),
            "over_50_ms": sum(began <= at <= ended and gap > 50 for at, gap in driven["gaps"]),
            "runs": count,
            "limit": 50,
        }


def prepare(home: Path, count: int) -> str:
    """Make a home with a project, its thousands of runs, three of them with curves, and a registered model."""
    from longshore.settings import open_home
    from longshore.workspace.connection import connect
    from tests.support.many_runs import fill
    from tests.support.tiny_models import register_tiny

    environment = user_environment(home)
    folder = home / "work" / PROJECT
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(SCRIPT)
    (folder / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    run(ours("open", str(folder)), environment)
    for _ in range(3):
        run(ours("run", PROJECT, "-P", "curves=yes"), environment)
    fill(home / "tracking" / "mlflow.db", project=PROJECT, count=count, experiment_name="ten thousand")
    # The agent does this once a day; without it MLflow's server sorts ten thousand runs for a minute.
    with contextlib.closing(sqlite3.connect(home / "tracking" / "mlflow.db")) as database, database:
        database.execute("ANALYZE")
    return register_tiny(connect(open_home(home), "personal", wait_s=60), PROJECT)


def drive(
    home: Path, model: str, *, docker: bool
) -> tuple[dict[str, dict[str, list[float]]], list[tuple[float, float]]]:
    """Drive the window; a bare one beats beside it from the first moment to the last."""
    environment = user_environment(home)
    end = home / "end"
    beating = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.heartbeat", str(end)],
        env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        time.sleep(1)
        command = [sys.executable, "-m", "tests.benchmarks.drive_window", str(home), model]
        driven = json.loads(run([*command, *(["--docker"] if docker else [])], environment, cwd=ROOT)[1])
    finally:
        end.touch()
        bare, _nothing = beating.communicate(timeout=30)
    return driven, [tuple(gap) for gap in json.loads(bare)]
