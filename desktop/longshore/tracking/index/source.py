"""Where an index is filled from: the personal workspace's own file where its schema is known, else the server."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from longshore.errors import Unavailable
from longshore.settings import Home
from longshore.tracking.index.from_sqlite import Database, UnknownSchema
from longshore.workspace.tracking_process import DATABASE

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace
    from longshore.tracking.index.manifest import Manifest
    from longshore.tracking.index.sweep import Sweep


class Unreachable(Unavailable):
    """Neither the server nor its file is at hand."""


@dataclass(frozen=True)
class Changes:
    """What a look at a source found since the last one."""

    # Rows that may be new or changed.
    tables: tuple[pa.Table, ...]
    # Runs that are no longer there; others may be named too that never were.
    gone: frozenset[str]
    state: Mapping[str, Any]


class Source(Protocol):
    """One experiment's runs, wherever they are. Every call may raise Unavailable or NotAllowed."""

    def continues(self, state: Mapping[str, Any]) -> bool:
        """Tell whether an index with this state was filled from such a source, whole."""

    def first(self) -> tuple[pa.Table, int | None]:
        """Give what fills a screen, newest first, before anything else is done; `fill` gives it again."""

    def begin(self) -> dict[str, Any]:
        """Give the state of an index that is filled from now on."""

    def fill(self) -> Iterator[tuple[pa.Table, int | None]]:
        """Give everything, newest first, and how many runs there are where that is known."""

    def changes(
        self, folder: Path, state: Mapping[str, Any], *, thorough: bool, touched: Collection[str]
    ) -> Changes | None:
        """Give what is new since a state; None where only reading everything can tell."""


def is_unchanged(home: Home, workspace: Workspace, manifest: Manifest, thorough: bool) -> bool:
    """Tell, from a few bytes, that nothing is new since an index was brought up to date; False where that can't be told."""
    from longshore.tracking.index import database_source

    if workspace.kind != "personal":
        return False
    return database_source.is_unchanged(home.tracking / DATABASE, manifest.source, thorough=thorough)


@contextlib.contextmanager
def opened(
    home: Home, workspace: Workspace, experiment_id: str, client: Client | None, sweep: Sweep | None = None
) -> Iterator[Source]:
    """Give the best source of an experiment's runs that is at hand. Raises: Unreachable where there is none."""
    from longshore.tracking.index.database_source import DatabaseSource
    from longshore.tracking.index.server_source import ServerSource

    file = home.tracking / DATABASE
    database = None
    if workspace.kind == "personal" and file.exists():
        # Of another version, or damaged: what can still be had of it, the server gives.
        with contextlib.suppress(UnknownSchema):
            database = Database(file)
    if database is not None:
        with database:
            yield DatabaseSource(database, experiment_id)
    elif client is not None:
        yield ServerSource(client, experiment_id, sweep)
    else:
        raise Unreachable("The tracking server is not reachable.", hint="The runs are shown as they were last seen.")
