"""From a supervisor's last words to a job's true state, with the reason and the next step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from longshore.errors import LongshoreError, Unavailable, WorkFailed
from longshore.jobs.spec import RunSpec
from longshore.jobs.supervisor import backend
from longshore.store import records

_DETAIL_LINES = 15


@dataclass(frozen=True)
class Ending:
    """How a job ended."""

    state: str
    exit_code: int | None
    error: LongshoreError | None = None
    note: str = ""


def conclude(status: Mapping[str, Any], spec: RunSpec, job_id: str, last_lines: Sequence[str]) -> Ending:
    """Say how a job ended.

    Args:
        status: The supervisor's `status.json`.
        spec: What was to be done.
        job_id: For the next step.
        last_lines: The end of its log, masked.
    """
    code, reason = status.get("code"), str(status.get("reason"))
    if reason == backend.STOPPED:
        note = "It was killed after the grace period." if status.get("killed") else ""
        return Ending(records.STOPPED, code, None, note)
    if code == 0 and reason == backend.EXITED:
        return Ending(records.FINISHED, 0, None, "The disk was full for a time." if status.get("disk_full") else "")
    return Ending(records.FAILED, code, _error(status, spec, job_id, reason, last_lines))


def _error(
    status: Mapping[str, Any], spec: RunSpec, job_id: str, reason: str, last_lines: Sequence[str]
) -> LongshoreError:
    detail = str(status.get("detail") or "")
    lines = [line for line in last_lines if line.strip() and not line.startswith("[longshore]")]
    details = "\n".join(lines[-_DETAIL_LINES:]) or None
    name = spec.entry_point
    if status.get("disk_full"):
        size = int(status.get("log_bytes") or 0) / 1024**2
        return WorkFailed(
            f"The disk was full while {name} ran: its log ends after {size:.1f} MB.",
            hint="Free space on the disk of the home folder, then launch it again.",
            details=details,
        )
    if reason == backend.ENGINE_GONE:
        return Unavailable(f"The Docker engine went away while {name} ran. {detail}".strip(), hint=_DOCKER_HINT)
    said, hint = _said(reason, name, spec, status.get("code"), detail, lines, job_id)
    return WorkFailed(said, hint=hint, details=details)


_DOCKER_HINT = "Start Docker again, then launch the job again."


def _said(
    reason: str, name: str, spec: RunSpec, code: int | None, detail: str, lines: Sequence[str], job_id: str
) -> tuple[str, str]:
    look = f"`longshore logs {job_id}` shows its log."
    if reason == backend.TIMED_OUT:
        return (
            f"{name} was not done after its time limit of {spec.timeout_s:g} s and was ended.",
            "Launch it with a longer limit, or find out what it waits for.",
        )
    if reason == backend.MEMORY:
        return f"{name} was ended. {detail}", "Launch it with a higher memory limit, or let it use less."
    if reason == backend.KILLED:
        return (
            f"{name} was killed. {detail}",
            f"Somebody or the system did it; often memory had run out. {look}",
        )
    if reason == backend.LOST:
        return f"How {name} ended is not known. {detail}", f"Launch it again. {look}"
    if reason == backend.NOT_STARTED:
        return f"{name} could not be started. {detail}", "Check the project and its environment."
    decisive = f": {lines[-1].strip()[:300]}" if lines else "."
    return f"{name} failed with exit status {code}{decisive}", look
