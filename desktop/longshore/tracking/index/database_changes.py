"""What changed in a tracking database since the last look, found without reading it whole.

New rows are told by their row numbers, which only grow. MLflow writes no time at what it changes in place (a run's
state and name, a tag) or removes: digests over slices of those two tables tell which slices to read again.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from longshore.tracking.index.from_sqlite import Database

_FILE_HEADER_BYTES = 100
# Of SQLite's index of its log: twice the same header, which each transaction changes.
_LOG_HEADER_BYTES = 96


class _Slices(NamedTuple):
    """A table whose rows change in place: how many make a slice, and all that can change in one."""

    size: int
    # SQLite joins a column at a time, quickest with its comma; texts may hold one.
    plain: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def joined(self) -> str:
        plain = (f"group_concat(ifnull({field}, ''))" for field in self.plain)
        texts = (f"group_concat(ifnull({field}, '\x1d'), '\x1e')" for field in self.texts)
        return ", ".join(f"CAST({each} AS BLOB)" for each in (*plain, *texts))


_SLICED = {
    "runs": _Slices(
        512,
        ("run_uuid", "experiment_id", "status", "start_time", "end_time", "lifecycle_stage"),
        ("name", "user_id", "artifact_uri"),
    ),
    "tags": _Slices(2048, ("run_uuid", "key"), ("value",)),
}
# Tables whose new rows tell which runs changed: the run's column, and what no other row under the same number would
# hold (empty where digests cover the earlier rows).
_MARKED = {
    "runs": ("run_uuid", "''"),
    "tags": ("run_uuid", "''"),
    "params": ("run_uuid", "run_uuid || x'1f' || key"),
    "metrics": ("run_uuid", "run_uuid || x'1f' || key || x'1f' || step || x'1f' || timestamp"),
    "latest_metrics": ("run_uuid", "run_uuid || x'1f' || key"),
    "inputs": ("CASE destination_type WHEN 'RUN' THEN destination_id ELSE source_id END", "input_uuid"),
    "input_tags": (
        "(SELECT destination_id FROM inputs WHERE inputs.input_uuid = input_tags.input_uuid)",
        "input_uuid || x'1f' || name",
    ),
}


def signature(database: Path) -> str:
    """Give what differs after every transaction, from a few bytes; it may differ without one.

    Take it before reading: what is written meanwhile is then found by the next look. Raises: OSError.
    """
    state = database.stat()
    found = hashlib.blake2b(f"{state.st_ino} {state.st_mtime_ns} {state.st_size} ".encode(), digest_size=12)
    # The file itself changes where nobody else has it open: the log is then emptied into it and begins anew.
    with database.open("rb") as file:
        found.update(file.read(_FILE_HEADER_BYTES))
    with contextlib.suppress(OSError), database.with_name(f"{database.name}-shm").open("rb") as file:
        found.update(file.read(_LOG_HEADER_BYTES))
    return found.hexdigest()


@dataclass(frozen=True)
class Look:
    """What a look at the database found, and where the next one goes on."""

    # Runs of any experiment that may have changed.
    touched: frozenset[str]
    # Whether some run may be gone.
    fewer: bool
    # Whether rows were removed and their numbers given again, so that marks mean nothing: everything is to be read.
    unclear: bool
    state: Mapping[str, Any]


@dataclass
class Looker:
    """Looks at one state of a database. What several experiments need of it is computed once."""

    database: Database
    digests: dict[tuple[str, int, int], str] = field(default_factory=dict)
    marks: dict[str, tuple[int, str]] = field(default_factory=dict)

    def begin(self) -> dict[str, Any]:
        """Give the state of an index that is about to be filled."""
        marks = {table: self._mark(table) for table in _MARKED}
        slices = {table: self._all_digests(table, marks[table][0]) for table in _SLICED}
        return {"marks": {table: list(mark) for table, mark in marks.items()}, "digests": slices, "cursor": 0}

    def look(self, state: Mapping[str, Any], experiment_id: str, *, most: int | None = None) -> Look:
        """Find what changed since a state that this class gave.

        `most`: compare only so many slices of each table, others the next time, so that a look is short; all with None.
        Raises: Unavailable; KeyError, TypeError or ValueError for a state that is none.
        """
        marks: dict[str, tuple[int, str]] = {}
        touched: set[str] = set()
        for table, (run, _) in _MARKED.items():
            last, identity = state["marks"][table]
            if self._identity(table, int(last)) != identity:
                return Look(frozenset(), fewer=True, unclear=True, state=state)
            marks[table] = self._mark(table)
            if marks[table][0] > last:
                found = self.database.select(f"SELECT DISTINCT {run} FROM {table} WHERE rowid > ?", (last,))
                touched.update(each for (each,) in found if each)
        fewer, cursor = False, int(state["cursor"])
        slices: dict[str, list[str]] = {}
        for table in _SLICED:
            last = int(state["marks"][table][0])
            slices[table], changed = self._compared(table, list(state["digests"][table]), last, cursor, most)
            for number in changed:
                touched.update(self._runs_of(table, number, experiment_id))
            fewer = fewer or (table == "runs" and bool(changed))
            slices[table] = self._extended(table, slices[table], last, marks[table][0])
        longest = max(map(len, slices.values()))
        cursor = 0 if most is None or cursor + most >= longest else cursor + most
        following = {"marks": {table: list(mark) for table, mark in marks.items()}, "digests": slices, "cursor": cursor}
        return Look(frozenset(touched), fewer=fewer, unclear=False, state=following)

    def _compared(
        self, table: str, digests: list[str], last: int, cursor: int, most: int | None
    ) -> tuple[list[str], list[int]]:
        """Give the digests as they are now, and which slices differ; rows after `last` are told by their numbers."""
        # The newest rows are those that change.
        chosen = set(range(len(digests))) if most is None else {*range(cursor, cursor + most), len(digests) - 1}
        changed = []
        for number in sorted(chosen & set(range(len(digests)))):
            now = self._digest(table, number, last)
            if now != digests[number]:
                changed.append(number)
                digests[number] = now
        return digests, changed

    def _extended(self, table: str, digests: list[str], last: int, end: int) -> list[str]:
        if end <= last:
            return digests[: end // _SLICED[table].size + 1]
        first = last // _SLICED[table].size
        return digests[:first] + [
            self._digest(table, number, end) for number in range(first, end // _SLICED[table].size + 1)
        ]

    def _all_digests(self, table: str, end: int) -> list[str]:
        return [self._digest(table, number, end) for number in range(end // _SLICED[table].size + 1)]

    def _digest(self, table: str, number: int, end: int) -> str:
        size = _SLICED[table].size
        first, last = number * size, min(number * size + size - 1, end)
        if (key := (table, first, last)) not in self.digests:
            (texts,) = self.database.select(
                f"SELECT {_SLICED[table].joined} FROM {table} WHERE rowid BETWEEN ? AND ?", (first, last)
            )
            found = hashlib.blake2b(digest_size=6)
            for text in texts:
                found.update((text or b"") + b"\0")
            self.digests[key] = found.hexdigest()
        return self.digests[key]

    def _runs_of(self, table: str, number: int, experiment_id: str) -> list[str]:
        size = _SLICED[table].size
        where, values = "rowid BETWEEN ? AND ?", [number * size, number * size + size - 1]
        if table == "runs":
            where, values = f"{where} AND experiment_id = ?", [*values, int(experiment_id)]
        found = self.database.select(f"SELECT DISTINCT run_uuid FROM {table} WHERE {where}", values)
        return [run for (run,) in found]

    def _mark(self, table: str) -> tuple[int, str]:
        if table not in self.marks:
            ((last,),) = self.database.select(f"SELECT ifnull(max(rowid), 0) FROM {table}")
            self.marks[table] = (int(last), self._identity(table, int(last)))
        return self.marks[table]

    def _identity(self, table: str, number: int) -> str:
        found = self.database.select(f"SELECT {_MARKED[table][1]} FROM {table} WHERE rowid = ?", (number,))
        return str(found[0][0]) if found else ""
