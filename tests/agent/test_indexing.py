"""The agent keeps those indexes fresh that somebody looks at, and no others."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable

import pytest

from longshore.agent import indexing
from longshore.agent.indexing import Indexing
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.settings import Home
from longshore.store import workspaces
from longshore.tracking.index import from_rest, layout, looked_at, server_source, sweep
from longshore.tracking.index.manifest import Manifest, read_manifest


@pytest.fixture
def index(home: Home, client: Client) -> Callable[[], Manifest | None]:
    """Give a function that gives the state of the index of the experiment `experiment` of the workspace `team`."""
    workspace = workspaces.add(home, name="team", url=client.url, auth="none", username="")
    return lambda: read_manifest(layout.folder(home, layout.workspace_key(workspace), experiment_of(client)))


NAME = f"kept-fresh-{uuid.uuid4().hex[:8]}"


def experiment_of(client: Client) -> str:
    return experiments.ensure(client, NAME).id


def rows(manifest: Manifest | None) -> int | None:
    return manifest.expected if manifest else None


def test_that_only_what_is_looked_at_is_kept_fresh(
    home: Home, client: Client, index: Callable[[], Manifest | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("_RUNNING_S", "_IDLE_S", "_OFFLINE_S"):
        monkeypatch.setattr(indexing, name, 0.0)
    agent = Indexing(home)
    before = len(from_rest.newest(client, experiment_of(client), 1000)[0])
    agent.tick()
    assert index() is None
    looked_at.look_at(home, "team", [experiment_of(client)])
    agent.tick()
    assert rows(index()) == before
    runs.create(client, experiment_of(client))
    agent.tick()
    assert rows(index()) == before + 1
    # Nobody said for a while that they still look.
    (file,) = (home.index / "looked-at").iterdir()
    long_ago = time.time() - looked_at.LEASE_S - 1
    os.utime(file, (long_ago, long_ago))
    runs.create(client, experiment_of(client))
    agent.tick()
    assert rows(index()) == before + 1
    assert not file.exists()


def test_that_an_old_runs_edit_on_a_server_is_found_on_the_way_round(
    home: Home, client: Client, index: Callable[[], Manifest | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "_IDLE_S", 0.0)
    monkeypatch.setattr(indexing, "_RUNNING_S", 0.0)
    monkeypatch.setattr(server_source, "_NEWEST", 2)
    monkeypatch.setattr(sweep, "_PAGE", 3)
    made = [runs.create(client, experiment_of(client)).id for _ in range(9)]
    for run in made:
        runs.update(client, run, status="FINISHED")
    agent = Indexing(home)
    looked_at.look_at(home, "team", [experiment_of(client)])
    agent.tick()
    runs.set_tag(client, made[0], "edited", "late")
    runs.delete(client, made[1])
    for _ in range(10):
        agent.tick()
    folder = layout.folder(home, layout.workspace_key(workspaces.get(home, "team")), experiment_of(client))
    from tests.tracking.index.truth import indexed, told

    assert indexed(folder) == told(client, experiment_of(client))
    assert indexed(folder)[made[0]]["t:edited"] == "late"


def test_that_a_server_that_is_away_is_asked_seldom_and_nothing_fails(home: Home) -> None:
    workspaces.add(home, name="away", url="http://127.0.0.1:9", auth="none", username="")
    looked_at.look_at(home, "away", ["1"])
    agent = Indexing(home)
    for _ in range(3):
        agent.tick()
    (care,) = agent._cares.values()
    assert care.next_at - time.monotonic() > indexing._OFFLINE_S / 2
    looked_at.look_at(home, "no such workspace", ["1"])
    agent.tick()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"workspace": 1}', '{"workspace": "a", "experiments": 7}'])
def test_that_a_file_that_is_no_lease_is_passed_over(home: Home, content: str) -> None:
    looked_at.look_at(home, "personal", ["1"])
    (home.index / "looked-at" / "0.json").write_text(content, "utf-8")
    assert looked_at.looked_at(home) == {("personal", "1")}
