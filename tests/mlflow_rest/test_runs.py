"""Runs and their values go to a real server and come back as they were."""

from __future__ import annotations

import math
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import experiments, metrics, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput, Experiment, Metric

ON_ONE_SERVER = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def experiment(client: Client) -> Experiment:
    return experiments.ensure(client, f"runs-{uuid.uuid4().hex[:8]}")


def test_that_a_run_comes_back_with_everything_it_was_given(client: Client, experiment: Experiment) -> None:
    started = datetime(2026, 3, 4, 5, 6, 7, 890000, tzinfo=UTC)
    run = runs.create(client, experiment.id, name="first", tags={"longshore.job": "j1"}, start_time=started, user="ada")
    runs.log_batch(client, run.id, metrics=[Metric("rmse", 0.5, 1000, 3)], params={"depth": "4"}, tags={"a": "b"})
    runs.log_inputs(client, run.id, [DatasetInput("data/train.csv", "d41d8", "local", '{"uri": "x"}', "training")])
    runs.update(client, run.id, status="FINISHED", end_time=started + timedelta(seconds=90), name="renamed")
    found = runs.get(client, run.id)
    assert (found.name, found.status, found.user) == ("renamed", "FINISHED", "ada")
    assert (found.start_time, found.duration_s) == (started, 90.0)
    assert (found.params, found.metrics) == ({"depth": "4"}, {"rmse": 0.5})
    assert found.tags["longshore.job"] == "j1"
    assert found.inputs == (DatasetInput("data/train.csv", "d41d8", "local", '{"uri": "x"}', "training"),)


@ON_ONE_SERVER
# The largest float itself is how the store writes an infinity.
@given(value=st.floats().filter(lambda value: abs(value) != sys.float_info.max))
def test_that_any_float_survives_the_journey(client: Client, experiment: Experiment, value: float) -> None:
    run = runs.create(client, experiment.id)
    runs.log_batch(client, run.id, metrics=[Metric("m", value, 1, 0)])
    latest = runs.get(client, run.id).metrics["m"]
    point = metrics.history(client, run.id, "m")[0].value
    for found in (latest, point):
        assert found == value or (math.isnan(found) and math.isnan(value))


@ON_ONE_SERVER
@given(value=st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), min_size=1, max_size=60))
def test_that_a_run_is_found_by_whatever_its_tag_says(client: Client, experiment: Experiment, value: str) -> None:
    run = runs.create(client, experiment.id, tags={"longshore.job": value})
    runs.create(client, experiment.id, tags={"longshore.job": value + "x"})
    found = runs.find_by_tag(client, "longshore.job", value, [experiment.id])
    assert run.id in {one.id for one in found}
    assert {one.tags["longshore.job"] for one in found} == {value}


def test_that_a_run_is_found_by_its_tag_in_any_experiment(client: Client, experiment: Experiment) -> None:
    other = experiments.ensure(client, f"other-{uuid.uuid4().hex[:8]}")
    job = uuid.uuid4().hex
    made = {runs.create(client, place.id, tags={"longshore.job": job}).id for place in (experiment, other)}
    assert {run.id for run in runs.find_by_tag(client, "longshore.job", job)} == made


def test_that_more_values_than_one_request_takes_are_all_kept(client: Client, experiment: Experiment) -> None:
    run = runs.create(client, experiment.id)
    points = [Metric("loss", float(step), step + 1, step) for step in range(2500)]
    params = {f"p{number}": str(number) for number in range(230)}
    runs.log_batch(client, run.id, metrics=points, params=params, tags={f"t{number}": "x" for number in range(120)})
    found = runs.get(client, run.id)
    assert found.params == params
    assert sum(key.startswith("t") for key in found.tags) == 120
    assert [point.step for point in metrics.history(client, run.id, "loss")] == list(range(2500))


def test_that_a_search_can_be_continued_page_by_page(client: Client) -> None:
    place = experiments.ensure(client, f"pages-{uuid.uuid4().hex[:8]}")
    for number in range(5):
        run = runs.create(client, place.id)
        runs.log_batch(client, run.id, metrics=[Metric("m", number, 1)])
    first = runs.search(client, [place.id], order_by=["metrics.m DESC"], max_results=3)
    second = runs.search(client, [place.id], order_by=["metrics.m DESC"], max_results=3, page_token=first.next_token)
    assert [run.metrics["m"] for run in first.runs + second.runs] == [4, 3, 2, 1, 0]
    assert second.next_token is None


def test_that_a_filter_that_is_none_is_refused_in_the_servers_words(client: Client, experiment: Experiment) -> None:
    with pytest.raises(Invalid, match="rmse"):
        runs.search(client, [experiment.id], filter="rmse <<< 3")


def test_that_a_parameter_cannot_be_changed_afterwards(client: Client, experiment: Experiment) -> None:
    run = runs.create(client, experiment.id)
    runs.log_batch(client, run.id, params={"depth": "4"})
    with pytest.raises(Invalid, match="depth"):
        runs.log_batch(client, run.id, params={"depth": "5"})


def test_that_a_deleted_run_is_out_of_sight_until_it_is_restored(client: Client, experiment: Experiment) -> None:
    run = runs.create(client, experiment.id, tags={"longshore.job": "gone"})
    runs.delete(client, run.id)
    assert runs.find_by_tag(client, "longshore.job", "gone", [experiment.id]) == ()
    assert [one.id for one in runs.search_all(client, [experiment.id], deleted=True)] == [run.id]
    runs.restore(client, run.id)
    assert runs.get(client, run.id).lifecycle == "active"


def test_that_an_unknown_run_is_said_to_be_missing(client: Client) -> None:
    with pytest.raises(NotFound, match="no-such-run"):
        runs.get(client, "no-such-run")


def test_that_a_metric_without_values_has_an_empty_history(client: Client, experiment: Experiment) -> None:
    run = runs.create(client, experiment.id)
    assert metrics.history(client, run.id, "nothing") == ()


def test_that_a_removed_tag_is_gone(client: Client, experiment: Experiment) -> None:
    run = runs.create(client, experiment.id, tags={"a": "1"})
    runs.set_tag(client, run.id, "b", "2")
    runs.delete_tag(client, run.id, "a")
    tags = runs.get(client, run.id).tags
    assert "a" not in tags
    assert tags["b"] == "2"
