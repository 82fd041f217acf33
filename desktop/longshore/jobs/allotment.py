"""Which cores and which GPUs a local job gets, so that two jobs do not press upon the same ones."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path


class Allotment:
    """Numbered things that are given to jobs, the least used first. Safe from any thread; known to the agent alone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._given: dict[str, list[int]] = {}

    def take(self, job_id: str, count: int, available: Sequence[int]) -> list[int]:
        """Give a job so many, in ascending order; fewer where there are fewer."""
        with self._lock:
            self._given.pop(job_id, None)
            used = [number for numbers in self._given.values() for number in numbers]
            chosen = sorted(sorted(available, key=lambda number: (used.count(number), number))[:count])
            self._given[job_id] = chosen
            return chosen

    def give_back(self, job_id: str) -> None:
        """Free what a job had."""
        with self._lock:
            self._given.pop(job_id, None)


CORES = Allotment()
GPUS = Allotment()


def gpu_count() -> int:
    """Count this computer's NVIDIA GPUs, without asking a driver."""
    devices = Path("/proc/driver/nvidia/gpus")
    return len(list(devices.iterdir())) if devices.is_dir() else 0
