"""Longshore manages machine-learning projects from the first run to the served model.

In a notebook: `longshore.open("path/to/project").runs()` gives its runs as a pandas DataFrame. Importing the package
loads nothing; what is used is loaded at its first use.
"""

from __future__ import annotations

__version__ = "0.1.0"

# By name and not by an import statement, since rooms of every floor may import this package for its version.
_API = "longshore.api"
_OFFERED = ("Project", "open", "runs")


def __getattr__(name: str) -> object:
    if name not in _OFFERED:
        raise AttributeError(f"module 'longshore' has no attribute {name!r}")
    from importlib import import_module

    found: object = getattr(import_module(_API), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_OFFERED})
