"""The toolbar above a pipeline: which one, search, focus path, how many steps stand how."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QWidget

from longshore.ui.pages.pipeline_looks import COUNTED
from longshore.ui.widgets import pill
from longshore.ui.widgets.basic import Button, ElidedLabel, IconLabel, clear, horizontal, label, line
from longshore.ui.widgets.search_field import SearchField
from longshore.ui.widgets.select import Select

HEIGHT = 44
# Narrower than this the counts show icon and number alone.
ROOMY = 820


class PipelineToolbar(QFrame):
    """Chooses, finds, counts."""

    pipeline_chosen = Signal(str)
    focus_path_toggled = Signal(bool)

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("toolbar")
        self.setFixedHeight(HEIGHT)
        row = horizontal(self, (20, 0, 16, 0), 8)
        self.select = Select("Pipeline", widest=240)
        self.select.activated.connect(lambda _index: self.pipeline_chosen.emit(self.select.value))
        row.addWidget(self.select)
        self.name = ElidedLabel("", "bodyMedium")
        self.name.setMaximumWidth(240)
        row.addWidget(self.name)
        separator = line("vStrong")
        separator.setFixedHeight(16)
        row.addWidget(separator)
        self.search = SearchField()
        self.search.setFixedWidth(170)
        self.search.show_place(0, 0)
        row.addWidget(self.search)
        self.focus = Button(
            "Focus path", icon="focus", tip="Lift what comes before and after the selected step", shortcut="F"
        )
        self.focus.setCheckable(True)
        self.focus.setProperty("kind", "ghost")
        self.focus.toggled.connect(self.focus_path_toggled)
        row.addWidget(self.focus)
        row.addStretch(1)
        self._counts = QWidget()
        self._count_row = horizontal(self._counts, spacing=14)
        row.addWidget(self._counts)
        self._shown: tuple[object, ...] = ()
        self._states: Mapping[str, int] = {}

    def show_pipelines(self, names: Iterable[str], current: str) -> None:
        """Offer these; one alone is named."""
        found = list(names)
        self.select.setVisible(len(found) > 1)
        self.name.setVisible(len(found) == 1)
        self.name.setText(current)
        self.select.show_options([(name, name) for name in found])
        self.select.choose(current)

    def show_counts(self, states: Iterable[str]) -> None:
        """Count the steps by their state."""
        self._states = Counter(states)
        self._show_counts()

    def _show_counts(self) -> None:
        roomy = self.width() >= ROOMY
        found = [(state, self._states[state]) for state in COUNTED if self._states.get(state)]
        if (roomy, *found) == self._shown:
            return
        self._shown = (roomy, *found)
        clear(self._count_row)
        for state, count in found:
            word, tone, icon = pill.describe(state)
            self._count_row.addWidget(_count(f"{count:,} {word.lower()}", f"{count:,}", tone, icon, roomy=roomy))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.focus.setText("Focus path" if self.width() >= ROOMY else "")
        self._show_counts()


def _count(words: str, number: str, tone: str, icon: str, *, roomy: bool) -> QWidget:
    holder = QWidget()
    row = horizontal(holder, spacing=5)
    row.addWidget(IconLabel(icon, f"{tone}.text", 14))
    row.addWidget(label(words if roomy else number, "body"))
    holder.setToolTip(words)
    holder.setAccessibleName(words)
    return holder
