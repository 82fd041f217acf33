"""A person's own secrets, which jobs and deployments get as environment variables of the same name."""

from __future__ import annotations

import re
from collections.abc import Iterable

from longshore.errors import Invalid, NotFound
from longshore.secrets import keyring
from longshore.settings import Home

# Tells them from the sign-ins that are kept in the same place.
_PREFIX = "secret:"


def set(home: Home, name: str, value: str) -> None:
    """Keep a value under a name. Raises: Invalid, Unavailable."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
        raise Invalid(
            f"{name!r} is not a name for a secret: it becomes an environment variable.",
            hint="Use letters, digits and underscores, such as HF_TOKEN.",
        )
    keyring.set(home, _PREFIX + name, value)


def delete(home: Home, name: str) -> None:
    """Remove a value. Raises: NotFound, Unavailable."""
    values(home, [name])
    keyring.delete(home, _PREFIX + name)


def names(home: Home) -> tuple[str, ...]:
    """Give the names, sorted. Raises: Unavailable."""
    return tuple(name.removeprefix(_PREFIX) for name in keyring.names(home) if name.startswith(_PREFIX))


def values(home: Home, wanted: Iterable[str]) -> dict[str, str]:
    """Give the values of these names. Raises: NotFound naming the one that is missing; Unavailable."""
    return {name: _value(home, name) for name in wanted}


def _value(home: Home, name: str) -> str:
    try:
        return keyring.get(home, _PREFIX + name)
    except NotFound as error:
        raise NotFound(
            f"There is no secret {name!r}.",
            hint=f"`longshore secret list` shows the names; keep it with: longshore secret set {name}",
        ) from error
