"""The launch dialog: target, entry point, parameters, resources; at the right what the run uses and the exact command."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QCheckBox, QComboBox, QFrame, QGridLayout, QLineEdit, QScrollArea, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.store.records import Job
from longshore.ui.shell import trusting
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.launch_command import LaunchRequest, command_line, pairs, positive
from longshore.ui.shell.launch_uses import Use, use_row, uses_of
from longshore.ui.shell.launch_work import Ready, launch_work, read_ready
from longshore.ui.widgets.basic import (
    Button,
    ElidedLabel,
    badge,
    clear,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.choices import Field, Segmented
from longshore.ui.widgets.command_label import CommandLabel
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.late_content import LateContent
from longshore.ui.widgets.parameter_fields import ParameterForm
from longshore.ui.widgets.states import ErrorState, Loading

TITLES = {"local": "This computer", "docker": "Docker"}
USES_WIDTH = 400


class LaunchDialog(Dialog):
    """Asks for a run and queues it."""

    def __init__(self, parent: QWidget, context: AppContext, preset: dict[str, Any]) -> None:
        super().__init__(parent, "Launch run", "Launch", size="large")
        self._context, self._preset = context, preset
        self._ready: Ready | None = None
        self._shown_uses: tuple[Use, ...] = ()
        assert context.project is not None
        self._project = context.project
        self.setFixedHeight(min(parent.window().height() - 40, 720))
        self.head_row.insertWidget(1, ElidedLabel(self._project.name, "mono", "secondary"))
        self._column = vertical(self.body)
        self._column.addWidget(Loading("Reading the project…"))
        self.confirm_button.set_icon("play")
        self.confirm_button.disable("The project is being read.")
        work = read_ready(context.home, context.workspace_name, self._project.path, str(preset.get("code_of") or ""))
        context.runner.run(self, work, self._show_ready, self._show_failure)

    def _show_failure(self, error: LongshoreError) -> None:
        clear(self._column)
        holder = QWidget()
        vertical(holder, (24, 16, 24, 16)).addWidget(ErrorState(error, "The project could not be read"))
        self._column.addWidget(holder)
        self._column.addStretch(1)

    def _show_ready(self, ready: Ready) -> None:
        clear(self._column)
        if not ready.info.entry_points:
            hint = "Add a Python script with a main part, or an MLproject file."
            self._show_failure(Invalid(f"{ready.info.name} has no entry point yet.", hint=hint))
            return
        content = LateContent(
            partial(self._lay_out, ready),
            lambda _holder: self._make_first_half(ready),
            lambda _holder: self._make_second_half(ready),
            lambda _holder: self._make_uses(),
        )
        content.made.connect(partial(self._fill, ready))
        self._column.addWidget(content)
        content.begin()

    def _lay_out(self, ready: Ready, holder: QWidget) -> None:
        column = vertical(holder)
        column.addWidget(self._make_targets(ready))
        column.addWidget(line("hStrong"))
        body = QWidget()
        column.addWidget(body, 1)
        self._body_row = horizontal(body)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._body_row.addWidget(area, 1)
        form = QWidget()
        self._form_column = vertical(form, (24, 16, 20, 16), 12)
        area.setWidget(form)
        self._body_row.addWidget(line("vStrong"))

    def _make_targets(self, ready: Ready) -> QWidget:
        self._target = Segmented(
            [
                (state.name, TITLES.get(state.name, state.name), "box" if state.name == "docker" else "monitor")
                for state in ready.targets
            ],
            large=True,
        )
        holder = QWidget()
        vertical(holder, (24, 0, 24, 16)).addWidget(self._target)
        return holder

    def _fill(self, ready: Ready) -> None:
        self._ready = ready
        self._choose_target(str(self._preset.get("target") or "local"))
        self._target.chosen.connect(self._choose_target)
        self.confirm_button.setEnabled(True)
        self._entry_changed()
        self._entry.setFocus()

    def _choose_target(self, name: str) -> None:
        assert self._ready is not None
        self._target.choose(name)
        state = next(state for state in self._ready.targets if state.name == name)
        self._target_note.setText("" if state.ok else f"{state.reason} {state.fix}".strip())
        self._target_note.setVisible(not state.ok)
        title = TITLES.get(name, name)
        self.confirm_button.setText(
            f"Launch {'in' if name == 'docker' else 'on'} {title[0].lower() + title[1:] if name == 'local' else title}"
        )
        self._look()

    def _make_first_half(self, ready: Ready) -> None:
        column = self._form_column
        self._target_note = label("", "small", "warning", wrap=True)
        column.addWidget(self._target_note)
        column.addWidget(self._make_names(ready))
        self._old_code = QCheckBox()
        if ready.code is not None and not ready.code.why_not:
            self._old_code.setText(f"From the code of that run: {ready.code.words}")
            self._old_code.setChecked(True)
            self._old_code.toggled.connect(self._look)
            column.addWidget(self._old_code)
        column.addWidget(line())
        self._changed = badge("")
        column.addWidget(
            row_of(label("Parameters", "bodyStrong"), self._changed, None, Button("Reset", self._reset, kind="link"))
        )
        self._form = ParameterForm()
        self._form.changed.connect(self._look)
        column.addWidget(self._form)

    def _make_second_half(self, ready: Ready) -> None:
        column = self._form_column
        column.addWidget(line())
        column.addWidget(label("Resources", "bodyStrong"))
        column.addWidget(self._make_resources())
        column.addWidget(line())
        column.addWidget(label("Environment", "bodyStrong"))
        column.addWidget(self._make_environment(ready))
        column.addStretch(1)

    def _make_names(self, ready: Ready) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(2, 1)
        self._entry = QComboBox()
        self._entry.setAccessibleName("Entry point")
        self._entry.addItems([entry.name for entry in ready.info.entry_points])
        names = [entry.name for entry in ready.info.entry_points]
        default = "train" if "train" in names else "main" if "main" in names else names[0]
        self._entry.setCurrentText(str(self._preset.get("entry_point") or default))
        self._entry.currentTextChanged.connect(self._entry_changed)
        self._command_note = ElidedLabel("", "mono", "secondary")
        self._experiment = QComboBox()
        self._experiment.setEditable(True)
        self._experiment.setAccessibleName("Experiment")
        self._experiment.addItems(ready.experiments)
        self._experiment.setCurrentText(str(self._preset.get("experiment") or ready.info.name))
        self._experiment.currentTextChanged.connect(self._look)
        self._name = QLineEdit()
        self._name.setPlaceholderText("Run name (optional)")
        self._name.setAccessibleName("Run name")
        self._name.textChanged.connect(self._look)
        grid.addWidget(label("Entry point"), 0, 0)
        grid.addWidget(self._entry, 0, 1)
        grid.addWidget(self._command_note, 0, 2)
        grid.addWidget(label("Experiment"), 1, 0)
        grid.addWidget(self._experiment, 1, 1)
        grid.addWidget(self._name, 1, 2)
        return holder

    def _make_resources(self) -> QWidget:
        self._cpus, self._memory, self._timeout = QLineEdit(), QLineEdit(), QLineEdit()
        self._cpus.setPlaceholderText("no limit")
        self._memory.setPlaceholderText("no limit")
        self._timeout.setPlaceholderText("none")
        for edit in (self._cpus, self._memory, self._timeout):
            edit.setProperty("mono", True)
            edit.textChanged.connect(self._look)
        self._cpus_field = Field("CPU cores", self._cpus)
        self._memory_field = Field("Memory, such as 2g", self._memory)
        self._timeout_field = Field("Time limit, seconds", self._timeout)
        return row_of(self._cpus_field, self._memory_field, self._timeout_field, spacing=12)

    def _make_environment(self, ready: Ready) -> QWidget:
        holder = QWidget()
        column = vertical(holder, spacing=8)
        self._env = QLineEdit()
        self._env.setProperty("mono", True)
        self._env.setPlaceholderText("KEY=value OTHER=value")
        self._env.textChanged.connect(self._look)
        self._env_field = Field("Environment variables", self._env)
        column.addWidget(self._env_field)
        self._secrets: dict[str, Button] = {}
        if ready.secrets:
            column.addWidget(label("Secrets, by name, from the keyring", "small", "secondary"))
            for name in ready.secrets:
                button = Button(name, self._look, kind="ghost", size="small", icon="shield")
                button.setCheckable(True)
                self._secrets[name] = button
            column.addWidget(row_of(*self._secrets.values(), None))
        else:
            column.addWidget(label("Secrets that you keep in Settings can be given here by name.", "small", "tertiary"))
        return holder

    def _make_uses(self) -> None:
        frame = QFrame()
        frame.setProperty("surface", "sunken")
        self._body_row.addWidget(frame)
        frame.setFixedWidth(USES_WIDTH if self.width() > 900 else 320)
        column = vertical(frame, (20, 16, 24, 16), 10)
        column.addWidget(label("What this run uses", "bodyStrong"))
        self._uses = QWidget()
        self._uses_column = vertical(self._uses, spacing=10)
        column.addWidget(self._uses)
        column.addWidget(line())
        copy = Button("Copy", self._copy, icon="copy", kind="ghost", size="small")
        column.addWidget(row_of(label("Equivalent command", "bodyStrong"), None, copy))
        box = QFrame()
        box.setProperty("surface", "panel")
        self._command = CommandLabel()
        vertical(box, (10, 8, 10, 8)).addWidget(self._command)
        column.addWidget(box)
        column.addWidget(
            label("Credentials come from the system's keyring and are not shown.", "small", "tertiary", wrap=True)
        )
        column.addStretch(1)

    def _entry_changed(self, _name: str = "") -> None:
        assert self._ready is not None
        entry = next(entry for entry in self._ready.info.entry_points if entry.name == self._entry.currentText())
        self._command_note.setText(entry.command)
        preset = self._preset.get("parameters") or {}
        known = {name: str(value) for name, value in preset.items() if name in entry.parameters}
        self._form.show_entry(entry, known)

    def _reset(self) -> None:
        self._form.reset()

    def _look(self, _text: object = None) -> None:
        if self._ready is None:  # the form is being made
            return
        changed = self._form.changed_count
        self._changed.setText(f"{changed} changed")
        self._changed.setVisible(bool(changed))
        self._show_uses(self._ready)
        try:
            self._command.setText(command_line(self._request()))
        except Invalid:
            return
        problem = self._form.problem() or self._target_problem()
        if problem:
            self.confirm_button.disable(problem)
        else:
            self.confirm_button.setEnabled(True)
            self.confirm_button.setToolTip("Launch (Ctrl+Enter)")

    def _target_problem(self) -> str:
        assert self._ready is not None
        return next(
            (state.reason for state in self._ready.targets if state.name == self._target.current and not state.ok), ""
        )

    def _request(self) -> LaunchRequest:
        """Read the whole form. Raises: Invalid, shown beside the field."""
        return LaunchRequest(
            project=self._project.name,
            entry=self._entry.currentText(),
            parameters=self._form.values(),
            target=self._target.current,
            experiment=self._experiment.currentText().strip()
            if self._experiment.currentText() != self._project.name
            else "",
            run_name=self._name.text().strip(),
            env=self._read(self._env_field, self._env.text(), pairs) or {},
            secrets=tuple(name for name, button in self._secrets.items() if button.isChecked()),
            cpus=self._read(self._cpus_field, self._cpus.text(), positive),
            memory=self._memory.text().strip() if self._memory_bytes() else "",
            timeout_s=self._read(self._timeout_field, self._timeout.text(), positive),
            code_of=str(self._preset.get("code_of") or "") if self._old_code.isChecked() else "",
        )

    def _memory_bytes(self) -> int | None:
        from longshore.jobs.sizes import size_bytes

        found: int | None = self._read(self._memory_field, self._memory.text(), size_bytes)
        return found

    def _read(self, field: Field, text: str, reader: Any) -> Any:
        try:
            value = reader(text.strip()) if text.strip() else None
        except Invalid as error:
            field.show_error(error.hint or error.reason)
            self.confirm_button.disable(error.reason)
            raise
        field.show_error("")
        return value

    def _show_uses(self, ready: Ready) -> None:
        uses = uses_of(ready, self._experiment.currentText(), old_code=self._old_code.isChecked())
        if uses == self._shown_uses:
            return
        self._shown_uses = uses
        clear(self._uses_column)
        for use in uses:
            self._uses_column.addWidget(use_row(*use))

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._command.text())
        self._context.tell("success", "Copied the command")

    def confirmed(self) -> None:
        try:
            request, memory = self._request(), self._memory_bytes()
        except Invalid as error:
            self.message.setText(error.reason)
            return
        self.message.setText("")
        self.confirm_button.show_busy("Launching…")
        launch = partial(self._launch, request, memory)
        trusting.when_trusted(self._context, self, self._project.path, launch, self._rest)

    def _launch(self, request: LaunchRequest, memory: int | None) -> None:
        work = launch_work(self._context.home, self._context.workspace_name, request, memory)
        self._context.runner.run(self, work, self._launched, self._refused)

    def _launched(self, job: Job) -> None:
        context = self._context
        self.accept()
        context.tell("success", f"Launched {job.title}")
        context.open("run", job_id=job.id)

    def _rest(self) -> None:
        self.confirm_button.show_rest()
        self._choose_target(self._target.current)

    def _refused(self, error: LongshoreError) -> None:
        self._rest()
        self.message.setText(f"{error.reason} {error.hint or ''}".strip())
