"""Where compared runs are: each belongs to a workspace, whose server is asked for all that is its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from longshore.settings import Home
from longshore.store.records import DATABASE

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace

# The server of a database that nobody looked at for a while is started when it is asked for.
_START_S = 20.0


@dataclass(frozen=True)
class RunAt:
    """A run and its workspace; None: the current one."""

    run_id: str
    workspace: str | None = None


# One server for all runs, or what gives each run's.
Source: TypeAlias = "Client | Callable[[str], Client]"


def client_of(source: Source, run_id: str) -> Client:
    """Give the client of a run's server."""
    return source(run_id) if callable(source) else source


class Servers:
    """The servers of some runs, by run id; each is connected to once, when it is asked for first."""

    def __init__(self, home: Home, workspaces: Mapping[str, str | None]) -> None:
        """Take the workspace of each run."""
        self._home, self._by_run = home, workspaces
        self._clients: dict[str, Client] = {}
        self._known: dict[str | None, Workspace] = {}

    def __call__(self, run_id: str) -> Client:
        """Connect to a run's server. Raises: NotFound for its workspace, Unavailable."""
        from longshore.workspace.connection import connect

        row = self.workspace(run_id)
        if row.name not in self._clients:
            wait_s = _START_S if row.kind == DATABASE else 0.0
            self._clients[row.name] = connect(self._home, row.name, wait_s=wait_s)
        return self._clients[row.name]

    def workspace(self, run_id: str) -> Workspace:
        """Give a run's workspace. Raises: NotFound."""
        from longshore.store import workspaces

        name = self._by_run[run_id]
        if name not in self._known:
            self._known[name] = workspaces.get(self._home, name)
        return self._known[name]

    def by_workspace(self, run_ids: Sequence[str]) -> dict[str, list[str]]:
        """Put runs together that one server has."""
        found: dict[str, list[str]] = {}
        for run_id in run_ids:
            found.setdefault(self.workspace(run_id).name, []).append(run_id)
        return found
