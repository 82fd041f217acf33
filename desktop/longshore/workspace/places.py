"""Which store a tracking server of ours serves, and where its own files lie."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from longshore.settings import Home
from longshore.store.records import PERSONAL, Workspace


@dataclass(frozen=True)
class Place:
    """A store that the agent serves: the home's own, or a database of somebody else's where it lies."""

    workspace: str = PERSONAL
    # None: the personal workspace's, which Longshore made and looks after.
    file: Path | None = None

    def folder(self, home: Home) -> Path:
        """Give the folder of the server's lock, identity and scratch files; for the home's own, of everything."""
        if self.file is None:
            return home.tracking
        return (
            home.path / "databases" / hashlib.sha256(str(self.file).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        )

    def log(self, home: Home) -> Path:
        """Give the server's log."""
        return home.logs / ("server.log" if self.file is None else f"server-{self.workspace}.log")


OWN = Place()


def place_of(workspace: Workspace) -> Place:
    """Give the place of a workspace whose server the agent runs."""
    return Place(workspace.name, workspace.file)
