"""How people name a model version: NAME/3 or NAME@alias."""

from __future__ import annotations

import re
from dataclasses import dataclass

from longshore.errors import Invalid

_VERSION = re.compile(r"(?P<name>.+)/(?P<version>\d+)")
# MLflow refuses an alias that reads like a version.
_LIKE_A_VERSION = re.compile(r"v\d+", re.IGNORECASE)
_ALIAS = re.compile(r"[\w-]+")


@dataclass(frozen=True)
class Reference:
    """A model's name with its version number or an alias; one of both is empty."""

    name: str
    version: str = ""
    alias: str = ""


def parse(text: str) -> Reference:
    """Read a reference; `model:` before it, or MLflow's `models:/`, is allowed. Raises: Invalid."""
    bare = text.strip().removeprefix("models:/").removeprefix("model:")
    if match := _VERSION.fullmatch(bare):
        return Reference(match["name"], version=str(int(match["version"])))
    name, sign, alias = bare.rpartition("@")
    if sign and name and alias:
        return Reference(name, alias=alias)
    raise Invalid(
        f"{text!r} names no model version.", hint="Write NAME/3 or NAME@alias; `longshore models` lists them."
    )


def checked_alias(alias: str) -> str:
    """Give the alias without space around it. Raises: Invalid where MLflow would refuse it."""
    bare = alias.strip()
    if not _ALIAS.fullmatch(bare) or _LIKE_A_VERSION.fullmatch(bare) or bare.lower() == "latest":
        raise Invalid(
            f"{alias!r} cannot be an alias.",
            hint="Use letters, digits, - and _, for example champion; v3 and latest are taken by MLflow.",
        )
    return bare
