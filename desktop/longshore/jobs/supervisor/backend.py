"""What the supervisor's loop needs to know about the thing that it supervises: a process tree or a container.

A backend is made with `(document, folder)`: `Instructions.backend` and the job's folder. It appends what the job prints
to `folder / "log"` (mode 0600), or lets the job do so itself. All calls come from one thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

# Why a job ended, in status.json.
EXITED, STOPPED, TIMED_OUT = "exited", "stopped", "timed_out"
KILLED = "killed"  # by a signal that was not ours
MEMORY = "memory"  # killed because it took more memory than it may
LOST = "lost"  # it is gone and nobody knows its exit status
NOT_STARTED = "not_started"  # the command or the container could not be started
ENGINE_GONE = "engine_gone"  # the Docker engine went away under it


@dataclass(frozen=True)
class Exit:
    """How the supervised thing ended."""

    code: int | None  # minus the signal's number where a signal ended it; None: unknown
    reason: str = EXITED
    detail: str = ""  # one sentence for a person, where the reason does not say it all


class NotStarted(Exception):
    """It could not be started; the text is one sentence for a person."""


class Backend(Protocol):
    """One supervised thing."""

    def __init__(self, document: dict[str, Any], folder: Path) -> None: ...

    def start(self) -> dict[str, Any]:
        """Start it and give what a later supervisor needs to adopt it: JSON, nothing secret.

        `started_at` (seconds since the epoch) is in it.
        Raises: NotStarted.
        """
        ...

    def adopt(self, record: dict[str, Any]) -> None:
        """Take over what a dead supervisor started; if it has ended by now, `wait` tells how."""
        ...

    def wait(self, timeout_s: float) -> Exit | None:
        """Wait at most `timeout_s` (0.1 as a rule) for its end; None: it still runs."""
        ...

    def stop(self, *, force: bool) -> None:
        """Ask it to end, or with `force` end it and all its descendants now. Called again and again until it ended."""
        ...

    def sample(self) -> tuple[float, int] | None:
        """Give CPU use in percent of one core since the last sample and memory in bytes; None: not known now."""
        ...

    def close(self) -> None:
        """Let go, after the end: whatever it left running is ended, the log is whole."""
        ...


class Forwarding(Protocol):
    """The job's own way to the tracking server."""

    def start(self) -> None:
        """Serve from now on, in threads; what was connected before has waited."""
        ...

    def problems(self) -> list[str]:
        """Say in sentences what could not be sent on."""
        ...

    def close(self) -> None:
        """End it."""
        ...
