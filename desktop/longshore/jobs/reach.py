"""How jobs and the agent reach the workspaces' tracking servers: one client each, kept."""

from __future__ import annotations

import hashlib
import hmac
import os
import threading
import time
from typing import TYPE_CHECKING

from longshore.jobs.spec import RunSpec
from longshore.jobs.targets.base import Tracking
from longshore.settings import Home
from longshore.store import workspaces
from longshore.store.processes import wake_key

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.mlflow_rest.credential import Credential

# After so long it is looked at again whether an experiment is still there.
_EXPERIMENT_S = 60.0
_TIMEOUT_S = 30.0


class Reach:
    """The servers of a home. Safe from any thread."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._lock = threading.Lock()
        self._clients: dict[str, tuple[str, str, Client]] = {}
        self._experiments: dict[tuple[str, str, str], float] = {}

    def client(self, workspace: str, *, wait_s: float = 0.0) -> Client:
        """Give the client of a workspace; its server may still be starting for `wait_s`.

        Raises: NotFound, Unavailable.
        """
        from longshore.mlflow_rest.client import Client
        from longshore.workspace import connection

        url = connection.address(self._home, workspaces.get(self._home, workspace), wait_s=wait_s)
        credential = connection.credential(self._home, workspace)
        header = credential.header if credential else ""
        with self._lock:
            known = self._clients.get(workspace)
            if known is None or known[:2] != (url, header):
                # The old one is left to whoever still uses it.
                known = (url, header, Client(url, credential=credential, timeout_s=_TIMEOUT_S))
                self._clients[workspace] = known
            return known[2]

    def tracking(self, workspace: str, job_id: str, spec: RunSpec, *, wait_s: float) -> Tracking:
        """Say how a job is to reach its workspace's server.

        Raises: NotFound, Unavailable.
        """
        client = self.client(workspace, wait_s=wait_s)
        return self._way(client.url, client.credential, job_id, spec)

    def tracking_again(self, workspace: str, job_id: str, spec: RunSpec) -> Tracking:
        """Say how a job that runs already reaches its server, whether that is up now or not.

        Raises: NotFound; Unavailable if the sign-in can't be read.
        """
        from longshore.workspace import connection

        url = connection.known_address(self._home, workspaces.get(self._home, workspace))
        return self._way(url, connection.credential(self._home, workspace), job_id, spec)

    def _way(self, url: str, credential: Credential | None, job_id: str, spec: RunSpec) -> Tracking:
        return Tracking(
            url=url,
            experiment=spec.experiment,
            token=self._token(job_id),
            authorization=credential.header if credential else "",
            ca_file=os.environ.get("SSL_CERT_FILE") or os.environ.get("REQUESTS_CA_BUNDLE") or "",
        )

    def _token(self, job_id: str) -> str:
        """Give the token that lets a job into its own forwarder: the same again for whoever adopts it, kept nowhere."""
        return hmac.new(wake_key(self._home), f"token of {job_id}".encode(), hashlib.sha256).hexdigest()

    def ensure_experiment(self, workspace: str, spec: RunSpec) -> None:
        """Make the job's experiment, tagged with its project, where it is not there.

        Raises: what a client raises.
        """
        from longshore.mlflow_rest import experiments

        client = self.client(workspace)
        key = (client.url, spec.experiment, spec.project_name)
        if time.monotonic() - self._experiments.get(key, -_EXPERIMENT_S) < _EXPERIMENT_S:
            return
        found = experiments.ensure(client, spec.experiment)
        if "longshore.project" not in found.tags:
            experiments.set_tag(client, found.id, "longshore.project", spec.project_name)
        self._experiments[key] = time.monotonic()
