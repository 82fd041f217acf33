"""How the keyboard walks in a graph, what is on the focused path, what a search finds."""

from __future__ import annotations

from dataclasses import replace

from longshore.lineage.graph import Edge, Graph, Node
from longshore.ui.pages import lineage_story
from longshore.ui.pages.lineage_work import trimmed
from longshore.ui.widgets.graph_model import Card, Line, Picture

#   data ─┐
#   code ─┼─ train ─ model
#         └─ other
PLACES = {"data": (0, 0), "code": (0, 80), "train": (200, 0), "other": (200, 80), "model": (400, 0)}
LINKS = (("data", "train"), ("code", "train"), ("code", "other"), ("train", "model"))


def picture() -> Picture:
    return Picture(
        cards=tuple(Card(name, "run", name.capitalize(), f"fact of {name}") for name in PLACES),
        lines=tuple(Line(a, b, "leads to", ((0, 0), (0, 0), (0, 0), (0, 0))) for a, b in LINKS),
        boxes={name: (float(x), float(y), 168.0, 56.0) for name, (x, y) in PLACES.items()},
    )


def test_that_left_and_right_follow_the_edges_to_the_nearest_card() -> None:
    graph = picture()
    assert graph.next_to("train", "left") == "data"
    assert graph.next_to("train", "right") == "model"
    assert graph.next_to("code", "right") == "other"
    assert graph.next_to("model", "right") is None


def test_that_up_and_down_stay_in_the_column() -> None:
    graph = picture()
    assert graph.next_to("data", "down") == "code"
    assert graph.next_to("other", "up") == "train"
    assert graph.next_to("other", "down") is None


def test_that_a_graph_that_flows_downwards_is_walked_downwards() -> None:
    turned = {name: (float(y) * 3, float(x), 168.0, 56.0) for name, (x, y) in PLACES.items()}
    graph = replace(picture(), boxes=turned, flow="down")
    assert graph.next_to("data", "down") == "train"
    assert graph.next_to("model", "up") == "train"
    assert graph.next_to("data", "right") == "code"
    assert graph.next_to("other", "left") == "train"
    assert graph.next_to("data", "left") is None
    assert graph.matching("o") == ("data", "code", "train", "other", "model")


def test_that_the_arrow_keys_pass_over_what_is_filtered_out() -> None:
    graph = picture()
    assert graph.next_to("train", "left", frozenset({"data"})) == "code"
    assert graph.next_to("data", "down", frozenset({"code"})) is None


def test_that_the_first_arrow_key_selects_something() -> None:
    assert picture().next_to("", "right") == "data"


def test_that_the_focused_path_is_what_a_thing_was_made_from_and_led_to() -> None:
    assert picture().path_through("train") == {"data", "code", "train", "model"}
    assert picture().path_through("other") == {"code", "other"}


def test_that_a_search_finds_names_and_facts_from_left_to_right() -> None:
    graph = picture()
    assert graph.matching("FACT OF T") == ("train",)
    assert graph.matching("o") == ("data", "code", "train", "other", "model")
    assert graph.matching("  ") == ()


def test_that_what_is_beyond_the_depth_is_counted_on_the_cards() -> None:
    nodes = tuple(Node(name, "run", name, "", {}) for name in PLACES)
    graph = Graph("train", nodes, tuple(Edge(a, b, "leads to") for a, b in LINKS))
    shown, before, after = trimmed(graph, 0, 1)
    assert {node.id for node in shown.nodes} == {"train", "model"}
    assert before["train"] == 2
    assert not after


def test_that_the_inspector_says_what_depends_on_the_thing_in_the_middle() -> None:
    kinds = {"data": "dataset", "code": "code", "train": "run", "other": "run", "model": "model"}
    nodes = tuple(Node(name, kind, name, "", {}) for name, kind in kinds.items())
    graph = Graph("code", nodes, tuple(Edge(a, b, "leads to") for a, b in LINKS))
    assert lineage_story.impact(graph, graph.node("code")) == "2 runs and 1 model version depend on it."
    assert lineage_story.impact(graph, graph.node("model")) == "", "only the middle's results are all there"
