"""A command line as it would be typed: options in colour, one below the other, to be selected and copied."""

from __future__ import annotations

import html
import re

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel

from longshore.ui.theme.style import hex_color

_OPTION = re.compile(r"(?<![^\s])(--?[A-Za-z][\w-]*)")


class CommandLabel(QLabel):
    """Shows a command; `text` gives it as it was set."""

    def __init__(self) -> None:
        super().__init__()
        self._plain = ""
        self.setProperty("role", "mono")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def text(self) -> str:
        return self._plain

    def setText(self, text: str) -> None:  # noqa: N802
        self._plain = text
        self.setAccessibleName(text)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw()

    def _draw(self) -> None:
        words = _OPTION.sub(lambda found: f"\0{found.group(1)}\1", self._plain)
        marked = html.escape(words, quote=False).replace("\0", f'<span style="color: {hex_color("accent.text")}">')
        super().setText(marked.replace("\1", "</span>").replace("  ", "&nbsp;&nbsp;").replace("\n", "<br>"))
