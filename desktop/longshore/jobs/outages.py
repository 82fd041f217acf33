"""When the personal tracking server was away, so that a job can say what it may have lost."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Outage:
    """A time in which the server did not answer; seconds since the epoch. `until` is None while it lasts."""

    since: float
    until: float | None


class Outages:
    """What the agent saw of its server. Safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: list[Outage] = []
        self._healthy_at: float | None = None

    def saw(self, healthy: bool, at: float) -> None:
        """Note how the server was at this moment; the time before it was first healthy is no outage."""
        with self._lock:
            lasting = self._known[-1] if self._known and self._known[-1].until is None else None
            if healthy and lasting:
                self._known[-1] = Outage(lasting.since, at)
            elif not healthy and not lasting and self._healthy_at is not None:
                self._known.append(Outage(self._healthy_at, None))
            if healthy:
                self._healthy_at = at

    def during(self, began_at: float, ended_at: float) -> str:
        """Say in a sentence when the server was away between these moments; empty where it never was."""
        with self._lock:
            found = [
                outage
                for outage in self._known
                if outage.since < ended_at and (outage.until is None or outage.until > began_at)
            ]
        if not found:
            return ""
        times = ", ".join(f"from {_clock(one.since)} to {_clock(one.until) if one.until else 'now'}" for one in found)
        return (
            f"The tracking server was not reachable {times} UTC; what the script tried to log then may be missing"
            " from its runs, its log tells."
        )


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")
