"""The last lines of a log, read again and again: it keeps its place, and follows the end while that is in view."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QPlainTextEdit


class LogTail(QPlainTextEdit):
    """Shows a text that grows at its end."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setReadOnly(True)
        self.setProperty("mono", True)
        self.setProperty("bare", True)
        self.setAccessibleName(name)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setUndoRedoEnabled(False)
        self._shown = ""
        self._follow = True
        self.verticalScrollBar().sliderMoved.connect(self._note_place)
        self.verticalScrollBar().actionTriggered.connect(self._note_place)

    def show_text(self, text: str) -> None:
        """Show a text; the lines that are there already stay as they are, with what is selected in them."""
        if text == self._shown:
            return
        bar = self.verticalScrollBar()
        self._follow = self._follow or bar.value() >= bar.maximum()
        place = bar.value()
        if self._shown and text.startswith(f"{self._shown}\n"):
            self.appendPlainText(text[len(self._shown) + 1 :])
        else:
            self.setPlainText(text)
        self._shown = text
        bar.setValue(bar.maximum() if self._follow else place)

    def forget(self) -> None:
        """Be empty, for another log."""
        self._shown, self._follow = "", True
        self.clear()

    def _note_place(self, _value: int) -> None:
        bar = self.verticalScrollBar()
        self._follow = bar.sliderPosition() >= bar.maximum()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._follow:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
