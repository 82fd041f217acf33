"""What is launched, and under which names: entry point, experiment, run name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QWidget

from longshore.ui.theme import icons
from longshore.ui.theme.style import hex_color
from longshore.ui.widgets.basic import ElidedLabel, label
from longshore.ui.widgets.select import Select

if TYPE_CHECKING:
    from longshore.projects.model import EntryPoint, ProjectInfo
    from longshore.ui.shell.launch_work import Ready


class NamesPart(QWidget):
    """Two rows; tells `entry_chosen` when another entry point is to be launched."""

    changed = Signal()
    entry_chosen = Signal()

    def __init__(self, ready: Ready) -> None:
        super().__init__()
        self._info = ready.info
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        self.entry = Select("Entry point", [(one.name, one.name) for one in ready.info.entry_points], widest=600)
        self.entry.choose(default_entry(ready.info))
        self._draw_icons()
        self.entry.currentIndexChanged.connect(lambda _place: self.entry_chosen.emit())
        self._command_note = ElidedLabel("", "mono", "secondary")
        self.experiment = QComboBox()
        self.experiment.setEditable(True)
        self.experiment.setAccessibleName("Experiment")
        # Else the longest name of an experiment would make the form wider than the dialog.
        self.experiment.setMinimumContentsLength(10)
        self.experiment.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.experiment.addItems(ready.experiments)
        self.show_experiment(ready.info.name)
        self.experiment.currentTextChanged.connect(self._experiment_typed)
        self.name = QLineEdit()
        self.name.setPlaceholderText("Run name (optional)")
        self.name.setAccessibleName("Run name")
        self.name.textChanged.connect(lambda _text: self.changed.emit())
        for row, words in enumerate(("Entry point", "Experiment")):
            grid.addWidget(label(words), row, 0)
        grid.addWidget(self.entry, 0, 1)
        grid.addWidget(self._command_note, 0, 2)
        grid.addWidget(self.experiment, 1, 1)
        grid.addWidget(self.name, 1, 2)

    @property
    def chosen(self) -> EntryPoint:
        """The entry point that is chosen."""
        return next(entry for entry in self._info.entry_points if entry.name == self.entry.value)

    @property
    def is_pipeline(self) -> bool:
        """Tell whether it has steps."""
        return any(one.name == self.entry.value for one in self._info.pipelines)

    def show_experiment(self, name: str) -> None:
        """Enter an experiment's name, and show its beginning."""
        self.experiment.setCurrentText(name)
        if (edit := self.experiment.lineEdit()) is not None:
            edit.home(False)
        self.experiment.setToolTip(name)

    def _experiment_typed(self, text: str) -> None:
        self.experiment.setToolTip(text)
        self.changed.emit()

    def show_command(self) -> None:
        """Say what the entry point starts, and where that is written."""
        self._command_note.setText(_command_words(self._info, self.chosen))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange and hasattr(self, "entry"):
            self._draw_icons()

    def _draw_icons(self) -> None:
        pipelines = {one.name for one in self._info.pipelines}
        for place, entry in enumerate(self._info.entry_points):
            name = "pipeline" if entry.name in pipelines else "notebook" if entry.framework == "notebook" else "code"
            self.entry.setItemIcon(place, icons.icon(name, hex_color("text.secondary")))


def default_entry(info: ProjectInfo) -> str:
    """Name the entry point to begin with."""
    names = [entry.name for entry in info.entry_points]
    return next((name for name in ("train", "main") if name in names), names[0])


def _command_words(info: ProjectInfo, entry: EntryPoint) -> str:
    pipeline = next((one for one in info.pipelines if one.name == entry.name), None)
    if pipeline is not None:
        steps = sum(step.kind != "input" for step in pipeline.steps)
        return f"{entry.command}, {steps} step{'' if steps == 1 else 's'}"
    return f"{entry.command}, from MLproject" if entry.framework == "mlproject" else entry.command
