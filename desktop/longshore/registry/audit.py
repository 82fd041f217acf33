"""Who moved which alias, when and why: kept as tags on the version, so that every MLflow tool sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from longshore.mlflow_rest import registry as rest

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.types import ModelVersion

PREFIX = "longshore.promotion."
_TIME = "%Y%m%dT%H%M%S%f"


@dataclass(frozen=True)
class Entry:
    """One promotion."""

    at: datetime
    name: str
    version: str
    alias: str
    who: str
    note: str
    gates: tuple[Mapping[str, Any], ...]  # name, passed, reason
    previous_version: str | None  # where the alias pointed before

    @property
    def tag(self) -> str:
        """The key of the tag that keeps it; sorts by time."""
        return PREFIX + self.at.astimezone(UTC).strftime(_TIME)


def record(
    client: Client,
    name: str,
    version: str,
    *,
    alias: str,
    who: str,
    note: str,
    gates: Sequence[Mapping[str, Any]],
    previous_version: str | None,
) -> Entry:
    """Write down a promotion, with the time of now."""
    entry = Entry(datetime.now(UTC), name, version, alias, who, note, tuple(gates), previous_version)
    told = {
        "alias": alias,
        "who": who,
        "when": entry.at.isoformat().replace("+00:00", "Z"),
        "note": note,
        "gates": list(gates),
        "previous_version": previous_version,
    }
    rest.set_version_tag(client, name, version, entry.tag, json.dumps(told, ensure_ascii=False))
    return entry


def erase(client: Client, entry: Entry) -> None:
    """Take back an entry whose promotion did not happen."""
    rest.delete_version_tag(client, entry.name, entry.version, entry.tag)


def trail(client: Client, name: str) -> tuple[Entry, ...]:
    """Give every promotion of a model, the latest first."""
    found = [entry for version in rest.versions(client, name) for entry in entries(version)]
    return tuple(sorted(found, key=lambda entry: entry.at, reverse=True))


def entries(version: ModelVersion) -> tuple[Entry, ...]:
    """Read the promotions that a version's tags tell, the oldest first; a tag that is none is passed over."""
    tags = sorted(item for item in version.tags.items() if item[0].startswith(PREFIX))
    return tuple(entry for key, value in tags if (entry := _entry(version, key, value)))


def _entry(version: ModelVersion, key: str, value: str) -> Entry | None:
    try:
        at = datetime.strptime(key.removeprefix(PREFIX), _TIME).replace(tzinfo=UTC)
        told = json.loads(value)
        return Entry(
            at=at,
            name=version.name,
            version=version.version,
            alias=str(told["alias"]),
            who=str(told.get("who", "")),
            note=str(told.get("note", "")),
            gates=tuple(told.get("gates") or ()),
            previous_version=told.get("previous_version"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
