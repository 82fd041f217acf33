"""Passwords, tokens and a person's own secrets by name: in the system's keyring, else in an encrypted vault.

LONGSHORE_SECRETS_BACKEND=keyring|vault chooses one; without it the keyring is taken where it works.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from longshore.errors import Invalid, LongshoreError, NotFound, Unavailable
from longshore.secrets import vault
from longshore.secrets.probe import LOCKED, USABLE, Found, probe
from longshore.settings import Home

CHOICE = "LONGSHORE_SECRETS_BACKEND"
# The entry that lists the names; a keyring can't be asked for them on every system.
_NAMES = "names"
# Long enough for a person to answer the system's own question.
_CALL_LIMIT_S = 60.0
_KNOWN_S = 60.0
_UNUSABLE_S = 5.0

Value = TypeVar("Value")


@dataclass(frozen=True)
class Backend:
    """Where secrets are kept, and whether that works."""

    name: str
    ok: bool
    detail: str
    fix: str | None


def backend(home: Home) -> Backend:
    """Tell where secrets are kept. Takes up to some seconds the first time, and is remembered for a minute."""
    forced = os.environ.get(CHOICE, "")
    if forced == "vault":
        return _vault_backend(home, "")
    found = _found(home)
    if found.state == USABLE:
        return Backend(found.name, True, found.detail, None)
    if found.state == LOCKED:
        return Backend(found.name, False, found.detail, "Unlock the keyring (log in to the desktop), then try again.")
    if forced == "keyring":
        return Backend(found.name, False, found.detail, "Install a keyring, such as GNOME Keyring or KWallet.")
    return _vault_backend(home, found.detail)


def unlock(home: Home, passphrase: str) -> None:
    """Open the vault for this process. Raises: NotAllowed, Invalid."""
    vault.unlock(home, passphrase)


def to_hand_over(home: Home) -> str:
    """Give what opens the vault to another process of this home; empty where there is none, or it is closed here."""
    return (vault.passphrase(home) or "") if vault.exists(home) else ""


def keep_from_children(home: Home) -> None:
    """See to it that no process which this one starts inherits the vault's passphrase."""
    vault.keep_from_children(home)


def set(home: Home, name: str, value: str) -> None:
    """Keep a value under a name. Raises: Invalid, Unavailable."""
    if not name or name == _NAMES or any(not char.isprintable() for char in name):
        raise Invalid(f"{name!r} is not a name for a secret.", hint="Use letters, digits and underscores.")
    if not value:
        raise Invalid(f"The value of {name} is empty.")
    if _uses_vault(home):
        vault.set(home, name, value)
        return
    with _changing_names(home) as listed:
        _call(home, lambda ring, service: ring.set_password(service, name, value))
        if name not in listed:
            listed.append(name)


def get(home: Home, name: str) -> str:
    """Give the value. Raises: NotFound, Unavailable."""
    if _uses_vault(home):
        return vault.get(home, name)
    value: str | None = _call(home, lambda ring, service: ring.get_password(service, name))
    if value is None or name == _NAMES:
        raise NotFound(f"There is no secret {name!r}.", hint="`longshore secret list` shows the names.")
    return value


def delete(home: Home, name: str) -> None:
    """Remove a value. Raises: NotFound, Unavailable."""
    get(home, name)
    if _uses_vault(home):
        vault.delete(home, name)
        return
    with _changing_names(home) as listed:
        _call(home, lambda ring, service: ring.delete_password(service, name))
        with contextlib.suppress(ValueError):
            listed.remove(name)


def names(home: Home) -> tuple[str, ...]:
    """Give the names, sorted. Raises: Unavailable."""
    return vault.names(home) if _uses_vault(home) else tuple(sorted(_listed(home)))


def _vault_backend(home: Home, why: str) -> Backend:
    warning = f"{why} Secrets are kept in an encrypted file in the home folder.".strip()
    if vault.is_unlocked(home):
        return Backend("vault", True, warning, None)
    state = "locked" if vault.exists(home) else "not set up"
    return Backend(
        "vault",
        False,
        f"{warning} It is {state}.",
        f"Install a keyring (GNOME Keyring, KWallet), or give a passphrase in Settings or as {vault.PASSPHRASE}.",
    )


_probed: dict[tuple[Path, str | None], tuple[float, Found]] = {}


def _found(home: Home) -> Found:
    key = (home.path, os.environ.get("DBUS_SESSION_BUS_ADDRESS"))
    at, found = _probed.get(key, (0.0, None))
    lasts = _KNOWN_S if found is not None and found.state == USABLE else _UNUSABLE_S
    if found is None or time.monotonic() - at > lasts:
        found = probe(home)
        _probed[key] = time.monotonic(), found
    return found


def forget_probe() -> None:
    """Look again at the next call, for a Retry button."""
    _probed.clear()


def _uses_vault(home: Home) -> bool:
    """Decide for the vault or the keyring. Raises: Unavailable where the keyring is meant and can't be used."""
    chosen = backend(home)
    if chosen.name == "vault":
        return True
    if not chosen.ok:
        raise Unavailable(f"The keyring cannot be used: {chosen.detail}", hint=chosen.fix)
    return False


def _call(home: Home, work: Callable[[Any, str], Value]) -> Value:
    """Run a call of the keyring on a thread of its own: one that hangs is left behind and told."""
    outcome: list[Value] = []
    failure: list[Exception] = []

    def run() -> None:
        try:
            import keyring

            outcome.append(work(keyring.get_keyring(), f"longshore:{home.id}"))
        except Exception as error:  # noqa: BLE001 - a thread border: backends raise whatever their libraries raise
            failure.append(error)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(_CALL_LIMIT_S)
    if outcome:
        return outcome[0]
    forget_probe()
    if failure:
        raise _as_error(failure[0]) from failure[0]
    raise Unavailable("The keyring does not answer.", hint="Unlock the keyring, then try again.")


def _as_error(error: Exception) -> LongshoreError:
    if isinstance(error, LongshoreError):
        return error
    # The message alone: a backend's exception never holds the value, its arguments might.
    return Unavailable(
        f"The keyring refused: {type(error).__name__}.", hint="Unlock the keyring, then try again.", details=str(error)
    )


def _listed(home: Home) -> list[str]:
    stored = _call(home, lambda ring, service: ring.get_password(service, _NAMES))
    with contextlib.suppress(ValueError, TypeError):
        return [str(name) for name in json.loads(stored or "[]")]
    return []


@contextlib.contextmanager
def _changing_names(home: Home) -> Iterator[list[str]]:
    """Give the listed names to change; one process at a time. A failure inside leaves them as they were."""
    from filelock import FileLock

    with FileLock(str(home.path / "secrets.lock"), timeout=2 * _CALL_LIMIT_S):
        before = _listed(home)
        after = list(before)
        yield after
        if after != before:
            _call(home, lambda ring, service: ring.set_password(service, _NAMES, json.dumps(sorted(after))))
