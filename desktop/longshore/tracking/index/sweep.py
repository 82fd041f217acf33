"""Going round all runs of a server's experiment, a page at a time: its API does not tell which were edited or deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from longshore.tracking.index import from_rest, standing

if TYPE_CHECKING:
    import pyarrow as pa

    from longshore.mlflow_rest.client import Client

# Some tenths of a second of the server's time.
_PAGE = 200


class Sweep:
    """Where the way round stands. One is kept per experiment for as long as somebody looks; `sync` takes it on."""

    def __init__(self) -> None:
        self.rounds = 0
        self._token: str | None = None
        self._seen: set[str] = set()

    def step(self, client: Client, experiment_id: str, folder: Path) -> tuple[pa.Table, frozenset[str]]:
        """Read the next page; at the end also tell which runs are no longer there.

        Raises: as the server's search; IndexBroken.
        """
        table, self._token = from_rest.newest(client, experiment_id, _PAGE, self._token)
        self._seen.update(table["run_id"].to_pylist())
        if self._token is not None:
            return table, frozenset()
        # Pages move while runs come and go, so one that was not met is asked for before it is believed gone.
        missed = standing.run_ids(folder) - self._seen
        there = from_rest.read(client, experiment_id, sorted(missed))["run_id"].to_pylist() if missed else []
        self.rounds, self._seen = self.rounds + 1, set()
        return table, frozenset(missed.difference(there))
