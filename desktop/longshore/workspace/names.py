"""Names of workspaces."""

from __future__ import annotations

import itertools
import re

from longshore.errors import Conflict, Invalid
from longshore.settings import Home
from longshore.store import workspaces

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


def free(home: Home, name: str) -> str:
    """Give the name back where it can be a new workspace's. Raises: Invalid, Conflict."""
    if not _NAME.fullmatch(name):
        raise Invalid(
            f"{name!r} is not a name for a workspace.", hint="Use letters, digits, dots, dashes and underscores."
        )
    if name in _taken(home):
        raise Conflict(f"A workspace {name!r} is there already.", hint="Choose another name with --name.")
    return name


def suggested(home: Home, text: str) -> str:
    """Make a free name of any text, with a number where it is taken."""
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:50] or "database"
    numbered = (f"{slug}-{number}" if number > 1 else slug for number in itertools.count(1))
    taken = _taken(home)
    return next(name for name in numbered if name not in taken)


def _taken(home: Home) -> set[str]:
    return {known.name for known in workspaces.listing(home)}
