"""The strip over the run table with the runs that are kept for comparing, whatever workspace the table shows."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QMenu, QSizePolicy, QWidget

from longshore.ui.shell.kept_runs import Kept, KeptRuns
from longshore.ui.widgets.basic import Button, ElidedLabel, IconLabel, clear, horizontal, label, text_width

_CHIP_WIDTHS = (96, 240)
# Beside the words of a chip: its margins, its button, and the gap to the next one.
_BESIDE_WORDS = 46
# The title, the buttons at the right, and the one that tells of more.
_BESIDE_CHIPS = 520


class KeptStrip(QFrame):
    """A chip per kept run, as many as fit; hidden where none is kept."""

    compare_asked = Signal()

    def __init__(self, kept: KeptRuns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kept = kept
        self._selected = 0
        self._fitting = -1
        self.setObjectName("toolbar")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        row = horizontal(self, (20, 6, 16, 6), 8)
        row.addWidget(IconLabel("pin"))
        row.addWidget(label("Kept for comparing", "small", "secondary"))
        self._chips = QWidget(self)
        self._chip_row = horizontal(self._chips, spacing=8)
        row.addWidget(self._chips)
        row.addStretch(1)
        self.compare_button = Button("", self.compare_asked.emit, icon="compare", size="small")
        row.addWidget(self.compare_button)
        self.clear_button = Button(
            "Let all go", self._clear, kind="ghost", size="small", tip="Keep none of these runs for comparing any more"
        )
        row.addWidget(self.clear_button)
        kept.changed.connect(self._show)
        self._show()

    def show_selected(self, count: int) -> None:
        """Offer to compare with so many runs that are selected in the table and not kept."""
        self._selected = count
        self._show_button()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._how_many() != self._fitting:
            self._show_chips()

    def _clear(self) -> None:
        self._kept.let_go([run.run_id for run in self._kept.runs])

    def _show(self) -> None:
        self.setVisible(bool(self._kept.runs))
        self._show_chips()
        self._show_button()

    def _show_button(self) -> None:
        kept, selected = len(self._kept.runs), self._selected
        self.compare_button.setText(f"Compare with {selected} selected" if selected else f"Compare {kept}")
        self.compare_button.setAccessibleName(self.compare_button.text())
        self.compare_button.setEnabled(kept + selected >= 2)
        self.compare_button.setToolTip(
            "Show the kept runs and those that are selected in the table side by side"
            if kept + selected >= 2
            else "Keep another run, or select one in the table: it takes two"
        )

    def _how_many(self) -> int:
        """Tell how many chips have room."""
        room, count = self.width() - _BESIDE_CHIPS, 0
        for run in self._kept.runs:
            room -= _width(run) + _BESIDE_WORDS
            if room < 0:
                break
            count += 1
        return max(1, count)

    def _show_chips(self) -> None:
        clear(self._chip_row)
        runs, self._fitting = self._kept.runs, self._how_many()
        for run in runs[: self._fitting]:
            self._chip_row.addWidget(self._chip(run))
        rest = runs[self._fitting :]
        if rest:
            more = Button(f"{len(rest)} more", kind="ghost", size="small", tip="The other kept runs")
            more.clicked.connect(partial(self._show_more, more, rest))
            self._chip_row.addWidget(more)

    def _chip(self, run: Kept) -> QWidget:
        chip = QFrame(self._chips)
        chip.setProperty("chip", True)
        row = horizontal(chip, (8, 0, 2, 0), 2)
        words = ElidedLabel(_words(run), "small", mode=Qt.TextElideMode.ElideMiddle)
        words.setFixedWidth(_width(run))
        row.addWidget(words)
        chip.setToolTip(f"{run.name}\nworkspace {run.workspace}\n{run.run_id}")
        row.addWidget(
            Button(
                "",
                partial(self._kept.let_go, [run.run_id]),
                icon="x",
                kind="ghost",
                size="iconSmall",
                tip=f"Let go of {run.name}",
            )
        )
        return chip

    def _show_more(self, button: QWidget, rest: tuple[Kept, ...], _checked: bool = False) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for run in rest:
            name = run.name if len(run.name) <= 40 else f"{run.name[:18]}…{run.name[-18:]}"
            action = menu.addAction(f"Let go of {name} @{run.workspace}".replace("&", "&&"))
            action.triggered.connect(partial(self._let_go, run.run_id))
        menu.popup(button.mapToGlobal(button.rect().bottomLeft()))

    def _let_go(self, run_id: str, _checked: bool = False) -> None:
        self._kept.let_go([run_id])


def _words(run: Kept) -> str:
    return f"{run.name} @{run.workspace}"


def _width(run: Kept) -> int:
    return min(_CHIP_WIDTHS[1], max(_CHIP_WIDTHS[0], text_width(_words(run), "small") + 4))
