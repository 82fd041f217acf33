"""An experiment's runs straight from the personal workspace's database, read-only: the tables of one MLflow version.

The server answers a search of 100,000 runs in minutes; its own SQLite file gives them in seconds. Which tables and
columns hold what is MLflow's own affair, so the file is read only where its schema is the known one.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from longshore.errors import Unavailable
from longshore.tracking.index import bridge, columns, database_runs, database_values
from longshore.tracking.index.pivot import Gathered
from longshore.workspace.database_file import REVISION

if TYPE_CHECKING:
    import pyarrow as pa

REVISIONS = frozenset({REVISION})
_BUSY_S = 5.0
_THREADS = 2
# Newest first: what one scrolls to soon, then the others, which for so many take a while.
_CHUNK, _MANY = 20_000, 200_000
# Reading whole tables beats asking run by run where so large a part of the store's runs is wanted.
_SCANNED = 0.3
_DATASETS = (
    "SELECT i.destination_id, d.name, d.digest, ifnull(t.value, '') FROM inputs AS i"
    " JOIN datasets AS d ON d.dataset_uuid = i.source_id"
    " LEFT JOIN input_tags AS t ON t.input_uuid = i.input_uuid AND t.name = 'mlflow.data.context'"
    " WHERE i.destination_type = 'RUN'{} ORDER BY d.name, d.digest"
)
_MODELS = (
    "SELECT source_id, destination_id FROM inputs"
    " WHERE source_type = 'RUN_OUTPUT' AND destination_type = 'MODEL_OUTPUT'{} ORDER BY destination_id"
)


class UnknownSchema(Unavailable):
    """The database was made by an MLflow whose tables this version does not know: the server is asked instead."""


class Chunk(NamedTuple):
    """Some runs with everything an index knows of them."""

    table: pa.Table
    # How many runs the experiment has, deleted ones too.
    expected: int


class Database:
    """A tracking database, open for reading. Use it in a `with` block, on one thread."""

    def __init__(self, file: Path) -> None:
        """Open it. Raises: UnknownSchema; Unavailable where it is missing, locked or no database."""
        self.file = file
        with self._told():
            uri = f"{file.absolute().as_uri()}?mode=ro"
            self.connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None)
        try:
            self.revision = self._checked_revision()
        except BaseException:
            self.connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def newest(self, experiment_id: str, count: int) -> pa.Table:
        """Give so many runs of an experiment, newest first. Raises: Unavailable."""
        with self.snapshot(), self._told():
            return self._table(experiment_id, database_runs.newest(self.connection, experiment_id, count))

    def fill(self, experiment_id: str) -> Iterator[Chunk]:
        """Give every run of an experiment once, the newest first where they are many; rows are in no order.

        Each chunk is read in one short transaction.
        Raises: Unavailable.
        """
        if (expected := self.count(experiment_id)) > _MANY:
            first = self.newest(experiment_id, _CHUNK)
            yield Chunk(first, expected)
        else:
            first = None
        with self.snapshot(), self._told():
            expected, store = self.count(experiment_id), self.count(None)
            found = database_runs.of_all(self.connection, experiment_id)
            if first is not None:
                found = _without(found, first)
            table = self._table(experiment_id, found, scanned=len(found) > _SCANNED * store)
        if len(table):
            yield Chunk(table, expected)

    def read(self, experiment_id: str, run_ids: Sequence[str]) -> pa.Table:
        """Give those of some runs that are in an experiment. Raises: Unavailable."""
        with self.snapshot(), self._told(), self.holding(run_ids):
            return self._table(experiment_id, database_runs.wanted(self.connection, experiment_id))

    def run_ids(self, experiment_id: str) -> list[str]:
        """Give the ids of all runs of an experiment, deleted ones too. Raises: Unavailable."""
        return [run for (run,) in self._all("SELECT run_uuid FROM runs WHERE experiment_id = ?", (int(experiment_id),))]

    def count(self, experiment_id: str | None) -> int:
        """Tell how many runs an experiment has, or all with None; deleted ones too. Raises: Unavailable."""
        where, values = ("", ()) if experiment_id is None else (" WHERE experiment_id = ?", (int(experiment_id),))
        return int(self._all(f"SELECT count(*) FROM runs{where}", values)[0][0])

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """See one state of the database throughout; the server goes on writing. Raises: Unavailable."""
        if self.connection.in_transaction:
            yield
            return
        with self._told():
            self.connection.execute("BEGIN")
        try:
            yield
        finally:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("COMMIT")

    def select(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        """Give the rows of a query. Raises: Unavailable."""
        return self._all(query, values)

    def _checked_revision(self) -> str:
        try:
            found = self._all("SELECT version_num FROM alembic_version")
        except Unavailable as error:
            raise UnknownSchema(f"{self.file.name} is no tracking database.", details=error.details) from error
        revisions = {str(revision) for (revision,) in found}
        if len(revisions) != 1 or not revisions <= REVISIONS:
            raise UnknownSchema(
                f"{self.file.name} has another schema than MLflow 3.17.2's ({', '.join(sorted(revisions)) or 'none'})."
            )
        return revisions.pop()

    def _table(self, experiment_id: str, runs: pa.Table, *, scanned: bool = False) -> pa.Table:
        """Give runs with everything else. `scanned`: read whole tables for it."""
        import pyarrow as pa

        if not len(runs):
            return columns.conforming(runs)
        ids = runs[columns.RUN_ID].to_pylist()
        built = dict(zip(runs.column_names, runs.columns, strict=True))
        built[columns.EXPERIMENT_ID] = bridge.strings([experiment_id] * len(runs))
        numbers = {run: number for number, run in enumerate(ids)}
        with contextlib.nullcontext() if scanned else self.holding(ids):
            for gathered in self._values(numbers, scanned=scanned):
                built.update(gathered.columns(len(ids)))
            if datasets := self._datasets(numbers, scanned=scanned):
                built[columns.DATASETS] = columns.made(columns.DATASETS, _spread(datasets, len(ids)))
            if models := self._models(numbers, scanned=scanned):
                built[columns.MODELS] = columns.made(columns.MODELS, _spread(models, len(ids)))
        return pa.table(built)

    def _values(self, row_of: Mapping[str, int], *, scanned: bool) -> Iterator[Gathered]:
        if scanned:
            with ThreadPoolExecutor(_THREADS, "run index") as pool:
                yield from pool.map(lambda prefix: self._of_all(prefix, row_of), database_values.PREFIXES)
            return
        for prefix in database_values.PREFIXES:
            with self._told():
                yield database_values.of_wanted(self.connection, prefix, row_of)

    def _of_all(self, prefix: str, row_of: Mapping[str, int]) -> Gathered:
        """Read a whole table on a connection of its own: tables are read side by side."""
        with Database(self.file) as other, other.snapshot(), other._told():
            return database_values.of_all(other.connection, prefix, row_of)

    def _datasets(self, numbers: dict[str, int], *, scanned: bool) -> dict[int, list[dict[str, str]]]:
        chosen = "" if scanned else " AND i.destination_id IN (SELECT run FROM temp.wanted)"
        found: dict[int, list[dict[str, str]]] = {}
        for run, name, digest, context in self._all(_DATASETS.format(chosen)):
            if run in numbers:
                found.setdefault(numbers[run], []).append({"name": name, "digest": digest, "context": context})
        return found

    def _models(self, numbers: dict[str, int], *, scanned: bool) -> dict[int, list[str]]:
        chosen = "" if scanned else " AND source_id IN (SELECT run FROM temp.wanted)"
        found: dict[int, list[str]] = {}
        for run, model in self._all(_MODELS.format(chosen)):
            if run in numbers:
                found.setdefault(numbers[run], []).append(model)
        return found

    @contextlib.contextmanager
    def holding(self, run_ids: Sequence[str]) -> Iterator[None]:
        """Hold ids in `temp.wanted`, a table of this connection alone: any number of them, which no list of values takes."""
        with self._told():
            self.connection.execute("CREATE TEMP TABLE IF NOT EXISTS wanted (run TEXT PRIMARY KEY) WITHOUT ROWID")
            self.connection.execute("DELETE FROM temp.wanted")
            self.connection.executemany("INSERT OR IGNORE INTO temp.wanted VALUES (?)", ((run,) for run in run_ids))
        yield

    def _all(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._told():
            return self.connection.execute(query, tuple(values)).fetchall()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        # What is stored as another type than the schema says fails in numpy or Arrow.
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
            raise Unavailable(f"{self.file.name} cannot be read: {error}.", details=str(error)) from error


def _spread(found: dict[int, list[Any]], count: int) -> list[list[Any] | None]:
    return [found.get(row) for row in range(count)]


def _without(table: pa.Table, other: pa.Table) -> pa.Table:
    """Give the runs of a table that another does not hold."""
    import pyarrow.compute as pc

    return table.filter(pc.invert(pc.is_in(table[columns.RUN_ID], value_set=other[columns.RUN_ID])))
