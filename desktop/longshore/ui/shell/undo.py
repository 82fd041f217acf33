"""The way back: what was changed last is taken back first, wherever it was changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from longshore.ui.shell.actions import Action

# So many changes can be taken back.
MOST_UNDONE = 50


@dataclass(frozen=True, eq=False)
class Change:
    """Something that was done, in words, and what takes it back."""

    words: str
    take_back: Callable[[], object]


class UndoStack:
    """The changes that can be taken back. `changed` is called whenever there are others."""

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changes: list[Change] = []
        self._changed = changed

    def push(self, words: str, take_back: Callable[[], object]) -> Change:
        """Remember how to take something back."""
        made = Change(words, take_back)
        self._changes = [*self._changes[-MOST_UNDONE + 1 :], made]
        self._changed()
        return made

    def undo(self) -> None:
        """Take the last change back."""
        if self._changes:
            self.undo_this(self._changes[-1])

    def undo_this(self, change: Change) -> None:
        """Take back the change of a message, unless Ctrl+Z did it before."""
        if change in self._changes:
            self._changes.remove(change)
            self._changed()
            change.take_back()

    def forget(self) -> None:
        """Know nothing of another project's or workspace's changes."""
        self._changes = []
        self._changed()

    def action(self) -> Action:
        """Give the action, named after what it takes back."""
        title = f"Undo: {self._changes[-1].words}" if self._changes else "Undo"
        because = "" if self._changes else "Nothing was changed."
        return Action("undo", title, self.undo, icon="undo", shortcut="Ctrl+Z", in_bar=False, disabled_because=because)
