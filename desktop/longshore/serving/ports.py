"""Ports on this computer: which are free, and the address that they make."""

from __future__ import annotations

import socket
import sys

from longshore.errors import Invalid
from longshore.settings import Home, load_settings
from longshore.store import deployments as rows

_FIRST, _LAST = 8410, 8999
_EVERYWHERE = ("0.0.0.0", "::")


def url(home: Home, port: int) -> str:
    """Give a deployment's address as this computer reaches it."""
    address = load_settings(home).bind_address
    host = "127.0.0.1" if address in _EVERYWHERE else address
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def free(home: Home, *, above: int = _FIRST - 1) -> int:
    """Give a free port that no deployment of this home claims. Raises: Invalid if there is none."""
    address = load_settings(home).bind_address
    claimed = {row.port for row in rows.listing(home)}
    for port in range(max(above + 1, _FIRST), _LAST + 1):
        if port not in claimed and is_free(address, port):
            return port
    raise Invalid(f"No port from {_FIRST} to {_LAST} is free.", hint="Choose one with --port.")


def is_free(address: str, port: int) -> bool:
    """Tell whether something could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        if sys.platform != "win32":
            # A connection that just closed holds no port; on Windows this option would mean something else.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
        return True
