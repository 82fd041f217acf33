"""The filter in MLflow's language: coloured while typed, completed from the names that exist, its error below."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QStringListModel, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QCompleter, QFrame, QLineEdit, QStyle, QStyleOptionFrame, QWidget

from longshore.errors import LongshoreError
from longshore.tracking.rows import ColumnSet
from longshore.ui.theme.fonts import font
from longshore.ui.theme.style import color
from longshore.ui.widgets.basic import Button, IconLabel, horizontal, key_hint, label, restyle, vertical

if TYPE_CHECKING:
    from longshore.tracking.run_index import Frame

IDLE_MS = 450
_PARTS = re.compile(
    r"(?P<string>'[^']*'?|\"[^\"]*\"?)|(?P<keyword>\b(?:and|or|like|ilike|in|not|is|null)\b)"
    r"|(?P<field>(?:`[^`]*`|[A-Za-z_][\w]*)(?:\.(?:`[^`]*`|[\w./]+))?)|(?P<number>-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"
    r"|(?P<operator>[<>=!]+)|(?P<space>\s+)|(?P<other>.)",
    re.IGNORECASE,
)


def coloured(expression: str) -> list[tuple[str, str]]:
    """Split a filter into (text, token) parts for drawing."""
    tokens = {
        "string": "syntax.string",
        "keyword": "syntax.keyword",
        "field": "syntax.field",
        "number": "syntax.number",
        "operator": "syntax.operator",
    }
    return [(part.group(), tokens.get(part.lastgroup or "", "text.primary")) for part in _PARTS.finditer(expression)]


class ColouredLine(QLineEdit):
    """A line that draws its text in syntax colours while it is not being edited past its width."""

    def paintEvent(self, event: QPaintEvent) -> None:
        text = self.text()
        metrics = QFontMetrics(font("mono"))
        fits = metrics.horizontalAdvance(text) < self.contentsRect().width() - 20
        if not text or self.hasSelectedText() or not fits:
            super().paintEvent(event)
            return
        option = QStyleOptionFrame()
        self.initStyleOption(option)
        painter = QPainter(self)
        self.style().drawPrimitive(QStyle.PrimitiveElement.PE_PanelLineEdit, option, painter, self)
        area = self.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, self)
        painter.setFont(font("mono"))
        left = area.left() + 2
        for part, token in coloured(text):
            painter.setPen(color(token))
            painter.drawText(left, area.top(), 10_000, area.height(), int(Qt.AlignmentFlag.AlignVCenter), part)
            left += metrics.horizontalAdvance(part)
        if self.hasFocus():
            place = area.left() + 2 + metrics.horizontalAdvance(text[: self.cursorPosition()])
            painter.setPen(color("text.primary"))
            painter.drawLine(place, area.center().y() - 8, place, area.center().y() + 8)


class FilterField(QWidget):
    """Tells an expression when the person pauses or presses Enter."""

    applied = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._columns = ColumnSet()
        self._frame: Frame | None = None
        self._applied = ""
        column = vertical(self, spacing=2)
        self._box = QFrame()
        self._box.setProperty("field", True)
        row = horizontal(self._box, (8, 0, 2, 0), 0)
        row.addWidget(IconLabel("filter", "text.tertiary"))
        self.line = ColouredLine()
        self.line.setProperty("mono", True)
        # The box around it has the border, and shows the focus.
        self.line.setProperty("bare", True)
        self.line.installEventFilter(self)
        self.line.setPlaceholderText("metrics.val_mae < 4 and params.model = 'tree'")
        self.line.setAccessibleName("Filter in MLflow's language")
        row.addWidget(self.line, 1)
        row.addWidget(key_hint("Ctrl+F"))
        self._clear = Button("", self.clear, icon="x", kind="ghost", size="iconSmall", tip="Clear the filter")
        row.addSpacing(4)
        row.addWidget(self._clear)
        column.addWidget(self._box)
        self._error = label("", "small", "danger", wrap=True)
        self._error.hide()
        column.addWidget(self._error)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(IDLE_MS)
        self._timer.timeout.connect(self._idle)
        self.line.textEdited.connect(self._typed)
        self.line.returnPressed.connect(self._apply)
        self._words = QStringListModel(self)
        self._completer = QCompleter(self._words, self)
        self._completer.setWidget(self.line)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.activated.connect(self._insert)
        self._clear.hide()

    def show_names(self, columns: ColumnSet) -> None:
        """Complete from these names."""
        self._columns = columns

    def show_frame(self, frame: Frame) -> None:
        """Complete from the names and values that an index holds; its language is wider than the server's."""
        self._frame = frame

    def text(self) -> str:
        """Give the expression as it stands."""
        return self.line.text().strip()

    def set_text(self, text: str) -> None:
        """Put an expression in and apply it."""
        self.line.setText(text)
        self._apply()

    def clear(self) -> None:
        """Take the filter away."""
        self.set_text("")

    def show_error(self, text: str) -> None:
        """Say what is wrong, below the field; empty takes it back."""
        self._error.setText(text)
        self._error.setVisible(bool(text))
        restyle(self._box, state="error" if text else "")

    def _typed(self, _text: str) -> None:
        self._clear.setVisible(bool(self.line.text()))
        self._timer.start()
        self._complete()

    def _idle(self) -> None:
        from longshore.tracking import filters, run_index

        problem = filters.quick_check(self.text()) if self._frame is None else run_index.check(self.text())
        if problem is None:
            self._apply()
        else:
            self.show_error(f"At character {problem.position + 1}: {problem.message}")

    def _apply(self) -> None:
        self._timer.stop()
        self._clear.setVisible(bool(self.line.text()))
        self.show_error("")
        if self.text() != self._applied:
            self._applied = self.text()
            self.applied.emit(self._applied)

    def _complete(self) -> None:
        found = self._completions(self.line.text(), self.line.cursorPosition())[:8]
        self._words.setStringList(list(found))
        if found and self.line.text():
            self._completer.complete(self.line.rect())
        else:
            popup = self._completer.popup()
            if popup is not None:
                popup.hide()

    def _completions(self, text: str, position: int) -> tuple[str, ...]:
        from longshore.tracking import filters, run_index

        if self._frame is None:
            return filters.complete(text, position, self._columns)
        try:
            return run_index.complete(self._frame, text, position)
        except LongshoreError:
            return ()  # a damaged column has no values to offer

    def _insert(self, word: str) -> None:
        before = self.line.text()[: self.line.cursorPosition()]
        start = max(before.rfind(" "), before.rfind("("), before.rfind(",")) + 1
        after = self.line.text()[self.line.cursorPosition() :]
        self.line.setText(before[:start] + word + " " + after.lstrip())
        self.line.setCursorPosition(start + len(word) + 1)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            restyle(self._box, focused=event.type() == QEvent.Type.FocusIn)
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.line.text():
            self.clear()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self.line.update()
