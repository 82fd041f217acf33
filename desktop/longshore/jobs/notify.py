"""A system notification when a job has ended; silently absent where the system has none."""

from __future__ import annotations

import logging
import os
import sys
import threading

from longshore.settings import Home, load_settings
from longshore.store import records
from longshore.store.records import Job

_log = logging.getLogger(__name__)
_TIMEOUT_S = 5.0
# What ends sooner is over before anybody looked away.
_SHORTEST_S = 5.0


def ended(home: Home, job: Job) -> None:
    """Tell the person that a job has ended, on a thread of its own."""
    if job.state == records.STOPPED or not load_settings(home).notifications or not _has_notifications():
        return
    if job.state == records.FINISHED and (job.duration_s or 0.0) < _SHORTEST_S:
        return
    threading.Thread(target=_send, args=text(job), name="notification", daemon=True).start()


def text(job: Job) -> tuple[str, str]:
    """Give title and message."""
    if job.state == records.FINISHED:
        return f"{job.title} finished", f"It took {job.duration_s or 0.0:.0f} s."
    reason = (job.error or {}).get("message") or "It failed."
    return f"{job.title} failed", reason


def _has_notifications() -> bool:
    return sys.platform != "linux" or bool(os.environ.get("DBUS_SESSION_BUS_ADDRESS"))


def _send(title: str, message: str) -> None:
    try:
        import asyncio

        from desktop_notifier import DesktopNotifier

        async def send() -> None:
            await asyncio.wait_for(DesktopNotifier(app_name="Longshore").send(title, message), _TIMEOUT_S)

        asyncio.run(send())
    except Exception as error:  # noqa: BLE001 - a border: no notification is worth a job
        _log.info("No notification could be shown: %s", error)
