"""Which experiments somebody looks at: a file per process that shows runs, which the agent keeps fresh meanwhile.

Standard library alone: a window says it at each start.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from longshore.settings import Home

# Who still looks says it again well before.
LEASE_S = 30.0


class Looked(NamedTuple):
    """An experiment of a workspace, by the workspace's name."""

    workspace: str
    experiment_id: str


def look_at(home: Home, workspace: str, experiment_ids: Sequence[str]) -> None:
    """Ask for these experiments to be kept fresh for `LEASE_S`; it takes the place of what this process asked before.

    A full disk only costs freshness.
    """
    file = _folder(home) / f"{os.getpid()}.json"
    fresh = file.with_suffix(".tmp")
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps({"workspace": workspace, "experiments": list(experiment_ids)}), "utf-8")
        fresh.replace(file)


def looked_at(home: Home) -> frozenset[Looked]:
    """Give what somebody looks at now; what was asked for too long ago is forgotten."""
    found: set[Looked] = set()
    now = time.time()
    for file in _folder(home).glob("*.json"):
        try:
            if now - file.stat().st_mtime > LEASE_S:
                file.unlink()
                continue
            asked = json.loads(file.read_text("utf-8"))
            found.update(Looked(str(asked["workspace"]), str(each)) for each in asked["experiments"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # being written, or just removed
    return frozenset(found)


def _folder(home: Home) -> Path:
    return home.index / "looked-at"
