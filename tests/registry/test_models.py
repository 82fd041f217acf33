"""Registering real models and reading them back."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from longshore.errors import Cancelled, Conflict, Invalid, NotFound
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest import registry as rest
from longshore.mlflow_rest.client import Client
from longshore.progress import CancelToken
from longshore.registry import files, models
from longshore.registry.signature import Field
from tests.support.models import MadeModels


@pytest.fixture
def name() -> str:
    return f"price {uuid.uuid4().hex[:8]}"


def test_that_a_registered_model_is_told_in_full(client: Client, logged_models: MadeModels, name: str) -> None:
    made = logged_models.signed
    version = models.register(client, made.run_id, name)
    assert (version.reference, version.run_id, version.model_id) == (f"{name}/1", made.run_id, made.model_id)
    assert version.signature is not None
    assert version.signature.inputs == (Field("rooms", "double"), Field("floor", "long"), Field("city", "long"))
    assert version.signature.outputs == (Field("price", "double"),)
    assert version.metrics == {"rmse": 0.5}
    assert version.params == {"kind": "linear", "seed": "7"}
    assert "sklearn" in version.flavors
    assert any(line.startswith("scikit-learn==") for line in version.requirements)
    assert version.size_bytes and version.detailed and not version.problem
    assert version.created_at is not None


def test_that_each_registration_makes_the_next_version(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.signed.run_id, name)
    models.register(client, logged_models.better.run_id, name)
    models.set_alias(client, f"{name}/1", "champion")
    (model,) = [model for model in models.listing(client) if model.name == name]
    assert [(version.version, version.aliases) for version in model.versions] == [("2", ()), ("1", ("champion",))]
    assert [version.metrics["rmse"] for version in model.versions] == [0.25, 0.5]
    assert models.version(client, f"{name}@champion").version == "1"
    assert models.version(client, f"model:{name}/2").run_id == logged_models.better.run_id


def test_that_a_run_without_a_model_says_how_to_log_one(client: Client, logged_models: MadeModels, name: str) -> None:
    with pytest.raises(Invalid, match="logged no model") as caught:
        models.register(client, logged_models.without_model.run_id, name)
    assert "log_model" in str(caught.value.hint)
    with pytest.raises(NotFound):
        rest.get(client, name)


def test_that_a_wrong_model_path_is_answered_with_those_there_are(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    with pytest.raises(Invalid) as caught:
        models.register(client, logged_models.signed.run_id, name, model_path="other")
    assert caught.value.hint == "Its models: model."
    assert models.register(client, logged_models.signed.run_id, name, model_path="model").version == "1"


@pytest.mark.parametrize("bad", ["", "  ", "a/b", "a:b"])
def test_that_a_name_that_mlflow_refuses_leaves_nothing_behind(
    client: Client, logged_models: MadeModels, bad: str
) -> None:
    before = {model.name for model in rest.listing(client)}
    with pytest.raises(Invalid):
        models.register(client, logged_models.signed.run_id, bad)
    assert {model.name for model in rest.listing(client)} == before


def test_that_an_unknown_run_is_said_to_be_missing(client: Client, name: str) -> None:
    with pytest.raises(NotFound):
        models.register(client, "0" * 32, name)


def test_that_a_model_among_a_runs_artifacts_can_be_registered_too(client: Client, name: str) -> None:
    """MLflow 2 logged models as a folder of the run."""
    run = runs.create(client, experiments.ensure(client, f"old-{uuid.uuid4().hex[:8]}").id)
    inputs = '\'[{"type": "double", "name": "x"}]\''
    artifacts.upload_many(
        client,
        run.id,
        {
            "model/MLmodel": f"flavors:\n  python_function: {{}}\nsignature:\n  inputs: {inputs}\n".encode(),
            "model/data/weights.bin": b"12345",
            "plots/a.txt": b"x",
        },
    )
    version = models.register(client, run.id, name)
    assert version.signature is not None
    assert version.signature.inputs == (Field("x", "double"),)
    assert {file.path for file in files.listing(client, version)} == {"MLmodel", "data/weights.bin"}
    assert version.requirements == ()


def test_that_a_version_registered_elsewhere_knows_its_run(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    rest.create(client, name)
    rest.create_version(client, name, f"models:/{logged_models.signed.model_id}")
    assert models.version(client, f"{name}/1").run_id == logged_models.signed.run_id


def test_that_a_version_whose_files_are_gone_can_still_be_looked_at(client: Client, name: str) -> None:
    run = runs.create(client, experiments.ensure(client, f"gone-{uuid.uuid4().hex[:8]}").id)
    rest.create(client, name)
    rest.create_version(client, name, f"{run.artifact_uri}/nothing", run_id=run.id)
    version = models.version(client, f"{name}/1")
    assert version.signature is None
    assert "MLmodel" in version.problem


def test_that_a_versions_files_are_copied_whole(
    client: Client, logged_models: MadeModels, name: str, tmp_path: Path
) -> None:
    version = models.register(client, logged_models.signed.run_id, name)
    told: list[float | None] = []
    copied = files.fetch(client, version, tmp_path / "model", progress=lambda part, _: told.append(part))
    assert {"MLmodel", "model.skops", "requirements.txt"} <= {file.path for file in copied}
    for file in copied:
        assert (tmp_path / "model" / file.path).stat().st_size == file.size_bytes
    assert told[-1] == 1.0


def test_that_copying_a_versions_files_can_be_cancelled(
    client: Client, logged_models: MadeModels, name: str, tmp_path: Path
) -> None:
    version = models.register(client, logged_models.signed.run_id, name)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        files.fetch(client, version, tmp_path, cancel=cancel)


def test_that_the_versions_of_a_run_are_found(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.better.run_id, name)
    found = models.of_run(client, logged_models.better.run_id)
    assert f"{name}/1" in {version.reference for version in found}


def test_that_an_alias_is_removed_and_missed_afterwards(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.signed.run_id, name)
    models.set_alias(client, f"{name}/1", "champion")
    models.remove_alias(client, name, "champion")
    with pytest.raises(NotFound, match="champion"):
        models.remove_alias(client, name, "champion")


def test_that_a_name_that_was_made_by_another_meanwhile_is_used(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    rest.create(client, name)
    with pytest.raises(Conflict):
        rest.create(client, name)
    assert models.register(client, logged_models.signed.run_id, name).version == "1"
