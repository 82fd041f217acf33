"""Graphs of numbered nodes made ready for the solver: no cycles, one connected part at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def acyclic(count: int, edges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Turn the edges that close a cycle, and leave loops and repetitions out, in the order of the nodes' numbers."""
    following: list[list[int]] = [[] for _ in range(count)]
    for source, target in dict.fromkeys(edges):
        if source != target:
            following[source].append(target)
    back = _closing(following)
    turned = ((b, a) if (a, b) in back else (a, b) for a, targets in enumerate(following) for b in targets)
    return list(dict.fromkeys(turned))


def _closing(following: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    """Find the edges that lead back to a node still open in a walk in depth (without recursion: graphs are deep)."""
    entered: list[int] = []
    state = [0] * len(following)  # 0 unseen, 1 open, 2 done
    back = set()
    for root in _roots_first(following):
        if state[root]:
            continue
        state[root] = 1
        entered = [root]
        ahead = [iter(following[root])]
        while entered:
            node = entered[-1]
            for target in ahead[-1]:
                if state[target] == 1:
                    back.add((node, target))
                elif not state[target]:
                    state[target] = 1
                    entered.append(target)
                    ahead.append(iter(following[target]))
                    break
            else:
                state[node] = 2
                entered.pop()
                ahead.pop()
    return back


def _roots_first(following: Sequence[Sequence[int]]) -> list[int]:
    # Begun where nothing leads in, the walk turns only edges that truly run back.
    reached = {target for targets in following for target in targets}
    return sorted(range(len(following)), key=lambda node: (node in reached, node))


def components(count: int, edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """Give the parts that hang together, by their smallest number; each in order."""
    parent = list(range(count))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for source, target in edges:
        a, b = root(source), root(target)
        parent[max(a, b)] = min(a, b)
    parts: dict[int, list[int]] = {}
    for node in range(count):
        parts.setdefault(root(node), []).append(node)
    return list(parts.values())
