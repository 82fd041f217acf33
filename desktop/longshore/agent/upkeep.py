"""What the agent looks after beside the queue, each on a thread of its own: heartbeat, tracking server, endpoints."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from longshore.agent.indexing import Indexing
from longshore.errors import LongshoreError
from longshore.jobs import settling, tidying
from longshore.jobs.running import Around
from longshore.settings import Home
from longshore.store import processes

_log = logging.getLogger(__name__)
_SERVER_S, _INDEX_S, _ENDPOINTS_S, _UNSENT_S = 1.0, 1.0, 5.0, 5.0
_ANALYZE_S, _TIDY_S = 600.0, 300.0


def every(seconds: float, work: Callable[[], None], name: str, leaving: threading.Event) -> None:
    """Do something again and again on a thread of its own, until the agent ends; a failure is logged once."""

    def loop() -> None:
        failed = ""
        while not leaving.is_set():
            try:
                work()
                failed = ""
            except LongshoreError as error:
                if failed != error.reason:
                    _log.warning("%s: %s", name, error.reason)
                failed = error.reason
            except Exception as error:  # noqa: BLE001 - a border: the next look may go well
                if failed != str(error):
                    _log.exception("%s failed", name)
                failed = str(error)
            leaving.wait(seconds)

    threading.Thread(target=loop, name=name, daemon=True).start()


def start(around: Around) -> None:
    """Begin to look after everything."""
    home, leaving = around.home, around.leaving
    every(processes.HEARTBEAT_S, lambda: processes.beat(home), "heartbeat", leaving)
    every(_SERVER_S, lambda: _server(around), "tracking server", leaving)
    every(_SERVER_S, lambda: _databases(home), "databases", leaving)
    every(_INDEX_S, Indexing(home).tick, "run index", leaving)
    every(_ENDPOINTS_S, lambda: _endpoints(home), "endpoints", leaving)
    every(_UNSENT_S, lambda: _unsent(around), "unsent runs", leaving)
    every(_ANALYZE_S, lambda: _analyze(home), "statistics", leaving)
    every(_TIDY_S, lambda: tidying.tidy_daily(home, around.reach), "tidying up", leaving)


def _server(around: Around) -> None:
    from longshore.workspace import server

    found = server.ensure(around.home)
    around.outages.saw(found.state == server.HEALTHY, time.time())


def _databases(home: Home) -> None:
    from longshore.workspace import databases

    databases.tend(home)


def _endpoints(home: Home) -> None:
    from longshore.store import deployments

    if deployments.listing(home):  # else the engine is not even looked for
        from longshore.serving.watching import watch

        watch(home)


def _unsent(around: Around) -> None:
    for job_id in settling.unsent(around.home):
        settling.send_unsent(around, job_id)


def _analyze(home: Home) -> None:
    from longshore.workspace import server

    if processes.server(home).state == server.HEALTHY:
        server.analyze(home)
