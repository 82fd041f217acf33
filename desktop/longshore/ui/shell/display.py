"""Whether a window can be shown here, decided before Qt is asked: it would end the process where it can't."""

from __future__ import annotations

import os
import sys

from longshore.errors import Unavailable


def choose_platform(*, pictures_only: bool) -> None:
    """Draw into memory where only pictures or figures are wanted and there is no display.

    Raises: Unavailable if a window is wanted and there is no display.
    """
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM"):
        return
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return
    if not pictures_only:
        raise Unavailable(
            "There is no display here, so no window can be shown.",
            hint="Use the commands (`longshore --help`), or write pictures with `longshore gui --screenshots DIR`.",
        )
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
