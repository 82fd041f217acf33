"""CPU and memory of a job, measured from outside."""

from __future__ import annotations

import time
from collections.abc import Iterable

from longshore.jobs.supervisor.tree import Entry


class Meter:
    """Turns the CPU time of a changing set of processes into percent of one core."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._at: float | None = None

    def read(self, entries: Iterable[Entry]) -> tuple[float, int] | None:
        """Give CPU percent since the last reading and memory in bytes; None the first time and for no process."""
        found, at = list(entries), time.monotonic()
        before, self._seen = self._seen, {entry.pid: entry.cpu_s for entry in found}
        last, self._at = self._at, at
        if not found or last is None or at <= last:
            return None
        used = sum(max(0.0, entry.cpu_s - before.get(entry.pid, 0.0)) for entry in found)
        return 100.0 * used / (at - last), sum(entry.memory_bytes for entry in found)


def interval_s(elapsed_s: float, shortest_s: float) -> float:
    """Give the time to the next sample: dense at first, so that a short job has some and a day's job does not fill the disk."""
    if elapsed_s < 2:
        return min(0.2, shortest_s)
    if elapsed_s < 600:
        return shortest_s
    return max(shortest_s, 5.0 if elapsed_s < 7200 else 30.0)
