"""How long work tells how far it is, and how it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable

from longshore.errors import Cancelled

# Called with a fraction from 0 to 1, or None where the length is unknown, and what is being done.
Progress = Callable[[float | None, str], None]


def no_progress(fraction: float | None, title: str) -> None:
    """Ignore a report; the default where nobody looks."""


class CancelToken:
    """Asks work to stop; the work looks between its steps. Safe from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop at its next look."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Tell whether somebody asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raise Cancelled if somebody asked."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, timeout_s: float) -> bool:
        """Sleep at most `timeout_s` seconds; True at once when cancelled."""
        return self._event.wait(timeout_s)
