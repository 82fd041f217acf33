"""How the environments of two runs differ: packages added, removed and changed, by the lock that each recorded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.mlflow_rest import artifacts, runs
from longshore.tracking.comparing.places import Source, client_of

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import Run

LOCK_FILE = "longshore/environment.lock"
_MOST_BYTES = 2_000_000
_PINNED = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;#]+)", re.MULTILINE)
_TABLED = re.compile(r'^\[\[package\]\]\s*\nname = "([^"\n]+)"\s*\nversion = "([^"\n]+)"', re.MULTILINE)
ADDED, REMOVED, CHANGED = "added", "removed", "changed"
# What a run's tags say of its environment beside the packages.
_FACTS = (
    ("environment", "longshore.environment"),
    ("image", "longshore.image"),
    ("target", "longshore.target"),
)


@dataclass(frozen=True)
class PackageChange:
    """One package. Empty: it is not there."""

    name: str
    kind: str  # added, removed, changed
    base: str
    other: str


@dataclass(frozen=True)
class EnvironmentDifference:
    """The environments of two runs."""

    packages: tuple[PackageChange, ...]
    # How many are the same in both.
    same: int
    # What else differs: name, base's, other's.
    facts: tuple[tuple[str, str, str], ...]
    # The runs that recorded no lock, by id.
    without_lock: tuple[str, ...] = ()

    def count(self, kind: str) -> int:
        """Count the packages that were added, removed or changed."""
        return sum(package.kind == kind for package in self.packages)


def packages_of(lock: str) -> dict[str, str]:
    """Read name and version of each package out of a lock: pinned requirements, or uv's own file."""
    found = _TABLED.findall(lock) or _PINNED.findall(lock)
    # As the index names them: what writes a lock may spell typing-extensions typing_extensions.
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def changes_of(base: Mapping[str, str], other: Mapping[str, str]) -> tuple[PackageChange, ...]:
    """Tell how packages differ, by name."""
    found = []
    for name in sorted({*base, *other}):
        old, new = base.get(name, ""), other.get(name, "")
        if old != new:
            found.append(PackageChange(name, ADDED if not old else REMOVED if not new else CHANGED, old, new))
    return tuple(found)


def environment_difference(source: Source, base_id: str, other_id: str) -> EnvironmentDifference:
    """Compare the environments of two runs. Raises: NotFound for a run that is gone, Unavailable."""
    pair = [runs.get(client_of(source, run_id), run_id) for run_id in (base_id, other_id)]
    locks = [_lock(client_of(source, run.id), run) for run in pair]
    base, other = (packages_of(lock) for lock in locks)
    facts = [(name, *(run.tags.get(tag, "") for run in pair)) for name, tag in _FACTS]
    return EnvironmentDifference(
        # Where one recorded nothing, all of the other's would look new.
        changes_of(base, other) if all(locks) else (),
        sum(other.get(name) == version for name, version in base.items()),
        tuple((name, old, new) for name, old, new in facts if old != new),
        tuple(run.id for run, lock in zip(pair, locks, strict=True) if not lock),
    )


def _lock(client: Client, run: Run) -> str:
    try:
        return artifacts.download(client, run.id, LOCK_FILE, _MOST_BYTES).decode("utf-8", "replace")
    except NotFound:
        return ""
