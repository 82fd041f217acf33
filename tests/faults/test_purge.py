"""A purge that is disturbed: whatever is killed, the state is true, the server comes back, and asking again ends it."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import psutil
import pytest

from longshore.errors import NotFound, Unavailable
from longshore.jobs import launching
from longshore.mlflow_rest import registry, runs
from longshore.mlflow_rest.client import Client
from longshore.policies import deleting
from longshore.policies.deleting import Purged
from longshore.settings import Home
from longshore.store import jobs, processes
from longshore.store.records import Job
from tests.support.cli import longshore
from tests.support.launching import kill_agent, wait_until
from tests.support.trash import Made, Maker, connected, files_below, personal_home

MANY = 180


def trashed(client: Client, count: int) -> list[Made]:
    maker = Maker(client)
    made = [maker.run(size=50) for _ in range(count)]
    for one in made:
        runs.delete(client, one.run_id)
    return made


def purging_process(home: Home) -> psutil.Process | None:
    """Give the process that deletes this home's runs; other tests' purges run beside it."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or ()
        if {"tracking-purge", str(home.tracking)} <= set(command) and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None


def in_the_middle(home: Home, job: Job) -> psutil.Process:
    """Wait until some of the runs are gone, and give the process that deletes them."""
    log = Path(job.folder) / "log"
    wait_until(lambda: log.exists() and "has been permanently deleted" in log.read_text("utf-8", "replace"), 120)
    found = purging_process(home)
    assert found is not None, "it was quicker than this test"
    return found


def check_true(own: Home, client: Client, made: list[Made], result: Purged) -> None:
    """Check that what was told is what is there: gone with its files, or in the trash."""
    assert set(result.purged) | {one.run_id for one in result.left} == {one.run_id for one in made}
    there = {run.id for run in runs.search_all(client, _experiments(client), deleted=True)}
    assert not there & set(result.purged)
    assert {one.run_id for one in result.left} <= there
    assert all(files_below(own, run_id) == 0 for run_id in result.purged)
    kept = sum(files_below(own, one.run_id) for one in made)
    assert result.freed_bytes == sum(one.total_bytes for one in made) - kept


def _experiments(client: Client) -> list[str]:
    from longshore.tracking import trash

    return [one.id for one in trash.experiments_anywhere(client)]


def healthy(own: Home) -> bool:
    return processes.server(own).state == "healthy"


def test_that_gc_killed_in_the_middle_is_told_with_what_is_gone_and_asking_again_ends_it(
    own: Home, own_client: Client
) -> None:
    made = trashed(own_client, MANY)
    job = deleting.purge(own, "personal", [one.run_id for one in made])
    in_the_middle(own, job).kill()
    job = launching.wait(own, job.id)
    assert job.state == "failed"
    assert job.error is not None
    result = deleting.result(own, job)
    assert result is not None
    assert 0 < len(result.purged) < MANY
    assert f"{len(result.purged)} of {MANY} runs were deleted for good. MLflow's gc was killed" in str(
        job.error["message"]
    )
    assert healthy(own)
    check_true(own, own_client, made, result)
    answer = longshore(own.path, "purge", "--all", "--yes")
    assert answer.status == 0, answer.err
    assert len(answer.document["purged"]) == MANY - len(result.purged)
    assert longshore(own.path, "trash").document == {"runs": [], "experiments": []}
    assert all(files_below(own, one.run_id) == 0 for one in made)


def test_that_the_next_agent_ends_what_a_killed_one_began_and_brings_the_server_back(
    own: Home, own_client: Client
) -> None:
    made = trashed(own_client, MANY)
    job = deleting.purge(own, "personal", [one.run_id for one in made])
    gc = in_the_middle(own, job)
    kill_agent(own)
    wait_until(lambda: not gc.is_running() or gc.status() == psutil.STATUS_ZOMBIE, 15)
    processes.ensure_agent(own)
    job = launching.wait(own, job.id)
    assert (job.state, job.error) == ("finished", None)
    result = deleting.result(own, job)
    assert result is not None
    assert len(result.purged) == MANY
    assert healthy(own)
    check_true(own, own_client, made, result)


def test_that_a_stopped_purge_leaves_the_rest_in_the_trash_and_the_server_up(own: Home, own_client: Client) -> None:
    made = trashed(own_client, MANY)
    job = deleting.purge(own, "personal", [one.run_id for one in made])
    in_the_middle(own, job)
    launching.stop(own, job.id)
    job = launching.wait(own, job.id)
    assert (job.state, job.error) == ("stopped", None)
    result = deleting.result(own, job)
    assert result is not None
    assert 0 < len(result.purged) < MANY
    check_true(own, own_client, made, result)
    for one in result.left:
        runs.restore(own_client, one.run_id)


def test_that_a_run_that_was_restored_or_promoted_behind_our_back_stays(own: Home, own_client: Client) -> None:
    maker = Maker(own_client)
    restored, gone, aliased = (maker.run(size=50, model=300 if n == 2 else 0) for n in range(3))
    name = maker.register(aliased)
    for one in (restored, gone, aliased):
        runs.delete(own_client, one.run_id)
    # What somebody does between the look at the guards and the server's stop.
    from longshore.progress import CancelToken, no_progress
    from longshore.workspace import purging

    runs.restore(own_client, restored.run_id)
    registry.set_alias(own_client, name, "champion", "1")
    wanted = {one.run_id: [one.model_id] if one.model_id else [] for one in (restored, gone, aliased)}
    processes.stop_agent(own)
    from longshore.workspace import server

    with server.held_down(own, "A test needs the database."):
        assert server.ensure(own).state == "stopped"
        purging.purge(own, wanted, own.path / "log", no_progress, CancelToken())
    processes.ensure_agent(own)
    wait_until(lambda: healthy(own), 120)
    with pytest.raises(NotFound):
        runs.get(own_client, gone.run_id)
    for one in (restored, aliased):
        assert runs.get(own_client, one.run_id)
        assert files_below(own, one.run_id) == one.artifact_bytes
    model = next((own.tracking / "artifacts").glob(f"*/models/{aliased.model_id}/artifacts/model.bin"))
    assert model.exists()


def test_that_nothing_is_deleted_while_the_server_that_knows_the_aliases_is_away(home: Home) -> None:
    with Client("http://127.0.0.1:9", timeout_s=1) as nobody:
        with pytest.raises(Unavailable):
            deleting.delete(home, nobody, "personal", ["0" * 32])
        with pytest.raises(Unavailable):
            deleting.plan_purge(home, nobody, "personal", ["0" * 32])
    assert jobs.listing(home) == ()


def test_that_a_purge_makes_room_on_a_full_disk(small_disk: Path) -> None:
    with personal_home(tracking=small_disk / "tracking") as own, connected(own) as client:
        maker = Maker(client)
        made = maker.run(size=2_000_000)
        runs.delete(client, made.run_id)
        with contextlib.suppress(OSError), (small_disk / "filler").open("wb", buffering=0) as filler:
            while True:
                filler.write(os.urandom(4096))
        job = launching.wait(own, deleting.purge(own, "personal", [made.run_id]).id)
        assert (job.state, job.error) == ("finished", None)
        result = deleting.result(own, job)
        assert result is not None
        assert (result.purged, result.freed_bytes) == ((made.run_id,), made.total_bytes)
        assert healthy(own)
