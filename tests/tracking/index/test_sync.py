"""An index is brought up to date from a live server: what it holds is what the server says, whatever happened between."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from longshore.errors import Cancelled, Invalid
from longshore.mlflow_rest import experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.mlflow_rest.types import Metric
from longshore.progress import CancelToken
from longshore.settings import Home
from longshore.store.records import Workspace
from longshore.tracking.index import database_changes, from_sqlite, layout, segments, server_source
from longshore.tracking.index.manifest import read_manifest
from longshore.tracking.index.sweep import Sweep
from longshore.tracking.index.sync import Synced, sync
from longshore.workspace.tracking_process import set_wal
from tests.support.tracking import running_server
from tests.tracking.index.truth import indexed, told

NOW = datetime(2026, 1, 2, tzinfo=UTC)
PERSONAL = Workspace("personal", "personal", "", "none", "", True, NOW)


@dataclass(frozen=True)
class Store:
    client: Client
    database: Path


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    folder = Path(tempfile.mkdtemp(prefix="ls-sync-"))
    set_wal(folder / "mlflow.db")
    with running_server(folder=folder) as url, Client(url, timeout_s=30) as client:
        yield Store(client, folder / "mlflow.db")


@dataclass
class Place:
    """An experiment of a test's own, and its index."""

    home: Home
    workspace: Workspace
    client: Client
    experiment: str

    def sync(self, **options: Any) -> Synced:
        client = options.pop("client", self.client)
        return sync(self.home, self.workspace, self.experiment, client, **options)

    @property
    def folder(self) -> Path:
        return layout.folder(self.home, layout.workspace_key(self.workspace), self.experiment)

    def new(self, number: int = 0, **tags: str) -> str:
        run = runs.create(self.client, self.experiment, start_time=NOW + timedelta(minutes=number), tags=tags)
        runs.log_batch(
            self.client, run.id, params={"n": str(number)}, metrics=[Metric("loss", number, 1)], tags={"t": "a"}
        )
        return run.id

    def right(self) -> bool:
        """Compare the index with what the server says."""
        expected = told(self.client, self.experiment)
        found = indexed(self.folder)
        assert found == expected
        manifest = read_manifest(self.folder)
        assert manifest is not None and manifest.expected == len(expected)
        return manifest.complete


def placed(home: Home, store: Store, workspace: Workspace) -> Place:
    if workspace.kind == "personal":
        home.tracking.mkdir(exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            home.tracking.joinpath(f"mlflow.db{suffix}").symlink_to(f"{store.database}{suffix}")
    experiment = experiments.create(store.client, f"sync-{uuid.uuid4().hex[:8]}")
    return Place(home, workspace, store.client, experiment.id)


def team(store: Store) -> Workspace:
    return Workspace("team", "team", store.client.url, "none", "", False, NOW)


@pytest.fixture
def local(home: Home, store: Store) -> Place:
    return placed(home, store, PERSONAL)


@pytest.fixture(params=["database", "server"])
def place(request: pytest.FixtureRequest, home: Home, store: Store) -> Place:
    return placed(home, store, PERSONAL if request.param == "database" else team(store))


def test_that_an_index_is_filled_and_knows_its_source(place: Place) -> None:
    for number in range(5):
        place.new(number)
    synced = place.sync()
    assert (synced.changed, synced.offline, synced.rebuilt, synced.busy) == (True, None, "", False)
    assert place.right()
    manifest = read_manifest(place.folder)
    assert manifest is not None and time.time() - manifest.as_of < 30
    assert manifest.source["kind"] == ("database" if place.workspace is PERSONAL else "server")


def test_that_an_experiment_without_runs_has_an_index_without_rows(place: Place) -> None:
    assert place.sync().changed
    assert place.right()
    assert not place.sync().changed
    place.new()
    assert place.sync().changed
    assert place.right()


def test_that_what_happened_to_the_newest_runs_is_seen_at_the_next_look(place: Place) -> None:
    made = [place.new(number) for number in range(8)]
    place.sync()
    client = place.client
    for change in (
        lambda: place.new(9),
        lambda: runs.log_batch(client, made[0], metrics=[Metric("loss", 0.5, 2, 1)]),
        lambda: runs.log_batch(client, made[1], metrics=[Metric("Loss", float("nan"), 1)], params={"late": "1"}),
        lambda: runs.set_tag(client, made[2], "t", "b"),
        lambda: runs.set_tag(client, made[2], "fresh", "🐙"),
        lambda: runs.delete_tag(client, made[3], "t"),
        lambda: runs.update(client, made[4], name="another name"),
        lambda: runs.update(client, made[5], status="FINISHED", end_time=NOW + timedelta(days=1)),
        lambda: runs.delete(client, made[6]),
        lambda: runs.restore(client, made[6]),
        lambda: client.write("runs/outputs", {"run_id": made[7], "models": [{"model_id": "m-" + "a" * 32, "step": 1}]}),
    ):
        change()
        assert place.sync().changed
        assert place.right()
        assert not place.sync().changed


def test_that_an_old_runs_edit_is_seen_in_a_file_at_once_and_on_a_server_when_everything_is_read(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_source, "_NEWEST", 2)
    made = [place.new(number) for number in range(6)]
    for run in made:
        runs.update(place.client, run, status="FINISHED")
    place.sync()
    runs.set_tag(place.client, made[0], "t", "edited")
    runs.delete(place.client, made[1])
    exact = place.workspace is PERSONAL
    assert place.sync().changed is exact
    assert place.sync(full=True).changed
    assert place.right()
    # What the caller changed itself is seen at once, wherever.
    runs.set_tag(place.client, made[2], "t", "edited by us")
    assert place.sync(touched=[made[2]]).changed
    assert place.right()


def test_that_runs_that_go_on_are_followed_however_old_they_are(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_source, "_NEWEST", 1)
    made = [place.new(number) for number in range(5)]
    place.sync()
    runs.log_batch(place.client, made[0], metrics=[Metric("loss", 7, 2, 2)])
    assert place.sync().changed and place.right()
    runs.update(place.client, made[0], status="FINISHED")
    assert place.sync().changed and place.right()


def test_that_a_run_deleted_for_good_leaves_the_index(place: Place, store: Store) -> None:
    made = [place.new(number) for number in range(4)]
    place.sync()
    purge(store, made[1])
    synced = place.sync(touched=[made[1]])
    assert synced.changed
    assert place.right() and made[1] not in indexed(place.folder)
    # And where nobody says which: a file tells, a server when everything is read.
    purge(store, made[2])
    assert place.sync(full=place.workspace is not PERSONAL).changed
    assert place.right() and made[2] not in indexed(place.folder)


def test_that_numbers_given_again_after_a_purge_hide_nothing(
    local: Place, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Else the run would be read again for its neighbour's sake.
    monkeypatch.setattr(database_changes, "_SLICED", smaller_slices(1))
    old, last = local.new(0), local.new(1)
    local.sync()
    # The purged rows were the last ones: what comes next gets their numbers.
    purge(store, last)
    runs.log_batch(local.client, old, metrics=[Metric("loss", 77, 9, 9)])
    fresh = local.new(2)
    assert local.sync().changed
    assert local.right() and set(indexed(local.folder)) == {old, fresh}


def test_that_any_history_of_changes_ends_in_what_the_server_says(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_changes, "_SLICED", smaller_slices(3))
    chance = random.Random(5)
    made: list[str] = []
    exact = place.workspace is PERSONAL
    for step in range(90):
        with contextlib.suppress(Invalid):  # a deleted run takes no tag
            at_random(place, chance, made, step)
        if chance.random() < 0.35:
            place.sync(full=not exact)
            assert place.right()


def test_that_looks_that_compare_a_part_each_find_everything_after_some(
    local: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_changes, "_SLICED", smaller_slices(2))
    monkeypatch.setattr("longshore.tracking.index.database_source._SLICES", 1)
    chance, made = random.Random(6), [local.new(number) for number in range(12)]
    local.sync()
    for step in range(20):
        with contextlib.suppress(Invalid):
            at_random(local, chance, made, step)
        local.sync(thorough=False)
    for _ in range(4000):
        local.sync(thorough=False)
        manifest = read_manifest(local.folder)
        assert manifest is not None
        if manifest.source["clean"]:
            break
    assert manifest.source["clean"]
    assert local.right()


def smaller_slices(size: int) -> dict[str, Any]:
    return {table: each._replace(size=size) for table, each in database_changes._SLICED.items()}


def at_random(place: Place, chance: random.Random, made: list[str], step: int) -> None:
    client, run = place.client, chance.choice(made) if made else ""
    kind = chance.randrange(10)
    if kind <= 2 or not made:
        made.append(place.new(chance.randrange(100)))
    elif kind == 3:
        runs.set_tag(client, run, chance.choice("tuv"), str(step))
    elif kind == 4:
        runs.set_tag(client, run, f"once {step}", "x")
        runs.delete_tag(client, run, f"once {step}")
    elif kind == 5:
        runs.log_batch(client, run, metrics=[Metric(chance.choice("ab"), chance.random(), step, step)])
    elif kind == 6:
        runs.update(client, run, name=f"name {step}")
    elif kind == 7:
        runs.update(client, run, status=chance.choice(["FINISHED", "FAILED", "RUNNING"]))
    elif kind == 8:
        runs.delete(client, run)
    else:
        runs.restore(client, run)


def purge(store: Store, run: str) -> None:
    """Do as `mlflow gc` does."""
    with contextlib.closing(sqlite3.connect(store.database, timeout=30)) as connection, connection:
        for table in ("latest_metrics", "metrics", "params", "tags", "runs"):
            connection.execute(f"DELETE FROM {table} WHERE run_uuid = ?", (run,))


def test_that_nothing_new_is_told_from_a_few_bytes(local: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    local.new()
    local.sync()

    def opened(*_: object) -> None:
        raise AssertionError("the database was opened")

    with monkeypatch.context() as patch:
        patch.setattr(from_sqlite.Database, "__init__", opened)
        assert not local.sync().changed
    # A transaction of another experiment is looked at once, and is nothing new here.
    experiments.create(local.client, f"other-{uuid.uuid4().hex[:8]}")
    assert not local.sync().changed


def test_that_the_time_of_the_last_look_goes_on(place: Place) -> None:
    place.new()
    first = place.sync().manifest
    time.sleep(1.1)
    second = place.sync().manifest
    assert first and second and second.as_of > first.as_of
    assert second.segments == first.segments


def test_that_without_the_server_the_last_state_stays_and_it_is_told(home: Home, store: Store) -> None:
    place = placed(home, store, team(store))
    place.new()
    place.sync()
    with Client("http://127.0.0.1:9", timeout_s=1) as nobody:
        for synced in (place.sync(client=nobody), place.sync(client=nobody, full=True)):
            assert synced.offline is not None and "cannot be reached" in synced.offline.reason
    synced = place.sync(client=None)
    assert synced.offline is not None and not synced.changed
    assert len(indexed(place.folder)) == 1
    place.new(1)
    assert place.sync().changed and place.right()


def test_that_the_personal_file_is_read_without_a_server(local: Place) -> None:
    local.new()
    assert local.sync(client=None).offline is None
    assert local.right()


def test_that_a_file_of_another_schema_is_left_to_the_server(local: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    local.new()
    local.sync()
    monkeypatch.setattr(from_sqlite, "REVISIONS", frozenset({"another"}))
    local.new(1)
    assert local.sync().changed and local.right()
    manifest = read_manifest(local.folder)
    assert manifest is not None and manifest.source["kind"] == "server"
    monkeypatch.undo()
    assert local.sync().changed and local.right()


def harm_segment(folder: Path) -> None:
    for file in folder.glob("*.arrow"):
        file.write_bytes(file.read_bytes()[:-100])


def harm_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text("{", "utf-8")


def remove_segment(folder: Path) -> None:
    for file in folder.glob("*.arrow"):
        file.unlink()


@pytest.mark.parametrize("harm", [harm_segment, harm_manifest, remove_segment])
def test_that_a_damaged_index_is_built_again_and_it_is_told(place: Place, harm: Callable[[Path], None]) -> None:
    for number in range(3):
        place.new(number)
    place.sync()
    harm(place.folder)
    place.new(4)
    synced = place.sync()
    assert synced.rebuilt and synced.changed
    assert place.right()
    assert not place.sync().rebuilt


def test_that_an_index_that_was_removed_is_filled_again(place: Place) -> None:
    place.new()
    place.sync()
    shutil.rmtree(place.folder)
    assert place.sync().changed
    assert place.right()


def test_that_one_who_fills_is_not_waited_for(place: Place) -> None:
    from tests.support.elsewhere import in_a_thread

    place.new()

    def meanwhile() -> None:
        began = time.monotonic()
        assert place.sync().busy
        assert time.monotonic() - began < 2

    with segments.writing(place.folder):
        in_a_thread(meanwhile)
    assert place.sync().changed


def test_that_filling_can_be_stopped_and_begun_again(place: Place) -> None:
    for number in range(3):
        place.new(number)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        place.sync(cancel=token)
    said: list[tuple[float | None, str]] = []
    assert place.sync(progress=lambda part, title: said.append((part, title))).changed
    assert place.right()
    assert "3 runs read" in said[-1][1]


def test_that_the_way_round_a_servers_runs_finds_what_is_gone_for_good(
    home: Home, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_source, "_NEWEST", 1)
    monkeypatch.setattr("longshore.tracking.index.sweep._PAGE", 2)
    place, around = placed(home, store, team(store)), Sweep()
    made = [place.new(number) for number in range(5)]
    for run in made:
        runs.update(place.client, run, status="FINISHED")
    place.sync()
    purge(store, made[1])
    while not around.rounds:
        place.sync(sweep=around)
    assert place.right() and made[1] not in indexed(place.folder)
