"""The wake-up."""

from __future__ import annotations

import contextlib
import queue
import socket
import time
from collections.abc import Iterator
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client

import pytest

from longshore.agent.listening import WakeListener
from longshore.settings import Home
from longshore.store import processes


@pytest.fixture
def heard() -> queue.Queue[str]:
    return queue.Queue()


@pytest.fixture
def listener(home: Home, heard: queue.Queue[str]) -> Iterator[WakeListener]:
    made = WakeListener(home, heard.put)
    yield made
    made.close()


def test_that_who_has_the_key_is_heard_at_once(home: Home, listener: WakeListener, heard: queue.Queue[str]) -> None:
    started = time.monotonic()
    with Client(("127.0.0.1", listener.port), authkey=processes.wake_key(home)) as connection:
        connection.send("wake")
    assert heard.get(timeout=5) == "wake"
    assert time.monotonic() - started < 1.0


def test_that_a_stranger_is_not_heard(listener: WakeListener, heard: queue.Queue[str]) -> None:
    with (
        contextlib.suppress(AuthenticationError, EOFError, OSError),
        Client(("127.0.0.1", listener.port), authkey=b"guessed") as connection,
    ):
        connection.send("stop")
    with pytest.raises(queue.Empty):
        heard.get(timeout=0.3)


def test_that_who_stays_silent_holds_nobody_else_up(
    home: Home, listener: WakeListener, heard: queue.Queue[str]
) -> None:
    silent = socket.create_connection(("127.0.0.1", listener.port))
    with Client(("127.0.0.1", listener.port), authkey=processes.wake_key(home)) as connection:
        connection.send("wake")
    assert heard.get(timeout=5) == "wake"
    silent.close()
