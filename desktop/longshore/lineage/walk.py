"""Walking from thing to thing, so many steps back and on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from longshore.lineage.graph import MOST_NODES, Edge, Graph, Node
from longshore.lineage.things import USED_CHANGED, Thing

if TYPE_CHECKING:
    from longshore.lineage.facts import Facts
    from longshore.progress import CancelToken


def walk(facts: Facts, focus: Thing, *, up: int, down: int, cancel: CancelToken | None = None) -> Graph:
    """Collect the things `up` steps back from the focus and `down` steps on, with the edges between them."""
    walker = _Walker(facts, cancel)
    walker.add(focus)
    walker.go(focus, "up", up)
    walker.go(focus, "down", down)
    return walker.graph(focus)


class _Walker:
    def __init__(self, facts: Facts, cancel: CancelToken | None) -> None:
        self.facts = facts
        self.cancel = cancel
        self.things: dict[str, Thing] = {}
        self.edges: dict[tuple[str, str], Edge] = {}
        self.full = False

    def add(self, thing: Thing) -> None:
        """Take a thing in, unless the graph is full."""
        if thing.id not in self.things and len(self.things) >= MOST_NODES:
            self.full = True
        else:
            self.things.setdefault(thing.id, thing)

    def go(self, focus: Thing, way: Literal["up", "down"], steps: int) -> None:
        # Seen on this way: a thing met on the way up is still followed on the way down.
        border, seen = [focus], {focus.id}
        for _ in range(steps):
            following: list[Thing] = []
            for thing in border:
                if self.cancel:
                    self.cancel.check()
                following += self._neighbours(thing, way, seen)
            border = following

    def _neighbours(self, thing: Thing, way: Literal["up", "down"], seen: set[str]) -> list[Thing]:
        fresh: list[Thing] = []
        for other, relation in thing.up(self.facts) if way == "up" else thing.down(self.facts):
            self.add(other)
            if other.id not in self.things:
                continue
            source, target = (other.id, thing.id) if way == "up" else (thing.id, other.id)
            self.edges.setdefault((source, target), Edge(source, target, relation))
            if other.id not in seen:
                seen.add(other.id)
                fresh.append(other)
        return fresh

    def graph(self, focus: Thing) -> Graph:
        nodes = {thing.id: thing.node(self.facts) for thing in self.things.values()}
        edges = tuple(self.edges.values())
        for edge in edges:
            if edge.relation == USED_CHANGED:
                nodes[edge.source] = _dirty(nodes[edge.source])
        return Graph(focus.id, tuple(nodes.values()), edges, self.full or self.facts.truncated)


def _dirty(node: Node) -> Node:
    """Mark a commit that a run of this graph had changed without committing."""
    if node.attributes.get("dirty"):
        return node
    return replace(node, fact=f"{node.fact} + changes", attributes={**node.attributes, "dirty": True})
