"""The wake-up: a knock on a loopback port that only who has the home's key can make."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from typing import Any

from longshore.settings import Home
from longshore.store import processes

_log = logging.getLogger(__name__)
_TIMEOUT_S = 5.0


class WakeListener:
    """Calls `heard` with each message, on a thread of its own."""

    def __init__(self, home: Home, heard: Callable[[str], None]) -> None:
        self._key, self._heard = processes.wake_key(home), heard
        self._listener = Listener(("127.0.0.1", 0), backlog=64)
        threading.Thread(target=self._listen, name="wake listener", daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listener.address[1])

    def _listen(self) -> None:
        while True:
            try:
                connection: Any = self._listener.accept()
            except OSError:
                return
            # Apart, so that whoever connects and stays silent holds nobody else up.
            threading.Thread(target=self._hear, args=(connection,), name="wake", daemon=True).start()

    def _hear(self, connection: Connection) -> None:
        # A silent caller is left after a time, by closing the connection under the waiting call.
        timer = threading.Timer(_TIMEOUT_S, connection.close)
        timer.daemon = True
        timer.start()
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            try:
                deliver_challenge(connection, self._key)
                answer_challenge(connection, self._key)
                self._heard(str(connection.recv()))
            except Exception as error:  # noqa: BLE001 - a border: strangers can send anything
                _log.info("Somebody knocked without the key: %s", type(error).__name__)
        timer.cancel()
        with contextlib.suppress(OSError):
            connection.close()

    def close(self) -> None:
        """Hear nothing more."""
        with contextlib.suppress(OSError):
            self._listener.close()
