"""What a pipeline is, whatever its framework: steps with inputs and outputs, and what follows what. Frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from longshore.projects.model import EntryPoint, Parameter

# input: made outside of the pipeline (an import, frozen data); pipeline: one within, whose steps are `part_of` it;
# the others do something.
StepKind = Literal["task", "foreach", "join", "condition", "loop", "pipeline", "input"]

# What of a pipeline can be run: one step, from one, up to one, by tag, on after a failure.
ONLY, START, END, TAGS, RESUME = "only", "start", "end", "tags", "resume"


@dataclass(frozen=True)
class Resources:
    """What a step asks for. None: nothing is said."""

    cpus: float | None = None
    memory_bytes: int | None = None
    gpus: int | None = None
    timeout_s: float | None = None
    retries: int | None = None


@dataclass(frozen=True)
class Dataset:
    """An entry of a data catalogue."""

    name: str
    type: str = ""
    path: str = ""
    versioned: bool = False


@dataclass(frozen=True)
class Step:
    """One step of a pipeline."""

    name: str  # what the framework calls it; one in a pipeline
    label: str = ""  # for people; empty: the name
    kind: StepKind = "task"
    command: str = ""
    # Steps that come before it.
    after: tuple[str, ...] = ()
    # Paths relative to the project, or names of datasets.
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    # Outputs that hold metrics.
    metrics: tuple[str, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    source: str = ""  # relative to the project
    line: int = 0  # from 1; 0 where unknown
    image: str = ""
    resources: Resources = Resources()
    tags: tuple[str, ...] = ()
    part_of: str = ""  # the step (a loop, a condition, a pipeline within) that it belongs to
    help: str = ""


@dataclass(frozen=True)
class Pipeline:
    """A graph of steps that one call runs."""

    name: str  # one in a project, and the name of its entry point
    framework: str
    file: str = ""
    steps: tuple[Step, ...] = ()
    datasets: tuple[Dataset, ...] = ()
    # What of it can be run: ONLY, START, END, TAGS, RESUME.
    can: frozenset[str] = frozenset()
    # False: only the project's own code can tell the rest (see `probing`).
    complete: bool = True
    help: str = ""

    @property
    def edges(self) -> tuple[tuple[str, str], ...]:
        """Who comes before whom."""
        names = {step.name for step in self.steps}
        return tuple((before, step.name) for step in self.steps for before in step.after if before in names)

    def step(self, name: str) -> Step | None:
        """Give a step by its name."""
        return next((step for step in self.steps if step.name == name), None)

    def as_dict(self) -> dict[str, Any]:
        """Give the pipeline as `longshore open --json` shows it."""
        return {
            "name": self.name,
            "framework": self.framework,
            "file": self.file,
            "complete": self.complete,
            "can": sorted(self.can),
            "nodes": [_node(step) for step in self.steps],
            "edges": [list(edge) for edge in self.edges],
            "datasets": [asdict(one) for one in self.datasets],
        }


@dataclass(frozen=True)
class Repair:
    """Something that keeps a project from running, and that Longshore can mend when it is asked to."""

    id: str  # "dvc:old-lock:dvc.lock"
    problem: str
    action: str  # what the button says
    effect: str  # what it will do to which files


@dataclass(frozen=True)
class Described:
    """What an adapter finds in a folder."""

    entry_points: tuple[EntryPoint, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()
    # Scripts that are parts of this framework's things, and no entry points of their own.
    taken: frozenset[str] = frozenset()
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True)
class Selection:
    """Which part of a pipeline is to run. Nothing given: all of it."""

    only: str = ""
    start: str = ""
    end: str = ""
    tags: tuple[str, ...] = ()
    # Go on after a failure by the framework's own means; `origin` is its name for the run that failed.
    resume: bool = False
    origin: str = ""

    @property
    def asked(self) -> frozenset[str]:
        """What kinds of choice were made."""
        given = {ONLY: self.only, START: self.start, END: self.end, TAGS: self.tags, RESUME: self.resume}
        return frozenset(kind for kind, value in given.items() if value)

    def as_dict(self) -> dict[str, Any]:
        """Give what was chosen, as a job's row keeps it."""
        return {key: value for key, value in asdict(self).items() if value}


WHOLE = Selection()


def _node(step: Step) -> dict[str, Any]:
    return {
        "id": step.name,
        "label": step.label or step.name,
        "kind": step.kind,
        "command": step.command,
        "inputs": list(step.inputs),
        "outputs": list(step.outputs),
        "parameters": {name: one.default for name, one in step.parameters.items()},
        "source": step.source,
        "line": step.line,
        "image": step.image,
        "tags": list(step.tags),
        "part_of": step.part_of,
    }
