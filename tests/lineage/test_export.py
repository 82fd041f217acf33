"""What leaves: strict JSON, a picture that stands alone, events in OpenLineage's words."""

from __future__ import annotations

import json
import math
import uuid
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.graphs.svg import elided
from longshore.lineage import export
from longshore.lineage.graph import KINDS, Edge, Graph, Node, around
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from tests.lineage.conftest import Story

SVG = "{http://www.w3.org/2000/svg}"


def test_that_json_has_the_promised_keys(home: Home, client: Client, story: Story) -> None:
    found = json.loads(json.dumps(export.to_json(around(home, client, story.model)), allow_nan=False))
    assert {"id", "kind", "label", "attributes"} <= set(found["nodes"][0])
    assert {"from": story.train, "to": story.model, "relation": "registered as"} in found["edges"]
    run = next(node for node in found["nodes"] if node["id"] == story.train)
    assert run["attributes"]["metrics"] == {"rmse": 0.5, "worst": "Infinity"}
    assert run["attributes"]["start_time"].endswith("Z")


def test_that_numbers_that_json_lacks_become_mlflows_words() -> None:
    values = {"a": math.nan, "b": [math.inf, -math.inf], "c": datetime(2026, 1, 2, tzinfo=UTC)}
    assert export.plain(values) == {"a": "NaN", "b": ["Infinity", "-Infinity"], "c": "2026-01-02T00:00:00Z"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_that_the_picture_shows_every_node_and_edge(home: Home, client: Client, story: Story, theme: str) -> None:
    graph = around(home, client, story.model)
    root = ElementTree.fromstring(export.to_svg(graph, theme))
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    for node in graph.nodes:
        assert f"{node.kind}: {node.label} ({node.fact})" in titles
    assert len([path for path in root.iter(f"{SVG}path") if path.get("marker-end")]) == len(graph.edges)


ANY_TEXT = st.text(st.characters(blacklist_categories=("Cs",)), max_size=60)


@settings(deadline=None, max_examples=60)
@given(label=ANY_TEXT, fact=ANY_TEXT, kind=st.sampled_from(KINDS))
def test_that_the_picture_is_well_formed_whatever_the_names(label: str, fact: str, kind: str) -> None:
    graph = Graph("a", (Node("a", kind, label, fact, {}), Node("b", "run", "b", "", {})), (Edge("a", "b", label),))
    ElementTree.fromstring(export.to_svg(graph))


@given(text=st.text(max_size=80), room=st.integers(3, 40))
def test_that_a_long_name_is_cut_in_its_middle(text: str, room: int) -> None:
    short = elided(text, room)
    assert len(short) <= max(room, 3)
    if len(text) > room:
        assert "…" in short
        assert short[0] == text[0]
        assert short[-1] == text[-1]


def test_that_each_run_is_an_openlineage_event(home: Home, client: Client, story: Story) -> None:
    found = json.loads(json.dumps(export.to_openlineage(around(home, client, story.model)), allow_nan=False))
    by_run = {event["run"]["runId"]: event for event in found["events"] if "run" in event}
    train = by_run[str(uuid.UUID(story.train.removeprefix("run:")))]
    assert train["eventType"] == "COMPLETE"
    assert (train["job"]["namespace"], train["job"]["name"]) == ("prices", "train")
    assert "data/clean.csv" in {dataset["name"] for dataset in train["inputs"]}
    assert story.model.split(":")[1].split("/")[0] in {dataset["name"] for dataset in train["outputs"]}
    prepare = by_run[str(uuid.UUID(story.prepare.removeprefix("run:")))]
    assert prepare["outputs"][0]["facets"]["version"]["datasetVersion"] == story.clean.rpartition("@")[2]


def test_that_a_deployment_is_an_openlineage_job(home: Home, client: Client, story: Story) -> None:
    events = export.to_openlineage(around(home, client, story.deployment))["events"]
    (job,) = [event for event in events if "run" not in event]
    assert job["schemaURL"].endswith("JobEvent")
    assert job["job"]["facets"]["longshore_deployment"]["url"] == "http://127.0.0.1:8412"
    assert [dataset["namespace"] for dataset in job["inputs"]] == ["longshore.models"]


def test_that_every_facet_says_who_made_it_and_by_which_schema(home: Home, client: Client, story: Story) -> None:
    def facets(value: object) -> list[dict[str, object]]:
        if isinstance(value, list):
            return [facet for inner in value for facet in facets(inner)]
        if not isinstance(value, dict):
            return []
        own = list(value["facets"].values()) if isinstance(value.get("facets"), dict) else []
        return own + [facet for key, inner in value.items() if key != "facets" for facet in facets(inner)]

    found = facets(export.to_openlineage(around(home, client, story.model, up=5)))
    assert len(found) > 5
    assert all(facet["_producer"] and facet["_schemaURL"] for facet in found)
