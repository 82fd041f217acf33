"""How long a run of an entry point usually takes, from those that finished on this computer."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

from longshore.store import jobs, records

if TYPE_CHECKING:
    from longshore.settings import Home
    from longshore.store.records import Job

_LOOKED_AT, _TAKEN = 300, 20


@dataclass(frozen=True)
class Usual:
    """The median of some earlier runs."""

    seconds: float
    runs: int


def usual_duration(home: Home, job: Job) -> Usual | None:
    """Give how long earlier runs of the job's entry point took on its target; None where none finished yet.

    Those with the same parameters alone, where there are any.
    """
    entry = job.spec.get("entry_point")
    if not entry or job.project_id is None:
        return None
    found = [
        each
        for each in jobs.listing(
            home, states=[records.FINISHED], kinds=[job.kind], project_id=job.project_id, limit=_LOOKED_AT
        )
        if each.id != job.id and each.target == job.target and each.spec.get("entry_point") == entry
    ]
    alike = [each for each in found if each.spec.get("parameters") == job.spec.get("parameters")]
    took = [
        (each.ended_at - each.started_at).total_seconds()
        for each in (alike or found)[:_TAKEN]
        if each.started_at is not None and each.ended_at is not None
    ]
    return Usual(statistics.median(took), len(took)) if took else None
