"""Flyte 2: tasks that call tasks, read from their text; run by `flyte run --local` itself under our run script.

Which calls a task makes, and how often, only running it tells: the graph shows those that its text names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from longshore.projects.adapters import flytekit_source
from longshore.projects.adapters.flytekit_graph import Graph
from longshore.projects.adapters.flytekit_source import FLYTE_2, Entities, Entity
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint
from longshore.projects.parameters import is_true
from longshore.projects.pipeline import RESUME, WHOLE, Described, Pipeline, Selection
from longshore.projects.python_sources import Sources

NAME = "flyte"
# A task runs in the interpreter of its own packages.
PLUS = ("flyte>=2",)
VARIABLES = {"DO_NOT_TRACK": "1", "NO_COLOR": "1"}
# Tasks that are done are known by their inputs: going on takes the same ones again.
RESUMES_WITH_PARAMETERS = True


def detect(folder: Folder) -> bool:
    """Tell whether a script has an environment for tasks of Flyte 2."""
    texts = (folder.text(file) for file in folder.ending(".py"))
    return any("TaskEnvironment(" in text and "flyte" in text for text in texts)


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per task, those that no other one calls first."""
    sources = Sources(folder, problems)
    entities = Entities(sources, FLYTE_2)
    found: dict[str, tuple[Pipeline, EntryPoint]] = {}
    called: set[tuple[str, str]] = set()
    for file, entity in _tasks(sources, entities):
        graph = Graph(entities, entity)
        called |= {(step.source, step.label) for step in graph.steps[1:]}
        label = entity.place.name
        name = label if label not in found else f"{label} ({file})"
        found[name] = (_pipeline(name, file, entity, graph), _entry(name, file, entity))
    ordered = sorted(found.values(), key=lambda one: (one[0].file, one[1].subcommands[0]) in called)
    pipelines = tuple(pipeline for pipeline, _entry in ordered)
    return Described(tuple(entry for _one, entry in ordered), pipelines, frozenset(one.file for one in pipelines))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: `flyte run --local FILE TASK`; a task that is cached is passed over by itself."""
    del selection
    line = [python, "{frameworks}/flyte/run.py", entry.source, *entry.subcommands]
    return [*line, *(_option(entry, name, value) for name, value in parameters.items())]


def _tasks(sources: Sources, entities: Entities) -> Iterator[tuple[str, Entity]]:
    for file, module in sources.mentioning("flyte", ".task"):
        for name in module.functions:
            found = entities.find(file, name)
            if found is not None and found.place.file == file:
                yield file, found


def _option(entry: EntryPoint, name: str, value: str) -> str:
    declared = entry.parameters.get(name)
    if declared is not None and declared.type == "bool":
        return declared.option if is_true(value) else declared.negative
    return f"--{name}={value}"


def _pipeline(name: str, file: str, entity: Entity, graph: Graph) -> Pipeline:
    cached = any("cached" in step.tags for step in graph.steps)
    return Pipeline(name, NAME, file, tuple(graph.steps), can=frozenset({RESUME} if cached else ()),
                    help=flytekit_source.help_of(entity))  # fmt: skip


def _entry(name: str, file: str, entity: Entity) -> EntryPoint:
    parameters = flytekit_source.entity_parameters(entity)
    places = [
        f"[{one.option}]" if one.type == "bool" else f"{one.option} {{{one.name}}}" for one in parameters.values()
    ]
    shown = " ".join(["flyte", "run", "--local", file, entity.place.name, *places])
    return EntryPoint(name, shown, parameters, file, NAME, (entity.place.name,), help=flytekit_source.help_of(entity))
