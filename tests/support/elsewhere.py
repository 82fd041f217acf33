"""Work in another thread, whose failure is the test's."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def in_a_thread(work: Callable[[], object]) -> None:
    """Do something in a thread of its own and wait for its end."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()
