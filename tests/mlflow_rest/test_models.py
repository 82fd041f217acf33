"""Logged models and the registry on a real server."""

from __future__ import annotations

import uuid

import pytest

from longshore.errors import Conflict, Invalid, NotFound
from longshore.mlflow_rest import artifacts, registry, runs
from longshore.mlflow_rest import logged_models as models
from longshore.mlflow_rest.client import Client
from tests.support.models import MadeModels


@pytest.fixture
def name() -> str:
    return f"model {uuid.uuid4().hex[:8]}"


def test_that_a_runs_models_are_found_with_their_files(client: Client, logged_models: MadeModels) -> None:
    made = logged_models.signed
    (found,) = models.search(client, [made.experiment_id], run_id=made.run_id)
    assert (found.id, found.run_id, found.status) == (made.model_id, made.run_id, "READY")
    assert found.params["kind"] == "linear"
    assert runs.get(client, made.run_id).model_ids_out == (made.model_id,)
    assert "MLmodel" in {file.path for file in artifacts.listing_model(client, made.model_id)}
    assert b"signature" in artifacts.download_model(client, made.model_id, "MLmodel")
    assert {file.path for file in artifacts.listing_uri(client, found.artifact_uri)} == {
        file.path for file in artifacts.listing_model(client, made.model_id)
    }


def test_that_all_models_of_an_experiment_are_listed(client: Client, logged_models: MadeModels) -> None:
    found = models.search(client, [logged_models.signed.experiment_id])
    assert [found[0].id, found[1].id, len(found)] == [logged_models.signed.model_id, logged_models.better.model_id, 5]


def test_that_an_unknown_model_is_said_to_be_missing(client: Client) -> None:
    with pytest.raises(NotFound):
        models.get(client, "m-none")


def test_that_a_version_knows_its_model_and_its_aliases(client: Client, logged_models: MadeModels, name: str) -> None:
    made = logged_models.signed
    registry.create(client, name, "prices")
    version = registry.create_version(
        client, name, f"models:/{made.model_id}", run_id=made.run_id, model_id=made.model_id, tags={"a": "1"}
    )
    registry.create_version(client, name, f"models:/{logged_models.better.model_id}")
    registry.set_alias(client, name, "champion", version.version)
    first, second = registry.versions(client, name)
    assert (first.version, first.model_id, first.run_id, first.tags) == ("1", made.model_id, made.run_id, {"a": "1"})
    assert (first.aliases, second.aliases) == (("champion",), ())
    assert registry.by_alias(client, name, "champion") == registry.get_version(client, name, "1")
    model = registry.get(client, name)
    assert (model.aliases, model.latest, model.description) == ({"champion": "1"}, "2", "prices")
    assert artifacts.download_version(client, name, "1", "MLmodel", 13) == b"artifact_path"


def test_that_an_alias_can_be_moved_and_removed(client: Client, logged_models: MadeModels, name: str) -> None:
    registry.create(client, name)
    for made in (logged_models.signed, logged_models.better):
        registry.create_version(client, name, f"models:/{made.model_id}")
    registry.set_alias(client, name, "champion", "1")
    registry.set_alias(client, name, "champion", "2")
    assert registry.by_alias(client, name, "champion").version == "2"
    registry.delete_alias(client, name, "champion")
    with pytest.raises(NotFound, match="champion"):
        registry.by_alias(client, name, "champion")


def test_that_names_are_checked_by_the_registry(client: Client, name: str) -> None:
    registry.create(client, name)
    with pytest.raises(Conflict):
        registry.create(client, name)
    with pytest.raises(Invalid):
        registry.create(client, "a/b")
    with pytest.raises(NotFound):
        registry.get_version(client, name, "7")


@pytest.mark.parametrize("sign", ["'", '"', "\\", "`", "%", "_", "ä"])
def test_that_versions_are_found_whatever_the_name(
    client: Client, logged_models: MadeModels, name: str, sign: str
) -> None:
    odd = name + sign
    for one in (odd, name + "x"):
        registry.create(client, one)
        registry.create_version(client, one, f"models:/{logged_models.signed.model_id}")
    assert [version.name for version in registry.versions(client, odd)] == [odd]
    assert odd in {model.name for model in registry.listing(client)}


def test_that_tags_and_descriptions_of_versions_change(client: Client, logged_models: MadeModels, name: str) -> None:
    registry.create(client, name)
    registry.create_version(client, name, f"models:/{logged_models.signed.model_id}", tags={"old": "1"})
    registry.set_version_tag(client, name, "1", "new", "2")
    registry.delete_version_tag(client, name, "1", "old")
    registry.update_version(client, name, "1", "the first")
    registry.update(client, name, "all of them")
    version = registry.get_version(client, name, "1")
    assert (version.tags, version.description) == ({"new": "2"}, "the first")
    assert registry.get(client, name).description == "all of them"
    registry.delete_version(client, name, "1")
    registry.delete(client, name)
    assert name not in {model.name for model in registry.listing(client)}
