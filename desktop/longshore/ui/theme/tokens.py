"""The design's values, read from `resources/tokens.json`: colours of both themes, type, sizes."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import Any

from PySide6.QtGui import QColor

from longshore.settings import resources_dir


@functools.cache
def values() -> dict[str, Any]:
    """Give the whole token file."""
    found: dict[str, Any] = json.loads((resources_dir() / "tokens.json").read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Scheme:
    """The colours of one theme, by token name such as `text.primary`."""

    name: str  # light, dark
    colors: dict[str, str]

    def color(self, token: str) -> QColor:
        """Give a token's colour."""
        return QColor(_qt_hex(self.colors[token]))

    def hex(self, token: str) -> str:
        """Give a token's colour as Qt's style sheets write it."""
        return _qt_hex(self.colors[token])


@functools.cache
def scheme(name: str, *, high_contrast: bool = False) -> Scheme:
    """Give the light or the dark colours; high contrast lifts borders and quiet text one step."""
    colors = dict(values()["color"][name])
    if high_contrast:
        colors["border.default"] = colors["border.control"]
        colors["text.tertiary"] = colors["text.secondary"]
    return Scheme(name, colors)


def _qt_hex(color: str) -> str:
    # The file writes #RRGGBBAA, Qt reads #AARRGGBB.
    return f"#{color[7:]}{color[1:7]}" if len(color) == 9 else color
