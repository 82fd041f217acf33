"""What the agent removes after months, and what it never does: on real folders, a real server, a real image."""

from __future__ import annotations

import gzip
import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import pytest

from longshore.containers import engine as engines
from longshore.errors import Conflict, NotFound
from longshore.jobs import tidying
from longshore.jobs.reach import Reach
from longshore.jobs.spec import RunSpec
from longshore.jobs.targets import job_image
from longshore.mlflow_rest import artifacts, experiments, runs
from longshore.mlflow_rest.client import Client
from longshore.progress import CancelToken, no_progress
from longshore.settings import Home, save_settings
from longshore.store import jobs, processes
from longshore.store.records import Job
from tests.support.launching import make_project

NOW = datetime.now(UTC)
LOG = b"[longshore] A note.\nstep 1\nstep 2\n"


@pytest.fixture(autouse=True)
def few_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two hundred jobs say no more than two."""
    monkeypatch.setattr(tidying, "NEWEST_KEPT", 2)


@pytest.fixture
def experiment(client: Client) -> str:
    return experiments.ensure(client, f"tidying-{uuid.uuid4().hex[:8]}").id


def ended(home: Home, *, days: float, log: bytes | None = LOG, kind: str = "run", **changes: Any) -> Job:
    """An ended job with its folder, so many days ago."""
    job = jobs.add(home, kind=kind, title="t", spec={}, workspace="personal", steps=("one",))
    if log is not None:
        Path(job.folder).mkdir(parents=True)
        (Path(job.folder) / "log").write_bytes(log)
    return jobs.update(home, job.id, **{"state": "finished", "ended_at": NOW - timedelta(days=days), **changes})


@pytest.fixture
def newest(served_home: Home) -> list[Job]:
    """The two that are kept whatever their age."""
    return [ended(served_home, days=91 + number, log=b"", state="stopped") for number in range(2)]


def uploaded(client: Client, experiment: str, log: bytes = LOG) -> str:
    run = runs.create(client, experiment)
    artifacts.upload(client, run.id, "longshore/log.txt", log)
    return run.id


def tidied(home: Home) -> tidying.Tidied:
    return tidying.tidy(home, Reach(home), NOW)


def is_there(home: Home, job: Job) -> bool:
    try:
        jobs.get(home, job.id)
    except NotFound:
        assert not Path(job.folder).exists()
        return False
    return True


def test_that_an_old_job_goes_once_its_run_holds_its_log_and_a_newer_one_stays(
    served_home: Home, newest: list[Job], client: Client, experiment: str
) -> None:
    old = ended(served_home, days=100, run_ids=(uploaded(client, experiment),))
    retried = ended(
        served_home, days=101, run_ids=(uploaded(client, experiment, LOG[:9]), uploaded(client, experiment))
    )
    found = tidied(served_home)
    assert (set(found.jobs), found.complete) == ({old.id, retried.id}, True)
    assert not is_there(served_home, old)
    assert all(is_there(served_home, job) for job in newest), "the newest are kept, whatever their age"
    young = [ended(served_home, days=80, run_ids=(uploaded(client, experiment),)) for _ in range(3)]
    assert set(tidied(served_home).jobs) == {job.id for job in newest}, "they are not among the newest any more"
    assert all(is_there(served_home, job) for job in young)


def test_that_a_log_that_is_nowhere_else_stays(
    served_home: Home, newest: list[Job], client: Client, experiment: str
) -> None:
    bare = runs.create(client, experiment).id
    gone = uploaded(client, experiment)
    runs.delete(client, gone)
    stays = {
        "its run has no log": ended(served_home, days=100, run_ids=(bare,)),
        "its run has an excerpt": ended(served_home, days=100, run_ids=(uploaded(client, experiment, LOG[:-1]),)),
        "its run is not known there": ended(served_home, days=100, run_ids=(uuid.uuid4().hex,)),
        "it has no run, and a script wrote": ended(served_home, days=100, state="failed"),
        "it is no run": ended(served_home, days=100, kind="deploy"),
        "its workspace is gone": ended(served_home, days=100, run_ids=(bare,), workspace="no such team"),
    }
    unsent = ended(served_home, days=100, run_ids=(uploaded(client, experiment),))
    (Path(unsent.folder) / "unsent").write_text("{}")
    aside = ended(served_home, days=100, run_ids=(uploaded(client, experiment),))
    (Path(aside.folder) / "outputs" / "sub").mkdir(parents=True)
    (Path(aside.folder) / "outputs" / "sub" / "model.bin").write_text("the run's")
    stays |= {"its runs wait for their server": unsent, "files of its run are kept beside": aside}
    assert tidied(served_home).jobs == ()
    for why, job in stays.items():
        assert is_there(served_home, job), why
        assert (Path(job.folder) / "log").read_bytes() == LOG, why


def test_that_a_log_too_long_to_be_uploaded_goes_to_its_run_whole_and_compressed_before_its_job_goes(
    served_home: Home, newest: list[Job], client: Client, experiment: str
) -> None:
    whole = b"".join(b"step %d: loss 0.5\n" % number for number in range(700_000))
    assert len(whole) > 12_000_000
    run_id = uploaded(client, experiment, whole[:1000] + b"[...]" + whole[-1000:])
    bare = runs.create(client, experiment).id
    long = ended(served_home, days=100, log=whole, run_ids=(run_id,))
    no_excerpt = ended(served_home, days=100, log=whole, run_ids=(bare,))
    assert tidied(served_home).jobs == (long.id,)
    assert not is_there(served_home, long)
    packed = artifacts.download(client, run_id, "longshore/log.txt.gz")
    assert len(packed) < len(whole) / 4
    assert gzip.decompress(packed) == whole
    assert is_there(served_home, no_excerpt), "its run never took any of it"
    assert [each.name for each in Path(no_excerpt.folder).iterdir()] == ["log"]


def test_that_a_job_that_failed_before_its_script_ran_leaves_nothing_to_keep(
    served_home: Home, newest: list[Job]
) -> None:
    notes = b"[longshore] Making the environment.\n[longshore] No solution found.\n"
    failed = ended(served_home, days=100, log=notes, state="failed")
    never_taken_up = ended(served_home, days=100, log=None, state="stopped")
    assert set(tidied(served_home).jobs) == {failed.id, never_taken_up.id}
    assert not is_there(served_home, failed)


def test_that_a_job_under_way_is_never_removed(served_home: Home, newest: list[Job]) -> None:
    job = ended(served_home, days=100, state="running")
    assert tidied(served_home).jobs == ()
    with pytest.raises(Conflict):
        jobs.forget(served_home, job.id)
    assert is_there(served_home, job)


def test_that_nothing_goes_while_the_server_is_away_and_it_is_looked_again_soon(
    served_home: Home, newest: list[Job], client: Client, experiment: str
) -> None:
    old = ended(served_home, days=100, run_ids=(uploaded(client, experiment),))
    mark = served_home.index / "tidied"
    tidying.tidy_daily(served_home, Reach(served_home))
    assert mark.exists(), "a home's first day begins"
    assert is_there(served_home, old)
    yesterday = (NOW - timedelta(days=1, minutes=1)).timestamp()
    os.utime(mark, (yesterday, yesterday))
    processes.put_server(served_home, state="failed")
    tidying.tidy_daily(served_home, Reach(served_home))
    assert is_there(served_home, old)
    processes.put_server(served_home, state="healthy")
    tidying.tidy_daily(served_home, Reach(served_home))
    assert not is_there(served_home, old)
    later = ended(served_home, days=200, run_ids=(uploaded(client, experiment),))
    tidying.tidy_daily(served_home, Reach(served_home))
    assert is_there(served_home, later), "once a day is enough"


def test_that_the_days_are_a_setting_and_none_means_for_ever(
    served_home: Home, newest: list[Job], client: Client, experiment: str
) -> None:
    old = ended(served_home, days=100, run_ids=(uploaded(client, experiment),))
    for days in (0.0, 120.0):
        save_settings(served_home, keep_jobs_days=days)
        assert tidied(served_home).jobs == ()
    save_settings(served_home, keep_jobs_days=99.0)
    assert tidied(served_home).jobs == (old.id,)


@pytest.fixture
def other_home(tmp_path: Path) -> Home:
    from longshore.settings import open_home

    return open_home(tmp_path / "other")


@pytest.fixture
def image(home: Home, other_home: Home, tmp_path: Path) -> Iterator[job_image.JobImage]:
    """An environment's image of this home, and one of another home with the same content."""
    project = make_project(tmp_path / "p", "pass")
    engine = engines.find(home)
    made = [
        job_image.made(each, engine, RunSpec("p", "p", str(project), "main"), no_progress, CancelToken())
        for each in (other_home, home)
    ]
    yield made[1]
    client = docker.from_env()
    for each in (home, other_home):
        for found in client.images.list(filters={"label": f"longshore.home={each.id}"}):
            client.images.remove(found.id, force=True)
    client.close()


@pytest.mark.docker
@pytest.mark.timeout(240)
def test_that_an_image_that_no_run_has_used_for_a_month_goes_and_no_other_homes(
    home: Home, other_home: Home, image: job_image.JobImage, tmp_path: Path
) -> None:
    engine = engines.find(home)
    reach = Reach(home)
    in_use = home.index / "images" / f"{image.environment_hash}.used"
    assert in_use.exists()
    month, week = NOW + timedelta(days=31), NOW + timedelta(days=7)
    assert tidying.tidy(home, reach, week).images == ()
    os.utime(in_use, (week.timestamp(), week.timestamp()))
    assert tidying.tidy(home, reach, month).images == (), "a run started from it three weeks ago"
    save_settings(home, keep_images_days=0.0)
    os.utime(in_use, (NOW.timestamp(), NOW.timestamp()))
    assert tidying.tidy(home, reach, month).images == (), "for ever"
    save_settings(home, keep_images_days=30.0)
    client = docker.from_env()
    # Stopped, but somebody may want it.
    container = client.containers.create(image.info.id)
    look = client.containers.create(image.info.id, labels={"longshore.home": home.id, "longshore.kind": "look"})
    assert tidying.tidy(home, reach, month).images == (), "a container needs it"
    assert [each.id for each in client.containers.list(all=True, filters={"id": look.id})] == []
    container.remove()
    assert tidying.tidy(home, reach, month).images == (image.info.id,)
    assert not client.images.list(filters={"label": f"longshore.home={home.id}"})
    others = client.images.list(filters={"label": f"longshore.home={other_home.id}"})
    assert len(others) == 1
    client.close()
    again = job_image.made(home, engine, RunSpec("p", "p", str(tmp_path / "p"), "main"), no_progress, CancelToken())
    assert again.environment_hash == image.environment_hash, "it is made again when it is needed"
