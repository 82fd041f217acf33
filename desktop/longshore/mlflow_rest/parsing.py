"""From MLflow's JSON to the values of `types`. Missing keys mean the empty value, as protobuf leaves them out."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from longshore.mlflow_rest import types

Json = Mapping[str, Any]

# The server takes a version's model id and does not give it back; its source names it.
_MODEL_ID = re.compile(r"models:/(m-[0-9a-f]{32})$|/models/(m-[0-9a-f]{32})/artifacts$")


def number(value: object) -> float:
    """Read a metric's value.

    NaN and the infinities come as strings from some stores; MLflow's SQL store keeps an infinity as the largest float.
    """
    found = float(value)  # type: ignore[arg-type]
    return math.copysign(math.inf, found) if abs(found) == sys.float_info.max else found


def plain(value: float) -> float | str:
    """Give a metric's value as JSON can carry it: NaN and the infinities as the strings that protobuf reads."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def moment(milliseconds: object) -> datetime | None:
    """Read milliseconds since the epoch; 0 and nothing mean that it was never set."""
    count = int(milliseconds or 0)  # type: ignore[call-overload]
    return datetime.fromtimestamp(count / 1000, UTC) if count else None


def milliseconds(time: datetime) -> int:
    """Give an aware time as MLflow counts it."""
    return round(time.timestamp() * 1000)


def pairs(entries: Iterable[Json] | None) -> dict[str, str]:
    """Read a list of key and value."""
    return {entry["key"]: entry.get("value", "") for entry in entries or ()}


def entries(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Write a list of key and value."""
    return [{"key": key, "value": value} for key, value in values.items()]


def _metrics(listed: Iterable[Json] | None) -> dict[str, float]:
    return {entry["key"]: number(entry.get("value", 0.0)) for entry in listed or ()}


def experiment(found: Json) -> types.Experiment:
    """Read an experiment."""
    return types.Experiment(
        id=found["experiment_id"],
        name=found["name"],
        tags=pairs(found.get("tags")),
        artifact_location=found.get("artifact_location", ""),
        lifecycle=found.get("lifecycle_stage", "active"),
    )


def run(found: Json) -> types.Run:
    """Read a run with its latest metrics."""
    info, data = found["info"], found.get("data", {})
    tags = pairs(data.get("tags"))
    inputs, outputs = found.get("inputs", {}), found.get("outputs", {})
    return types.Run(
        id=info["run_id"],
        name=info.get("run_name") or tags.get("mlflow.runName", ""),
        experiment_id=info["experiment_id"],
        status=info.get("status", types.RUNNING),
        start_time=moment(info.get("start_time")),
        end_time=moment(info.get("end_time")),
        user=info.get("user_id") or tags.get("mlflow.user", ""),
        params=pairs(data.get("params")),
        metrics=_metrics(data.get("metrics")),
        tags=tags,
        artifact_uri=info.get("artifact_uri", ""),
        lifecycle=info.get("lifecycle_stage", "active"),
        inputs=tuple(dataset_input(entry) for entry in inputs.get("dataset_inputs", ())),
        model_ids_in=tuple(entry["model_id"] for entry in inputs.get("model_inputs", ())),
        model_ids_out=tuple(entry["model_id"] for entry in outputs.get("model_outputs", ())),
    )


def latest(found: Json) -> dict[str, types.MetricPoint]:
    """Read the latest values of a run's metrics with step and time."""
    return {entry["key"]: metric_point(entry) for entry in found.get("data", {}).get("metrics", ())}


def dataset_input(found: Json) -> types.DatasetInput:
    """Read data that a run read."""
    dataset = found["dataset"]
    return types.DatasetInput(
        name=dataset["name"],
        digest=dataset.get("digest", ""),
        source_type=dataset.get("source_type", ""),
        source=dataset.get("source", ""),
        context=pairs(found.get("tags")).get("mlflow.data.context", ""),
        rows=_profiled_rows(dataset.get("profile")),
    )


def _profiled_rows(profile: object) -> int | None:
    """Read how many rows a dataset's profile tells of; profiles are JSON of anybody's making."""
    try:
        found = json.loads(profile) if isinstance(profile, str) else None
    except (ValueError, RecursionError):
        return None
    rows = found.get("num_rows") if isinstance(found, dict) else None
    return rows if isinstance(rows, int) and not isinstance(rows, bool) else None


def metric_point(found: Json) -> types.MetricPoint:
    """Read one value of a history."""
    return types.MetricPoint(int(found.get("step", 0)), int(found.get("timestamp", 0)), number(found.get("value", 0.0)))


def artifact(found: Json) -> types.Artifact:
    """Read one entry of an artifact listing."""
    is_dir = bool(found.get("is_dir", False))
    size = found.get("file_size")
    return types.Artifact(found["path"], is_dir, None if is_dir else int(size or 0))


def logged_model(found: Json) -> types.LoggedModel:
    """Read a logged model."""
    info, data = found["info"], found.get("data", {})
    return types.LoggedModel(
        id=info["model_id"],
        name=info.get("name", ""),
        experiment_id=info["experiment_id"],
        run_id=info.get("source_run_id", ""),
        status=str(info.get("status", "")).removeprefix("LOGGED_MODEL_"),
        artifact_uri=info.get("artifact_uri", ""),
        params=pairs(data.get("params")),
        metrics=_metrics(data.get("metrics")),
        tags=pairs(info.get("tags")),
        created_at=moment(info.get("creation_timestamp_ms")),
    )


def registered_model(found: Json) -> types.RegisteredModel:
    """Read a name of the registry."""
    latest = [int(version["version"]) for version in found.get("latest_versions", ())]
    return types.RegisteredModel(
        name=found["name"],
        description=found.get("description", ""),
        tags=pairs(found.get("tags")),
        aliases={entry["alias"]: str(entry["version"]) for entry in found.get("aliases", ())},
        latest=str(max(latest)) if latest else "",
        created_at=moment(found.get("creation_timestamp")),
    )


def model_version(found: Json) -> types.ModelVersion:
    """Read one version of a registered model."""
    return types.ModelVersion(
        name=found["name"],
        version=str(found["version"]),
        run_id=found.get("run_id", ""),
        model_id=found.get("model_id") or model_id_of(found.get("source", "")),
        source=found.get("source", ""),
        status=found.get("status", ""),
        description=found.get("description", ""),
        tags=pairs(found.get("tags")),
        aliases=tuple(found.get("aliases", ())),
        created_at=moment(found.get("creation_timestamp")),
        user=found.get("user_id", ""),
    )


def model_id_of(source: str) -> str:
    """Give the logged model that a version's source names, empty where it names none."""
    match = _MODEL_ID.search(source)
    return (match[1] or match[2]) if match else ""
