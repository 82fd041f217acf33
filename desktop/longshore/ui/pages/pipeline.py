"""Pipeline: the graph of steps from top to bottom, live; the inspector of a step; problems, log, timeline, history below."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from longshore.errors import LongshoreError
from longshore.ui.pages import pipeline_work as work
from longshore.ui.pages.pipeline_actions import Now, run_actions
from longshore.ui.pages.pipeline_body import PipelineBody, not_trusted, nothing_here
from longshore.ui.pages.pipeline_details import StepDetails
from longshore.ui.pages.pipeline_inspector import PipelineInspector, Shown
from longshore.ui.pages.pipeline_looks import Look, look
from longshore.ui.pages.pipeline_panel import PipelinePanel, bars_of
from longshore.ui.pages.pipeline_probe import Probe
from longshore.ui.pages.pipeline_problems import problems_of
from longshore.ui.pages.pipeline_runs import PipelineRuns
from longshore.ui.pages.pipeline_toolbar import PipelineToolbar
from longshore.ui.shell import trusting
from longshore.ui.shell.actions import Action
from longshore.ui.shell.context import AppContext, ProjectRef
from longshore.ui.shell.pages import Page
from longshore.ui.theme.fonts import scale
from longshore.ui.theme.tokens import values
from longshore.ui.widgets.basic import vertical
from longshore.ui.widgets.late_content import TURN_MS
from longshore.ui.widgets.stage_view import StageView
from longshore.ui.widgets.states import Banner, EmptyState, ErrorState, Loading, StateStack

if TYPE_CHECKING:
    from longshore.pipelines.graph import Node
    from longshore.projects.pipeline import Pipeline, Selection

# While it runs; nothing is asked for while the page is hidden or nothing runs.
LIVE_MS = 400


class PipelinePage(Page):
    """One pipeline of the project at a time."""

    title = "Pipeline"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._project: ProjectRef | None = None
        self._opened: work.Opened | None = None
        self._pipeline: Pipeline | None = None
        self._drawn: work.Drawn | None = None
        self._nodes: dict[str, Node] = {}
        self._seen: work.Seen | None = None
        self._unfolded: frozenset[str] = frozenset()
        self._wanted = ""
        self._busy = self._chosen = False
        self._runs = PipelineRuns(context, self)
        self._runs.changed.connect(self._read_seen)
        self._probe = Probe(context, self)
        self._probe.changed.connect(self._probe_changed)
        column = vertical(self)
        self._stack = StateStack()
        column.addWidget(self._stack)
        self._body = PipelineBody()
        self._body.made.connect(self._connect)
        self._stack.addWidget(self._body)
        self._stack.say(Loading("Reading the project…"))
        self._timer = QTimer(self)
        self._timer.setInterval(LIVE_MS)
        self._timer.timeout.connect(self._tick)
        # Inspector and panel are made anew in turns of their own.
        self._step_timer = _single_shot(self, self._show_step)
        self._panel_timer = _single_shot(self, self._show_panel)
        context.theme.changed.connect(self._restyle)

    def _connect(self) -> None:
        body = self._body
        self._details = StepDetails(self.context, body)
        body.toolbar.pipeline_chosen.connect(self.choose)
        body.graph.selected.connect(self._selected)
        body.graph.inspect_asked.connect(self._inspect)
        body.graph.opened.connect(self._open_node)
        body.list.opened.connect(self._open_node)
        body.panel.step_chosen.connect(self._choose_step)
        body.panel.log_asked.connect(self._open_log)
        body.panel.job_opened.connect(self._open_job)
        body.panel.tab_chosen.connect(lambda _tab: self._details.read_log())
        body.panel.resume_asked.connect(lambda: self._run_action("pipeline-resume"))
        body.panel.run_from_asked.connect(self._run_from)
        body.panel.repair_asked.connect(self._repair)
        body.inspector.chosen.connect(self._choose_step)
        body.inspector.run_opened.connect(self._open_job)
        body.inspector.unfold_asked.connect(self._open_node)
        body.inspector.run_from_asked.connect(lambda: self._run_action("pipeline-run-from"))
        body.inspector.run_only_asked.connect(lambda: self._run_action("pipeline-run-only"))
        body.inspector.log_asked.connect(lambda: self._open_log(self.graph.current))

    @property
    def graph(self) -> StageView:
        """The steps."""
        return self._body.graph

    @property
    def toolbar(self) -> PipelineToolbar:
        """What stands above them."""
        return self._body.toolbar

    @property
    def panel(self) -> PipelinePanel:
        """What stands below them."""
        return self._body.panel

    @property
    def inspector(self) -> PipelineInspector:
        """One of them."""
        return self._body.inspector

    @property
    def ready(self) -> bool:
        """Tell whether all parts are made and show a pipeline as it is known."""
        due = self._step_timer.isActive() or self._panel_timer.isActive()
        return self._body.ready and self._drawn is not None and not due

    @property
    def seen(self) -> work.Seen | None:
        """How the pipeline stands, as far as it is known."""
        return self._seen

    # -- what the window asks -----------------------------------------------------------------------------------

    def crumbs(self) -> list[tuple[str, str | None]]:
        found = super().crumbs()
        several = self._opened is not None and len(self._opened.info.pipelines) > 1
        if several and self._pipeline is not None:
            return [*found[:-1], ("Pipeline", "pipeline"), (self._pipeline.name, None)]
        return found

    def actions_now(self) -> list[Action]:
        now = self._now
        if now.pipeline is None:
            return []
        found = run_actions(now, self.run_part, self.stop, self._ask_parameters)
        command = now.command("--format", "svg")
        toggle = self._body.split.toggle_panel if self._body.ready else self.refresh
        return [
            *found,
            Action("pipeline-export", "Export as SVG…", self.export, icon="download", command=command, in_bar=False),
            Action("graph-search", "Search the graph", self._body.focus_search, "search", "Ctrl+F", in_bar=False),
            Action(
                "pipeline-list",
                "Show as graph" if self._body.as_list else "Show as list",
                self._toggle_list,
                "table",
                "Ctrl+Shift+L",
                in_bar=False,
            ),
            Action("inspector", "Toggle the inspector", toggle, "sidebar", "Ctrl+I", in_bar=False),
        ]

    @property
    def _now(self) -> Now:
        current = self.graph.current if self._body.ready else ""
        node = self._nodes.get(current)
        step = node.id if node is not None and not node.is_group else ""
        project = self._project.name if self._project else "PROJECT"
        return Now(project, self._pipeline, step, self._seen.job if self._seen else None)

    def show_with(self, **arguments: object) -> None:
        self._wanted = str(arguments.get("name") or "")
        if self.context.project != self._project:
            self._project, self._opened = self.context.project, None
            self._show_pipeline(None)
            self._stack.say(Loading("Reading the project…"))
        if self._project is None:
            self._stack.say(EmptyState("folder", "No project is open", "Open a folder to see its pipelines."))
            return
        self._body.begin()
        self._read_project()
        if self.ready:
            self._body.take_focus()

    def refresh(self) -> None:
        self._read_seen()

    def _read_project(self) -> None:
        if self._project is None:
            return
        asked = work.read_project(self.context.home, self._project.path)
        project = self._project
        self.context.runner.run(
            self, asked, partial(self._show_project, project), partial(self._fail, project), key="pipeline-project"
        )

    def _fail(self, project: ProjectRef, error: LongshoreError) -> None:
        if project == self._project:
            self._opened = None
            self._show_pipeline(None)
            self._stack.say(ErrorState(error, "The project could not be read", self._read_project))

    def _show_project(self, project: ProjectRef, opened: work.Opened) -> None:
        if project != self._project:
            return
        if not self._body.when_ready(partial(self._show_project, project, opened)):
            return
        self._opened = opened
        names = [one.name for one in opened.info.pipelines]
        if not names:
            self._show_pipeline(None)
            self._stack.say(nothing_here(self.context))
            self.context.actions_changed.emit()
            return
        current = self._pipeline.name if self._pipeline is not None else ""
        wanted = next((name for name in (self._wanted, current) if name in names), names[0])
        self._wanted = ""
        self.toolbar.show_pipelines(names, wanted)
        self.choose(wanted)
        # What could not be read, or can be mended, may be another now, with the same pipeline.
        self._panel_timer.start()

    # -- which pipeline -----------------------------------------------------------------------------------------

    def choose(self, name: str) -> None:
        """Show a pipeline of the project."""
        assert self._opened is not None
        found = next(one for one in self._opened.info.pipelines if one.name == name)
        self.toolbar.select.choose(name)
        if self._opened.trusted:
            self._probe.begin(self._opened.info.path, found)
        self._show_pipeline(self._probe.completed(found))

    def _show_pipeline(self, pipeline: Pipeline | None) -> None:
        if pipeline is None or self._pipeline is None or pipeline.name != self._pipeline.name:
            self._seen, self._unfolded, self._drawn, self._nodes = None, frozenset(), None, {}
            self._chosen = False
            if self._body.ready:
                self.graph.forget_looks()
                self.inspector.show_nothing()
        if pipeline is not None and (pipeline != self._pipeline or self._drawn is None):
            self._pipeline = pipeline
            self._draw()
        else:
            self._pipeline = pipeline
            self._show_banners()
            self._read_seen()
        self.context.actions_changed.emit()

    def _draw(self) -> None:
        pipeline = self._pipeline
        if pipeline is None:
            return
        width, height = values()["node"]["stage"]
        card = (width * scale(), height * scale())
        asked = work.draw(pipeline, card, values()["node"]["rowGap"], self._unfolded)
        self.context.runner.run(self, asked, self._show_drawn, self._tell, key="pipeline-layout")

    def _show_drawn(self, drawn: work.Drawn) -> None:
        if drawn.pipeline != self._pipeline:
            return
        before = self.graph.current
        self._drawn, self._nodes = drawn, {node.id: node for node in drawn.nodes}
        current = before if before in self._nodes else drawn.nodes[0].id if drawn.nodes else ""
        self._stack.setCurrentWidget(self._body)
        self.graph.motion = not self.context.settings.reduced_motion
        self.graph.show_picture(drawn.picture, current)
        self._body.list.show_picture(drawn.picture, current)
        self._show_banners()
        self._seen = None
        self._read_seen()
        self.context.actions_changed.emit()
        if self.isVisible() and not before:
            self._body.take_focus()

    def _probe_changed(self) -> None:
        if self._opened is not None and self._pipeline is not None:
            self.choose(self._pipeline.name)

    def _show_banners(self) -> None:
        opened, pipeline = self._opened, self._pipeline
        if not self._body.ready:
            return
        banner: Banner | None = None
        if opened is not None and pipeline is not None:
            ask = partial(trusting.ask, self.context, self.window(), opened.info.path)
            banner = self._probe.banner(pipeline) if opened.trusted else not_trusted(pipeline, ask)
        self._body.show_banner(banner)

    # -- how it stands ------------------------------------------------------------------------------------------

    def _read_seen(self) -> None:
        if self._drawn is None or self._project is None or self._busy:
            return
        self._busy = True
        known = self._seen.signature if self._seen is not None else None
        asked = work.read_seen(self.context.home, self._project.path, self._project.id, self._drawn, known)
        done = partial(self._show_seen, self._drawn)
        self.context.runner.run(self, asked, done, self._not_seen, key="pipeline-state")

    def _not_seen(self, error: LongshoreError) -> None:
        self._busy = False
        self._tell(error)

    def _show_seen(self, drawn: work.Drawn, seen: work.Seen | None) -> None:
        self._busy = False
        if drawn is not self._drawn:
            self._read_seen()
            return
        if seen is None:
            return
        before, self._seen = self._seen, seen
        self._body.show_looks(seen.looks)
        if before is None and not self._chosen:
            self._show_first(seen)
        self.toolbar.show_counts(seen.state.of(step.name).state for step in drawn.pipeline.steps)
        self._step_timer.start()
        self._follow()
        if self._opened is not None and seen.trusted != self._opened.trusted:
            self._read_project()
        if before is None or _acts(before) != _acts(seen):
            self.context.actions_changed.emit()

    def _show_first(self, seen: work.Seen) -> None:
        """Select what failed, or what runs, while nobody has selected a step."""
        for state in ("failed", "running"):
            found = next((node for node, one in seen.looks.items() if one.state == state), None)
            if found is not None:
                self.graph.select(found, tell=False)
                self._body.list.select(found)
                self.graph.fit()
                return

    def _show_panel(self) -> None:
        if self._seen is None or self._opened is None:
            return
        now = self._now
        problems = problems_of(self._opened.info, self._seen)
        self.panel.show_problems(problems, resume=now.why_not("resume"), start=now.busy)
        self.panel.show_history(self._seen.jobs)
        self.panel.show_timeline(bars_of(self._seen.state), time.time())

    def _follow(self) -> None:
        """Look again soon while it runs and the page is seen."""
        if self._seen is not None and self._seen.running and self.isVisible():
            self._timer.start()
        else:
            self._timer.stop()

    def _tick(self) -> None:
        self._read_seen()
        if self._seen is None or self._pipeline is None:
            return
        now = time.time()
        running = [node for node in self._nodes.values() if self._look(node.id).state == "running"]
        if not running:
            return
        known = {step.name: step for step in self._pipeline.steps}
        fresh = {node.id: look(known, node, self._seen.state, now) for node in running}
        self._body.show_looks(fresh)
        if self.graph.current in fresh:
            self.inspector.show_look(fresh[self.graph.current])
        self.panel.show_timeline(bars_of(self._seen.state), now)
        self._details.read_log()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._follow()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._timer.stop()

    # -- one step -----------------------------------------------------------------------------------------------

    def _look(self, node_id: str) -> Look:
        return self._seen.looks.get(node_id, Look()) if self._seen is not None else Look()

    def _selected(self, node_id: str) -> None:
        self._chosen = True
        self._step_timer.start()
        self.panel.timeline.light(node_id)
        self.context.actions_changed.emit()

    def _show_step(self) -> None:
        node = self._nodes.get(self.graph.current)
        if node is not None and self._pipeline is not None and self._seen is not None:
            now = self._now
            state = self._seen.state.of(node.id)
            shown = Shown(self._pipeline, node, state, now.why_not("start"), now.why_not("only"))
            self._details.show(shown, self._seen, self._look(node.id))
        self._panel_timer.start()

    def _choose_step(self, step: str) -> None:
        node = next((node.id for node in self._nodes.values() if any(one.name == step for one in node.steps)), None)
        if node is not None:
            self.graph.select(node, center=True)

    def _inspect(self, _node_id: str) -> None:
        self._body.split.show_panel(True)

    def _open_node(self, node_id: str) -> None:
        """Unfold a group; of a step, show the inspector."""
        from longshore.pipelines.graph import group_of

        if group := group_of(node_id):
            self._unfolded |= {group}
            self._draw()
        else:
            self._inspect(node_id)

    def _open_log(self, step: str) -> None:
        self._choose_step(step)
        self.panel.choose("log")

    def _open_job(self, job_id: str) -> None:
        self.context.open("run", job_id=job_id)

    # -- running ------------------------------------------------------------------------------------------------

    def run_part(self, selection: Selection) -> None:
        """Queue the pipeline, or a part of it; the folder's trust is asked for first."""
        if self._project is not None and self._pipeline is not None:
            self._runs.run(self._project.path, self._pipeline.name, selection)

    def _run_from(self, step: str) -> None:
        self._choose_step(step)
        self._run_action("pipeline-run-from")

    def _repair(self, repair_id: str) -> None:
        if self._opened is not None:
            mending = work.repair_work(self.context.home, self._opened.info.path, repair_id)
            self.context.runner.run(self, mending, lambda _info: self._read_project(), title="Mending the project")

    def _run_action(self, action_id: str) -> None:
        found = next((one for one in self.actions_now() if one.id == action_id), None)
        if found is None:
            return
        if found.disabled_because:
            self.context.tell("info", found.title, found.disabled_because)
        else:
            found.run()

    def _toggle_list(self) -> None:
        self._body.toggle_list()
        self.context.actions_changed.emit()

    def _ask_parameters(self) -> None:
        if self._pipeline is not None:
            self.context.launch(entry_point=self._pipeline.name)

    def stop(self) -> None:
        """Ask the run to end."""
        if self._seen is not None and self._seen.job is not None:
            self._runs.stop(self._seen.job)

    def _tell(self, error: LongshoreError) -> None:
        self.context.tell("error", error.reason, error.hint or "")

    def export(self) -> None:
        """Ask for a file and write the graph as it stands."""
        if self._pipeline is not None:
            self._runs.ask_file(self._pipeline.name, self.export_to)

    def export_to(self, file: str) -> None:
        """Write the graph as it stands to a file."""
        if self._pipeline is not None:
            self._runs.export(file, self._pipeline, self._seen, self._unfolded)

    def _restyle(self) -> None:
        if self._body.ready:
            self.graph.viewport().update()
            self.graph.map.update()
            self.panel.timeline.rows.update()


def _single_shot(page: QWidget, run: Callable[[], None]) -> QTimer:
    made = QTimer(page)
    made.setSingleShot(True)
    made.setInterval(TURN_MS)
    made.timeout.connect(run)
    return made


def _acts(seen: work.Seen) -> tuple[object, ...]:
    """Give what the actions depend on."""
    return (seen.job.state, seen.job.stop_requested) if seen.job is not None else ()
