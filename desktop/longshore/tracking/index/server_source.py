"""A tracking server as a source: it tells new runs and those that go on; a sweep finds what changed in old ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from longshore.tracking.index import from_rest, standing
from longshore.tracking.index.source import Changes

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.mlflow_rest.client import Client
    from longshore.tracking.index.sweep import Sweep

KIND = "server"
# How many of the newest runs each look reads again, known or not: that is where edits are.
_NEWEST = 50
# So many are followed while they go on; a store may hold thousands that died without a word.
_RUNNING = 100


class ServerSource:
    """One experiment on a server."""

    def __init__(self, client: Client, experiment_id: str, sweep: Sweep | None = None) -> None:
        self._client = client
        self._sweep = sweep
        self._experiment_id = experiment_id

    def continues(self, state: Mapping[str, Any]) -> bool:
        """Tell whether an index with this state was filled from a server."""
        return state.get("kind") == KIND

    def first(self) -> tuple[pa.Table, int | None]:
        """Give the newest runs."""
        return from_rest.newest(self._client, self._experiment_id, _NEWEST)[0], None

    def begin(self) -> dict[str, Any]:
        """Give the state of an index that is filled from now on."""
        return {"kind": KIND}

    def fill(self) -> Iterator[tuple[pa.Table, int | None]]:
        """Give everything, newest first."""
        for table in from_rest.fill(self._client, self._experiment_id):
            yield table, None

    def changes(
        self, folder: Path, state: Mapping[str, Any], *, thorough: bool, touched: Collection[str]
    ) -> Changes | None:
        """Give the newest runs, those that were not over, and those that the caller changed."""
        tables = list(self._newest(standing.run_ids(folder)))
        read = {run for table in tables for run in table["run_id"].to_pylist()}
        wanted = {*touched, *standing.running(folder, _RUNNING)} - read
        if wanted:
            tables.append(from_rest.read(self._client, self._experiment_id, sorted(wanted)))
        there = {run for table in tables for run in table["run_id"].to_pylist()}
        gone = frozenset(wanted - there)
        if self._sweep is not None:
            page, missing = self._sweep.step(self._client, self._experiment_id, folder)
            tables, gone = [*tables, page], gone | missing
        return Changes(tuple(tables), gone, dict(state))

    def _newest(self, known: set[str]) -> Iterator[pa.Table]:
        """Give pages, newest first, until one ends with a run that is known."""
        token: str | None = None
        while True:
            table, token = from_rest.newest(self._client, self._experiment_id, _NEWEST, token)
            yield table
            if token is None or table["run_id"][-1].as_py() in known:
                return
