"""One project's whole life on the real server: prepared data, two trainings, a version, a deployment."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass

import pytest

from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest import registry as rest
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput, Metric
from longshore.registry import models
from longshore.settings import Home
from longshore.store import deployments


@dataclass(frozen=True)
class Story:
    """Ids of what was made; every hash is this story's alone."""

    key: str
    prepare: str
    train: str
    other: str  # another training on the same data, never registered
    model: str  # NAME/1
    raw: str  # references of data
    clean: str
    commit: str
    environment: str
    deployment: str


@pytest.fixture
def story(home: Home, client: Client) -> Story:
    key = uuid.uuid4().hex
    raw, clean, commit, environment = (f"{letter}{key[1:]}" for letter in "abcd")
    place = experiments.ensure(client, f"story-{key[:8]}", {"longshore.project": "prices"})
    code = {
        "mlflow.source.git.commit": commit,
        "mlflow.source.git.branch": "main",
        "longshore.environment": environment,
        "longshore.project": "prices",
    }
    written = [{"path": "data/clean.csv", "md5": clean, "size": 31_900}]
    prepare = runs.create(
        client,
        place.id,
        name="prepare-1",
        tags=code | {"longshore.outputs": json.dumps(written), "longshore.entry_point": "prepare"},
    )
    runs.log_inputs(client, prepare.id, [DatasetInput("data/raw.csv", raw, context="input")])
    runs.update(client, prepare.id, status="FINISHED")
    changed = code | {"longshore.git.dirty": "true", "longshore.entry_point": "train"}
    train = runs.create(client, place.id, name="train-1", tags=changed).id
    runs.log_batch(client, train, metrics=[Metric("rmse", 0.5, 1), Metric("worst", math.inf, 1)])
    artifacts.upload(client, train, "model/MLmodel", b"flavors: {}\n")
    runs.update(client, train, status="FINISHED")
    other = runs.create(client, place.id, name="train-2").id
    for run_id in (train, other):
        runs.log_inputs(client, run_id, [DatasetInput("data/clean.csv", clean, context="input")])
    name = f"price-{key[:8]}"
    version = models.register(client, train, name)
    rest.set_alias(client, name, "champion", "1")
    deployments.put(
        home,
        f"api-{key[:8]}",
        workspace="personal",
        model_name=name,
        model_version="1",
        serving_version="1",
        run_id=train,
        state="healthy",
        port=8412,
        url="http://127.0.0.1:8412",
    )
    return Story(
        key=key[:8],
        prepare=f"run:{prepare.id}",
        train=f"run:{train}",
        other=f"run:{other}",
        model=f"model:{version.reference}",
        raw=f"dataset:data/raw.csv@{raw}",
        clean=f"dataset:data/clean.csv@{clean}",
        commit=f"code:{commit}",
        environment=f"environment:{environment}",
        deployment=f"deployment:api-{key[:8]}",
    )
