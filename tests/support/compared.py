"""Runs to compare: in two workspaces, one of them on a server that can be ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput, Metric

BEGAN_MS = 1_760_000_000_000


def points(name: str, steps: Sequence[int], first: float = 5.0) -> list[Metric]:
    """Give values of a metric that fall, a second apart."""
    return [Metric(name, first - step / 10, BEGAN_MS + 1000 * (step + 1), step) for step in steps]


def make_run(
    client: Client,
    project: str,
    name: str,
    *,
    number: int = 0,
    ended: bool = True,
    files: dict[str, bytes | Path] | None = None,
) -> str:
    """Make a run with all that a comparison shows: params, curves, inputs, a commit, a lock, artifacts."""
    experiment = experiments.ensure(client, project, {"longshore.project": project})
    tags = {"mlflow.source.git.commit": f"{number:07}", "longshore.git.dirty": "false"}
    # A higher number is a newer run: it stands first in the table.
    began = datetime.fromtimestamp(BEGAN_MS / 1000 + number, UTC)
    run = runs.create(client, experiment.id, name=name, tags=tags, start_time=began)
    runs.log_batch(
        client,
        run.id,
        params={"depth": str(number + 1), "kind": ("line", "tree")[number % 2]},
        metrics=points("val_mae", range(5), 5.0 - number),
    )
    runs.log_inputs(client, run.id, [DatasetInput("trips.csv", f"{number}{number}")])
    lock = b"numpy==2.%d\npandas==2.2\n" % number
    config = b"depth: %d\n" % number
    artifacts.upload_many(client, run.id, {"longshore/environment.lock": lock, "config.yaml": config, **(files or {})})
    if ended:
        runs.update(client, run.id, status="FINISHED")
    return run.id


def kill_server(url: str) -> None:
    """Kill the server that listens at an address, as a crash would."""
    port = int(url.rpartition(":")[2])
    pids = {
        found.pid for found in psutil.net_connections("tcp4") if found.status == "LISTEN" and found.laddr.port == port
    }
    family = [
        each for pid in pids if pid for each in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]
    for process in family:
        process.kill()
    psutil.wait_procs(family, timeout=10)
