"""Whether the system's keyring can be used, found out in a child process: a locked one may hang for ever."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass

from longshore.settings import Home, self_command

LIMIT_S = 8.0
COMMAND = "keyring-probe"
NONE, LOCKED, USABLE = "none", "locked", "usable"


@dataclass(frozen=True)
class Found:
    """The system's keyring as a child process met it."""

    state: str  # none, locked, usable
    name: str
    detail: str


def probe(home: Home) -> Found:
    """Ask a child process, which is ended after some seconds."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW
    try:
        ended = subprocess.run(
            self_command(COMMAND, f"longshore:{home.id}"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=LIMIT_S,
            text=True,
            check=False,
            creationflags=flags,
        )
        return Found(**json.loads(ended.stdout))
    except subprocess.TimeoutExpired:
        return Found(LOCKED, "keyring", f"It does not answer within {LIMIT_S:.0f} s; perhaps it is locked.")
    except (OSError, ValueError, TypeError) as error:
        return Found(NONE, "keyring", f"It cannot be asked: {error}.")


def report(argv: list[str]) -> int:
    """Be that child process: print what is found as JSON."""
    try:
        found = _look(argv[0])
    except Exception as error:  # noqa: BLE001 - a process border: backends raise whatever their libraries raise
        found = Found(LOCKED, "keyring", f"{type(error).__name__}: {error}")
    sys.stdout.write(json.dumps(vars(found)))
    return 0


def _look(service: str) -> Found:
    import keyring

    chosen = keyring.get_keyring()
    # A chain asks its members in turn; the first is the one that writes.
    first = next(iter(getattr(chosen, "backends", None) or [chosen]))
    module, name = type(first).__module__, str(getattr(first, "name", type(first).__name__))
    if module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyring.backends.chainer")):
        return Found(NONE, "keyring", "The system offers no keyring.")
    if "Plaintext" in type(first).__name__:
        return Found(NONE, name, "It would keep secrets as plain text.")
    if module == "keyring.backends.SecretService" and (reason := _why_locked()):
        return Found(LOCKED, "Secret Service", reason)
    entry = f"probe-{os.getpid()}"
    first.set_password(service, entry, "1")
    answer = first.get_password(service, entry)
    first.delete_password(service, entry)
    if answer != "1":
        return Found(NONE, name, "It does not give back what it was given.")
    return Found(USABLE, name.partition(" ")[0].replace("SecretService", "Secret Service"), "")


def _why_locked() -> str:
    """Look at the Secret Service without asking for its password: a prompt that nobody answers would hang."""
    import secretstorage

    connection = secretstorage.dbus_init()
    try:
        collection = secretstorage.get_collection_by_alias(connection, "default")
        return "It is locked." if collection.is_locked() else ""
    except secretstorage.ItemNotFoundException:
        return "It has no keyring yet."
    finally:
        connection.close()
