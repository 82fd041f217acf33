"""Where the index of an experiment lies."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.settings import Home

if TYPE_CHECKING:
    from longshore.store.records import Workspace

MANIFEST = "manifest.json"
LOCK = "lock"
SEGMENT_SUFFIX = ".arrow"


def root(home: Home) -> Path:
    """Give the folder of all indexes. It may be deleted at any time: that costs time, not data."""
    return home.index / "runs"


def workspace_key(workspace: Workspace) -> str:
    """Give what tells a workspace's indexes from others'.

    The personal server's port changes with each start; a team's name may come to stand for another server.
    """
    return "personal" if workspace.kind == "personal" else f"{workspace.name} {workspace.url}"


def folder(home: Home, workspace: str, experiment_id: str) -> Path:
    """Give the folder of one experiment's index, made by the first who writes."""
    return root(home) / _safe(workspace) / _safe(experiment_id)


def _safe(name: str) -> str:
    # Anything else could climb out, be too long, or be the same file as another on a system that ignores case.
    if re.fullmatch(r"personal|[0-9]{1,32}", name, re.ASCII):
        return name
    return "x" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]
