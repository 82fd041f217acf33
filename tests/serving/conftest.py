"""One home with one served model for the tests of this room: building its image takes the longest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.support.serving import Dock, opened_dock
from tests.support.tiny_models import register_tiny
from tests.support.tracking import free_port

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.store.records import Deployment


@pytest.fixture(scope="module")
def dock(tracking_server: str, client: Client) -> Iterator[Dock]:
    with opened_dock(tracking_server, client) as opened:
        yield opened


@pytest.fixture(scope="module")
def served(dock: Dock) -> Deployment:
    """A deployment "house" of a model that answers 1.0 for each row.

    Its port is none that a deployment would choose: another test's would take it while the proxy is away.
    """
    return dock.deploy(register_tiny(dock.client, "Tiny House"), name="house", port=free_port())
