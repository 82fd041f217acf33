"""Run in a child process: logs small real models with MLflow and prints their ids as JSON. The app never imports MLflow."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LinearRegression


def log(experiment: str) -> dict[str, dict[str, str]]:
    mlflow.set_experiment(experiment)
    inputs = pd.DataFrame({"rooms": [1.0, 2.0, 3.0, 5.0], "floor": [0, 1, 2, 3], "city": [0, 1, 0, 1]})
    inputs = inputs.astype({"floor": "int64", "city": "int64"})
    prices = pd.Series([10.0, 20.0, 30.0, 50.0], name="price")
    model = LinearRegression().fit(inputs, prices)
    signature = infer_signature(inputs, prices)
    signed = {"signature": signature, "input_example": inputs.head(2)}
    return {
        "signed": one(model, "FINISHED", 0.5, **signed),
        "better": one(model, "FINISHED", 0.25, **signed),
        "unsigned": one(model, "FINISHED", 0.75),
        "unfinished": one(model, "RUNNING", 0.9, **signed),
        "failed": one(model, "FAILED", 0.9, **signed),
        "without_model": one(None, "FINISHED", 1.0),
    }


def one(model: LinearRegression | None, status: str, rmse: float, **options: object) -> dict[str, str]:
    client = mlflow.MlflowClient()
    with mlflow.start_run() as run:
        mlflow.log_params({"kind": "linear", "seed": 7})
        for epoch in range(3):
            mlflow.log_metric("rmse", rmse + (2 - epoch) * 0.1, step=epoch)
        logged = "" if model is None else _log_model(model, **options)
    client.update_run(run.info.run_id, status=status)
    return {"run_id": run.info.run_id, "model_id": logged, "experiment_id": run.info.experiment_id}


def _log_model(model: LinearRegression, **options: object) -> str:
    packages = ("mlflow", "scikit-learn", "pandas", "numpy", "skops")
    requirements = [f"{name}=={version(name)}" for name in packages]
    info = mlflow.sklearn.log_model(model, name="model", pip_requirements=requirements, **options)
    return str(info.model_id)


if __name__ == "__main__":
    print("MADE " + json.dumps(log(sys.argv[1])))
