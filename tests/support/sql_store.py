"""MLflow's own SQL store on a file of its own, in a child process: what our answers are held against."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class SqlStore:
    """Makes runs in MLflow's store and searches them there."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def make(self, runs: Sequence[Mapping[str, Any]]) -> tuple[str, list[Json]]:
        """Make an experiment with these runs; its id, and the runs as MLflow gives them back."""
        answer = self._ask({"make": list(runs)})
        return answer["experiment"], answer["runs"]

    def search(
        self, experiment: str, filter: str, order_by: Sequence[str] = (), view: str = "active_only"
    ) -> list[str]:
        """Give the ids of the runs that fit, in order. Raises: ValueError where MLflow refuses."""
        answer = self._ask({"search": experiment, "filter": filter, "order_by": list(order_by), "view": view})
        if "refused" in answer:
            raise ValueError(answer["refused"])
        found: list[str] = answer["runs"]
        return found

    def _ask(self, question: Json) -> Json:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BaseException:  # a time limit, say: the answer still to come would be taken for the next one's
            self._process.kill()
            raise
        if not line:
            raise RuntimeError("the child process with MLflow's store ended")
        answer: Json = json.loads(line)
        return answer


@contextlib.contextmanager
def running_store(folder: Path) -> Iterator[SqlStore]:
    """Start a store on a new file in this folder."""
    with (
        (folder / "store.log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.sql_store", str(folder / "mlflow.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env=os.environ | {"PYTHONIOENCODING": "utf-8", "MLFLOW_DISABLE_TELEMETRY": "true"},
        ) as process,
    ):
        try:
            yield SqlStore(process)
        finally:
            assert process.stdin
            process.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()


def _serve(database: str) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    answers = sys.stdout
    sys.stdout = sys.stderr  # what MLflow prints is no answer
    store = SqlAlchemyStore(f"sqlite:///{database}", "mlflow-artifacts:/")
    for line in sys.stdin:
        question = json.loads(line)
        if "make" in question:
            answer = _make(store, question["make"])
        else:
            try:
                answer = {"runs": _search(store, question)}
            except (MlflowException, OverflowError, ValueError, TypeError) as error:  # MLflow lets some pass
                answer = {"refused": str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _make(store: Any, runs: Sequence[Json]) -> Json:
    import uuid

    from mlflow.entities import (
        Dataset,
        DatasetInput,
        InputTag,
        Metric,
        Param,
        RunStatus,
        RunTag,
        ViewType,
    )  # fmt: skip

    experiment = store.create_experiment(uuid.uuid4().hex)
    for run in runs:
        run_id = store.create_run(experiment, run["user"], run["start_time"], [], run["name"]).info.run_id
        store.log_batch(
            run_id,
            [Metric(key, value, 1, 0) for key, value in run["metrics"].items()],
            [Param(key, value) for key, value in run["params"].items()],
            [RunTag(key, value) for key, value in run["tags"].items()],
        )
        if run["datasets"]:
            inputs = [
                DatasetInput(
                    Dataset(each["name"], each["digest"], "local", "{}"),
                    [] if each["context"] is None else [InputTag("mlflow.data.context", each["context"])],
                )
                for each in run["datasets"]
            ]
            store.log_inputs(run_id, inputs)
        store.update_run_info(run_id, RunStatus.from_string(run["status"]), run["end_time"], None)
        if run["deleted"]:
            store.delete_run(run_id)
    return {
        "experiment": experiment,
        "runs": [_given(run) for run in store.search_runs([experiment], "", ViewType.ALL)],
    }


def _given(run: Any) -> Json:
    return {
        "run_id": run.info.run_id,
        "name": run.info.run_name,
        "status": run.info.status,
        "start_time": run.info.start_time,
        "end_time": run.info.end_time,
        "user": run.info.user_id,
        "lifecycle": run.info.lifecycle_stage,
        "artifact_uri": run.info.artifact_uri,
        "experiment_id": run.info.experiment_id,
        "metrics": run.data.metrics,
        "params": run.data.params,
        "tags": run.data.tags,
        "datasets": [
            {
                "name": each.dataset.name,
                "digest": each.dataset.digest,
                "context": next((tag.value for tag in each.tags if tag.key == "mlflow.data.context"), None),
            }
            for each in run.inputs.dataset_inputs
        ],
    }


def _search(store: Any, question: Json) -> list[str]:
    from mlflow.entities import ViewType

    found = store.search_runs(
        [question["search"]],
        question["filter"],
        ViewType.from_string(question["view"]),
        max_results=1000,
        order_by=question["order_by"],
    )
    return [run.info.run_id for run in found]


if __name__ == "__main__":
    _serve(sys.argv[1])
