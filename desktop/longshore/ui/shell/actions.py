"""Actions as data: they stand in the top bar, the command palette and the shortcut list, each written once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """Something that a person can do now."""

    id: str
    title: str
    run: Callable[[], None]
    icon: str = ""
    shortcut: str = ""
    kind: str = ""  # primary, danger: how its button looks
    group: str = "Commands"
    # Why it can't be done now; empty when it can.
    disabled_because: str = ""
    # What to type in a terminal for the same.
    command: str = ""
    in_bar: bool = True


class ActionRegistry:
    """All actions that can be done now: the window's own and those of the page that is shown."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], list[Action]]] = []

    def add_source(self, source: Callable[[], list[Action]]) -> None:
        """Ask this function for actions, each time they are needed."""
        self._sources.append(source)

    def available(self) -> list[Action]:
        """Give the actions, the first one of each id."""
        found: dict[str, Action] = {}
        for source in self._sources:
            for action in source():
                found.setdefault(action.id, action)
        return list(found.values())
