"""Drawn graphs: nothing overlaps, the flow has one direction, and a picture stays as it was."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from longshore.graphs.layout import Box, Layout, layered
from longshore.graphs.order import acyclic, components

CARD = (168.0, 56.0)
LINEAGE = [("data", "prepare"), ("prepare", "train"), ("code", "train"), ("train", "model"), ("data", "model")]


def cards(edges: list[tuple[str, str]]) -> dict[str, tuple[float, float]]:
    return dict.fromkeys((node for edge in edges for node in edge), CARD)


def overlap(a: Box, b: Box) -> bool:
    slack = 1e-6
    return (
        a.x < b.x + b.width - slack
        and b.x < a.x + a.width - slack
        and a.y < b.y + b.height - slack
        and b.y < a.y + a.height - slack
    )


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[int, tuple[float, float]], list[tuple[int, int]]]:
    """Any small graph: with cycles, loops, repeated edges, nodes alone and of different sizes."""
    count = draw(st.integers(1, 14))
    node = st.integers(0, count - 1)
    size = st.tuples(st.sampled_from([40.0, 168.0]), st.sampled_from([20.0, 56.0, 90.0]))
    return {n: draw(size) for n in range(count)}, draw(st.lists(st.tuples(node, node), max_size=30))


@settings(deadline=None, max_examples=200)
@given(graph=graphs(), direction=st.sampled_from(["right", "down"]))
def test_that_no_two_nodes_ever_overlap_and_all_is_inside(graph, direction) -> None:  # type: ignore[no-untyped-def]
    sizes, edges = graph
    drawn = layered(sizes, edges, direction=direction)
    assert set(drawn.boxes) == set(sizes)
    for a, b in combinations(drawn.boxes.values(), 2):
        assert not overlap(a, b)
    for name, box in drawn.boxes.items():
        assert (box.width, box.height) == sizes[name]
        assert box.x >= -1e-6 and box.y >= -1e-6
        assert box.x + box.width <= drawn.width + 1e-6
        assert box.y + box.height <= drawn.height + 1e-6


@settings(deadline=None, max_examples=200)
@given(graph=graphs())
def test_that_every_edge_is_drawn_from_its_source_to_its_target(graph) -> None:  # type: ignore[no-untyped-def]
    sizes, edges = graph
    drawn = layered(sizes, edges)
    assert [(path.source, path.target) for path in drawn.edges] == list(dict.fromkeys(edges))
    for path in drawn.edges:
        assert len(path.points) % 3 == 1
        for point, node in ((path.points[0], path.source), (path.points[-1], path.target)):
            box = drawn.boxes[node]
            assert min(abs(point[0] - box.x), abs(point[0] - box.x - box.width)) < 1e-6
            assert box.y - 1e-6 <= point[1] <= box.y + box.height + 1e-6


@settings(deadline=None)
@given(edges=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=40))
def test_that_a_graph_with_its_cycles_broken_can_be_sorted(edges: list[tuple[int, int]]) -> None:
    from graphlib import TopologicalSorter

    sorter: TopologicalSorter[int] = TopologicalSorter()
    forward = acyclic(10, edges)
    for source, target in forward:
        sorter.add(target, source)
    assert len(list(sorter.static_order())) <= 10
    assert {frozenset(edge) for edge in forward} == {frozenset(edge) for edge in edges if edge[0] != edge[1]}


def test_that_a_graph_without_cycles_keeps_every_edge_as_it_is() -> None:
    edges = [(3, 1), (1, 0), (3, 0), (2, 0)]
    assert sorted(acyclic(4, edges)) == sorted(edges)


def test_that_parts_are_told_apart() -> None:
    assert components(5, [(0, 3), (4, 3)]) == [[0, 3, 4], [1], [2]]


def test_that_lineage_runs_left_to_right() -> None:
    drawn = layered(cards(LINEAGE), LINEAGE)
    for source, target in LINEAGE:
        assert drawn.boxes[source].x + CARD[0] + 32 <= drawn.boxes[target].x
    assert drawn.layers == {"data": 0, "prepare": 1, "code": 1, "train": 2, "model": 3}


def test_that_pipelines_run_top_to_bottom() -> None:
    drawn = layered(cards(LINEAGE), LINEAGE, direction="down", column_gap=32, row_gap=40)
    for source, target in LINEAGE:
        assert drawn.boxes[source].y + CARD[1] + 40 <= drawn.boxes[target].y


def test_that_a_long_edge_goes_round_the_nodes_between() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d")]
    drawn = layered(cards(edges), edges)
    (path,) = [path for path in drawn.edges if (path.source, path.target) == ("a", "d")]
    for point in path.points[3:-3:3]:
        for box in drawn.boxes.values():
            assert not (box.x < point[0] < box.x + box.width and box.y < point[1] < box.y + box.height)


def test_that_a_cycle_is_drawn_with_one_edge_running_back() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "a")]
    drawn = layered(cards(edges), edges)
    back = [path for path in drawn.edges if path.points[0][0] > path.points[-1][0]]
    assert [(path.source, path.target) for path in back] == [("c", "a")]


def test_that_edges_to_unknown_nodes_are_left_out() -> None:
    assert layered({"a": CARD}, [("a", "nowhere"), ("nowhere", "a")]).edges == ()


def test_that_an_empty_graph_is_an_empty_picture() -> None:
    assert layered({}, []) == Layout({}, (), {}, 0.0, 0.0)


def test_that_many_nodes_without_edges_make_no_tower() -> None:
    drawn = layered(dict.fromkeys(map(str, range(100)), CARD), [])
    assert drawn.height < drawn.width


@pytest.mark.parametrize("seed", ["0", "1"])
def test_that_a_picture_is_the_same_in_every_process(seed: str) -> None:
    program = (
        "from longshore.graphs.layout import layered\n"
        "names = [f'n{i}' for i in range(60)]\n"
        "edges = [(names[i * 7 % i], names[i]) for i in range(1, 60)] + "
        "[(names[i * 5 % 60], names[i * 3 % 60]) for i in range(40)]\n"
        "edges += [(names[i // 2], names[i]) for i in range(1, 60)]\n"
        "print(layered(dict.fromkeys(names, (168, 56)), edges))\n"
    )
    programs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in (seed, "77")
    ]
    assert programs[0] == programs[1]
    assert len(programs[0]) > 1000


def test_that_five_hundred_nodes_are_laid_out_while_one_waits() -> None:
    edges = [(number // 3, number) for number in range(1, 500)] + [(number, number + 9) for number in range(490)]
    started = time.process_time()  # its own time: other tests run beside it
    layered(dict.fromkeys(range(500), CARD), edges)
    assert time.process_time() - started < 5


def test_that_a_long_edge_passes_a_card_without_cutting_its_corner() -> None:
    edges = [("a", "b"), ("b", "c"), ("a", "c")]
    drawn = layered(cards(edges), edges)
    (path,) = [path for path in drawn.edges if (path.source, path.target) == ("a", "c")]
    card = drawn.boxes["b"]
    beside = [y for x, y in path.points if card.x < x < card.x + card.width]
    assert all(y < card.y or y > card.y + card.height for y in beside)
    assert {card.x, card.x + card.width} <= {x for x, _ in path.points}
