"""Which waiting jobs start."""

from __future__ import annotations

from datetime import UTC, datetime

from longshore.agent.fitting import Capacity, startable
from longshore.store.records import Job

HAS = Capacity(cpus=3, memory_bytes=8_000, gpus=1)


def job(name: str, cpus: float = 1.0, memory_bytes: int | None = None, gpus: int = 0, kind: str = "run") -> Job:
    return Job(
        id=name, kind=kind, state="queued", title=name, project_id=None, workspace="personal", target="local", spec={},
        position=1, cpus=cpus, memory_bytes=memory_bytes, gpus=gpus, created_at=datetime.now(UTC), started_at=None,
        ended_at=None, exit_code=None, run_ids=(), folder="", error=None, stop_requested=False, progress=None, detail="",
    )  # fmt: skip


def names(waiting: list[Job], active: list[Job]) -> list[str]:
    return [found.id for found in startable(waiting, active, HAS)]


def test_that_jobs_start_in_the_queues_order_as_long_as_they_fit() -> None:
    assert names([job("a"), job("b", 2), job("c")], []) == ["a", "b"]


def test_that_memory_and_gpus_are_kept_too() -> None:
    assert names([job("a", memory_bytes=5_000), job("b", memory_bytes=5_000)], []) == ["a"]
    assert names([job("a", gpus=1), job("b", gpus=1)], []) == ["a"]


def test_that_a_large_job_is_not_overtaken_for_ever() -> None:
    assert names([job("large", 3), job("small")], [job("active")]) == []


def test_that_a_job_larger_than_the_computer_starts_alone() -> None:
    assert names([job("huge", 16)], []) == ["huge"]
    assert names([job("huge", 16)], [job("active")]) == []


def test_that_a_deployment_does_not_wait_for_cores() -> None:
    assert names([job("huge", 16), job("deploy", kind="deploy")], [job("active", 3)]) == ["deploy"]


def test_that_a_purge_runs_alone_and_holds_nothing_back_while_it_waits() -> None:
    purge = job("purge", kind="purge")
    assert names([purge, job("a")], [job("active")]) == ["a"]
    assert names([purge, job("a")], [job("deploy", kind="deploy")]) == ["a"]
    assert names([purge, job("a")], []) == ["purge"]
    assert names([job("a"), job("deploy", kind="deploy")], [purge]) == []
