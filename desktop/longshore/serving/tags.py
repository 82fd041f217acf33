"""The tag on a model version that tells everybody where it is served."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.settings import Home
from longshore.store.records import Deployment

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client

DEPLOYMENTS = "longshore.deployments"


def served(home: Home, workspace: str, model: str, version: str, deployment: Deployment) -> None:
    """Record that a deployment serves this version."""
    entry = {"name": deployment.name, "host": socket.gethostname(), "url": deployment.url}
    _change(home, workspace, model, version, deployment.name, entry)


def not_served(home: Home, workspace: str, model: str, version: str, deployment: str) -> None:
    """Record that a deployment of this computer serves this version no more."""
    _change(home, workspace, model, version, deployment, None)


def _change(
    home: Home, workspace: str, model: str, version: str, deployment: str, entry: dict[str, str] | None
) -> None:
    from longshore.workspace.connection import connect

    with connect(home, workspace, wait_s=10.0) as client:
        try:
            _write(client, model, version, deployment, entry)
        except NotFound:
            # The version was deleted meanwhile; nobody is left to tell.
            return


def _write(client: Client, model: str, version: str, deployment: str, entry: dict[str, str] | None) -> None:
    from longshore.mlflow_rest import registry

    known = registry.get_version(client, model, version).tags.get(DEPLOYMENTS, "[]")
    here = (deployment, socket.gethostname())
    entries = [one for one in _read(known) if (one.get("name"), one.get("host")) != here]
    if entry is not None:
        entries.append(entry)
    if entries:
        registry.set_version_tag(client, model, version, DEPLOYMENTS, json.dumps(entries))
    else:
        registry.delete_version_tag(client, model, version, DEPLOYMENTS)


def _read(text: str) -> list[dict[str, str]]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
