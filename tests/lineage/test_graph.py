"""The graph around a thing, from facts on a real server and rows of a real home."""

from __future__ import annotations

import json
import socket

import pytest

from longshore.errors import Cancelled, Invalid, NotFound
from longshore.lineage import graph as lineage
from longshore.lineage.graph import Graph, around
from longshore.mlflow_rest import registry as rest
from longshore.mlflow_rest import runs
from longshore.mlflow_rest.client import Client
from longshore.progress import CancelToken
from longshore.registry import models
from longshore.settings import Home
from longshore.store import deployments
from tests.lineage.conftest import Story


def links(graph: Graph) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.relation, edge.target) for edge in graph.edges}


def ids(graph: Graph) -> set[str]:
    return {node.id for node in graph.nodes}


def test_that_a_model_version_shows_its_whole_life(home: Home, client: Client, story: Story) -> None:
    graph = around(home, client, story.model)
    assert {node.kind for node in graph.nodes} == set(lineage.KINDS)
    assert {
        (story.clean, "read by", story.train),
        (story.prepare, "wrote", story.clean),
        (story.commit, "used with uncommitted changes by", story.train),
        (story.environment, "used by", story.train),
        (story.train, "registered as", story.model),
        (story.model, "served as", story.deployment),
    } <= links(graph)
    assert graph.nodes[0].id == graph.focus == story.model
    assert story.raw not in ids(graph)
    assert not graph.truncated


def test_that_a_deployment_leads_back_to_the_raw_data(home: Home, client: Client, story: Story) -> None:
    graph = around(home, client, story.deployment, up=5)
    assert {story.raw, story.prepare, story.clean, story.train, story.model} <= ids(graph)
    assert (story.raw, "read by", story.prepare) in links(graph)


def test_that_data_leads_on_to_everything_made_from_it(home: Home, client: Client, story: Story) -> None:
    graph = around(home, client, story.raw, up=0, down=5)
    assert {story.prepare, story.clean, story.train, story.other, story.model, story.deployment} <= ids(graph)
    assert story.commit not in ids(graph)


def test_that_the_steps_are_counted(home: Home, client: Client, story: Story) -> None:
    assert ids(around(home, client, story.clean, up=0, down=0)) == {story.clean}
    assert ids(around(home, client, story.clean, up=1, down=0)) == {story.clean, story.prepare}
    assert ids(around(home, client, story.clean, up=0, down=1)) == {story.clean, story.train, story.other}
    assert story.raw in ids(around(home, client, story.clean, up=2, down=0))


@pytest.mark.parametrize("kind", ["commit", "environment"])
def test_that_code_and_environment_lead_to_their_runs(home: Home, client: Client, story: Story, kind: str) -> None:
    graph = around(home, client, getattr(story, kind), down=1)
    assert {story.prepare, story.train} <= ids(graph)
    assert graph.node(getattr(story, kind)).attributes


def test_that_uncommitted_changes_are_told_on_the_commit(home: Home, client: Client, story: Story) -> None:
    node = around(home, client, story.commit, down=1).node(story.commit)
    assert node.attributes["dirty"] is True
    assert node.attributes["branch"] == "main"
    assert node.fact == "main + changes"


@pytest.mark.parametrize("form", ["{full}", "{short}", "{bare}"])
def test_that_a_run_is_named_by_its_id_or_its_beginning(home: Home, client: Client, story: Story, form: str) -> None:
    run_id = story.prepare.removeprefix("run:")
    reference = form.format(full=story.prepare, short=f"run:{run_id[:10]}", bare=run_id[:10])
    graph = around(home, client, reference, up=0, down=0)
    assert graph.focus == story.prepare
    node = graph.node(story.prepare)
    assert (node.label, node.attributes["entry_point"], node.attributes["project"]) == (
        "prepare-1",
        "prepare",
        "prices",
    )


def test_that_a_version_is_named_by_its_alias_too(home: Home, client: Client, story: Story) -> None:
    name = story.model.removeprefix("model:").removesuffix("/1")
    for reference in (f"{name}@champion", f"model:{name}@champion", f"{name}/1"):
        assert around(home, client, reference, up=0, down=0).focus == story.model


def test_that_the_beginning_of_a_hash_is_enough(home: Home, client: Client, story: Story) -> None:
    for full in (story.commit, story.environment, story.clean):
        assert around(home, client, full[:-20], up=0, down=0).focus == full


def test_that_data_without_a_version_is_its_latest(home: Home, client: Client, story: Story) -> None:
    assert around(home, client, "dataset:data/clean.csv", up=0, down=0).focus.startswith("dataset:data/clean.csv@")


def test_that_written_data_tells_its_size(home: Home, client: Client, story: Story) -> None:
    for reference in (story.clean, story.train):
        node = around(home, client, reference, up=2, down=0).node(story.clean)
        assert node.attributes["size_bytes"] == 31_900
        assert (node.label, node.fact[8:]) == ("clean.csv", ", 31.9 kB")
        assert node.attributes["name"] == "data/clean.csv"


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("nonsense", Invalid),
        ("run:xyz", Invalid),
        ("model:price", Invalid),
        ("code:ab", Invalid),
        ("code:%%%%%", Invalid),
        ("run:" + "0" * 32, NotFound),
        ("model:none/1", NotFound),
        ("dataset:none.csv@abcd", NotFound),
        ('dataset:it\'s "odd"@abcd', NotFound),
        ("code:0000000", NotFound),
        ("environment:0000000", NotFound),
        ("deployment:none", NotFound),
    ],
)
def test_that_what_is_not_there_is_said(home: Home, client: Client, reference: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        around(home, client, reference)


def test_that_a_deployment_of_another_computer_is_known_by_its_tag(home: Home, client: Client, story: Story) -> None:
    name = story.model.removeprefix("model:").removesuffix("/1")
    served = [
        {"name": f"api-{story.key}", "host": socket.gethostname(), "url": "http://127.0.0.1:8412"},
        {"name": f"api-{story.key}", "host": "elsewhere", "url": "http://10.0.0.7:80"},
        "damaged",
    ]
    rest.set_version_tag(client, name, "1", "longshore.deployments", json.dumps(served))
    graph = around(home, client, story.model, up=0, down=1)
    assert ids(graph) == {story.model, story.deployment, f"{story.deployment}@elsewhere"}
    assert graph.node(story.deployment).attributes["state"] == "healthy"
    assert around(home, client, f"{story.deployment}@elsewhere").focus == f"{story.deployment}@elsewhere"


def test_that_a_stopped_deployment_is_no_longer_shown(home: Home, client: Client, story: Story) -> None:
    deployments.put(home, story.deployment.removeprefix("deployment:"), state="stopped")
    assert story.deployment not in ids(around(home, client, story.model))


def test_that_a_deployment_of_another_workspaces_model_of_that_name_is_not_shown(
    home: Home, client: Client, story: Story
) -> None:
    deployments.put(home, story.deployment.removeprefix("deployment:"), run_id="f" * 32)
    assert story.deployment not in ids(around(home, client, story.model))


def test_that_a_version_that_is_being_deployed_is_told_from_the_one_that_serves(
    home: Home, client: Client, story: Story
) -> None:
    name = story.model.removeprefix("model:").removesuffix("/1")
    models.register(client, story.train.removeprefix("run:"), name)
    deployments.put(home, story.deployment.removeprefix("deployment:"), model_version="2", state="building")
    graph = around(home, client, story.deployment, up=1)
    assert links(graph) == {
        (story.model, "served as", story.deployment),
        (f"model:{name}/2", "being deployed as", story.deployment),
    }


@pytest.mark.parametrize("tag", ["not json", "{}", '["x"]', '[{"md5": "1"}]', '[{"path": "a"}]'])
def test_that_a_damaged_outputs_tag_harms_nothing(home: Home, client: Client, story: Story, tag: str) -> None:
    runs.set_tag(client, story.prepare.removeprefix("run:"), "longshore.outputs", tag)
    assert ids(around(home, client, story.prepare, up=1, down=1)) >= {story.prepare, story.raw}


def test_that_a_deleted_run_is_still_named_as_the_maker(home: Home, client: Client, story: Story) -> None:
    run_id = story.train.removeprefix("run:")
    runs.delete(client, run_id)
    try:
        node = around(home, client, story.model, up=1, down=0).node(story.train)
    finally:
        runs.restore(client, run_id)
    assert node.attributes["deleted"] is True


def test_that_more_runs_than_a_picture_can_show_are_said_to_be_left_out(
    home: Home, client: Client, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longshore.lineage.facts.MOST_RUNS", 1)
    graph = around(home, client, story.clean, up=0, down=1)
    assert graph.truncated
    assert len(graph.nodes) == 2


def test_that_a_graph_is_never_larger_than_its_limit(
    home: Home, client: Client, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("longshore.lineage.walk.MOST_NODES", 3)
    graph = around(home, client, story.model)
    assert len(graph.nodes) == 3
    assert graph.truncated
    assert {edge.source for edge in graph.edges} | {edge.target for edge in graph.edges} <= ids(graph)


def test_that_the_walk_can_be_cancelled(home: Home, client: Client, story: Story) -> None:
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        around(home, client, story.model, cancel=cancel)


def made_model(client: Client, story: Story) -> str:
    """A model as `log_model` leaves it: known to the server, made by the story's other training."""
    experiment, run_id = runs.get(client, story.other[4:]).experiment_id, story.other[4:]
    body = {"experiment_id": experiment, "name": "net", "source_run_id": run_id}
    model_id = str(client.write("logged-models", body)["model"]["info"]["model_id"])
    client.write("runs/outputs", {"run_id": run_id, "models": [{"model_id": model_id, "step": 0}]})
    return model_id


def evaluation(client: Client, story: Story, model_id: str) -> str:
    """A run that loaded a model, as MLflow's `load_model` and the end of its job leave it."""
    experiment, tags = runs.get(client, story.other[4:]).experiment_id, {"longshore.models_used": f'["{model_id}"]'}
    run = runs.create(client, experiment, name="evaluate", tags=tags)
    client.write("runs/log-inputs", {"run_id": run.id, "models": [{"model_id": model_id}]})
    return f"run:{run.id}"


def test_that_a_run_that_loaded_a_registered_model_hangs_on_its_version(
    home: Home, client: Client, story: Story
) -> None:
    model_id = made_model(client, story)
    name = f"net-{story.key}"
    rest.create(client, name)
    rest.create_version(client, name, f"models:/{model_id}", run_id=story.other[4:], model_id=model_id)
    user, version = evaluation(client, story, model_id), f"model:{name}/1"
    chain = {(story.other, "registered as", version), (version, "used by", user)}
    assert chain <= links(around(home, client, user))
    assert chain <= links(around(home, client, story.other))


def test_that_a_run_that_loaded_an_unregistered_model_hangs_on_the_run_that_made_it(
    home: Home, client: Client, story: Story
) -> None:
    user = evaluation(client, story, made_model(client, story))
    link = (story.other, "made the model used by", user)
    assert link in links(around(home, client, user))
    assert link in links(around(home, client, story.other))
