"""The personal workspace's database as a source: exact, and quick to say that nothing is new."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.errors import Unavailable
from longshore.tracking.index import database_changes, standing
from longshore.tracking.index.database_changes import Looker
from longshore.tracking.index.source import Changes

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.tracking.index.from_sqlite import Database

KIND = "database"
# Of each table whose rows change in place, how many slices a look compares that is not thorough: some 10 ms.
_SLICES = 16
_SCREEN = 300
# The last look of each database: many experiments are brought up to date one after another.
_lookers: dict[Path, tuple[str, Looker]] = {}
_lock = threading.Lock()


def is_unchanged(database: Path, state: Mapping[str, Any], *, thorough: bool) -> bool:
    """Tell, from a few bytes, that no transaction came since an index was brought up to date thoroughly."""
    if state.get("kind") != KIND:
        return False
    try:
        return database_changes.signature(database) == state.get("clean")
    except OSError:
        return False


class DatabaseSource:
    """One experiment in an open database."""

    def __init__(self, database: Database, experiment_id: str) -> None:
        self._database = database
        self._experiment_id = experiment_id

    def continues(self, state: Mapping[str, Any]) -> bool:
        """Tell whether an index with this state was filled from this schema of a database."""
        return state.get("kind") == KIND and state.get("revision") == self._database.revision

    def first(self) -> tuple[pa.Table, int | None]:
        """Give the newest runs."""
        return self._database.newest(self._experiment_id, _SCREEN), None

    def begin(self) -> dict[str, Any]:
        """Give the state of an index that is filled from now on."""
        signature = self._signature()
        with self._database.snapshot():
            return self._state(self._looker(signature).begin(), clean=signature, cycle=signature)

    def fill(self) -> Iterator[tuple[pa.Table, int | None]]:
        """Give everything, newest first, and how many runs there are."""
        for chunk in self._database.fill(self._experiment_id):
            yield chunk.table, chunk.expected

    def changes(
        self, folder: Path, state: Mapping[str, Any], *, thorough: bool, touched: Collection[str]
    ) -> Changes | None:
        """Give what is new since a state; None where only reading everything can tell."""
        signature = self._signature()
        with self._database.snapshot():
            try:
                look = self._looker(signature).look(
                    state["look"], self._experiment_id, most=None if thorough else _SLICES
                )
            except (KeyError, TypeError, ValueError, IndexError):
                return None
            if look.unclear:
                return None
            wanted = {*look.touched, *touched}
            table = self._database.read(self._experiment_id, sorted(wanted))
            there = set(table["run_id"].to_pylist())
            gone = wanted - there
            if look.fewer:
                gone |= self._gone(standing.run_ids(folder) | there, gone)
        cycle = signature if thorough or not state["look"]["cursor"] else state.get("cycle")
        around = thorough or not look.state["cursor"]
        clean = signature if around and cycle == signature else None
        return Changes((table,), frozenset(gone), self._state(look.state, clean=clean, cycle=cycle))

    def _gone(self, known: set[str], gone: set[str]) -> set[str]:
        """Give the known runs that the database no longer has."""
        if self._database.count(self._experiment_id) == len(known - gone):
            return set()
        return known.difference(self._database.run_ids(self._experiment_id))

    def _state(self, look: Mapping[str, Any], *, clean: str | None, cycle: str | None) -> dict[str, Any]:
        return {"kind": KIND, "revision": self._database.revision, "clean": clean, "cycle": cycle, "look": dict(look)}

    def _signature(self) -> str:
        try:
            return database_changes.signature(self._database.file)
        except OSError as error:
            raise Unavailable(f"{self._database.file.name} cannot be read: {error}.") from error

    def _looker(self, signature: str) -> Looker:
        """Give what was computed before, where not a transaction came since."""
        with _lock:
            known, last = _lookers.get(self._database.file, ("", None))
            looker = Looker(self._database, *((last.digests, last.marks) if last and known == signature else ({}, {})))
            _lookers[self._database.file] = (signature, looker)
            return looker
