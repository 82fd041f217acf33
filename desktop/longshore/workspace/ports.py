"""Ports of this computer that a server of ours may listen on."""

from __future__ import annotations

import random
import socket
import sys
import time

from longshore.errors import Unavailable

# Below the ports that systems give to outgoing connections, so that ours is still free after a restart.
_PORTS = range(21_000, 32_000)
_RELEASE_S = 1.0


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform != "win32":  # there it would let us share a port with another program
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def becomes_free(port: int) -> bool:
    """Wait a moment: a killed server's socket lives a little longer than its process."""
    deadline = time.monotonic() + _RELEASE_S
    while not (free := _is_free(port)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return free


def free_port(after: int | None) -> int:
    """Give the next free port: after the one that was wanted, or from a random place."""
    first = after + 1 if after else random.choice(_PORTS)
    for step in range(len(_PORTS)):
        port = _PORTS[(first - _PORTS.start + step) % len(_PORTS)]
        if _is_free(port):
            return port
    raise Unavailable("No port is free for the tracking server.", hint="Close programs that listen on many ports.")
