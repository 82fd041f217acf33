"""Networks that containers of one home share, by name."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from longshore.containers.engine import Engine
from longshore.containers.translation import speaking
from longshore.errors import Conflict, LongshoreError, NotFound


@dataclass(frozen=True)
class NetworkInfo:
    """A network of the engine."""

    id: str
    name: str
    labels: Mapping[str, str]


def find(engine: Engine, name: str) -> NetworkInfo | None:
    """Give the network of exactly this name, None where there is none."""
    with speaking(f"look for the network {name}"):
        found = engine.api.networks(names=[name])
    # The engine filters by a part of the name.
    entry = next((entry for entry in found if entry.get("Name") == name), None)
    return None if entry is None else NetworkInfo(str(entry["Id"]), name, dict(entry.get("Labels") or {}))


def ensure(
    engine: Engine,
    name: str,
    labels: Mapping[str, str],
    *,
    internal: bool = False,
    options: Mapping[str, str] | None = None,
) -> NetworkInfo:
    """Give the network of this name, made where it is missing; two processes may ask at once.

    `internal` leaves it without a route to the outside; such a network can't publish a port either.
    """
    if found := find(engine, name):
        return found
    with contextlib.suppress(Conflict), speaking(f"make the network {name}"):
        engine.api.create_network(
            name,
            driver="bridge",
            labels=dict(labels),
            internal=internal,
            options=dict(options or {}),
            check_duplicate=True,
        )
    if found := find(engine, name):
        return found
    raise NotFound(f"The network {name} was removed while it was being made.", hint="Try again.")


def connect(engine: Engine, container: str, network: str, *, aliases: tuple[str, ...] = ()) -> None:
    """Join a container to a network; one that is in it already is no failure."""
    try:
        with speaking(f"join {container} to the network {network}"):
            engine.api.connect_container_to_network(container, network, aliases=list(aliases))
    except LongshoreError as error:
        if "already exists in network" not in error.reason:
            raise


def remove(engine: Engine, name: str) -> None:
    """Remove a network; one that is gone is no failure.

    Raises: Conflict while containers are in it.
    """
    with contextlib.suppress(NotFound), speaking(f"remove the network {name}"):
        engine.api.remove_network(name)
