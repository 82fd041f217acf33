"""The frameworks that a folder can be recognised by, in the order in which they are asked.

Adding one: a file here with `NAME`, `detect`, `describe` and `command`, and a row in `ADAPTERS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from longshore.projects.adapters import mlproject, script
from longshore.projects.model import EntryPoint


class Adapter(Protocol):
    """What each file of this folder offers as functions. Nothing of the project is imported or run."""

    NAME: str

    def detect(self, path: Path) -> bool:
        """Tell whether the folder is one of this framework's."""
        ...

    def describe(self, path: Path, problems: list[str]) -> list[EntryPoint]:
        """Give its entry points; what could not be read is added to `problems` as a sentence."""
        ...

    def command(self, entry: EntryPoint, parameters: Mapping[str, str], python: str) -> list[str]:
        """Give the command that starts an entry point with checked parameters, to be run in the project's folder."""
        ...


ADAPTERS: tuple[Adapter, ...] = (mlproject, script)


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str | Path) -> list[str]:
    """Give the command that starts an entry point, to be run in the project's folder.

    Args:
        entry: From `inspect`.
        parameters: From `check_parameters`.
        python: The interpreter of the project's environment, "python" in a container.
    """
    adapter = next(one for one in ADAPTERS if entry.framework == one.NAME)
    return adapter.command(entry, parameters, str(python))
