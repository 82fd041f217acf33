"""Layers and their order, by fast-sugiyama; the one module that knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Edge = tuple[int, int]

# What a passing edge takes of a node's breadth.
_DUMMY = 0.25


@dataclass(frozen=True)
class Placed:
    """One connected part: layer and centre across the flow of each node, and where long edges pass layers."""

    nodes: Mapping[int, tuple[int, float]]
    bends: Mapping[Edge, tuple[tuple[int, float], ...]]
    breadth: float


def place(part: Sequence[int], edges: Sequence[Edge], breadth_of: Callable[[int], float], gap: float) -> Placed:
    """Place one connected graph without cycles, loops and repeated edges (the library aborts the process on those)."""
    import fast_sugiyama

    # The library numbers its dummies from the count of nodes on, so ours are numbered without holes.
    local = {node: number for number, node in enumerate(part)}
    spacing = max(map(breadth_of, part)) + gap
    ((placed, _, _, linked),) = fast_sugiyama.from_edges(
        [(local[a], local[b]) for a, b in edges],
        minimum_length=1,
        vertex_spacing=spacing,
        dummy_vertices=True,
        dummy_size=_DUMMY,
    )
    positions = {int(node): (float(x), float(y)) for node, (x, y) in placed}
    links = [(int(a), int(b)) for a, b in linked or ()]
    layers = _layers(positions)
    across = {node: x for node, (x, _) in positions.items()}
    breadths = [breadth_of(node) for node in part]
    shift = min(across[number] - breadths[number] / 2 for number in range(len(part)))
    layer_of = {node: layer for layer, nodes in enumerate(layers) for node in nodes}
    spots = {node: (layer_of[node], across[node] - shift) for node in across}
    return Placed(
        nodes={node: spots[number] for node, number in local.items()},
        bends={
            (part[a], part[b]): tuple(spots[dummy] for dummy in between)
            for (a, b), between in _chains(len(part), links).items()
        },
        breadth=max(spots[number][1] + breadths[number] / 2 for number in range(len(part))),
    )


def _layers(positions: Mapping[int, tuple[float, float]]) -> list[list[int]]:
    """Group by layer, the first in the flow first (the library draws upwards), each in its order across."""
    by_height: dict[float, list[int]] = {}
    for node, (_, y) in positions.items():
        by_height.setdefault(round(y, 3), []).append(node)
    return [sorted(by_height[y], key=lambda node: (positions[node][0], node)) for y in sorted(by_height, reverse=True)]


def _chains(count: int, links: Sequence[Edge]) -> dict[Edge, tuple[int, ...]]:
    """Follow each edge over its dummies. A dummy has one way in and one way out."""
    onward = {a: b for a, b in links if a >= count}
    found = {}
    for source, step in links:
        if source >= count:
            continue
        between = []
        while step >= count:
            between.append(step)
            step = onward[step]
        if between:
            found[source, step] = tuple(between)
    return found
