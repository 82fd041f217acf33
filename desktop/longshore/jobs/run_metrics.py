"""Metrics that a job's runs get from outside the script: CPU and memory over time, and its `metrics.json`."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.jobs.supervisor import files

if TYPE_CHECKING:
    from longshore.mlflow_rest.types import Metric, Run

CPU, MEMORY = "system/cpu_utilization_percentage", "system/memory_usage_megabytes"
_MOST_POINTS = 500
_MOST_METRICS = 200
_LARGEST_FILE = 5_000_000


def of_run(run: Run, job_folder: Path, ended_at: float) -> list[Metric]:
    """Give the samples of the job that lie in the time of this run; none where MLflow measured it itself."""
    if CPU in run.metrics or MEMORY in run.metrics:
        return []
    began = run.start_time.timestamp() if run.start_time else 0.0
    ended = run.end_time.timestamp() if run.end_time else ended_at
    found = [sample for sample in samples(job_folder) if began - 0.5 <= sample["t"] <= ended + 0.5]
    every = math.ceil(len(found) / _MOST_POINTS) or 1
    return [metric for step, sample in enumerate(found[::every]) for metric in _metrics(sample, step)]


def _metrics(sample: dict[str, Any], step: int) -> list[Metric]:
    from longshore.mlflow_rest.types import Metric

    at = int(sample["t"] * 1000)
    memory = sample["memory_bytes"] / 1e6
    return [Metric(CPU, float(sample["cpu_percent"]), at, step), Metric(MEMORY, memory, at, step)]


def samples(job_folder: Path) -> list[dict[str, Any]]:
    """Give what the supervisor measured: "t", "cpu_percent" (of one core), "memory_bytes" each."""
    found = []
    try:
        with (job_folder / files.SAMPLES).open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                try:
                    sample = json.loads(line)
                except ValueError:  # cut by a full disk or a kill
                    continue
                if isinstance(sample, dict) and {"t", "cpu_percent", "memory_bytes"} <= sample.keys():
                    found.append(sample)
    except OSError:
        return []
    return found


def of_file(project: Path, began_at: float, ended_at: float) -> list[Metric]:
    """Give the numbers of the project's `metrics.json`, where the job wrote one; names of nested ones by dots."""
    from longshore.mlflow_rest.types import Metric

    file = project / "metrics.json"
    try:
        status = file.stat()
        # File systems keep times of one or two seconds at the worst.
        if status.st_mtime < began_at - 2.0 or status.st_size > _LARGEST_FILE:
            return []
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    numbers = list(_numbers(found, ""))[:_MOST_METRICS]
    return [Metric(name, value, int(ended_at * 1000)) for name, value in numbers]


def _numbers(found: Any, name: str) -> Iterator[tuple[str, float]]:
    if isinstance(found, dict):
        for key, value in found.items():
            yield from _numbers(value, f"{name}.{key}" if name else str(key))
    elif isinstance(found, int | float) and name:
        yield _allowed(name), float(found)


def _allowed(name: str) -> str:
    """Put an underscore for what MLflow does not take in a metric's name."""
    return "".join(letter if letter.isalnum() or letter in "_-. /" else "_" for letter in name)[:250]
