"""Promotion on a real registry: through gates, with who, when and why kept."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from longshore.errors import Conflict, Invalid, NotFound
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest import registry as rest
from longshore.mlflow_rest.client import Client
from longshore.policies.gates import GATES, GateResult, evaluate
from longshore.policies.promotion import promote
from longshore.registry import audit, models
from longshore.registry.models import VersionInfo
from tests.support.models import MadeModels


@pytest.fixture
def name() -> str:
    return f"promoted {uuid.uuid4().hex[:8]}"


def test_that_a_good_version_is_promoted_and_the_record_kept(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    models.register(client, logged_models.better.run_id, name)
    first = promote(client, f"{name}/1", "champion", note="first", who="ada")
    second = promote(client, f"{name}/2", "champion", note="half the error ✓", who="grace")
    assert (first.promoted, first.previous_version) == (True, None)
    assert (second.promoted, second.previous_version) == (True, "1")
    assert second.version.aliases == ("champion",)
    assert models.version(client, f"{name}@champion").version == "2"
    latest, earlier = audit.trail(client, name)
    assert (latest.who, latest.note, latest.version, latest.previous_version) == ("grace", "half the error ✓", "2", "1")
    assert (earlier.who, earlier.version, earlier.previous_version) == ("ada", "1", None)
    assert [(gate["name"], gate["passed"]) for gate in latest.gates] == [("signature", True), ("run finished", True)]
    assert abs(latest.at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("which", "refusing", "word"),
    [
        ("unsigned", "signature", "infer_signature"),
        ("unfinished", "run finished", "still running"),
        ("failed", "run finished", "FAILED"),
    ],
)
def test_that_a_gate_refuses_with_its_reason_and_changes_nothing(
    client: Client, logged_models: MadeModels, name: str, which: str, refusing: str, word: str
) -> None:
    models.register(client, getattr(logged_models, which).run_id, name)
    result = promote(client, f"{name}/1", "champion")
    assert not result.promoted
    assert [gate.name for gate in result.gates if not gate.passed] == [refusing]
    assert word in next(gate.reason for gate in result.gates if not gate.passed)
    assert rest.get(client, name).aliases == {}
    assert audit.trail(client, name) == ()


def test_that_every_gate_is_asked_even_after_one_refused(client: Client, name: str) -> None:
    run = runs.create(client, experiments.ensure(client, name).id)
    rest.create(client, name)
    rest.create_version(client, name, f"{run.artifact_uri}/nothing", run_id=run.id)
    result = promote(client, f"{name}/1", "champion")
    assert [gate.passed for gate in result.gates] == [False, False]
    assert "cannot be read" in result.gates[0].reason


def test_that_a_version_without_a_run_is_refused(client: Client, logged_models: MadeModels, name: str) -> None:
    version = replace(models.register(client, logged_models.signed.run_id, name), run_id="")
    assert "No run is recorded" in evaluate(client, version)[1].reason


def test_that_a_deleted_runs_model_is_not_promoted(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.better.run_id, name)
    runs.delete(client, logged_models.better.run_id)
    try:
        result = promote(client, f"{name}/1", "champion")
    finally:
        runs.restore(client, logged_models.better.run_id)
    assert not result.promoted
    assert "trash" in result.gates[1].reason


def test_that_a_dry_run_asks_the_gates_and_changes_nothing(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    result = promote(client, f"{name}/1", "champion", dry_run=True)
    assert result.passed
    assert not result.promoted
    assert rest.get(client, name).aliases == {}


def test_that_an_alias_moved_since_it_was_looked_at_is_a_conflict(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    for made in (logged_models.signed, logged_models.better):
        models.register(client, made.run_id, name)
    rest.set_alias(client, name, "champion", "1")
    with pytest.raises(Conflict, match="no version and now points at version 1"):
        promote(client, f"{name}/2", "champion", seen_version=None)
    assert promote(client, f"{name}/2", "champion", seen_version="1").promoted


def test_that_an_alias_moved_while_the_gates_were_asked_is_a_conflict(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    for made in (logged_models.signed, logged_models.better):
        models.register(client, made.run_id, name)

    def slow_gate(client: Client, version: VersionInfo) -> GateResult:
        rest.set_alias(client, name, "champion", "1")
        return GateResult("slow", True, "It took its time.")

    with pytest.raises(Conflict, match="moved meanwhile"):
        promote(client, f"{name}/2", "champion", gates=(*GATES, slow_gate))
    assert rest.get(client, name).aliases == {"champion": "1"}
    assert audit.trail(client, name) == ()


def test_that_a_version_that_is_gone_in_the_last_moment_leaves_no_alias(
    client: Client, logged_models: MadeModels, name: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)

    def removing_gate(client: Client, version: VersionInfo) -> GateResult:
        rest.delete_version(client, name, "1")
        return GateResult("removing", True, "")

    with pytest.raises(NotFound):
        promote(client, f"{name}/1", "champion", gates=(removing_gate,))
    assert rest.get(client, name).aliases == {}


def test_that_who_promoted_is_known_without_asking(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.signed.run_id, name)
    assert promote(client, f"{name}/1", "champion").who
    assert audit.trail(client, name)[0].who


@pytest.mark.parametrize("alias", ["v1", "latest", "two words", ""])
def test_that_an_impossible_alias_is_refused_beside_the_field(
    client: Client, logged_models: MadeModels, name: str, alias: str
) -> None:
    models.register(client, logged_models.signed.run_id, name)
    with pytest.raises(Invalid):
        promote(client, f"{name}/1", alias)


def test_that_a_note_is_kept_up_to_its_limit(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.signed.run_id, name)
    with pytest.raises(Invalid, match="2001"):
        promote(client, f"{name}/1", "champion", note="x" * 2001)
    promote(client, f"{name}/1", "champion", note="ä" * 2000)
    assert audit.trail(client, name)[0].note == "ä" * 2000


def test_that_a_damaged_record_does_not_hide_the_others(client: Client, logged_models: MadeModels, name: str) -> None:
    models.register(client, logged_models.signed.run_id, name)
    promote(client, f"{name}/1", "champion", note="kept")
    for key, value in (("x", "{}"), ("20260101T000000000000", "not json"), ("20260101T000000000001", "[1]")):
        rest.set_version_tag(client, name, "1", audit.PREFIX + key, value)
    assert [entry.note for entry in audit.trail(client, name)] == ["kept"]


def test_that_an_unknown_version_cannot_be_promoted(client: Client, name: str) -> None:
    with pytest.raises(NotFound):
        promote(client, f"{name}/1", "champion")
