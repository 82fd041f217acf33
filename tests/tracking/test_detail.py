"""One run: what hangs on it, and its metrics over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput, Metric, MetricPoint, Run
from longshore.tracking import histories as histories_room
from longshore.tracking.detail import extended, histories, run_detail
from longshore.tracking.histories import followed
from longshore.tracking.thin import thin
from tests.support.models import MadeModels


def test_that_a_runs_page_has_its_code_environment_job_data_and_note(
    client: Client, new_run: Callable[..., Run]
) -> None:
    run = new_run(
        mlflow__source__name="train.py",
        mlflow__source__git__commit="abc123",
        mlflow__source__git__branch="main",
        longshore__git__dirty="true",
        longshore__entry_point="train",
        longshore__environment="e1",
        longshore__target="docker",
        longshore__image="sha256:1",
        longshore__job="job-7",
        longshore__exit_code="0",
        longshore__project="churn",
        mlflow__note__content="better features",
    )
    runs.log_inputs(client, run.id, [DatasetInput("data/train.csv", "d41d8")])
    found = run_detail(client, run.id[:12])
    assert found.run.id == run.id
    assert (found.code.source, found.code.commit, found.code.branch) == ("train.py", "abc123", "main")
    assert (found.code.dirty, found.code.entry_point) == (True, "train")
    assert (found.environment, found.target, found.image) == ("e1", "docker", "sha256:1")
    assert (found.job_id, found.exit_code, found.project) == ("job-7", 0, "churn")
    assert (found.note, found.models, found.artifacts) == ("better features", (), ())
    assert [data.name for data in found.run.inputs] == ["data/train.csv"]


def test_that_a_run_of_somebody_elses_tools_has_empty_fields_and_no_error(
    client: Client, new_run: Callable[..., Run]
) -> None:
    found = run_detail(client, new_run().id)
    assert (found.job_id, found.exit_code, found.environment, found.code.dirty) == (None, None, None, None)
    with pytest.raises(NotFound):
        run_detail(client, "f" * 32)


def test_that_a_runs_models_are_found_and_stand_in_its_tree(client: Client, logged_models: MadeModels) -> None:
    found = run_detail(client, logged_models.signed.run_id)
    assert [model.id for model in found.models] == [logged_models.signed.model_id]
    assert found.artifacts[0].model_id == logged_models.signed.model_id
    assert found.artifacts[0].is_dir


def test_that_histories_come_in_the_order_of_steps_with_nan_and_infinity(
    client: Client, new_run: Callable[..., Run]
) -> None:
    run = new_run()
    points = [Metric("loss", 3.0, 10, 2), Metric("loss", math.nan, 5, 1), Metric("loss", math.inf, 20, 3)]
    runs.log_batch(client, run.id, metrics=[*points, Metric("acc", 0.5, 1, 0)])
    found = histories(client, run.id, ["loss", "acc", "never logged"])
    assert found["loss"].steps.tolist() == [1, 2, 3]
    assert found["loss"].timestamps_ms.tolist() == [5, 10, 20]
    assert math.isnan(found["loss"].values[0])
    assert found["loss"].values[1:].tolist() == [3.0, math.inf]
    assert len(found["acc"]) == 1
    assert len(found["never logged"]) == 0
    assert not found["loss"].sampled


def test_that_a_live_run_is_asked_only_for_what_is_new(client: Client, new_run: Callable[..., Run]) -> None:
    run = new_run()
    runs.log_batch(client, run.id, metrics=[Metric("loss", 1.0 / (step + 1), step, step) for step in range(50)])
    known = histories(client, run.id, ["loss", "late"])
    assert extended(client, run.id, known)["loss"] is known["loss"]
    runs.log_batch(client, run.id, metrics=[Metric("loss", 0.0, 50, 50), Metric("late", 1.0, 50, 50)])
    later = extended(client, run.id, known)
    assert later["loss"].steps.tolist() == list(range(51))
    assert later["late"].values.tolist() == [1.0]


def test_that_a_very_long_history_is_sampled_and_says_so(
    client: Client, new_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(histories_room, "_EXACT", 1000)
    run = new_run()
    runs.log_batch(client, run.id, metrics=[Metric("loss", float(step), step, step) for step in range(5000)])
    found = histories(client, run.id, ["loss"])["loss"]
    assert found.sampled
    assert len(found) <= 2500
    assert (found.steps[0], found.steps[-1]) == (0, 4999)


def test_that_thinning_keeps_every_peak_the_order_and_the_limit() -> None:
    steps = np.arange(100_000)
    values = np.sin(steps / 1000)
    values[[777, 50_001, 99_000]] = [9.0, -9.0, 8.0]
    few_steps, few_values = thin(steps, values, 300)
    assert len(few_steps) <= 1200
    assert {9.0, -9.0, 8.0} <= set(few_values.tolist())
    assert (np.diff(few_steps) > 0).all()
    assert np.array_equal(values[few_steps], few_values)


def test_that_thinning_leaves_a_short_curve_as_it_is_and_copes_with_nan() -> None:
    steps, values = np.arange(5), np.array([1.0, math.nan, 2.0, math.inf, 3.0])
    assert thin(steps, values, 10)[1] is values
    long = np.where(np.arange(10_000) % 3 == 0, math.nan, 1.0)
    long[5000] = 7.0
    few_steps, few_values = thin(np.arange(10_000), long, 50)
    assert np.isfinite(few_values).all()
    assert 7.0 in few_values
    assert len(few_steps) == len(few_values) <= 200
    assert len(thin(np.arange(0), np.array([]), 10)[0]) == 0


def test_that_thinning_refuses_what_does_not_fit_together() -> None:
    with pytest.raises(Invalid, match="2 steps, but 3 values"):
        thin(np.arange(2), np.arange(3.0), 10)
    with pytest.raises(Invalid, match="0 pixels"):
        thin(np.arange(2), np.arange(2.0), 0)


def test_that_a_followed_run_shows_its_newest_points_for_one_request_at_a_time(
    client: Client, new_run: Callable[..., Run]
) -> None:
    run = new_run()

    def log(*steps: int) -> None:
        points = [Metric(key, float(step), 1000 + step, step) for step in steps for key in ("a", "b", "c")]
        runs.log_batch(client, run.id, metrics=points)

    def latest() -> Mapping[str, MetricPoint]:
        return runs.get(client, run.id).latest

    log(0, 2, 4)
    known = histories(client, run.id, ["a", "b", "c"])
    log(6)
    with Client("http://127.0.0.1:9") as nobody:
        known = followed(nobody, run.id, known, latest())
        assert all(list(known[key].steps) == [0, 2, 4, 6] for key in known)
        same = followed(nobody, run.id, known, latest())
        assert all(same[key] is known[key] for key in known)
    log(7, 8, 14)
    whole = list(histories(client, run.id, ["a"])["a"].steps)
    complete = []
    for _ in range(3):
        known = followed(client, run.id, known, latest())
        assert all(known[key].steps[-1] == 14 for key in known)
        complete.append(sum(list(known[key].steps) == whole for key in known))
    assert complete == [1, 2, 3]
    log(16, 18)
    known = followed(client, run.id, known, latest(), most=0)
    assert all(list(known[key].steps) == [*whole, 18] for key in known)
    ended = extended(client, run.id, known)
    assert all(list(ended[key].steps) == [*whole, 16, 18] and ended[key].gap is None for key in ended)


def test_that_a_followed_run_is_listed_again_once_it_ends(client: Client, new_run: Callable[..., Run]) -> None:
    run = new_run()
    before = run_detail(client, run.id)
    artifacts.upload(client, run.id, "a.txt", b"a")
    runs.set_tag(client, run.id, "mlflow.note.content", "half way")
    followed_once = run_detail(client, run.id, before)
    assert (followed_once.note, followed_once.artifacts) == ("half way", ())
    runs.update(client, run.id, status="FINISHED")
    assert [entry.path for entry in run_detail(client, run.id, followed_once).artifacts] == ["a.txt"]
    other = new_run()
    assert run_detail(client, other.id, before).run.id == other.id
