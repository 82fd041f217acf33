"""Run in a child process: writes a store of MLflow with awkward runs. The app never imports MLflow."""

from __future__ import annotations

import json
import math
import sys

import mlflow
from mlflow.entities import Metric


def fill(uri: str, artifacts: str) -> dict[str, str]:
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.create_experiment("old times", artifact_location=artifacts or None)
    parent = client.create_run(experiment, run_name="parent \U0001f98a", start_time=1_600_000_000_000)
    child = client.create_run(
        experiment, run_name="child", start_time=1_600_000_001_000, tags={"mlflow.parentRunId": parent.info.run_id}
    )
    run = parent.info.run_id
    client.log_param(run, "long", "x" * 6000)
    client.log_param(run, "face", "\U0001f600 \u05e9\u05dc\u05d5\u05dd")
    client.set_tag(run, "mlflow.note.content", "# A note\n")
    points = [Metric("loss", 1 / (step + 1), 1_600_000_000_000 + step, step) for step in range(2500)]
    for start in range(0, 2500, 500):
        client.log_batch(run, metrics=points[start : start + 500])
    for key, value in (("Loss", 7.0), ("val/nan", math.nan), ("val/inf", math.inf), ("val/minus", -math.inf)):
        client.log_metric(run, key, value, timestamp=1_600_000_000_000, step=3)
    if not artifacts:
        client.log_text(run, "hello", "notes/a.txt")
    client.set_terminated(run, "FINISHED", 1_600_000_060_000)
    client.set_terminated(child.info.run_id, "FAILED", 1_600_000_050_000)
    return {"parent": run, "child": child.info.run_id}


if __name__ == "__main__":
    print("MADE " + json.dumps(fill(sys.argv[1], "")))
