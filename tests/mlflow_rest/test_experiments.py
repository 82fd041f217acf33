"""Experiments on a real server."""

from __future__ import annotations

import uuid

from longshore.mlflow_rest import experiments
from longshore.mlflow_rest.client import Client


def test_that_an_experiment_is_made_once_and_keeps_its_tags(client: Client) -> None:
    name = f"it's \"{uuid.uuid4().hex[:8]}"
    first = experiments.ensure(client, name, {"longshore.project": "churn"})
    again = experiments.ensure(client, name, {"longshore.project": "churn", "more": "1"})
    assert first.id == again.id
    assert again.tags["longshore.project"] == "churn"
    assert again.tags["more"] == "1"
    assert first.artifact_location.startswith("mlflow-artifacts:/")


def test_that_a_deleted_experiment_comes_back_when_it_is_needed(client: Client) -> None:
    made = experiments.ensure(client, f"trash-{uuid.uuid4().hex[:8]}")
    experiments.delete(client, made.id)
    assert made.id in {one.id for one in experiments.listing(client, deleted=True)}
    assert experiments.ensure(client, made.name).lifecycle == "active"


def test_that_experiments_are_found_by_their_projects_tag(client: Client) -> None:
    project = f"project-{uuid.uuid4().hex[:8]}"
    made = {experiments.ensure(client, f"{project}-{n}", {"longshore.project": project}).id for n in range(3)}
    found = experiments.listing(client, f"tags.`longshore.project` = '{project}'")
    assert {one.id for one in found} == made
