"""A log: numbered lines, levels, search with hits, following; memory stays bounded however long the log is."""

from __future__ import annotations

import bisect
import re
from collections import deque
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QPlainTextEdit, QWidget

from longshore.ui.widgets.basic import Button, ElidedLabel, horizontal, label, row_of, vertical
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.log_text import KEPT_LINES, Entry, LogText

__all__ = ["KEPT_LINES", "LogView"]

# So many lines are laid out in 20 ms; the rest of a burst waits for the window's next turn.
SLICE = 300
# One line of megabytes would lay out for seconds and fill the memory; the file has it whole.
LONGEST = 4_000
_ERROR = re.compile(r"\b(ERROR|CRITICAL|FATAL|Traceback|Exception|[A-Z]\w*Error)\b")
_WARNING = re.compile(r"\b(WARN|WARNING|\w*Warning)\b")


def level_of(line: str) -> str:
    """Tell a line's level by the words that loggers write: error, warning, or empty."""
    if _ERROR.search(line):
        return "error"
    return "warning" if _WARNING.search(line) else ""


class LogView(QFrame):
    """Console bar and text."""

    save_asked = Signal()
    # Lines that were let go could hold it too: the whole file is to be searched.
    whole_search_asked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("surface", "sunken")
        self._lines: deque[Entry] = deque(maxlen=KEPT_LINES)
        self._incoming: deque[str] = deque(maxlen=KEPT_LINES)
        self._refill: deque[Entry] = deque()
        self._count = self._warnings = self._errors = 0
        self._follow = True
        # The numbers of the lines that hold what is searched for, and the one that somebody went to.
        self._hits: list[int] = []
        self._hit = 0
        column = vertical(self)
        column.addWidget(self._make_bar())
        self.text = LogText()
        column.addWidget(self.text, 1)
        self.partial = ElidedLabel("", "log", "secondary")
        self._partial_row = row_of(self.partial, margins=(20, 2, 20, 4))
        self._partial_row.hide()
        column.addWidget(self._partial_row)
        self._follow_button = Button("Follow output", self.follow, icon="arrow-down", size="small")
        self._follow_button.setParent(self.text)
        self._follow_button.hide()
        self.text.verticalScrollBar().valueChanged.connect(self._scrolled)
        self._next_slice = _single_shot(self, 0)
        self._next_slice.timeout.connect(self._take_slice)
        self._search_timer = _single_shot(self, 200)
        self._search_timer.timeout.connect(self._search)

    def _make_bar(self) -> QWidget:
        bar = QFrame()
        bar.setObjectName("toolbar")
        bar.setFixedHeight(40)
        row = horizontal(bar, (20, 0, 12, 0), 8)
        row.addWidget(label("Console", "bodyStrong"))
        self.levels = Segmented([("all", "All"), ("warning", "Warnings 0"), ("error", "Errors 0")])
        self.levels.chosen.connect(self._choose_level)
        row.addWidget(self.levels)
        row.addStretch(1)
        self._whole = Button("", self._ask_whole, kind="link", tip="Search also the lines that are not kept here")
        self._whole.hide()
        row.addWidget(self._whole)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the log")
        self.search.setAccessibleName("Search the log")
        self.search.setMaximumWidth(220)
        self.search.setMinimumWidth(90)
        self.search.textChanged.connect(lambda _text: self._search_timer.start())
        self.search.installEventFilter(self)
        row.addWidget(self.search, 1)
        self.hits = label("", "small", "secondary")
        row.addWidget(self.hits)
        self._steps = [
            Button("", self.previous_hit, icon="arrow-up", kind="ghost", size="iconSmall",
                   tip="Previous hit", shortcut="Shift+Enter"),
            Button("", self.next_hit, icon="arrow-down", kind="ghost", size="iconSmall",
                   tip="Next hit", shortcut="Enter"),
        ]  # fmt: skip
        for button in self._steps:
            button.hide()
            row.addWidget(button)
        self._wrap = Button("Wrap", self._toggle_wrap, kind="ghost", size="small", tip="Wrap long lines")
        self._wrap.setCheckable(True)
        row.addWidget(self._wrap)
        self.save = Button(
            "", self.save_asked.emit, icon="download", kind="ghost", size="iconSmall", tip="Save the log…"
        )
        row.addWidget(self.save)
        return bar

    def clear(self) -> None:
        """Forget all lines, for another log."""
        for kept in (self._lines, self._incoming, self._refill):
            kept.clear()
        self._count = self._warnings = self._errors = 0
        self._follow = True
        self.text.before = 0
        self.text.forget()
        self.show_partial("")
        self.search.clear()
        self._search()
        self._show_counts()

    def append(self, lines: Sequence[str], *, skipped: int = 0) -> None:
        """Put lines at the end, a burst in slices; `skipped` counts lines before them that are not shown."""
        # What falls out in front of the burst is counted as if it had been shown.
        self._count += skipped + max(0, len(self._incoming) + len(lines) - KEPT_LINES)
        self._incoming.extend(map(_shortened, lines))
        if not self._next_slice.isActive():
            self._take_slice()

    def show_partial(self, line: str) -> None:
        """Show the last line while it has no end yet, such as a progress bar's."""
        if line != self.partial.text():
            self.partial.setText(_shortened(line))
            self._partial_row.setVisible(bool(line.strip()))

    def count_from(self, before: int | None) -> None:
        """Say how many lines stand before the first one that was given; None while nobody knows."""
        self.text.before = before
        self.text.fit_numbers()

    def _take_slice(self) -> None:
        if self._refill:
            self._put([self._refill.popleft() for _ in range(min(SLICE, len(self._refill)))])
        else:
            self._put(self._take_incoming())
            self._show_counts()
        if self._refill or self._incoming:
            self._next_slice.start()

    def _take_incoming(self) -> list[Entry]:
        shown: list[Entry] = []
        for _ in range(min(SLICE, len(self._incoming))):
            line = self._incoming.popleft()
            self._count += 1
            entry = (self._count, line, level_of(line))
            self._lines.append(entry)
            self._warnings += entry[2] == "warning"
            self._errors += entry[2] == "error"
            if self._is_shown(entry):
                shown.append(entry)
        return shown

    def _is_shown(self, entry: Entry) -> bool:
        return self.levels.current in ("all", entry[2])

    def _put(self, entries: Sequence[Entry]) -> None:
        if not entries:
            return
        self.text.put(entries)
        if self._follow:
            self._to_end()
        if wanted := self.search.text().lower():
            self._hits += [number for number, line, _level in entries if wanted in line.lower()]
            self._show_hits()
            self.text.mark_view()

    def _show_counts(self) -> None:
        self.levels.button("warning").setText(f"Warnings {self._warnings:,}")
        self.levels.button("error").setText(f"Errors {self._errors:,}")

    def _choose_level(self, _level: str) -> None:
        self._fill_again()
        self._search()

    def _fill_again(self) -> None:
        self.text.forget()
        self._hits = []
        self._refill = deque(entry for entry in self._lines if self._is_shown(entry))
        self._take_slice()

    def _to_end(self) -> None:
        bar = self.text.verticalScrollBar()
        bar.setValue(bar.maximum())

    def _scrolled(self, value: int) -> None:
        at_end = value >= self.text.verticalScrollBar().maximum() - 1
        self._follow = at_end
        self._follow_button.setVisible(not at_end)
        self._follow_button.adjustSize()
        self._follow_button.move(
            self.text.width() - self._follow_button.width() - 24, self.text.height() - self._follow_button.height() - 16
        )
        self.text.mark_view()

    def follow(self) -> None:
        """Go to the end and stay there."""
        self._follow = True
        self._to_end()

    def _toggle_wrap(self) -> None:
        modes = QPlainTextEdit.LineWrapMode
        self.text.setLineWrapMode(modes.WidgetWidth if self._wrap.isChecked() else modes.NoWrap)

    def _search(self) -> None:
        self._search_timer.stop()
        wanted, self._hit = self.search.text().lower(), 0
        waiting = {number for number, _line, _level in self._refill}
        self._hits = [
            entry[0]
            for entry in self._lines
            if wanted and wanted in entry[1].lower() and self._is_shown(entry) and entry[0] not in waiting
        ]
        self.text.mark(wanted)
        self._show_hits()

    def _show_hits(self) -> None:
        wanted = self.search.text()
        # The ones that were let go with their lines are none any more.
        first = self._lines[0][0] if self._lines else 0
        del self._hits[: bisect.bisect_left(self._hits, first)]
        if self._hit in self._hits:
            self.hits.setText(f"{self._hits.index(self._hit) + 1:,} of {len(self._hits):,}")
        else:
            count = len(self._hits)
            self.hits.setText("" if not wanted else "1 line" if count == 1 else f"{count:,} lines")
        for button in self._steps:
            button.setVisible(bool(self._hits))
        cut = first + (self.text.before or 0) > 1 or self.text.before is None
        self._whole.setVisible(bool(wanted) and cut)
        self._whole.setText("Search older lines")

    def _ask_whole(self) -> None:
        self.whole_search_asked.emit(self.search.text())

    def next_hit(self) -> None:
        """Go to the next line that holds the text; after the last one comes the first."""
        self._go(1)

    def previous_hit(self) -> None:
        """Go to the one before."""
        self._go(-1)

    def _go(self, step: int) -> None:
        if self._search_timer.isActive():
            self._search()
        if not self._hits:
            return
        if self._hit in self._hits:
            place = self._hits.index(self._hit) + step
        else:
            place = bisect.bisect_left(self._hits, self.text.first_in_view())
            place -= step < 0
        self._hit = self._hits[place % len(self._hits)]
        self.text.go_to(self._hit)
        self.text.mark(self.search.text(), self._hit)
        self._show_hits()

    def go_to_line(self, number: int) -> bool:
        """Bring a line of the whole log to the middle; False where it is not kept or not of the levels shown."""
        wanted = number - (self.text.before or 0)
        if self.text.before is None or not self.text.go_to(wanted):
            return False
        self._hit = wanted
        self.text.mark(self.search.text(), wanted)
        self._show_hits()
        self.text.setFocus(Qt.FocusReason.ShortcutFocusReason)
        return True

    def start_search(self) -> None:
        """Bring the keyboard to the search field."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def show_level(self, level: str) -> None:
        """Show the lines of one level, or all."""
        self.levels.choose(level)
        self._choose_level(level)

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._go(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return False

    def redraw(self) -> None:
        """Take the colours of another theme."""
        self._fill_again()
        self._search()


def _single_shot(parent: QWidget, interval_ms: int) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.setInterval(interval_ms)
    return made


def _shortened(line: str) -> str:
    return line if len(line) < LONGEST else f"{line[:LONGEST]} … ({len(line):,} characters)"
