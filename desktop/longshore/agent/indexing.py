"""Keeps the run indexes fresh of the experiments that somebody looks at."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from longshore.errors import LongshoreError, NotFound
from longshore.settings import Home
from longshore.tracking.index.looked_at import Looked, looked_at

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Workspace
    from longshore.tracking.index.sweep import Sweep

_log = logging.getLogger(__name__)
# A file is asked every second; a server, where runs go on, every other, else it has better to do.
_FILE_S, _RUNNING_S, _IDLE_S, _OFFLINE_S = 1.0, 2.0, 5.0, 15.0
# Waiting for a team's server must not hold up everything else for long.
_TIMEOUT_S = 10.0


@dataclass
class _Care:
    """What is known of one experiment while somebody looks at it."""

    sweep: Sweep
    next_at: float = 0.0


@dataclass
class Indexing:
    """Called every second, on one thread."""

    home: Home
    _cares: dict[Looked, _Care] = field(default_factory=dict)
    _clients: dict[str, Client] = field(default_factory=dict)

    def tick(self) -> None:
        """Bring those indexes up to date whose time has come."""
        wanted = looked_at(self.home)
        self._forget(wanted)
        for looked in sorted(wanted):
            if looked not in self._cares:
                from longshore.tracking.index.sweep import Sweep

                self._cares[looked] = _Care(Sweep())
            care = self._cares[looked]
            if time.monotonic() >= care.next_at:
                care.next_at = time.monotonic() + self._refresh(looked, care)

    def _refresh(self, looked: Looked, care: _Care) -> float:
        """Bring one index up to date; give the seconds until the next time."""
        from longshore.store import workspaces
        from longshore.tracking.index.sync import sync

        try:
            workspace = workspaces.get(self.home, looked.workspace)
            synced = sync(
                self.home, workspace, looked.experiment_id, self._client(workspace), thorough=False, sweep=care.sweep
            )
        except NotFound:
            return _OFFLINE_S  # the workspace was removed
        if synced.rebuilt:
            _log.info("The run index of experiment %s was built again: %s", looked.experiment_id, synced.rebuilt)
        if synced.offline is not None:
            self._hang_up(looked.workspace)
            return _OFFLINE_S
        if synced.manifest is not None and synced.manifest.source.get("kind") != "server":
            return _FILE_S
        return _RUNNING_S if self._goes_on(workspace, looked.experiment_id) else _IDLE_S

    def _client(self, workspace: Workspace) -> Client | None:
        """Give a client that is kept between looks, None where the server is not up or its sign-in not at hand."""
        from longshore.workspace import connection

        if workspace.name not in self._clients:
            try:
                self._clients[workspace.name] = connection.connect(self.home, workspace.name, timeout_s=_TIMEOUT_S)
            except LongshoreError:
                return None
        return self._clients[workspace.name]

    def _goes_on(self, workspace: Workspace, experiment_id: str) -> bool:
        from longshore.tracking.index import layout, standing

        return bool(standing.running(layout.folder(self.home, layout.workspace_key(workspace), experiment_id), 1))

    def _forget(self, wanted: frozenset[Looked]) -> None:
        self._cares = {looked: care for looked, care in self._cares.items() if looked in wanted}
        for name in set(self._clients).difference(looked.workspace for looked in wanted):
            self._hang_up(name)

    def _hang_up(self, workspace: str) -> None:
        # A personal server comes back at another port.
        if (client := self._clients.pop(workspace, None)) is not None:
            client.close()
