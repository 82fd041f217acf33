"""Which Python and which day's packages a run gets: chosen in the launch dialog, with what a day changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QSlider, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.projects.model import EnvironmentSpec
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.launch_changes import ChangesPart
from longshore.ui.shell.launch_environment_work import (
    NO_DAY,
    Choices,
    EnvironmentState,
    Found,
    choices_work,
    python_work,
    state_work,
)
from longshore.ui.widgets.basic import horizontal, label, vertical
from longshore.ui.widgets.choices import Field
from longshore.ui.widgets.select import Select

PROJECTS, OTHER = "", "other"
TODAY, COMMIT, DAY = "", "commit", "day"
_TYPED_MS = 300
# Where there is no commit to begin with: before it there were few wheels.
_FIRST_DAY = date(2015, 1, 1)


class EnvironmentPart(QWidget):
    """Tells `changed` whenever a launch would get another environment, or it is no longer clear which."""

    changed = Signal()

    def __init__(self, context: AppContext, spec: EnvironmentSpec, path: Path, parent: QWidget) -> None:
        super().__init__(parent)
        self._context, self._path = context, path
        self._asked: tuple[str, str, str] | None = None
        self.found = Found()
        self._problem = ""
        self._last_commit: date | None = None
        self._today = date.today()
        column = vertical(self, spacing=8)
        self._make_python(spec)
        self._make_day(spec)
        pair = QWidget(self)
        row = horizontal(pair, spacing=12)
        row.addWidget(Field("Python", self.python_select), 1)
        row.addWidget(Field("Packages as of", self.day_select), 1)
        column.addWidget(pair)
        column.addWidget(self.path_field)
        column.addWidget(self._day_row)
        if why := NO_DAY.get(spec.kind):
            column.addWidget(label(why, "small", "tertiary", wrap=True))
        self._column = column
        self._look()
        context.runner.run(self, choices_work(path), self._show_choices)

    @cached_property
    def changes(self) -> ChangesPart:
        """What differs from today's packages, made when a day is chosen for the first time."""
        made = ChangesPart(self._context, self._path, self)
        self._column.addWidget(made)
        return made

    def _make_python(self, spec: EnvironmentSpec) -> None:
        asked = f"What the project asks for{f', {spec.python}' if spec.python else ''}"
        self._asked_words = asked
        self.python_select = Select("Python", [(asked, PROJECTS), ("Another one, by its path…", OTHER)], widest=600)
        self.python_select.activated.connect(lambda _place: self._python_chosen())
        self.path = QLineEdit()
        self.path.setProperty("mono", True)
        self.path.setPlaceholderText("/path/to/python, or an environment's folder")
        self.path.textChanged.connect(self._path_typed)
        self.path_field = Field("Path of the Python", self.path)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPED_MS)
        self._typing.timeout.connect(self._ask_path)

    def _make_day(self, spec: EnvironmentSpec) -> None:
        self.day_select = Select("Packages as of", [("Today", TODAY), ("Another day…", DAY)], widest=600)
        self.day_select.setEnabled(spec.kind not in NO_DAY)
        self.day_select.activated.connect(lambda _place: self._day_chosen())
        self._day_row = QWidget()
        row = horizontal(self._day_row, spacing=12)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setFixedHeight(28)
        self.slider.setPageStep(30)
        self.slider.valueChanged.connect(self._slid)
        self.day = QLineEdit()
        self.day.setProperty("mono", True)
        self.day.setFixedWidth(120)
        self.day.setPlaceholderText("2022-09-30")
        self.day.textChanged.connect(self._day_typed)
        self._day_field = Field("Day", self.day)
        self._slider_field = Field("From the last commit to today", self.slider)
        row.addWidget(self._slider_field, 1)
        row.addWidget(self._day_field, 0, Qt.AlignmentFlag.AlignTop)
        self._span(_FIRST_DAY)

    def _span(self, first: date) -> None:
        with QSignalBlocker(self.slider):
            self.slider.setRange(0, max(1, (self._today - first).days))
        self._first = first
        self.slider.setToolTip(f"{first.isoformat()} to {self._today.isoformat()}")

    def _show_choices(self, found: Choices) -> None:
        options = [(self._asked_words, PROJECTS)]
        options += [(f"{one.version}, {one.origin}: {one.path}", str(one.path)) for one in found.pythons]
        wanted = self.python_select.value
        if wanted not in (PROJECTS, OTHER, *(value for _words, value in options)):
            options.append((wanted, wanted))
        self.python_select.show_options([*options, ("Another one, by its path…", OTHER)])
        self._last_commit = found.last_commit
        if found.last_commit is not None and found.last_commit < self._today:
            day = found.last_commit.isoformat()
            choices = [("Today", TODAY), (f"Last commit, {day}", COMMIT), ("Another day…", DAY)]
            self.day_select.show_options(choices)
            self._span(found.last_commit)
            self._follow_day()
        self.changed.emit()

    # -- what is asked for --------------------------------------------------------------------------------------

    @property
    def python(self) -> str:
        """The version or path that is asked for; empty: the project's own."""
        value = self.python_select.value
        return self.path.text().strip() if value == OTHER else value

    @property
    def as_of(self) -> str:
        """The day that is asked for; empty: today. Raises: Invalid where what is typed is none."""
        if not self.day_select.isEnabled() or self.day_select.value == TODAY:
            return ""
        if self.day_select.value == COMMIT and self._last_commit is not None:
            return self._last_commit.isoformat()
        try:
            day = date.fromisoformat(self.day.text().strip())
        except ValueError:
            raise Invalid("Write the day as 2022-09-30.", hint="Write it as 2022-09-30.") from None
        if day > self._today:
            raise Invalid("That day is yet to come.", hint="Choose one that is over.")
        return day.isoformat()

    def problem(self) -> str:
        """Say what is wrong with the choice; empty where nothing is."""
        try:
            _ = self.as_of
        except Invalid as error:
            return error.reason
        return self._problem

    def show_values(self, python: str, as_of: str) -> None:
        """Choose these."""
        if python and self.python_select.findData(python) < 0:
            self.python_select.insertItem(self.python_select.count() - 1, python, python)
        self.python_select.choose(python)
        self._problem = ""
        if as_of and self.day_select.isEnabled():
            with QSignalBlocker(self.day):
                self.day.setText(as_of)
            self.day_select.choose(DAY)
        else:
            self.day_select.choose(TODAY)
        self._follow_day()
        self._look()

    # -- whether it is there ------------------------------------------------------------------------------------

    def look_at(self, framework: str) -> None:
        """Look in the background whether the environment is made, where another one is asked for than before."""
        if self.problem():
            return
        asked = (self.python, self.as_of, framework)
        if asked == self._asked:
            return
        self._asked, self.found = asked, Found(self.python, self.as_of)
        work = state_work(self._context.home, self._path, *asked)
        self._context.runner.run(self, work, partial(self._know, asked), partial(self._know_problem, asked))

    def _know(self, asked: tuple[str, str, str], state: EnvironmentState) -> None:
        if asked == self._asked:
            self.found = replace(self.found, state=state)
            self.changed.emit()

    def _know_problem(self, asked: tuple[str, str, str], error: LongshoreError) -> None:
        if asked == self._asked:
            self.found = replace(self.found, problem=error.reason)
            self.changed.emit()

    # -- what is done -------------------------------------------------------------------------------------------

    def _python_chosen(self) -> None:
        self._problem = ""
        if self.python_select.value == OTHER:
            self._path_typed()
            self.path.setFocus()
        self._look()

    def _path_typed(self, _text: str = "") -> None:
        self.path_field.show_error("")
        self._problem = "The Python is being looked at." if self.path.text().strip() else "Give the path of a Python."
        self._typing.start()
        self._look()

    def _ask_path(self) -> None:
        if given := self.path.text().strip():
            self._context.runner.run(
                self,
                python_work(given),
                lambda _found: self._path_known(given, ""),
                lambda e: self._path_wrong(given, e),
            )

    def _path_wrong(self, given: str, error: LongshoreError) -> None:
        self._path_known(given, error.reason)

    def _path_known(self, given: str, problem: str) -> None:
        if self.python_select.value == OTHER and given == self.path.text().strip():
            self._problem = problem
            self.path_field.show_error(problem)
            self._look()

    def _day_chosen(self) -> None:
        if self.day_select.value == DAY and not self.day.text():
            with QSignalBlocker(self.day):
                self.day.setText((self._last_commit or self._today - timedelta(365)).isoformat())
        self._follow_day()
        self._look()

    def _day_typed(self, _text: str) -> None:
        self._follow_day()
        self._look()

    def _slid(self, days: int) -> None:
        with QSignalBlocker(self.day):
            self.day.setText((self._first + timedelta(days)).isoformat())
        self._look()

    def _follow_day(self) -> None:
        """Put the slider where the typed day is."""
        try:
            day = date.fromisoformat(self.day.text().strip())
        except ValueError:
            return
        with QSignalBlocker(self.slider):
            self.slider.setValue((day - self._first).days)

    def _look(self) -> None:
        self.path_field.setVisible(self.python_select.value == OTHER)
        self._day_row.setVisible(self.day_select.value == DAY)
        try:
            day = self.as_of
            self._day_field.show_error("")
        except Invalid as error:
            day = ""
            self._day_field.show_error(error.reason)
        if day or "changes" in self.__dict__:
            self.changes.show_day("" if self._problem else self.python, day)
        self.changed.emit()
