"""Layered layout of directed graphs: every edge leads to a later layer, nothing overlaps, the same input looks the same."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Literal, TypeVar

from longshore.graphs.order import acyclic, components
from longshore.graphs.solver import Placed, place

N = TypeVar("N", bound=Hashable)
Point = tuple[float, float]
Direction = Literal["right", "down"]

# Between two graphs that hang together by no edge.
_PART_GAP = 2.0


@dataclass(frozen=True)
class Box:
    """Where a node stands: its top left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class EdgePath(Generic[N]):
    """How an edge runs: a start, then cubic Bezier pieces of two control points and an end each."""

    source: N
    target: N
    points: tuple[Point, ...]  # 1 + 3 * pieces


@dataclass(frozen=True)
class Layout(Generic[N]):
    """A drawn graph; everything lies between (0, 0) and (width, height), y grows downwards."""

    boxes: Mapping[N, Box]
    edges: tuple[EdgePath[N], ...]
    layers: Mapping[N, int]  # 0 is the first in the flow's direction
    width: float
    height: float


def layered(
    nodes: Mapping[N, tuple[float, float]],
    edges: Iterable[tuple[N, N]],
    *,
    direction: Direction = "right",
    column_gap: float = 32.0,
    row_gap: float = 24.0,
) -> Layout[N]:
    """Lay out a directed graph in layers, along the direction of its edges.

    `nodes` gives width and height of each; edges may form cycles, repeat, or be loops; those to unknown nodes are
    left out. Parts without a connection stand one after the other across the flow.
    """
    names = list(nodes)
    numbers = {name: number for number, name in enumerate(names)}
    wanted = [(numbers[a], numbers[b]) for a, b in dict.fromkeys(edges) if a in numbers and b in numbers]
    # Worked out along the flow ("length") and across it ("breadth"); turned at the end.
    turned = direction == "down"
    sizes = [(height, width) if turned else (width, height) for width, height in nodes.values()]
    gaps = (row_gap, column_gap) if turned else (column_gap, row_gap)
    drawing = _Drawing(sizes, *gaps)
    drawing.draw(wanted)
    return _finished(names, wanted, drawing, turned)


class _Drawing:
    """Collects the places of the parts while they are put one after the other."""

    def __init__(self, sizes: Sequence[tuple[float, float]], layer_gap: float, gap: float) -> None:
        self.sizes = sizes
        self.layer_gap = layer_gap
        self.gap = gap
        self.centres: dict[int, Point] = {}
        self.layers: dict[int, int] = {}
        # The places between source and target where a long edge passes other layers.
        self.bends: dict[tuple[int, int], tuple[Point, ...]] = {}
        self.length = 0.0
        self.breadth = 0.0

    def draw(self, edges: Sequence[tuple[int, int]]) -> None:
        forward = acyclic(len(self.sizes), edges)
        alone = []
        for part in components(len(self.sizes), forward):
            if len(part) == 1:
                alone.append(part[0])
            else:
                inside = set(part)
                self._add(place(part, [edge for edge in forward if edge[0] in inside], self._breadth_of, self.gap))
        self._add_alone(alone)

    def _breadth_of(self, node: int) -> float:
        return self.sizes[node][1]

    def _add(self, part: Placed) -> None:
        starts, thickness = self._layer_starts(part)
        base = self._next_base()

        def point(layer: int, across: float) -> Point:
            return starts[layer] + thickness[layer] / 2, base + across

        for node, (layer, across) in part.nodes.items():
            self.layers[node] = layer
            self.centres[node] = point(layer, across)
        for edge, bends in part.bends.items():
            # Straight past the whole layer, so that the edge curves in the gaps alone and cuts no card's corner.
            self.bends[edge] = tuple(
                (starts[layer] + side * thickness[layer], base + across) for layer, across in bends for side in (0, 1)
            )
        self.length = max(self.length, starts[-1] + thickness[-1])
        self.breadth = base + part.breadth

    def _layer_starts(self, part: Placed) -> tuple[list[float], list[float]]:
        thickness = [0.0] * (1 + max(layer for layer, _ in part.nodes.values()))
        for node, (layer, _) in part.nodes.items():
            thickness[layer] = max(thickness[layer], self.sizes[node][0])
        starts, along = [], 0.0
        for thick in thickness:
            starts.append(along)
            along += thick + self.layer_gap
        return starts, thickness

    def _add_alone(self, nodes: Sequence[int]) -> None:
        """Set nodes without edges in rows as long as the rest is, so that many of them make no tower."""
        if not nodes:
            return
        longest = max(self.sizes[node][0] for node in nodes)
        fitting = int((self.length + self.layer_gap) // (longest + self.layer_gap))
        per_row = max(fitting, math.ceil(math.sqrt(len(nodes))), 1)
        for start in range(0, len(nodes), per_row):
            row = nodes[start : start + per_row]
            base = self._next_base() if start == 0 else self.breadth + self.gap
            broadest = max(self.sizes[node][1] for node in row)
            for column, node in enumerate(row):
                self.layers[node] = 0
                self.centres[node] = column * (longest + self.layer_gap) + longest / 2, base + broadest / 2
            self.length = max(self.length, len(row) * (longest + self.layer_gap) - self.layer_gap)
            self.breadth = base + broadest

    def _next_base(self) -> float:
        return self.breadth + self.gap * _PART_GAP if self.centres else 0.0

    def curve(self, source: int, target: int) -> tuple[Point, ...]:
        """Give an edge's Bezier points along and across the flow; one that was turned to break a cycle runs back."""
        if source == target:
            return self._loop(source)
        if self.layers[source] > self.layers[target]:
            return tuple(reversed(self.curve(target, source)))
        stops = [self._port(source, 1), *self.bends.get((source, target), ()), self._port(target, -1)]
        points = [stops[0]]
        for (a, b), (c, d) in pairwise(stops):
            middle = (a + c) / 2
            points += [(middle, b), (middle, d), (c, d)]
        return tuple(points)

    def _port(self, node: int, side: int) -> Point:
        along, across = self.centres[node]
        return along + side * self.sizes[node][0] / 2, across

    def _loop(self, node: int) -> tuple[Point, ...]:
        along, across = self._port(node, 1)
        reach, half = self.layer_gap * 0.75, self.sizes[node][1] / 4
        return (
            (along, across - half),
            (along + reach, across - half),
            (along + reach, across + half),
            (along, across + half),
        )


def _finished(names: Sequence[N], edges: Sequence[tuple[int, int]], drawing: _Drawing, turned: bool) -> Layout[N]:
    def turn(a: float, b: float) -> Point:
        return (b, a) if turned else (a, b)

    boxes = {}
    for number, name in enumerate(names):
        (x, y), (width, height) = turn(*drawing.centres[number]), turn(*drawing.sizes[number])
        boxes[name] = Box(x - width / 2, y - height / 2, width, height)
    paths = tuple(EdgePath(names[a], names[b], tuple(turn(*point) for point in drawing.curve(a, b))) for a, b in edges)
    layers = {name: drawing.layers[number] for number, name in enumerate(names)}
    loops = drawing.layer_gap if any(a == b for a, b in edges) else 0.0
    width, height = turn(drawing.length + loops, drawing.breadth)
    return Layout(boxes, paths, layers, width, height)
