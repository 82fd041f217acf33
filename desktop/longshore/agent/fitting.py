"""Which waiting jobs may start now. Pure: rows in, rows out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from longshore.jobs.allotment import gpu_count
from longshore.jobs.launching import KIND as RUN
from longshore.settings import Home, load_settings
from longshore.store.records import Job

# What `policies.deleting` queues.
PURGE = "purge"
# Jobs of steps mostly wait for the engine: they take no cores, but so many at a time are enough.
_MOST_STEP_JOBS = 3


@dataclass(frozen=True)
class Capacity:
    """What the queue may give away at one time."""

    cpus: float
    memory_bytes: int
    gpus: int


def capacity(home: Home) -> Capacity:
    """Give what this computer has for jobs: by default every core but one, and all memory."""
    import psutil

    settings = load_settings(home)
    cpus = settings.queue_cpus or max(1.0, float(psutil.cpu_count() or 1) - 1.0)
    memory = settings.queue_memory_bytes or psutil.virtual_memory().total
    return Capacity(cpus, memory, gpu_count())


def startable(waiting: Sequence[Job], active: Iterable[Job], has: Capacity) -> list[Job]:
    """Choose the waiting jobs that fit beside the active ones, in the queue's order.

    A run that does not fit holds back those behind it, or a large one would wait for ever. One that is larger than
    everything there is starts when nothing else runs. A purge stops the tracking server: it runs alone, and waits
    for what is under way without holding anything back.
    """
    running = list(active)
    if any(job.kind == PURGE for job in running):
        return []
    chosen: list[Job] = []
    held_back = False
    for job in waiting:
        if job.kind == PURGE:
            if not running:
                return [job]
        elif job.kind != RUN:
            if _step_job_fits(running):
                chosen.append(job)
                running.append(job)
        elif not held_back and _run_fits(job, [other for other in running if other.kind == RUN], has):
            chosen.append(job)
            running.append(job)
        else:
            held_back = True
    return chosen


def _run_fits(job: Job, running: Sequence[Job], has: Capacity) -> bool:
    if not running:
        return True
    return (
        sum(other.cpus for other in running) + job.cpus <= has.cpus
        and sum(other.memory_bytes or 0 for other in running) + (job.memory_bytes or 0) <= has.memory_bytes
        and sum(other.gpus for other in running) + job.gpus <= has.gpus
    )


def _step_job_fits(running: Sequence[Job]) -> bool:
    return sum(other.kind != RUN for other in running) < _MOST_STEP_JOBS
