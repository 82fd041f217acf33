"""The launch dialog: target, entry point, parameters, resources; at the right what the run uses and the exact command."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QCheckBox, QScrollArea, QWidget

from longshore.errors import Invalid, LongshoreError
from longshore.jobs.presets import Preset
from longshore.store.records import Job
from longshore.ui.shell import trusting
from longshore.ui.shell.context import AppContext
from longshore.ui.shell.launch_code import PatchDialog
from longshore.ui.shell.launch_command import LaunchRequest, as_pairs, as_preset, command_line, pairs, positive
from longshore.ui.shell.launch_environment import EnvironmentPart
from longshore.ui.shell.launch_fields import LimitsPart, VariablesPart, read_field
from longshore.ui.shell.launch_names import NamesPart
from longshore.ui.shell.launch_parameters import ParametersPart
from longshore.ui.shell.launch_presets import DEFAULTS, LAST, PresetPart
from longshore.ui.shell.launch_uses import Asked, UsesPanel, uses_of
from longshore.ui.shell.launch_work import Ready, launch_work, read_ready
from longshore.ui.widgets.basic import ElidedLabel, clear, horizontal, label, line, vertical
from longshore.ui.widgets.choices import Segmented
from longshore.ui.widgets.dialog import Dialog
from longshore.ui.widgets.late_content import LateContent
from longshore.ui.widgets.states import ErrorState, Loading

TITLES = {"local": "This computer", "docker": "Docker"}
USES_WIDTH, NARROW_USES_WIDTH = 400, 320
# What a dialog that repeats a run is given beside its entry point.
_OF_A_RUN = ("parameters", "target", "experiment", "code_of", "python", "as_of")


class LaunchDialog(Dialog):
    """Asks for a run and queues it."""

    def __init__(self, parent: QWidget, context: AppContext, preset: dict[str, Any]) -> None:
        super().__init__(parent, "Launch run", "Launch", size="large")
        self._context, self._preset = context, preset
        self._ready: Ready | None = None
        assert context.project is not None
        self._project = context.project
        self.setFixedHeight(min(parent.window().height() - 40, 764))
        self.head_row.insertWidget(1, ElidedLabel(self._project.name, "mono", "secondary"))
        self._presets = PresetPart(context, self, self._values)
        self._presets.chosen.connect(self._show_values)
        place = self.head_row.count() - 1
        self.head_row.insertWidget(place, self._presets.select)
        self.head_row.insertWidget(place + 1, self._presets.more)
        self._make_footer()
        self._column = vertical(self.body)
        self._column.addWidget(Loading("Reading the project…"))
        self.confirm_button.set_icon("play")
        self.confirm_button.disable("The project is being read.")
        work = read_ready(context.home, context.workspace_name, self._project.path, str(preset.get("code_of") or ""))
        context.runner.run(self, work, self._show_ready, self._show_failure)

    def _make_footer(self) -> None:
        # The message and the notice take the room while they say something; else the stretch does.
        self.foot_row.insertWidget(0, self._presets.notice, 100)
        self.foot_row.setStretchFactor(self.message, 100)
        self.foot_row.insertStretch(2, 1)
        self.foot_row.insertWidget(3, self._presets.save_button)
        self._presets.save_button.hide()
        self._say("")

    def _say(self, problem: str) -> None:
        self.message.setText(problem)
        self.message.setVisible(bool(problem))
        if problem:
            self._presets.notice.say("")

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
            lambda _holder: self._make_environment(ready),
        )
        content.made.connect(partial(self._fill, ready))
        self._column.addWidget(content)
        content.begin()

    # -- the parts ----------------------------------------------------------------------------------------------

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
        self._form_holder = QWidget()
        self._form_column = vertical(self._form_holder, (24, 16, 20, 16), 12)
        area.setWidget(self._form_holder)
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

    def _make_first_half(self, ready: Ready) -> None:
        column = self._form_column
        self._target_note = label("", "small", "warning", wrap=True)
        column.addWidget(self._target_note)
        self._names = NamesPart(ready)
        self._names.changed.connect(self._look)
        self._names.entry_chosen.connect(self._entry_changed)
        self._name = self._names.name
        column.addWidget(self._names)
        self._old_code = QCheckBox()
        if ready.code is not None and not ready.code.why_not:
            self._old_code.setText(f"From the code of that run: {ready.code.words}")
            self._old_code.setChecked(True)
            self._old_code.toggled.connect(self._look)
            column.addWidget(self._old_code)
        column.addWidget(line())
        self._parameters = ParametersPart(self._context, self._project.name)
        self._parameters.changed.connect(self._look)
        self._form, self._changed = self._parameters.form, self._parameters.changed_badge
        column.addWidget(self._parameters)

    def _make_second_half(self, ready: Ready) -> None:
        column = self._form_column
        column.addWidget(line())
        column.addWidget(label("Resources", "bodyStrong"))
        self._limits = LimitsPart()
        self._limits.changed.connect(self._look)
        self._cpus, self._memory, self._timeout = self._limits.cpus, self._limits.memory, self._limits.timeout
        column.addWidget(self._limits)
        column.addWidget(line())
        column.addWidget(label("Environment", "bodyStrong"))
        self._environment_place = column.count()
        self._variables = VariablesPart(ready.secrets)
        self._variables.changed.connect(self._look)
        self._env, self._secrets = self._variables.env, self._variables.secrets
        column.addWidget(self._variables)
        column.addStretch(1)

    def _make_environment(self, ready: Ready) -> None:
        self._made_of = EnvironmentPart(self._context, ready.info.environment, Path(ready.info.path), self._form_holder)
        self._made_of.changed.connect(self._look)
        self._form_column.insertWidget(self._environment_place, self._made_of)

    def _make_uses(self) -> None:
        width = USES_WIDTH if self.width() > 980 else NARROW_USES_WIDTH
        panel = UsesPanel(self.body, width)
        panel.copied.connect(lambda: self._context.tell("success", "Copied the command"))
        panel.diff_asked.connect(self._show_diff)
        self._body_row.addWidget(panel)
        self._panel, self._uses, self._command, self._copy = panel, panel.uses, panel.command, panel.copy

    # -- values -------------------------------------------------------------------------------------------------

    def _fill(self, ready: Ready) -> None:
        """Show the run that is repeated, else what the entry point was launched with last."""
        self._ready = ready
        self._presets.kept = ready.kept
        names = [entry.name for entry in ready.info.entry_points]
        wanted = str(self._preset.get("entry_point") or "") or next(
            (one.entry_point for one in ready.kept.last if one.entry_point in names), ""
        )
        self._names.entry.blockSignals(True)
        if wanted in names:
            self._names.entry.choose(wanted)
        self._names.entry.blockSignals(False)
        self._target.chosen.connect(self._choose_target)
        self.confirm_button.setEnabled(True)
        self._presets.save_button.show()
        if any(self._preset.get(key) for key in _OF_A_RUN):
            self._presets.show_kept(ready.kept, self._names.entry.value, "")
            self._show_values(as_preset(self._preset), undeclared=bool(self._preset.get("exact")))
        else:
            self._entry_changed()
        self._names.entry.setFocus()

    def _entry_changed(self) -> None:
        """Show what another entry point was launched with last, else its defaults."""
        name = self._names.entry.value
        last = self._presets.kept.last_of(name)
        self._presets.show_kept(self._presets.kept, name, LAST if last else DEFAULTS)
        self._show_values(last)

    def _show_values(self, preset: Preset | None, *, undeclared: bool = True) -> None:
        """Fill the form with a preset; None: with the defaults."""
        assert self._ready is not None
        names = self._names
        shown = preset or Preset()
        if shown.entry_point and shown.entry_point != names.entry.value:
            names.entry.blockSignals(True)
            if names.entry.findData(shown.entry_point) >= 0:
                names.entry.choose(shown.entry_point)
            names.entry.blockSignals(False)
        names.show_command()
        names.show_experiment(shown.experiment or self._ready.info.name)
        self._limits.cpus.setText(shown.cpus)
        self._limits.memory.setText(shown.memory)
        self._limits.timeout.setText(shown.timeout)
        self._variables.env.setText(as_pairs(shown.env))
        self._variables.choose_secrets(shown.secrets)
        self._made_of.show_values(shown.python, shown.as_of)
        self._parameters.show_entry(names.chosen, shown.parameters, undeclared=undeclared)
        self._allow_targets()
        self._choose_target(shown.target or "local")

    def _values(self, name: str) -> Preset:
        """Give what the form holds, under a name."""
        request = self._request()
        return Preset(
            name,
            request.entry,
            request.parameters,
            request.target,
            request.experiment,
            request.env,
            request.secrets,
            self._cpus.text().strip(),
            request.memory,
            self._timeout.text().strip(),
            request.python,
            request.as_of,
        )

    def _allow_targets(self) -> None:
        assert self._ready is not None
        for state in self._ready.targets:
            button = self._target.button(state.name)
            if state.name != "local" and self._names.is_pipeline:
                button.disable("A pipeline runs on this computer alone.")
            else:
                button.setEnabled(True)
                button.setToolTip("")

    def _choose_target(self, name: str) -> None:
        assert self._ready is not None
        names = [each.name for each in self._ready.targets if self._target.button(each.name).isEnabled()]
        name = name if name in names else "local"
        self._target.choose(name)
        state = next(state for state in self._ready.targets if state.name == name)
        self._target_note.setText("" if state.ok else f"{state.reason} {state.fix}".strip())
        self._target_note.setVisible(not state.ok)
        title = TITLES.get(name, name)
        self.confirm_button.setText(
            f"Launch {'in' if name == 'docker' else 'on'} {title[0].lower() + title[1:] if name == 'local' else title}"
        )
        self._look()

    def _reset(self) -> None:
        self._parameters.reset()

    def _look(self, _text: object = None) -> None:
        if self._ready is None:  # the form is being made
            return
        self._made_of.look_at(self._names.chosen.framework)
        self._show_uses(self._ready)
        try:
            request = self._request()
        except Invalid as error:
            self.confirm_button.disable(error.reason)
            self._presets.save_button.disable(error.reason)
            return
        self._command.setText(command_line(request))
        self._presets.save_button.setEnabled(True)
        self._presets.save_button.setToolTip("Keep all that is entered here under a name")
        problem = self._parameters.problem() or self._made_of.problem() or self._target_problem()
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
        experiment = self._names.experiment.currentText().strip()
        return LaunchRequest(
            project=self._project.name,
            entry=self._names.entry.value,
            parameters=self._parameters.values(),
            target=self._target.current,
            experiment=experiment if experiment != self._project.name else "",
            run_name=self._name.text().strip(),
            env=read_field(self._variables.env_field, self._env.text(), pairs) or {},
            secrets=self._variables.chosen_secrets,
            cpus=read_field(self._limits.cpus_field, self._cpus.text(), positive),
            memory=self._memory.text().strip() if self._memory_bytes() else "",
            timeout_s=read_field(self._limits.timeout_field, self._timeout.text(), positive),
            code_of=str(self._preset.get("code_of") or "") if self._old_code.isChecked() else "",
            python=self._made_of.python,
            as_of=self._made_of.as_of,
        )

    def _memory_bytes(self) -> int | None:
        from longshore.jobs.sizes import size_bytes

        found: int | None = read_field(self._limits.memory_field, self._memory.text(), size_bytes)
        return found

    # -- what it uses -------------------------------------------------------------------------------------------

    def _show_uses(self, ready: Ready) -> None:
        experiment, old_code = self._names.experiment.currentText(), self._old_code.isChecked()
        asked = Asked(experiment, self._target.current, old_code, self._made_of.found)
        self._panel.show_uses(uses_of(ready, asked))

    def _show_diff(self) -> None:
        assert self._ready is not None and self._ready.info.git is not None
        git = self._ready.info.git
        title = f"{self._project.name}, since {git.commit[:7] or 'the beginning'}"
        PatchDialog(self, self._context, Path(self._project.path), title).open()

    # -- the launch ---------------------------------------------------------------------------------------------

    def confirmed(self) -> None:
        try:
            request, memory, asked = self._request(), self._memory_bytes(), self._values("")
        except Invalid as error:
            self._say(error.reason)
            return
        self._say("")
        self.confirm_button.show_busy("Launching…")
        launch = partial(self._launch, request, memory, asked)
        trusting.when_trusted(self._context, self, self._project.path, launch, self._rest)

    def _launch(self, request: LaunchRequest, memory: int | None, asked: Preset) -> None:
        work = launch_work(self._context.home, self._context.workspace_name, request, memory, asked)
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
        self._say(f"{error.reason} {error.hint or ''}".strip())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Undo):
            self._presets.notice.take_back()
        else:
            super().keyPressEvent(event)
