"""The bar above the run table: experiment, filter, how many are shown, what can be done with the selection."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QFrame, QProgressBar, QSizePolicy, QWidget

from longshore.ui.widgets.basic import Button, ElidedLabel, horizontal, label, vertical
from longshore.ui.widgets.filter_field import FilterField

ALL = "All experiments"
# A longer view's name ends in an ellipsis: the tooltip has all of it.
LONGEST_VIEW = 18
# Left and right of the bar's content.
_MARGINS = 36
_COUNTS = 150


def button_words(name: str, *, changed: bool) -> str:
    """Give what the button of the views says: a name, with a mark where the table looks different by now."""
    shown = name if len(name) <= LONGEST_VIEW else f"{name[: LONGEST_VIEW - 1]}…"
    return (shown.replace("&", "&&") + (" •" if changed else "")) if name else "Views"


class RunsToolbar(QFrame):
    """Asks by signal; the page knows the rows."""

    compare_asked = Signal()
    clear_asked = Signal()
    columns_asked = Signal()
    edit_asked = Signal()
    group_asked = Signal()
    views_asked = Signal()
    density_asked = Signal()
    cancel_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("toolbar")
        column = vertical(self, (20, 8, 16, 8), 8)
        first = QWidget()
        row = horizontal(first, spacing=8)
        self.experiments = QComboBox()
        self.experiments.setAccessibleName("Experiment")
        self.experiments.setMinimumWidth(160)
        self.experiments.setMaximumWidth(240)
        self.experiments.addItem(ALL)
        row.addWidget(self.experiments, 0, Qt.AlignmentFlag.AlignTop)
        self.filter = FilterField()
        row.addWidget(self.filter, 1)
        column.addWidget(first)
        column.addWidget(self._make_second())
        # Over the lower edge: it comes and goes without moving the table.
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the search")
        self.progress.setProperty("tone", "neutral")
        self.progress.setValue(100)
        self.show_waiting(-1)

    def _make_second(self) -> QWidget:
        second = QWidget()
        # Where room is short, buttons show their icons alone: they shall not keep the window wide.
        second.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = self._second_row = horizontal(second, spacing=8)
        self.shown = ElidedLabel("", "small", "secondary")
        row.addWidget(self.shown)
        self.waiting = label("", "small", "secondary")
        row.addWidget(self.waiting)
        self.cancel_button = Button(
            "Cancel", self.cancel_asked.emit, kind="ghost", size="small", tip="Stop searching; the rows stay"
        )
        row.addWidget(self.cancel_button)
        row.addStretch(1)
        self.selected = label("", "smallStrong")
        row.addWidget(self.selected)
        self.edit_button = Button(
            "Edit…",
            self.edit_asked.emit,
            kind="ghost",
            size="small",
            tip="Edit name, tags and note of the selected runs",
            shortcut="E",
        )
        self.compare_button = Button(
            "Compare",
            self.compare_asked.emit,
            icon="compare",
            kind="ghost",
            size="small",
            tip="Compare the selected runs",
            shortcut="C",
        )
        self.clear_button = Button(
            "Clear", self.clear_asked.emit, kind="ghost", size="small", tip="Clear the selection"
        )
        self.columns_button = Button("Columns", self.columns_asked.emit, icon="columns", kind="ghost", size="small")
        self.group_button = Button(
            "Group by", self.group_asked.emit, icon="group", kind="ghost", size="small", tip="Group runs", shortcut="G"
        )
        self.views_button = Button(
            "Views", self.views_asked.emit, icon="star", kind="ghost", size="small", tip="Saved views", shortcut="V"
        )
        self.density_button = Button(
            "", self.density_asked.emit, icon="density", kind="ghost", size="iconSmall", tip="Row height", shortcut="D"
        )
        for button in (
            self.edit_button,
            self.compare_button,
            self.clear_button,
            self.columns_button,
            self.group_button,
            self.views_button,
            self.density_button,
        ):
            row.addWidget(button)
        quiet = (self.columns_button, self.group_button, self.views_button)
        self._words = {button: button.text() for button in quiet}
        return second

    @property
    def experiment(self) -> str | None:
        """The experiment that was chosen, None for all."""
        return self.experiments.currentText() if self.experiments.currentIndex() > 0 else None

    def show_experiments(self, names: Sequence[str]) -> None:
        """Offer these; the chosen one stays chosen."""
        chosen = self.experiment
        self.experiments.clear()
        self.experiments.addItem(f"{ALL}, {len(names)}")
        self.experiments.addItems(list(names))
        if chosen in names:
            self.experiments.setCurrentText(chosen or "")

    def show_waiting(self, seconds: int) -> None:
        """Say for how long the server has been searching; below 0 takes it back."""
        under_way = seconds >= 0
        self.waiting.setText(f"Searching, {seconds} s" if seconds > 0 else "Searching…")
        for widget in (self.waiting, self.cancel_button, self.progress):
            widget.setVisible(under_way)
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.progress.setGeometry(0, self.height() - 4, self.width(), 4)
        self._fit()

    def _say(self, button: Button, words: str) -> None:
        self._words[button] = words
        button.setAccessibleName(words)
        self._fit()

    def _fit(self) -> None:
        """Show the buttons' words where there is room for all of them."""
        # Of how many there are, something has to be seen.
        counts = min(self.shown.sizeHint().width(), _COUNTS)
        room = self.width() - _MARGINS - counts + self.shown.minimumWidth()
        for button, words in self._words.items():
            button.setText(words)
        if self._second_row.minimumSize().width() > room:
            for button in self._words:
                button.setText("")

    def show_grouping(self, titles: Sequence[str]) -> None:
        """Say by what the runs are grouped."""
        self._say(self.group_button, f"Group by {len(titles)}" if titles else "Group by")
        self.group_button.setToolTip(f"Grouped by {', '.join(titles)}" if titles else "Group runs (G)")

    def show_view(self, name: str, changed: bool) -> None:
        """Say which view is shown, and whether the table looks different by now."""
        self._say(self.views_button, button_words(name, changed=changed))
        self.views_button.setToolTip((f"{name}, changed since" if changed else name) if name else "Saved views (V)")

    def show_selected(self, count: int) -> None:
        """Offer what can be done with the selected runs."""
        several = count >= 2
        self.selected.setText(f"{count:,} selected" if count else "")
        self.edit_button.setVisible(count > 0)
        self.compare_button.setVisible(several)
        self.clear_button.setVisible(count > 0)
        self._fit()
