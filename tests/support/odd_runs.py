"""Run in a child process: makes runs with every odd value that MLflow's own client takes. Prints the experiment's id."""

from __future__ import annotations

import math
import sys

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param, RunTag

LONG = "längs der Küste 🚢 " * 340  # over 6,000 characters: MLflow cuts a param there
VALUES = {
    "nan": math.nan,
    "inf": math.inf,
    "minus inf": -math.inf,
    "huge": 1e308,
    "minus_huge": -1e308,
    "tiny": 5e-324,
    "zero": 0.0,
    "loss": 0.5,
    "Loss": 0.25,
    "väl/loss.a-b:c": 1 / 3,
}
TEXTS = {
    "plain": "0.1",
    "Plain": "differs by case",
    "empty": "",
    "emoji": "🐙👩‍🔬",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202e\u0645\u0631\u062d",
    "quotes": 'it\'s a "quoted" `value`',
    "sql": "'; DROP TABLE runs; --",
    "lines": "one\ntwo\r\n\tthree\x1f\x1e",
    "long": LONG[:6000],
    "nothing": "None",
    "väl/a.b-c:d": "x",
}


def make(url: str) -> str:
    client = MlflowClient(url)
    experiment = client.create_experiment("odd 🚢 'runs'", tags={"longshore.project": "odd"})
    client.create_experiment("empty")
    other = client.create_experiment("another")
    full(client, client.create_run(experiment, run_name='it\'s\n"full" 🐙 שלום').info.run_id)
    client.create_run(experiment)  # nothing logged, still running
    times_and_states(client, experiment)
    data_and_models(client, experiment)
    for number in range(3):
        client.log_param(client.create_run(other).info.run_id, f"other {number}", "of another experiment")
    return str(experiment)


def full(client: MlflowClient, run: str) -> None:
    metrics = [Metric(name, value, 1, 0) for name, value in VALUES.items()]
    client.log_batch(run, metrics, [Param(*each) for each in TEXTS.items()], [RunTag(*each) for each in TEXTS.items()])
    client.set_tag(run, "mlflow.note.content", "# A note\n" * 100)
    for step, value in enumerate((3.0, math.nan, 1.0, 2.0)):
        client.log_metric(run, "curve", value, step=step)
    client.log_metric(run, "curve", 9.0, step=1)  # late, so not the latest
    client.log_metric(run, "ends in nan", 1.0, step=0)
    client.log_metric(run, "ends in nan", math.nan, step=1)
    client.set_terminated(run, "FAILED")


def times_and_states(client: MlflowClient, experiment: str) -> None:
    for number in range(12):
        # Three of each moment: their order is by id.
        run = client.create_run(experiment, start_time=1_000 * (number // 3), run_name=f"run {number}").info.run_id
        client.log_param(run, "number", str(number))
        client.log_metric(run, "number", number)
        if number % 2:
            client.set_terminated(run, ("FINISHED", "KILLED")[number % 4 // 2], end_time=1_000 * number)
        if number % 4 == 0:
            client.delete_run(run)
        if number == 8:
            client.restore_run(run)
    renamed = client.create_run(experiment).info.run_id
    client.update_run(renamed, name="renamed")
    client.set_tag(renamed, "gone", "x")
    client.delete_tag(renamed, "gone")


def data_and_models(client: MlflowClient, experiment: str) -> None:
    for contexts in (["train"], ["train", "eval"], []):
        run = client.create_run(experiment, run_name="with data").info.run_id
        given = [
            DatasetInput(Dataset(f"data '{each}' 🐙", "d1g3st", "local", "{}"), [InputTag("mlflow.data.context", each)])
            for each in contexts
        ]
        bare = DatasetInput(Dataset("without context", "ffff", "local", "{}"), [])
        client.log_inputs(run, [*given, bare])
    models = [client.create_logged_model(experiment, name=f"model-{n}", source_run_id=run).model_id for n in range(2)]
    client.log_outputs(run, [LoggedModelOutput(model, 0) for model in models])


if __name__ == "__main__":
    print("MADE " + make(sys.argv[1]))
