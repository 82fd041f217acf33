"""The fallback where the system has no keyring: one file, encrypted with a key from a passphrase.

The passphrase comes from LONGSHORE_VAULT_PASSPHRASE, or from `unlock`, and stays in this process's memory.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from longshore.errors import Invalid, NotAllowed, NotFound, Unavailable
from longshore.settings import Home

FILE = "secrets.vault"
PASSPHRASE = "LONGSHORE_VAULT_PASSPHRASE"
SHORTEST_PASSPHRASE = 8
# About 60 ms and 32 MB for each guess at the passphrase.
_SCRYPT = {"n": 2**15, "r": 8, "p": 1}

_unlocked: dict[Path, str] = {}
_keys: dict[tuple[Path, str, str], bytes] = {}


def exists(home: Home) -> bool:
    """Tell whether the home has a vault."""
    return (home.path / FILE).exists()


def is_unlocked(home: Home) -> bool:
    """Tell whether this process knows a passphrase."""
    return passphrase(home) is not None


def unlock(home: Home, passphrase: str) -> None:
    """Open the vault for this process, or choose the passphrase of one that is not there yet.

    Raises: NotAllowed for a wrong passphrase, Invalid for one that is too short.
    """
    if not exists(home) and len(passphrase) < SHORTEST_PASSPHRASE:
        raise Invalid(f"The passphrase needs {SHORTEST_PASSPHRASE} characters or more.", hint="Choose a longer one.")
    _read(home, passphrase)
    _unlocked[home.path] = passphrase


def passphrase(home: Home) -> str | None:
    """Give the passphrase that this process knows, checked or not."""
    return _unlocked.get(home.path) or os.environ.get(PASSPHRASE) or None


def keep_from_children(home: Home) -> None:
    """Move the passphrase from the environment, which every child would inherit, into this process's memory."""
    if given := os.environ.pop(PASSPHRASE, ""):
        _unlocked.setdefault(home.path, given)


def lock(home: Home) -> None:
    """Forget the passphrase."""
    _unlocked.pop(home.path, None)
    for known in [key for key in _keys if key[0] == home.path]:
        del _keys[known]


def get(home: Home, name: str) -> str:
    """Give a value. Raises: NotFound, Unavailable if the vault is locked."""
    try:
        return _read(home, _need_passphrase(home))[name]
    except KeyError:
        raise NotFound(f"There is no secret {name!r}.", hint="`longshore secret list` shows the names.") from None


def names(home: Home) -> tuple[str, ...]:
    """Give the names. Raises: Unavailable if the vault is locked."""
    return tuple(sorted(_read(home, _need_passphrase(home)))) if exists(home) else ()


def set(home: Home, name: str, value: str) -> None:
    """Keep a value. Raises: Unavailable if the vault is locked."""
    with _changing(home) as values:
        values[name] = value


def delete(home: Home, name: str) -> None:
    """Remove a value. Raises: NotFound, Unavailable if the vault is locked."""
    with _changing(home) as values:
        if name not in values:
            raise NotFound(f"There is no secret {name!r}.")
        del values[name]


@contextlib.contextmanager
def _changing(home: Home) -> Iterator[dict[str, str]]:
    from filelock import FileLock

    known = _need_passphrase(home)
    if not exists(home) and len(known) < SHORTEST_PASSPHRASE:
        raise Invalid(
            f"The passphrase needs {SHORTEST_PASSPHRASE} characters or more.", hint=f"Set a longer {PASSPHRASE}."
        )
    with FileLock(str(home.path / f"{FILE}.lock"), timeout=20):
        values = _read(home, known)
        yield values
        _write(home, known, values)


def _need_passphrase(home: Home) -> str:
    if (known := passphrase(home)) is not None:
        return known
    raise Unavailable(
        "The vault of secrets is locked." if exists(home) else "This system has no keyring, and there is no vault yet.",
        hint=f"Unlock it in Settings, set {PASSPHRASE}, or install a keyring (GNOME Keyring, KWallet).",
    )


def _read(home: Home, passphrase: str) -> dict[str, str]:
    from cryptography.fernet import InvalidToken

    file = home.path / FILE
    try:
        stored: dict[str, Any] = json.loads(file.read_text("utf-8"))
        box = _box(home, passphrase, stored["salt"], stored["scrypt"])
        return dict(json.loads(box.decrypt(stored["secrets"].encode("ascii"))))
    except FileNotFoundError:
        return {}
    except InvalidToken:
        raise NotAllowed("The vault's passphrase is wrong.", hint="Try again; nobody can recover a lost one.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unavailable(
            f"The vault {file} cannot be read: {error}.", hint="Move it away and enter the secrets again."
        ) from error


def _write(home: Home, passphrase: str, values: dict[str, str]) -> None:
    file = home.path / FILE
    salt = secrets.token_hex(16)
    with contextlib.suppress(OSError, ValueError, KeyError):
        salt = json.loads(file.read_text("utf-8"))["salt"]
    sealed = _box(home, passphrase, salt, _SCRYPT).encrypt(json.dumps(values).encode("utf-8"))
    content = {"version": 1, "salt": salt, "scrypt": _SCRYPT, "secrets": sealed.decode("ascii")}
    fresh = file.with_name(f"{FILE}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as output:
            json.dump(content, output)
        fresh.replace(file)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise Unavailable(f"The vault {file} cannot be written: {error}.", hint="Free disk space.") from error


def _box(home: Home, passphrase: str, salt: str, scrypt: dict[str, int]) -> Any:
    from cryptography.fernet import Fernet
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    known = (home.path, salt, passphrase)
    if known not in _keys:
        _keys[known] = Scrypt(salt=bytes.fromhex(salt), length=32, **scrypt).derive(passphrase.encode("utf-8"))
    return Fernet(base64.urlsafe_b64encode(_keys[known]))
