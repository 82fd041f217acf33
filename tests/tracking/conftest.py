"""A project with some hundred runs on the real server, made once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Experiment, Metric, Run

COUNT = 230
BEGAN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Made:
    project: str
    experiment: Experiment
    run_ids: tuple[str, ...]


@pytest.fixture(scope="session")
def made(client: Client) -> Made:
    project = f"project-{uuid.uuid4().hex[:8]}"
    experiment = experiments.ensure(client, project, {"longshore.project": project})

    def make(number: int) -> str:
        start = BEGAN + timedelta(minutes=number)
        run = runs.create(client, experiment.id, name=f"run {number}", start_time=start, tags={"longshore.job": "j"})
        runs.log_batch(
            client,
            run.id,
            params={"number": str(number), "model": "forest" if number % 2 else "linear"},
            metrics=[Metric("rmse", float(number % 100), 1, 0)],
            tags={"team": "blue"},
        )
        runs.update(client, run.id, status="FINISHED", end_time=start + timedelta(seconds=30))
        return run.id

    with ThreadPoolExecutor(4) as pool:
        return Made(project, experiment, tuple(pool.map(make, range(COUNT))))


@pytest.fixture
def new_run(client: Client) -> Callable[..., Run]:
    """Give a function that makes a run in an experiment of this test alone."""
    experiment = experiments.ensure(client, f"one-{uuid.uuid4().hex[:8]}")

    def make(**tags: str) -> Run:
        return runs.create(client, experiment.id, tags={name.replace("__", "."): tag for name, tag in tags.items()})

    return make
