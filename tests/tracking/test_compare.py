"""Comparing runs: what differs is there, what is the same is not."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from longshore.errors import Invalid, NotFound
from longshore.mlflow_rest import artifacts, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import DatasetInput, Metric, Run
from longshore.tracking.compare import compare

PATCH = "--- a/train.py\n+++ b/train.py\n@@ -1 +1,2 @@\n-depth = 3\n+depth = 4\n+seed = 1\n"


@pytest.fixture
def two(client: Client, new_run: Callable[..., Run]) -> tuple[Run, Run]:
    same = {"mlflow__source__git__commit": "abc", "longshore__entry_point": "train", "team": "blue"}
    first = new_run(**same, longshore__environment="e1", longshore__git__dirty="false", owner="ada")
    second = new_run(**same, longshore__environment="e2", longshore__git__dirty="true", longshore__job="j2")
    runs.log_batch(
        client,
        first.id,
        params={"depth": "3", "seed": "7", "only first": "x"},
        metrics=[Metric("rmse", 0.5, 1), Metric("nan", math.nan, 1), Metric("same", 1.0, 1)],
    )
    runs.log_batch(
        client,
        second.id,
        params={"depth": "4", "seed": "7"},
        metrics=[Metric("rmse", 0.25, 1), Metric("nan", math.nan, 1), Metric("same", 1.0, 1)],
    )
    runs.log_inputs(client, first.id, [DatasetInput("data/a.csv", "1111"), DatasetInput("data/same.csv", "0000")])
    runs.log_inputs(client, second.id, [DatasetInput("data/a.csv", "2222"), DatasetInput("data/same.csv", "0000")])
    artifacts.upload(
        client, first.id, "longshore/environment.lock", b"numpy==2.0.0\npandas==2.2.0\nTyping.extensions==4.1\n"
    )
    artifacts.upload(
        client,
        second.id,
        "longshore/environment.lock",
        b"numpy==2.1.0\npandas==2.2.0  # via x\ntyping_extensions==4.1\n",
    )
    artifacts.upload(client, second.id, "longshore/patch.diff", PATCH.encode())
    return runs.get(client, first.id), runs.get(client, second.id)


def test_that_only_what_differs_is_shown_by_run(client: Client, two: tuple[Run, Run]) -> None:
    first, second = (run.id for run in two)
    found = compare(client, [first, second[:16]])
    assert [row.run_id for row in found.runs] == [first, second]
    assert found.params == {"depth": {first: "3", second: "4"}, "only first": {first: "x"}}
    assert found.metrics == {"rmse": {first: 0.5, second: 0.25}}
    assert found.tags == {"owner": {first: "ada"}}
    assert found.data == {"data/a.csv": {first: "1111", second: "2222"}}


def test_that_code_and_packages_are_compared_by_what_was_captured(client: Client, two: tuple[Run, Run]) -> None:
    first, second = (run.id for run in two)
    found = compare(client, [first, second])
    assert list(found.code) == ["uncommitted changes"]
    assert found.code["uncommitted changes"][second].startswith("3 lines (")
    assert found.environment == {
        "environment": {first: "e1", second: "e2"},
        "numpy": {first: "2.0.0", second: "2.1.0"},
    }


def test_that_two_patches_of_one_commit_are_told_apart_and_one_patch_twice_is_the_same(
    client: Client, new_run: Callable[..., Run]
) -> None:
    made = [new_run(mlflow__source__git__commit="abc", longshore__git__dirty="true") for _ in range(3)]
    for run, patch in zip(made, (PATCH, PATCH, PATCH.replace("4", "5")), strict=True):
        artifacts.upload(client, run.id, "longshore/patch.diff", patch.encode())
    assert compare(client, [made[0].id, made[1].id]).code == {}
    assert len(compare(client, [made[0].id, made[2].id]).code["uncommitted changes"]) == 2


def test_that_fewer_than_two_runs_and_unknown_ones_are_refused(client: Client, two: tuple[Run, Run]) -> None:
    with pytest.raises(Invalid, match="two different runs"):
        compare(client, [two[0].id, two[0].id[:12]])
    with pytest.raises(NotFound, match="There is no run"):
        compare(client, [two[0].id, "f" * 32])


def test_that_what_is_the_same_in_all_runs_is_there_apart(client: Client, two: tuple[Run, Run]) -> None:
    found = compare(client, [run.id for run in two]).same
    assert found["params"] == {"seed": "7"}
    assert found["metrics"]["same"] == 1.0
    assert math.isnan(float(found["metrics"]["nan"]))
    assert found["tags"] == {"team": "blue"}
    assert found["data"] == {"data/same.csv": "0000"}
