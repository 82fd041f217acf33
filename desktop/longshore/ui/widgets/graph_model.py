"""A graph that is ready to be shown: cards, edges and where they stand; how the keyboard walks in it. No Qt in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

Point = tuple[float, float]
Rect = tuple[float, float, float, float]  # left, top, width, height
Way = Literal["left", "right", "up", "down"]
Flow = Literal["right", "down"]


@dataclass(frozen=True)
class Card:
    """One node."""

    id: str
    kind: str
    title: str
    fact: str
    # Neighbours that are known but not shown, towards the data and towards the deployments.
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Line:
    """One edge; `points` are a start, then two control points and an end for each piece."""

    source: str
    target: str
    relation: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Frame:
    """A box with a title around cards that belong together."""

    title: str
    box: Rect


@dataclass(frozen=True)
class Picture:
    """Everything that the view draws; it flows from left to right, or from top to bottom."""

    cards: tuple[Card, ...] = ()
    lines: tuple[Line, ...] = ()
    boxes: Mapping[str, Rect] = field(default_factory=dict)
    columns: tuple[tuple[float, float, str], ...] = ()  # left, width, heading
    width: float = 0.0
    height: float = 0.0
    flow: Flow = "right"
    frames: tuple[Frame, ...] = ()

    @cached_property
    def before(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that lead to a node."""
        return _grouped((line.target, line.source) for line in self.lines)

    @cached_property
    def after(self) -> Mapping[str, tuple[str, ...]]:
        """The nodes that a node leads to."""
        return _grouped((line.source, line.target) for line in self.lines)

    @cached_property
    def _by_id(self) -> Mapping[str, Card]:
        return {card.id: card for card in self.cards}

    def card(self, card_id: str) -> Card | None:
        """Give a card by its id."""
        return self._by_id.get(card_id)

    def path_through(self, card_id: str) -> frozenset[str]:
        """Give everything that a node was made from and everything that was made from it, with itself."""
        return frozenset({card_id} | _reach(self.before, card_id) | _reach(self.after, card_id))

    def next_to(self, card_id: str, way: Way, hidden: frozenset[str] = frozenset()) -> str | None:
        """Give the node that an arrow key leads to: along the flow by the edges, across it to the neighbour in the layer."""
        if card_id not in self.boxes:
            return next((card.id for card in self.cards if card.id not in hidden), None)
        back, on = ("left", "right") if self.flow == "right" else ("up", "down")
        if way in (back, on):
            near = (self.before if way == back else self.after).get(card_id, ())
            return self._nearest(card_id, [one for one in near if one not in hidden])
        return self._sibling(card_id, way, hidden)

    def _nearest(self, card_id: str, others: list[str]) -> str | None:
        middle = self._middle(card_id)
        return min(others, key=lambda one: (abs(self._middle(one) - middle), self._middle(one)), default=None)

    def _sibling(self, card_id: str, way: Way, hidden: frozenset[str]) -> str | None:
        along, across = (0, 1) if self.flow == "right" else (1, 0)
        here = self.boxes[card_id]
        layer = [
            one
            for one, box in self.boxes.items()
            if abs(box[along] - here[along]) < box[along + 2] / 2 and one not in hidden
        ]
        before = [one for one in layer if self.boxes[one][across] < here[across]]
        after = [one for one in layer if self.boxes[one][across] > here[across]]
        if way in ("up", "left"):
            return max(before, key=lambda one: self.boxes[one][across], default=None)
        return min(after, key=lambda one: self.boxes[one][across], default=None)

    def _middle(self, card_id: str) -> float:
        box, across = self.boxes[card_id], 1 if self.flow == "right" else 0
        return box[across] + box[across + 2] / 2

    def matching(self, text: str) -> tuple[str, ...]:
        """Give the cards whose name, fact or id holds a text, in the direction of the flow."""
        wanted = text.strip().lower()
        if not wanted:
            return ()
        found = [card.id for card in self.cards if wanted in f"{card.title}\n{card.fact}\n{card.id}".lower()]
        along = 0 if self.flow == "right" else 1
        return tuple(sorted(found, key=lambda one: (self.boxes[one][along], self.boxes[one][1 - along])))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


def _reach(neighbours: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    found: set[str] = set()
    border = [start]
    while border:
        for one in neighbours.get(border.pop(), ()):
            if one not in found:
                found.add(one)
                border.append(one)
    return found
