"""ZenML pipelines: functions read from their text, run by ZenML itself under our run script, in a store of their own."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from longshore.errors import Invalid
from longshore.projects.adapters import script, zenml_source
from longshore.projects.adapters.zenml_source import Entities, Entity, Graph
from longshore.projects.arguments.syntax import Module, is_main_guard
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter
from longshore.projects.pipeline import ONLY, RESUME, WHOLE, Described, Pipeline, Selection, Step
from longshore.projects.python_sources import Sources

NAME = "zenml"
# A pipeline runs in the interpreter of its own packages; the store needs what the bare package leaves out.
PLUS = ("zenml[local]",)
VARIABLES = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "ZENML_LOGGING_COLORS_DISABLED": "true",
    "ZENML_DISABLE_INTERACTIVE_INPUT": "true",
    "AUTO_OPEN_DASHBOARD": "false",
    "DO_NOT_TRACK": "1",
}
# What is done is known by its inputs: going on takes the same parameters again.
RESUMES_WITH_PARAMETERS = True
# The name of the parameter that a file of settings is given by.
CONFIG = "config_path"
_CONFIG_KEYS = frozenset({"steps", "settings", "enable_cache", "parameters", "model", "run_name", "extra", "build"})


def variables_in(home: Path, project: Path) -> dict[str, str]:
    """Keep ZenML's database and artifacts of a project in our home, and its own `.zen` folder as it is."""
    # The same project is the same store, so that what was done once is done.
    store = home / "zenml" / hashlib.blake2b(str(project).encode(), digest_size=8).hexdigest()
    # `.zen` names a stack of another store; ZenML would write ours over it.
    return {"ZENML_CONFIG_PATH": str(store), "ZENML_REPOSITORY_PATH": str(store)}


def detect(folder: Folder) -> bool:
    """Tell whether a script has pipelines of ZenML's."""
    texts = (folder.text(file) for file in folder.ending(".py"))
    return any("zenml" in text and "@pipeline" in text for text in texts)


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per decorated function, and one per script that starts some with arguments of its own."""
    sources = Sources(folder, problems)
    configs = tuple(_configs(folder))
    made: dict[str, tuple[Pipeline, EntryPoint]] = {}
    known: dict[tuple[str, str], tuple[str, Pipeline]] = {}
    inner: set[tuple[str, tuple[str, ...]]] = set()
    for entity in zenml_source.pipelines(sources):
        graph = Graph(sources, entity)
        inner |= {(file, (name,)) for file, name in graph.called}
        name = entity.place.name if entity.place.name not in made else f"{entity.place.name} ({entity.place.file})"
        made[name] = (_pipeline(name, entity, graph), _entry(name, entity, configs))
        known[entity.place.file, entity.place.name] = (entity.name, made[name][0])
    files = {pipeline.file for pipeline, _entry in made.values()}
    for found in _scripts(folder, sources, files, known):
        made[found[0].name] = found
    # Pipelines that others consist of come last.
    ordered = sorted(made.values(), key=lambda one: (one[0].file, one[1].subcommands) in inner)
    taken = files | {one.file for one, _entry in ordered} | _steps_alone(sources)
    return Described(tuple(entry for _one, entry in ordered), tuple(one for one, _entry in ordered), frozenset(taken))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: our run script, which calls the pipeline, or starts the script that does."""
    line = [python, "{frameworks}/zenml/run.py"]
    if _is_script(entry):
        return [*line, "--script", *script.command(entry, parameters, python)[1:]]
    if selection.only and parameters:
        raise Invalid(f"{selection.only} takes what it was given in the last run.", hint="Leave the parameters out.")
    line += [entry.source, *entry.subcommands]
    if selection.only:
        return [*line, f"--only={selection.only}", f"--origin={selection.origin}"]
    config = [f"--config={parameters[CONFIG]}"] if _is_config(entry) and parameters.get(CONFIG) else []
    values = [f"--{name}={value}" for name, value in parameters.items() if name != CONFIG or not _is_config(entry)]
    return [*line, *config, "--", *values]


def merge(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
    """Give the pipeline with the steps that the importing probe found."""
    found = answer.get("pipelines")
    for one in found if isinstance(found, list) else []:
        if not isinstance(one, dict) or not isinstance(one.get("steps"), list):
            continue
        if (one.get("file"), one.get("name")) == (pipeline.file, pipeline.name.partition(" (")[0]):
            told = [_told(step, pipeline) for step in one["steps"] if isinstance(step, dict) and step.get("name")]
            return replace(pipeline, steps=tuple(told), complete=True) if told else pipeline
    return pipeline


def _told(found: Mapping[str, Any], pipeline: Pipeline) -> Step:
    name, file, line = str(found["name"]), str(found.get("file") or ""), int(found.get("line") or 0)
    known = pipeline.step(name)
    like = known or next((one for one in pipeline.steps if (one.source, one.line) == (file, line)), None)
    given = found.get("parameters")
    parameters = dict(like.parameters) if like else {}
    for key, value in given.items() if isinstance(given, dict) else ():
        parameters[str(key)] = replace(parameters.get(str(key)) or Parameter(str(key)), default=value, required=False)
    return replace(
        like or Step(name),
        name=name,
        label=name,
        after=tuple(map(str, found.get("after") or ())),
        inputs=tuple(map(str, found.get("inputs") or ())),
        parameters=parameters,
        source=like.source if like else file,
        line=like.line if like else line,
    )


def _pipeline(name: str, entity: Entity, graph: Graph) -> Pipeline:
    steps = tuple(graph.steps)
    return Pipeline(
        name,
        NAME,
        entity.place.file,
        steps,
        can=frozenset({ONLY, RESUME}),
        complete=graph.complete and bool(steps),
        help=entity.help,
    )


def _entry(name: str, entity: Entity, configs: tuple[str, ...]) -> EntryPoint:
    parameters = entity.parameters()
    if configs and CONFIG not in parameters:
        # What a file of settings says need not be given.
        parameters = {key: replace(one, required=False) for key, one in parameters.items()}
        help_text = f"A file of settings for the run, such as {', '.join(configs[:5])}."
        parameters[CONFIG] = Parameter(CONFIG, "path", help=help_text, option="--config")
    places = ", ".join(f"{one}={{{one}}}" for one in parameters)
    shown = f"{entity.place.name}({places})"
    return EntryPoint(name, shown, parameters, entity.place.file, NAME, (entity.place.name,), help=entity.help)


def _is_script(entry: EntryPoint) -> bool:
    return entry.command.startswith("python ")


def _is_config(entry: EntryPoint) -> bool:
    found = entry.parameters.get(CONFIG)
    return found is not None and found.option == "--config"


def _configs(folder: Folder) -> Iterator[str]:
    """Give the YAML files that settle a run: by their keys, of which one at least says so."""
    for file in folder.ending(".yaml", ".yml"):
        try:
            found = folder.yaml(file)
        except Invalid:
            continue
        if isinstance(found, dict) and found and set(found) & _CONFIG_KEYS and "spec" not in found:
            yield file


def _scripts(
    folder: Folder, sources: Sources, files: set[str], known: Mapping[tuple[str, str], tuple[str, Pipeline]]
) -> Iterator[tuple[Pipeline, EntryPoint]]:
    """Give the scripts that start pipelines of other files, with the arguments that they take themselves."""
    entities = Entities(sources)
    for file in folder.ending(".py"):
        module = sources.module(file) if file not in files and "__main__" in folder.text(file) else None
        if module is None or not any(is_main_guard(node) for node in module.tree.body):
            continue
        places = [found.place for name in _imported(module) if (found := entities.find(file, name))]
        started = [known[key] for place in places if (key := (place.file, place.name)) in known]
        if started:
            steps = tuple(_within(started))
            for entry in script.starts(replace(folder, files=(file,)), []):
                # Which of them it starts, and with what, it decides itself.
                pipeline = Pipeline(entry.name, NAME, file, steps, can=frozenset({RESUME}), help=entry.help)
                yield pipeline, replace(entry, framework=NAME)


def _imported(module: Module) -> list[str]:
    """Give the names that a file imports, relative ones included."""
    nodes = [node for node in ast.walk(module.tree) if isinstance(node, ast.ImportFrom)]
    return list(dict.fromkeys(alias.asname or alias.name for node in nodes for alias in node.names))


def _within(started: list[tuple[str, Pipeline]]) -> Iterator[Step]:
    """Give each pipeline that a script may start as a step with its own within."""
    for name, one in started:
        yield Step(name, kind="pipeline", source=one.file, help=one.help)
        for step in one.steps:
            after = tuple(f"{name}/{before}" for before in step.after) or (name,)
            yield replace(step, name=f"{name}/{step.name}", after=after, part_of=name)


def _steps_alone(sources: Sources) -> frozenset[str]:
    """Give the files that hold steps and no pipeline: nothing that a plain `python FILE` would run."""
    entities = Entities(sources)
    return frozenset(
        file
        for file, module in sources.mentioning("zenml")
        if any(entities.find(file, name) for name in module.functions)
    )
