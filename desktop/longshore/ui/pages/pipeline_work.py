"""What the pipeline page shows, gathered off the UI thread as frozen values."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.store.records import Job
from longshore.ui.pages.pipeline_looks import Look, looks
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.graph_model import Card, Frame, Line, Picture

if TYPE_CHECKING:
    from longshore.pipelines.graph import Node
    from longshore.pipelines.state import PipelineState, StepState
    from longshore.projects.model import ProjectInfo
    from longshore.projects.pipeline import Pipeline, Selection

# Between the rows of cards an edge must have room to curve.
ROW_GAP = 52.0
# So much of a step's log is shown; the run's page has it whole.
MOST_LOG = 200_000
MOST_RUNS = 8


@dataclass(frozen=True)
class Opened:
    """The project as its folder tells it."""

    info: ProjectInfo
    trusted: bool


@dataclass(frozen=True)
class Drawn:
    """A pipeline's graph, ready to be shown."""

    pipeline: Pipeline
    nodes: tuple[Node, ...]
    picture: Picture


@dataclass(frozen=True)
class Seen:
    """How the pipeline stands."""

    signature: tuple[object, ...]
    state: PipelineState
    jobs: tuple[Job, ...] = ()  # the last one first
    looks: Mapping[str, Look] = field(default_factory=dict)
    trusted: bool = True

    @property
    def job(self) -> Job | None:
        """The job that runs it, or ran it last."""
        return self.jobs[0] if self.jobs else None

    @property
    def running(self) -> bool:
        """Tell whether it runs or waits to be run."""
        return self.job is not None and not self.job.ended


def read_project(home: Home, path: str) -> Work[Opened]:
    """Give the work that reads the folder; nothing in it is executed."""

    def work(_progress: Progress, _cancel: CancelToken) -> Opened:
        from longshore.projects import opening, trust

        info = opening.inspect(path)
        return Opened(info, trust.is_trusted(home, info.path))

    return work


def complete(home: Home, path: str, pipeline: Pipeline) -> Work[Pipeline]:
    """Give the work that asks the project's own code for what the text does not tell."""

    def work(progress: Progress, cancel: CancelToken) -> Pipeline:
        from longshore.projects import probing

        progress(None, f"Importing the code of {Path(path).name}")
        return probing.completed(home, Path(path), pipeline, cancel=cancel)

    return work


def draw(pipeline: Pipeline, card: tuple[float, float], column_gap: float, unfolded: frozenset[str]) -> Work[Drawn]:
    """Give the work that lays a pipeline out. Units: pixels."""

    def work(_progress: Progress, _cancel: CancelToken) -> Drawn:
        from longshore.pipelines import graph

        found = graph.draw(pipeline, card, (column_gap, ROW_GAP), unfolded)
        lines = tuple(Line(one.source, one.target, "", one.points) for one in found.edges)
        picture = Picture(
            cards=tuple(map(_card, found.nodes)),
            lines=lines,
            boxes={one: (box.x, box.y, box.width, box.height) for one, box in found.boxes.items()},
            width=found.width,
            height=found.height,
            flow="down",
            frames=tuple(
                Frame(one.title, (one.box.x, one.box.y, one.box.width, one.box.height)) for one in found.frames
            ),
        )
        return Drawn(pipeline, found.nodes, picture)

    return work


def _card(node: Node) -> Card:
    if node.is_group:
        return Card(node.id, "group", node.title, f"{len(node.steps)} steps, folded")
    step = node.step
    path = next(iter((*step.outputs, *step.inputs)), "")
    return Card(node.id, step.kind, node.title, step.command or (path if step.kind == "input" else step.source))


def read_seen(
    home: Home, path: str, project_id: str, drawn: Drawn, known: tuple[object, ...] | None
) -> Work[Seen | None]:
    """Give the work that reads how a pipeline stands; None where nothing changed since `known`."""

    def work(_progress: Progress, _cancel: CancelToken) -> Seen | None:
        from longshore.pipelines import state
        from longshore.projects import trust

        trusted = trust.is_trusted(home, path)
        found = state.jobs_of(home, project_id, drawn.pipeline.name)
        signature = (drawn.pipeline, len(drawn.nodes), trusted, *map(_mark, found), *_size(found))
        if signature == known:
            return None
        seen = state.of_job(found[0] if found else None)
        return Seen(signature, seen, found, looks(drawn.pipeline, drawn.nodes, seen, time.time()), trusted)

    return work


def _mark(job: Job) -> tuple[object, ...]:
    return job.id, job.state, job.progress, job.detail, job.run_ids


def _size(found: tuple[Job, ...]) -> tuple[object, ...]:
    """Give how long the events are: they are read again only once there are more."""
    from longshore.jobs.supervisor.files import EVENTS

    try:
        return ((Path(found[0].folder) / EVENTS).stat().st_size,) if found else ()
    except OSError:
        return (0,)


def launch(home: Home, workspace: str | None, path: str, name: str, selection: Selection) -> Work[Job]:
    """Give the work that queues a pipeline, or a part of it."""

    def work(_progress: Progress, _cancel: CancelToken) -> Job:
        from longshore.errors import NotFound
        from longshore.pipelines import running
        from longshore.projects import opening

        info = opening.inspect(path)
        pipeline = next((one for one in info.pipelines if one.name == name), None)
        if pipeline is None:
            raise NotFound(f"{info.name} has no pipeline {name!r} any more.", hint="Look at the folder again.")
        return running.launch(home, info, pipeline, selection, workspace=workspace)

    return work


def read_log(home: Home, job: Job, found: StepState) -> Work[str]:
    """Give the work that reads the lines of a step, the task that failed or came last."""

    def work(_progress: Progress, _cancel: CancelToken) -> str:
        from longshore.pipelines import recording

        failed = [task for task in found.tasks if task.state == "failed"]
        task = (failed or list(found.tasks))[-1]
        text = recording.step_log(home, job, task, MOST_LOG).decode("utf-8", "replace")
        return "\n".join(_plain(line) for line in text.splitlines())

    return work


def _plain(line: str) -> str:
    from longshore.jobs.log import without_colours

    return without_colours(line.rpartition("\r")[2])[:4000]


def read_step_runs(jobs: tuple[Job, ...], step: str) -> Work[tuple[tuple[Job, StepState], ...]]:
    """Give the work that reads how a step stood in the last runs."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[tuple[Job, StepState], ...]:
        from longshore.pipelines import state

        return state.of_step(jobs[:MOST_RUNS], step)

    return work


def export(file: str, pipeline: Pipeline, seen: Seen | None, unfolded: frozenset[str], theme: str) -> Work[str]:
    """Give the work that writes the graph as an SVG picture."""

    def work(_progress: Progress, _cancel: CancelToken) -> str:
        from longshore.errors import Invalid
        from longshore.pipelines import svg
        from longshore.pipelines.state import PipelineState

        facts = {node: look.line for node, look in seen.looks.items()} if seen else {}
        state = seen.state if seen else PipelineState()
        text = svg.to_svg(pipeline, state, facts=facts, unfolded=unfolded, theme=theme)
        try:
            Path(file).write_text(text, "utf-8")
        except OSError as error:
            raise Invalid(f"{file} cannot be written: {error.strerror}.", hint="Choose another place.") from error
        return file

    return work


def repair_work(home: Home, path: str, repair_id: str) -> Work[ProjectInfo]:
    """Give the work that mends what keeps a project from running."""

    def work(_progress: Progress, _cancel: CancelToken) -> ProjectInfo:
        from longshore.projects import opening

        return opening.repair(home, path, repair_id)

    return work
