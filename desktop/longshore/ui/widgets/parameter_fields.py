"""One input per declared parameter: a stepper, a switch, choices, or a text; each knows its default and its error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLineEdit, QSizePolicy, QWidget

from longshore.errors import Invalid
from longshore.ui.widgets.basic import ElidedLabel, IconLabel, horizontal, label, restyle
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.stepper import StepLine
from longshore.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from longshore.projects.model import EntryPoint, Parameter


WIDEST_NAME, NOTE_WIDTH = 176, 84
# So few and so short choices stand side by side.
MOST_SIDE_BY_SIDE, MOST_LETTERS = 4, 17


class ParameterField(QWidget):
    """Reads and shows one parameter as text, the form in which it is given."""

    changed = Signal()

    def __init__(self, parameter: Parameter, default: str) -> None:
        super().__init__()
        self.parameter, self.default = parameter, default
        self._is_wrong = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row = horizontal(self, spacing=8)
        self._edit: QLineEdit | QComboBox | Segmented | Switch = self._make()
        self._edit.setAccessibleName(parameter.name)
        self._edit.setToolTip(parameter.help)
        row.addWidget(self._edit, 0 if isinstance(self._edit, Switch) else 1)
        if isinstance(self._edit, Switch):
            self._word = label("", "mono")
            row.addWidget(self._word, 1)
        self.set_value(default)

    def _make(self) -> QLineEdit | QComboBox | Segmented | Switch:
        parameter = self.parameter
        if parameter.type == "choice" or parameter.choices:
            return self._make_choices()
        if parameter.type == "bool":
            switch = Switch(parameter.name)
            switch.toggled.connect(self._toggled)
            return switch
        edit = StepLine(parameter.name) if parameter.type == "int" else QLineEdit()
        edit.setProperty("mono", True)
        edit.setPlaceholderText("required" if parameter.required else "")
        edit.textChanged.connect(lambda _text: self.changed.emit())
        return edit

    def _make_choices(self) -> QComboBox | Segmented:
        choices = self.parameter.choices
        few = 2 <= len(choices) <= MOST_SIDE_BY_SIDE and sum(map(len, choices)) <= MOST_LETTERS
        if few and self.parameter.type != "list" and self.default in choices and all(choices):
            segments = Segmented([(choice, choice) for choice in choices])
            segments.chosen.connect(lambda _choice: self.changed.emit())
            return segments
        box = QComboBox()
        box.setProperty("mono", True)
        box.addItems(([] if self.default else [""]) + list(choices))
        # Else the longest choice would make the form wider than the dialog.
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.currentTextChanged.connect(lambda _text: self.changed.emit())
        return box

    def _toggled(self, checked: bool) -> None:
        self._word.setText("true" if checked else "false")
        self.changed.emit()

    def value(self) -> str:
        """Give what is entered."""
        if isinstance(self._edit, Switch):
            return "true" if self._edit.isChecked() else "false"
        if isinstance(self._edit, Segmented):
            return self._edit.current
        return self._edit.currentText() if isinstance(self._edit, QComboBox) else self._edit.text()

    def set_value(self, text: str) -> None:
        """Enter a value."""
        if isinstance(self._edit, Switch):
            self._edit.setChecked(text.lower() in ("true", "1", "yes", "on"))
            self._word.setText("true" if self._edit.isChecked() else "false")
        elif isinstance(self._edit, Segmented):
            if text in self.parameter.choices and text != self._edit.current:
                self._edit.choose(text)
                self.changed.emit()
        elif isinstance(self._edit, QComboBox):
            self._edit.setCurrentText(text)
        else:
            self._edit.setText(text)

    @property
    def is_default(self) -> bool:
        """Tell whether nothing was changed."""
        return self.value() == (self.default or ("false" if isinstance(self._edit, Switch) else ""))

    def show_error(self, wrong: bool) -> None:
        """Mark the input."""
        # Styling costs half a millisecond, and a form may have a hundred fields.
        if wrong != self._is_wrong:
            self._is_wrong = wrong
            restyle(self._edit, state="error" if wrong else "")


class _Wrong(QWidget):
    """What is wrong with a value, below its field."""

    def __init__(self) -> None:
        super().__init__()
        row = horizontal(self, (0, 0, 0, 2), 6)
        row.addWidget(IconLabel("x-circle", "danger.text", 14), 0, Qt.AlignmentFlag.AlignTop)
        self.words = label("", "small", "danger", wrap=True)
        row.addWidget(self.words, 1)
        self.hide()

    def say(self, text: str) -> None:
        self.words.setText(text)
        self.setVisible(bool(text))


class ParameterForm(QWidget):
    """All parameters of an entry point in rows: name, type, input, and what was changed or is wrong."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(2, 3)
        self._grid.setColumnStretch(3, 2)
        self._entry: EntryPoint | None = None
        self._fields: dict[str, ParameterField] = {}
        self._notes: dict[str, ElidedLabel] = {}
        self._wrong: dict[str, _Wrong] = {}

    def show_entry(self, entry: EntryPoint, values: dict[str, str]) -> None:
        """Show the parameters of an entry point, filled with values over the defaults."""
        from longshore.projects.parameters import text_of
        from longshore.ui.widgets.basic import clear

        clear(self._grid)
        self._entry, self._fields, self._notes, self._wrong = entry, {}, {}, {}
        for place, (name, parameter) in enumerate(entry.parameters.items()):
            row = 2 * place
            default = "" if parameter.default is None else text_of(parameter.default)
            field = ParameterField(parameter, default)
            if name in values:
                field.set_value(values[name])
            field.changed.connect(self._look)
            words = ElidedLabel(name, "mono")
            words.setMinimumWidth(96)
            # Else one long name would leave the fields no room.
            words.setMaximumWidth(WIDEST_NAME)
            note = ElidedLabel("", "small", "tertiary")
            note.setMinimumWidth(NOTE_WIDTH)
            self._grid.addWidget(words, row, 0)
            self._grid.addWidget(label(parameter.type, "small", "tertiary"), row, 1)
            self._grid.addWidget(field, row, 2)
            self._grid.addWidget(note, row, 3)
            self._fields[name], self._notes[name] = field, note
        if not entry.parameters:
            self._grid.addWidget(label("It takes no parameters.", "body", "tertiary"), 0, 0, 1, 4)
        self._look()

    def values(self) -> dict[str, str]:
        """Give what differs from the defaults, as it would be given with `-P`."""
        return {name: field.value() for name, field in self._fields.items() if not field.is_default}

    def fill(self, values: Mapping[str, str]) -> None:
        """Enter values of declared parameters; the others stay as they are."""
        for name, value in values.items():
            self._fields[name].set_value(value)

    def reset(self) -> None:
        """Go back to the defaults."""
        for field in self._fields.values():
            field.set_value(field.default)

    @property
    def changed_count(self) -> int:
        """How many differ from their default."""
        return len(self.values())

    def problem(self) -> str:
        """Say what is wrong with the first wrong value; empty where all are right."""
        return next((text for text in map(self._problem_of, self._fields) if text), "")

    def _problem_of(self, name: str) -> str:
        from longshore.projects.parameters import check_value

        field = self._fields[name]
        if not field.value():
            return "Needs a value" if field.parameter.required else ""
        try:
            check_value(field.parameter, field.value())
        except Invalid as error:
            # The name stands beside it already.
            words = error.reason.removeprefix(f"The parameter {name!r} ")
            return f"{words[:1].upper()}{words[1:]}"
        return ""

    def _look(self) -> None:
        for name, field in self._fields.items():
            wrong = "" if field.is_default and not field.parameter.required else self._problem_of(name)
            field.show_error(bool(wrong))
            self._say_wrong(name, wrong)
            note, tone = self._notes[name], "tertiary" if field.is_default else "accent"
            if field.is_default:
                note.setText("default" if field.default else "")
            else:
                note.setText(f"• was {field.default}" if field.default else "• set")
            if note.property("tone") != tone:
                restyle(note, tone=tone)
        self.changed.emit()

    def _say_wrong(self, name: str, words: str) -> None:
        """Say what is wrong below the field; the line for it is made once there is something to say."""
        if words and name not in self._wrong:
            self._wrong[name] = _Wrong()
            self._grid.addWidget(self._wrong[name], 2 * list(self._fields).index(name) + 1, 2, 1, 2)
        if name in self._wrong:
            self._wrong[name].say(words)
