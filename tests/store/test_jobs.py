"""The queue in the local database."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from longshore.errors import Conflict, NotFound
from longshore.settings import Home
from longshore.store import jobs


def queue(home: Home, title: str) -> str:
    return jobs.add(home, kind="run", title=title, spec={"n": 1}, workspace="personal").id


def titles(home: Home) -> list[str]:
    return [job.title for job in jobs.listing(home, states=("queued",))]


def test_that_jobs_wait_in_the_order_in_which_they_came(home: Home) -> None:
    for title in "abc":
        queue(home, title)
    assert titles(home) == ["a", "b", "c"]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 5)), max_size=6))
def test_that_reordering_does_what_moving_in_a_list_does(home: Home, moves: list[tuple[int, int]]) -> None:
    for job in jobs.listing(home):
        jobs.update(home, job.id, state="stopped", ended_at=job.created_at)
    ids = [queue(home, str(number)) for number in range(5)]
    order = list(ids)
    for moved, place in moves:
        before = ids[place] if place < 5 else None
        if before == ids[moved]:
            continue
        order.remove(ids[moved])
        order.insert(order.index(before) if before else len(order), ids[moved])
        jobs.move(home, ids[moved], before=before)
    assert [job.id for job in jobs.listing(home, states=("queued",))] == order


def test_that_hundreds_of_jobs_in_one_second_have_ids_of_their_own() -> None:
    ids = [jobs.new_id() for _ in range(300)]
    assert len(set(ids)) == len(ids)


def test_that_a_job_that_runs_cannot_be_moved(home: Home) -> None:
    first, second = queue(home, "a"), queue(home, "b")
    jobs.update(home, second, state="running")
    with pytest.raises(Conflict, match="is running by now"):
        jobs.move(home, second, before=first)


def test_that_two_processes_cannot_both_take_one_job(home: Home) -> None:
    job_id = queue(home, "a")
    code = (
        "import sys; from pathlib import Path; from longshore.settings import open_home\n"
        "from longshore.store import jobs; from longshore.errors import Conflict\n"
        "home = open_home(Path(sys.argv[1]))\n"
        "try: jobs.update(home, sys.argv[2], expect=('queued',), state='preparing'); print('took')\n"
        "except Conflict: print('late')\n"
    )
    command = [sys.executable, "-c", code, str(home.path), job_id]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = sorted(process.communicate(timeout=60)[0].strip() for process in processes)
    assert answers == ["late", "late", "took"]


def test_that_a_prefix_of_six_characters_names_a_job_and_a_shorter_one_does_not(home: Home) -> None:
    job_id = queue(home, "a")
    assert jobs.get(home, job_id[:10]).id == job_id
    with pytest.raises(NotFound):
        jobs.get(home, job_id[:5])


def test_that_an_ambiguous_prefix_is_refused(home: Home) -> None:
    for suffix in ("1", "2"):
        jobs.add(home, kind="run", title="t", spec={}, workspace="personal", job_id=f"abcdef{suffix}")
    with pytest.raises(Conflict, match="fits 2 jobs"):
        jobs.get(home, "abcdef")


def test_that_steps_are_kept_with_their_job_and_carry_what_they_found(home: Home) -> None:
    job = jobs.add(home, kind="deploy", title="d", spec={}, workspace="personal", steps=("image", "health"))
    jobs.update_step(home, job.id, 0, state="done", data={"image": "sha256:1"})
    steps = jobs.steps(home, job.id)
    assert [(step.name, step.state) for step in steps] == [("image", "done"), ("health", "pending")]
    assert steps[0].data == {"image": "sha256:1"}
