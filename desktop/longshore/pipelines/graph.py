"""A pipeline's graph as it is drawn, from top to bottom: large groups folded into one node, frames around the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from longshore.graphs.layout import Box, EdgePath, layered
from longshore.projects.pipeline import Pipeline, Step

# A group with more members is one node until somebody unfolds it.
MOST_IN_FRAME = 24
_AROUND, _HEAD = 10.0, 24.0


@dataclass(frozen=True)
class Node:
    """A step, or a folded group of steps."""

    id: str
    title: str
    steps: tuple[Step, ...]

    @property
    def is_group(self) -> bool:
        """Tell whether it stands for a folded group."""
        return self.id.startswith(_GROUP)

    @property
    def step(self) -> Step:
        """The step, or the first one of the group."""
        return self.steps[0]


@dataclass(frozen=True)
class Frame:
    """A box around the steps of a group. Units: as the layout."""

    title: str
    box: Box


@dataclass(frozen=True)
class Drawing:
    """Nodes with their places."""

    nodes: tuple[Node, ...]
    boxes: Mapping[str, Box]
    edges: tuple[EdgePath[str], ...]
    frames: tuple[Frame, ...]
    width: float
    height: float


_GROUP = "group\n"


def group_of(node_id: str) -> str:
    """Give the name of the group that a folded node stands for; empty for a step."""
    return node_id.removeprefix(_GROUP) if node_id.startswith(_GROUP) else ""


def draw(
    pipeline: Pipeline, card: tuple[float, float], gaps: tuple[float, float], unfolded: Iterable[str] = ()
) -> Drawing:
    """Give every node its place.

    Args:
        pipeline: What is drawn.
        card: Width and height of a node.
        gaps: Between neighbours in a row, and between rows.
        unfolded: Groups whose steps are shown although they are many.
    """
    nodes = _nodes(pipeline, frozenset(unfolded))
    shown_as = {step.name: node.id for node in nodes for step in node.steps}
    edges = dict.fromkeys((shown_as[a], shown_as[b]) for a, b in pipeline.edges)
    drawn = layered(
        {node.id: card for node in nodes},
        [(a, b) for a, b in edges if a != b or not a.startswith(_GROUP)],
        direction="down",
        column_gap=gaps[0],
        row_gap=gaps[1],
    )
    frames = tuple(_frames(pipeline, nodes, drawn.boxes))
    return Drawing(nodes, drawn.boxes, drawn.edges, frames, drawn.width, drawn.height)


def _nodes(pipeline: Pipeline, unfolded: frozenset[str]) -> tuple[Node, ...]:
    sizes = Counter(step.part_of for step in pipeline.steps if step.part_of)
    folded: dict[str, list[Step]] = {
        group: [] for group, size in sizes.items() if size > MOST_IN_FRAME and group not in unfolded
    }
    found: list[Node | str] = []
    for step in pipeline.steps:
        if step.part_of in folded:
            if not folded[step.part_of]:
                found.append(step.part_of)
            folded[step.part_of].append(step)
        else:
            found.append(Node(step.name, step.label or step.name, (step,)))
    return tuple(
        Node(_GROUP + one, _title(pipeline, one), tuple(folded[one])) if isinstance(one, str) else one for one in found
    )


def _title(pipeline: Pipeline, group: str) -> str:
    step = pipeline.step(group)
    return (step.label or step.name) if step else group


def _frames(pipeline: Pipeline, nodes: Iterable[Node], boxes: Mapping[str, Box]) -> Iterable[Frame]:
    """Give a frame for each group whose steps stand together: none where a stranger would stand in it."""
    members: dict[str, list[str]] = {}
    for node in nodes:
        if node.step.part_of and not node.is_group:
            members.setdefault(node.step.part_of, []).append(node.id)
    for group, ids in members.items():
        around = _around([boxes[one] for one in ids])
        own = {*ids, group}
        if len(ids) > 1 and not any(_meet(around, box) for one, box in boxes.items() if one not in own):
            yield Frame(_title(pipeline, group), around)


def _around(boxes: list[Box]) -> Box:
    left, top = min(box.x for box in boxes) - _AROUND, min(box.y for box in boxes) - _HEAD
    right = max(box.x + box.width for box in boxes) + _AROUND
    bottom = max(box.y + box.height for box in boxes) + _AROUND
    return Box(left, top, right - left, bottom - top)


def _meet(one: Box, other: Box) -> bool:
    beside = one.x >= other.x + other.width or other.x >= one.x + one.width
    return not (beside or one.y >= other.y + other.height or other.y >= one.y + one.height)
