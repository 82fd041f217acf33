"""flytekit workflows: read from their text, run by `pyflyte run` itself under our run script."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from longshore.errors import Invalid
from longshore.projects.adapters import flytekit_source
from longshore.projects.adapters.flytekit_graph import Graph
from longshore.projects.adapters.flytekit_source import WORKFLOW, Entities, Entity
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter
from longshore.projects.parameters import is_true
from longshore.projects.pipeline import ONLY, RESUME, WHOLE, Described, Pipeline, Resources, Selection, Step
from longshore.projects.python_sources import Sources

NAME = "flytekit"
# A workflow runs in the interpreter of its own packages.
PLUS = ("flytekit",)
VARIABLES = {"FLYTE_SDK_RICH_TRACEBACKS": "0", "DO_NOT_TRACK": "1"}
# Tasks that are done are known by their inputs: going on takes the same ones again.
RESUMES_WITH_PARAMETERS = True


def detect(folder: Folder) -> bool:
    """Tell whether a script has tasks or workflows of flytekit's."""
    words = ("@workflow", "@task", "Workflow(", "@dynamic", ".workflow", ".task")
    texts = (folder.text(file) for file in folder.ending(".py"))
    return any("flytekit" in text and any(word in text for word in words) for text in texts)


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per workflow, those that others consist of last."""
    sources = Sources(folder, problems)
    entities = Entities(sources)
    found: dict[str, tuple[Pipeline, EntryPoint]] = {}
    inner: set[tuple[str, str]] = set()
    for file, entity in flytekit_source.workflows(sources):
        graph = Graph(entities, entity)
        if entity.kind != WORKFLOW and len(graph.steps) < 2:
            continue
        inner |= {(step.source, step.label) for step in graph.steps if step.label != entity.place.name}
        name = _name(found, file, entity.place.name)
        found[name] = (_pipeline(name, file, entity, graph), _entry(name, file, entity))
    for file, called in _imperative(sources):
        name = _name(found, file, called)
        pipeline = Pipeline(name, NAME, file, can=frozenset({ONLY}), complete=False)
        shown = f"pyflyte run {file} {called}"
        found[name] = (pipeline, EntryPoint(name, shown, {}, file, NAME, (called,), open_ended=True))
    ordered = sorted(found.values(), key=lambda one: (one[0].file, one[1].subcommands[0]) in inner)
    files = frozenset(pipeline.file for pipeline, _entry in ordered)
    pipelines = tuple(pipeline for pipeline, _entry in ordered)
    return Described(tuple(entry for _pipeline, entry in ordered), pipelines, files | _tasks_alone(sources, entities))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: `pyflyte run FILE WORKFLOW`, or one task with the inputs that it had in the last run."""
    if selection.only and parameters:
        raise Invalid(
            f"{selection.only} takes the inputs that it had in the last run.", hint="Leave the parameters out."
        )
    line = [python, "{frameworks}/flytekit/run.py"]
    if selection.only:
        line += [f"--only={selection.only}", f"--origin={selection.origin}"]
    return [*line, entry.source, *entry.subcommands, *(_option(entry, *one) for one in parameters.items())]


def merge(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
    """Give the pipeline with the steps that the importing probe found."""
    found = _answered(pipeline.file, pipeline.name.partition(" (")[0], answer)
    if found is None or not isinstance(found.get("steps"), list):
        return pipeline
    known = {(step.source, step.label): step for step in pipeline.steps}
    told = [_step(one, known) for one in found["steps"] if isinstance(one, dict) and one.get("name")]
    names = {step.name for step in told}
    # What a dynamic task calls is in its text alone: it has no nodes until it runs.
    within = [step for step in pipeline.steps if step.name not in names and _is_dynamic(pipeline, step.part_of, names)]
    steps = (*told, *within)
    return replace(pipeline, steps=steps, complete=True, can=_can(steps))


def merge_entry(entry: EntryPoint, answer: Mapping[str, Any]) -> EntryPoint:
    """Give the entry point with the inputs that the importing probe found; known ones stay as the text has them."""
    found = _answered(entry.source, entry.subcommands[0], answer)
    if found is None or not isinstance(found.get("parameters"), list):
        return entry
    parameters = dict(entry.parameters)
    for one in found["parameters"]:
        if isinstance(one, dict) and one.get("name") and str(one["name"]) not in parameters:
            parameters[str(one["name"])] = _parameter(one)
    return replace(entry, parameters=parameters, command=_shown(entry.source, entry.subcommands[0], parameters),
                   open_ended=False)  # fmt: skip


def _answered(file: str, name: str, answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = answer.get("workflows")
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict) and (one.get("file"), one.get("name")) == (file, name):
            return one
    return None


def _is_dynamic(pipeline: Pipeline, name: str, names: set[str]) -> bool:
    step = pipeline.step(name) if name in names else None
    return step is not None and bool({"dynamic", "eager"} & set(step.tags))


def _step(found: Mapping[str, Any], known: Mapping[tuple[str, str], Step]) -> Step:
    name, label, source = str(found["name"]), str(found.get("label") or ""), str(found.get("file") or "")
    step = known.get((source, label)) or Step(name, label=label, source=source)
    kind = found.get("kind")
    return replace(
        step,
        name=name,
        kind=kind if kind in ("foreach", "condition") else "task",
        after=tuple(map(str, found.get("after") or ())),
        part_of=str(found.get("part_of") or ""),
        line=step.line or int(found.get("line") or 0),
        image=step.image or str(found.get("image") or ""),
        resources=step.resources if step.resources != Resources() else Resources(retries=found.get("retries") or None),
        tags=step.tags or tuple(map(str, found.get("tags") or ())),
    )


def _parameter(found: Mapping[str, Any]) -> Parameter:
    name, kind = str(found["name"]), found.get("type")
    known = kind if kind in ("int", "float", "str", "bool", "path", "list") else "str"
    negative = f"--no-{name.replace('_', '-')}" if known == "bool" else ""
    return Parameter(name, known, found.get("default"), required=bool(found.get("required")),  # type: ignore[arg-type]
                     option=f"--{name}", negative=negative)  # fmt: skip


def _option(entry: EntryPoint, name: str, value: str) -> str:
    declared = entry.parameters.get(name)
    if declared is not None and declared.type == "bool":
        return declared.option if is_true(value) else declared.negative
    return f"--{name}={value}"


def _name(found: Mapping[str, Any], file: str, name: str) -> str:
    return name if name not in found else f"{name} ({file})"


def _pipeline(name: str, file: str, entity: Entity, graph: Graph) -> Pipeline:
    steps = tuple(graph.steps)
    return Pipeline(name, NAME, file, steps, can=_can(steps), complete=graph.complete and bool(steps),
                    help=flytekit_source.help_of(entity))  # fmt: skip


def _can(steps: tuple[Step, ...]) -> frozenset[str]:
    """Only tasks that are cached are passed over when it runs again; where none is, it would start anew."""
    cached = any("cached" in step.tags for step in steps)
    return frozenset({ONLY, RESUME} if cached else {ONLY})


def _entry(name: str, file: str, entity: Entity) -> EntryPoint:
    parameters = flytekit_source.entity_parameters(entity)
    shown = _shown(file, entity.place.name, parameters)
    return EntryPoint(name, shown, parameters, file, NAME, (entity.place.name,), help=flytekit_source.help_of(entity))


def _shown(file: str, name: str, parameters: Mapping[str, Parameter]) -> str:
    places = [
        f"[{one.option}]" if one.type == "bool" else f"{one.option} {{{one.name}}}" for one in parameters.values()
    ]
    return " ".join(["pyflyte", "run", file, name, *places])


def _imperative(sources: Sources) -> list[tuple[str, str]]:
    """Give workflows that are put together by calls: `wf = Workflow(name="x")`; only running tells their steps."""
    return [
        (file, name)
        for file, module in sources.mentioning("flytekit", "Workflow(")
        for name, value in module.constants.items()
        if isinstance(value, ast.Call)
        and module.dotted(value.func).rpartition(".")[2] in ("Workflow", "ImperativeWorkflow")
    ]


def _tasks_alone(sources: Sources, entities: Entities) -> frozenset[str]:
    """Give the files that hold tasks and no workflow: nothing that a plain `python FILE` would run."""
    return frozenset(
        file
        for file, module in sources.mentioning("flytekit")
        if any(entities.find(file, name) for name in module.functions)
    )
