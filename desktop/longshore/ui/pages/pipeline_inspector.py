"""The inspector beside a pipeline: one step with its state, command, source, files, parameters, limits and last runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from longshore.store.records import Job
from longshore.ui.pages.pipeline_looks import Look
from longshore.ui.widgets.basic import (
    Button,
    Card,
    ElidedLabel,
    IconLabel,
    badge,
    clear,
    column_of,
    horizontal,
    label,
    line,
    row_of,
    vertical,
)
from longshore.ui.widgets.click_row import ClickRow, fixed
from longshore.ui.widgets.facts import Fact, FactGrid, Mono
from longshore.ui.widgets.pill import Pill
from longshore.ui.widgets.states import EmptyState
from longshore.ui.widgets.times import ago, duration, full, number, size
from longshore.ui.widgets.wrapped_text import WrappedText

if TYPE_CHECKING:
    from longshore.pipelines.graph import Node
    from longshore.pipelines.state import StepState
    from longshore.projects.model import Parameter
    from longshore.projects.pipeline import Pipeline, Step

MOST_FILES, MOST_PARAMETERS, MOST_METRICS = 12, 30, 12
KINDS = {
    "task": "Step",
    "input": "Data from outside",
    "foreach": "Step for each item",
    "join": "Join",
    "condition": "Condition",
    "loop": "Loop",
}


@dataclass(frozen=True)
class Shown:
    """Everything that the inspector says of a node but its look."""

    pipeline: Pipeline
    node: Node
    state: StepState
    # Why it can't be run from here, or alone; empty where it can.
    why_not_from: str = ""
    why_not_only: str = ""


class PipelineInspector(QFrame):
    """Shows one node."""

    chosen = Signal(str)  # a step was clicked
    run_opened = Signal(str)  # a job
    unfold_asked = Signal(str)
    log_asked = Signal()
    run_from_asked = Signal()
    run_only_asked = Signal()
    closed = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("inspector")
        self.setAccessibleName("Inspector")
        self._column = vertical(self)
        self._shown: Shown | None = None
        self._look: Look | None = None
        self._runs: tuple[tuple[Job, StepState], ...] = ()
        self.show_nothing()

    def show_nothing(self) -> None:
        """Say what can be selected."""
        self._shown = None
        clear(self._column)
        words = "Select a step to see its command, files, parameters and last runs."
        self._column.addWidget(EmptyState("pipeline", "Nothing selected", words), 1)

    def show_node(self, shown: Shown, look: Look) -> None:
        """Show a node. While the same is shown, only its state is drawn again."""
        if shown == self._shown:
            self.show_look(look)
            return
        if self._shown is None or self._shown.node.id != shown.node.id:
            self._runs = ()
        self._shown, self._look = shown, None
        clear(self._column)
        self._column.addWidget(self._head(shown))
        self._column.addWidget(line("hStrong"))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        body = QWidget()
        column = vertical(body, (16, 14, 16, 16), 14)
        # In their places before anything is in them: Qt styles again whatever is moved.
        area.setWidget(body)
        self._column.addWidget(area, 1)
        for place, part in enumerate(self._parts(shown)):
            if place:
                column.addWidget(line())
            column.addWidget(part)
        self._runs_holder = QWidget()
        self._runs_column = vertical(self._runs_holder, spacing=6)
        column.addWidget(self._runs_holder)
        column.addStretch(1)
        if not shown.node.is_group and shown.node.step.kind != "input":
            self._column.addWidget(line("hStrong"))
            self._column.addWidget(self._foot(shown))
        self.show_look(look)
        self._show_runs()

    def show_look(self, look: Look) -> None:
        """Show how the node stands now."""
        if self._shown is None or look == self._look:
            return
        self._look = look
        self._pill.setVisible(bool(look.state))
        self._pill.set_state(look.state)
        self._line.setText(look.line)
        self._line.setVisible(bool(look.line))

    def show_runs(self, step: str, runs: tuple[tuple[Job, StepState], ...]) -> None:
        """Show how the step stood in the last runs."""
        if self._shown is not None and self._shown.node.id == step and runs != self._runs:
            self._runs = runs
            self._show_runs()

    def _show_runs(self) -> None:
        clear(self._runs_column)
        if not self._runs:
            return
        self._runs_column.addWidget(line())
        self._runs_column.addSpacing(8)
        self._runs_column.addWidget(label("Last runs", "bodyStrong"))
        rows = [self._run(job, state) for job, state in self._runs]
        self._runs_column.addWidget(_box(rows))

    def _run(self, job: Job, state: StepState) -> QWidget:
        row = ClickRow(f"{state.state}, {ago(job.created_at)}", 32)
        row.activated.connect(partial(self.run_opened.emit, job.id))
        inner = horizontal(row, (8, 0, 10, 0), 8)
        inner.addWidget(Pill(state.state))
        inner.addStretch(1)
        took = (state.ended_at or 0) - (state.began_at or 0)
        inner.addWidget(label(duration(took) if state.ended_at and took > 0 else "", "small", "secondary"))
        when = label(ago(job.created_at), "small", "tertiary")
        when.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        fixed(when, 78)
        when.setToolTip(full(job.created_at))
        inner.addWidget(when)
        return row

    def _foot(self, shown: Shown) -> QWidget:
        start = Button("Run from here", self.run_from_asked.emit, icon="play-from")
        only = Button("Run only this", self.run_only_asked.emit, icon="play")
        for button, reason in ((start, shown.why_not_from), (only, shown.why_not_only)):
            if reason:
                button.disable(reason)
        return row_of(start, only, None, margins=(16, 12, 12, 12))

    # -- the parts ----------------------------------------------------------------------------------------------

    def _head(self, shown: Shown) -> QWidget:
        holder = QWidget()
        column = vertical(holder, (16, 14, 12, 12), 6)
        top = QWidget()
        row = horizontal(top, spacing=8)
        row.addWidget(ElidedLabel(shown.node.title, "title", mode=Qt.TextElideMode.ElideMiddle), 1)
        self._pill = Pill()
        row.addWidget(self._pill)
        row.addWidget(
            Button(
                "",
                self.closed.emit,
                icon="x",
                kind="ghost",
                size="iconSmall",
                tip="Close the inspector",
                shortcut="Ctrl+I",
            )
        )
        column.addWidget(top)
        self._line = ElidedLabel("", "small", "secondary")
        column.addWidget(self._line)
        step = shown.node.step
        if not shown.node.is_group and (step.tags or step.kind != "task" or step.part_of):
            marks = [KINDS[step.kind]] if step.kind != "task" else []
            marks += [f"part of {step.part_of[:24]}"] if step.part_of else []
            column.addWidget(row_of(*(badge(one) for one in [*marks, *step.tags][:4]), None, spacing=6))
        return holder

    def _parts(self, shown: Shown) -> Iterator[QWidget]:
        if shown.node.is_group:
            yield self._group(shown)
            return
        step, state = shown.node.step, shown.state
        if state.error:
            yield self._error(state.error)
        if step.help and step.kind != "input":
            yield label(step.help, "body", "secondary", wrap=True, select=True)
        if about := [*self._command(step), *([FactGrid(facts, name_width=92)] if (facts := _source(shown)) else [])]:
            yield column_of(*about, spacing=8)
        yield from self._all_files(shown)
        if step.parameters or any(task.parameters for task in state.tasks):
            yield _grid("Parameters", _parameters(step, state), MOST_PARAMETERS)
        if metrics := [(name, number(value)) for task in state.tasks for name, value in task.metrics.items()]:
            yield _grid("Metrics of the last run", metrics, MOST_METRICS)
        if limits := _limits(step):
            yield _grid("Runs in", limits, MOST_METRICS)

    def _all_files(self, shown: Shown) -> Iterator[QWidget]:
        step, state = shown.node.step, shown.state
        if step.inputs or state_inputs(state):
            made_by = {path: one for one in shown.pipeline.steps for path in (*one.outputs, *one.metrics)}
            yield self._files("Inputs", step.inputs or state_inputs(state), made_by)
        outputs = (*step.outputs, *step.metrics) or tuple(path for task in state.tasks for path in task.outputs)
        if outputs:
            yield self._files("Outputs", outputs, {}, frozenset(step.metrics))

    def _group(self, shown: Shown) -> QWidget:
        words = (
            f"{len(shown.node.steps)} steps are folded into this card, so that the rest of the graph stays readable."
        )
        unfold = Button("Unfold", partial(self.unfold_asked.emit, shown.node.id), icon="group")
        return column_of(label(words, "body", "secondary", wrap=True), row_of(unfold, None), spacing=10)

    def _error(self, error: str) -> QWidget:
        box = QFrame()
        box.setProperty("surface", "danger")
        column = vertical(box, (12, 8, 12, 10), 6)
        column.addWidget(label("\n".join(error.strip().splitlines()[-6:]), "body", "danger", wrap=True, select=True))
        column.addWidget(row_of(Button("Open log", self.log_asked.emit, icon="terminal", size="small"), None))
        return box

    def _command(self, step: Step) -> Iterator[QWidget]:
        if not step.command:
            return
        yield row_of(label("Command", "bodyStrong"), None, _copy(step.command, "Copy the command"))
        box = Card(surface="panel")
        vertical(box, (3, 2, 2, 1)).addWidget(WrappedText(step.command, "Command"))
        yield box

    def _files(
        self, title: str, paths: Sequence[str], made_by: dict[str, Step], metrics: frozenset[str] = frozenset()
    ) -> QWidget:
        rows = [self._file(path, made_by.get(path), metric=path in metrics) for path in paths[:MOST_FILES]]
        parts: list[QWidget | None] = [label(title, "bodyStrong"), _box(rows)]
        if len(paths) > MOST_FILES:
            more = label(f"and {len(paths) - MOST_FILES} more", "small", "tertiary")
            more.setToolTip("\n".join(paths[MOST_FILES : MOST_FILES + 40]))
            parts.append(more)
        return column_of(*parts, spacing=6)

    def _file(self, path: str, maker: Step | None, *, metric: bool) -> QWidget:
        row = QWidget()
        row.setFixedHeight(26)
        inner = horizontal(row, (8, 0, 8, 0), 8)
        icon = "table" if metric else "code" if path.endswith((".py", ".ipynb", ".R", ".sh")) else "file"
        inner.addWidget(IconLabel(icon, "text.secondary", 14))
        inner.addWidget(ElidedLabel(path, "mono", mode=Qt.TextElideMode.ElideMiddle), 1)
        if maker is not None:
            title = maker.label or maker.name
            link = Button(
                title if len(title) <= 18 else f"{title[:8]}…{title[-8:]}", kind="link", tip=f"Made by {title}"
            )
            link.clicked.connect(partial(self._choose, maker.name))
            inner.addWidget(link)
        elif metric:
            inner.addWidget(label("metric", "small", "secondary"))
        return row

    def _choose(self, step: str, _checked: bool = False) -> None:
        self.chosen.emit(step)


def state_inputs(state: StepState) -> tuple[str, ...]:
    """Give what a step read, as its tasks told."""
    return tuple(dict.fromkeys(path for task in state.tasks for path in task.inputs))


def _source(shown: Shown) -> list[Fact]:
    """Give what it runs, and where it is declared; a line counts in the file that declares the step."""
    step, file = shown.node.step, shown.pipeline.file
    declared = bool(step.line) and step.source != file and not file.endswith(".py")
    line = f":{step.line}" if step.line else ""
    found: list[Fact] = [("Source", Mono(step.source + ("" if declared else line)))] if step.source else []
    if declared and file:
        found.append(("Declared in", Mono(file + line)))
    return found


def _parameters(step: Step, state: StepState) -> list[tuple[str, str]]:
    """Give the values of the last run where there are some, else those that are declared."""
    told = {name: value for task in state.tasks for name, value in task.parameters.items()}
    declared = {name: _default(one) for name, one in step.parameters.items()}
    return list({**declared, **told}.items())


def _default(parameter: Parameter) -> str:
    value: Any = parameter.default
    if value is None:
        return "required" if parameter.required else "—"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _limits(step: Step) -> list[tuple[str, str]]:
    asked = step.resources
    found = {
        "Image": step.image,
        "CPU cores": f"{asked.cpus:g}" if asked.cpus is not None else "",
        "Memory": size(asked.memory_bytes),
        "GPUs": str(asked.gpus) if asked.gpus is not None else "",
        "Time limit": duration(asked.timeout_s),
        "Retries": str(asked.retries) if asked.retries is not None else "",
    }
    return [(name, Mono(value) if name == "Image" else value) for name, value in found.items() if value]


def _grid(title: str, facts: Sequence[tuple[str, str]], most: int) -> QWidget:
    rows = QWidget()
    column = vertical(rows, spacing=5)
    mono = title == "Parameters"
    for name, value in facts[:most]:
        holder = QWidget()
        row = horizontal(holder, spacing=12)
        row.addWidget(ElidedLabel(name, "mono" if mono else "body", "secondary", mode=Qt.TextElideMode.ElideMiddle), 3)
        role = "mono" if mono or isinstance(value, Mono) else "body"
        row.addWidget(ElidedLabel(value, role, mode=Qt.TextElideMode.ElideMiddle), 2)
        column.addWidget(holder)
    if len(facts) > most:
        column.addWidget(label(f"and {len(facts) - most} more", "small", "tertiary"))
    return column_of(label(title, "bodyStrong"), rows, spacing=6)


def _box(rows: Sequence[QWidget]) -> QWidget:
    box = Card(surface="panel")
    column = vertical(box, (1, 1, 1, 1))
    for place, row in enumerate(rows):
        if place:
            column.addWidget(line())
        column.addWidget(row)
    return box


def _copy(text: str, tip: str) -> Button:
    run: Callable[[], object] = partial(QGuiApplication.clipboard().setText, text)
    return Button("", run, icon="copy", kind="ghost", size="iconSmall", tip=tip)
