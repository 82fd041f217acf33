"""The fonts that the app ships, and the type scale as Qt fonts."""

from __future__ import annotations

import functools

from PySide6.QtGui import QFont, QFontDatabase

from longshore.settings import resources_dir
from longshore.ui.theme.tokens import values

UI_FAMILY, MONO_FAMILY = "Inter", "JetBrains Mono"
_state = {"system": False, "scale": 1.0}


@functools.cache
def load() -> None:
    """Make the shipped fonts known to Qt, once."""
    for file in sorted((resources_dir() / "fonts").rglob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(file))


def configure(*, system_font: bool, percent: int) -> None:
    """Choose between the shipped and the system's font, and the text size. Units: percent of the design's size."""
    _state.update(system=system_font, scale=percent / 100)
    font.cache_clear()


def scale() -> float:
    """Give the text size as a factor of the design's."""
    return float(_state["scale"])


def grown(size: int) -> int:
    """Give the height of a control whose text is larger than the design's. Units: device-independent pixels."""
    return round(size * (1 + max(0.0, scale() - 1) / 2))


@functools.cache
def font(role: str) -> QFont:
    """Give the font of a role of the type scale, such as `body`, `smallStrong` or `mono`. Do not change it: copy it."""
    kind = values()["type"][role]
    mono = kind.get("family") == "mono"
    which = QFontDatabase.SystemFont.FixedFont if mono else QFontDatabase.SystemFont.GeneralFont
    made = QFontDatabase.systemFont(which)
    if not _state["system"]:
        made.setFamily(MONO_FAMILY if mono else UI_FAMILY)
    made.setPixelSize(max(1, round(kind["size"] * float(_state["scale"]))))
    made.setWeight(QFont.Weight(kind["weight"]))
    if mono:
        _part_letters(made)
    else:
        # Numbers stand under each other in tables and do not jump while they change.
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def of_application() -> QFont:
    """Give the font that every widget starts from; a style sheet changes its family and size, and keeps the rest."""
    made = QFont(font("body"))
    _part_letters(made)
    return made


def _part_letters(made: QFont) -> None:
    # What is typed and pasted is shown letter by letter: `--` must not look like one dash.
    made.setFeature(QFont.Tag("calt"), 0)
    made.setFeature(QFont.Tag("liga"), 0)
