"""What a pipeline's steps told while it ran: lines of JSON in the job's folder, written by `resources/frameworks/longshore_events.py`.

The writer is the project's own process, so the file is foreign: what is no event is passed over, long ones are cut off.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from longshore.jobs.supervisor.files import EVENTS

RUNNING, DONE, CACHED, FAILED, SKIPPED = "running", "done", "cached", "failed", "skipped"
STATES = frozenset({RUNNING, DONE, CACHED, FAILED, SKIPPED})
ENDED = STATES - {RUNNING}
_LONGEST_LINE, _MOST_BYTES = 1 << 20, 64 << 20


@dataclass(frozen=True)
class Event:
    """One line."""

    kind: str  # step, metrics, pipeline
    time: float  # seconds since 1970
    step: str = ""
    task: str = ""  # one of several of a step
    state: str = ""
    log_at: int | None = None  # bytes of the job's log before it
    facts: Mapping[str, Any] = field(default_factory=dict)

    def mapping(self, name: str) -> dict[str, Any]:
        """Give a fact that is a mapping; empty where it is none."""
        found = self.facts.get(name)
        return dict(found) if isinstance(found, dict) else {}

    def texts(self, name: str) -> tuple[str, ...]:
        """Give a fact that is a list of texts."""
        found = self.facts.get(name)
        return tuple(str(one) for one in found) if isinstance(found, list) else ()

    @property
    def numbers(self) -> dict[str, float]:
        """The metrics that are numbers; NaN and infinities stand as texts in the file."""
        found: dict[str, float] = {}
        for name, value in self.mapping("metrics").items():
            try:
                found[str(name)] = float(value)
            except (TypeError, ValueError):
                continue
        return found


def read(folder: Path, offset: int = 0) -> tuple[list[Event], int]:
    """Give the events after a place in the file, and the place after them; a line that is being written waits."""
    try:
        with (folder / EVENTS).open("rb") as file:
            file.seek(offset)
            data = file.read(_MOST_BYTES)
    except OSError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    return list(_events(whole)), offset + len(whole)


def _events(data: bytes) -> Iterator[Event]:
    for line in data.splitlines():
        if len(line) > _LONGEST_LINE:
            continue
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and (event := _event(found)):
            yield event


def _event(found: dict[str, Any]) -> Event | None:
    time, state, kind = found.get("time"), str(found.get("state") or ""), str(found.get("event") or "")
    if isinstance(time, bool) or not isinstance(time, int | float) or not math.isfinite(time):
        return None
    if kind not in ("step", "metrics", "pipeline") or (kind == "step" and state not in STATES):
        return None
    step = str(found.get("step") or "")
    if kind != "pipeline" and not step:
        return None
    log_at = found.get("log_at")
    log_at = log_at if isinstance(log_at, int) and log_at >= 0 else None
    return Event(kind, float(time), step[:500], str(found.get("task") or "")[:500], state, log_at, found)
