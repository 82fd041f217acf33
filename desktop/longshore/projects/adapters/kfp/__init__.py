"""Kubeflow Pipelines (KFP 2): compiled pipelines (IR YAML) described by their text, Python source as far as its text goes.

They run on this computer by KFP's own local runner, under `resources/frameworks/kfp/run.py`, which tells each task's state;
a run that failed goes on by KFP's cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from longshore.errors import Invalid, LongshoreError
from longshore.projects.adapters.kfp import compiled, source
from longshore.projects.arguments.reader import parse
from longshore.projects.folder import Folder, yaml_problem
from longshore.projects.model import EntryPoint
from longshore.projects.pipeline import WHOLE, Described, Pipeline, Selection, Step

NAME = "kfp"
TOOL = "kfp>=2.7,<3"
RESUMES_WITH_PARAMETERS = True  # its cache goes by them
# Its warnings about images that are not used here, and about what a cluster alone keeps to, would fill the log.
VARIABLES = {"PYTHONWARNINGS": "ignore", "DO_NOT_TRACK": "1"}
_SHORT = 2_000  # how much of a file tells whether it is worth to be read whole
_OLD = re.compile(r"pipelines\.kubeflow\.org/(?:kfp_sdk_version|pipeline_spec)")


def detect(folder: Folder) -> bool:
    """Tell whether there is a compiled pipeline or the source of one."""
    return next(_compiled_files(folder), None) is not None or next(_source_files(folder), None) is not None


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per compiled file, and one per `@dsl.pipeline` function."""
    entries: list[EntryPoint] = []
    found: list[Pipeline] = []
    taken: set[str] = set()
    for file in _compiled_files(folder):
        try:
            spec = _spec(folder.text(file), file)
            one = compiled.pipeline(spec, name=file, framework=NAME, file=file, text=folder.text(file))
            entries.append(_entry(one, compiled.parameters(spec)))
            found.append(one)
        except Invalid as error:
            problems.append(error.reason)
        except RecursionError:
            problems.append(f"{file} is nested too deeply to be read.")
    for file in _source_files(folder):
        try:
            functions = list(source.pipelines(parse(folder.text(file), file), file))
        except LongshoreError as error:
            problems.append(error.reason)
            continue
        except RecursionError:
            problems.append(f"{file} is nested too deeply to be read.")
            continue
        for function in functions:
            name = f"{file}:{function.function}"
            one = Pipeline(name, NAME, file, function.steps, can=compiled.CAN, complete=False, help=function.help)
            found.append(one)
            entries.append(_entry(one, function.parameters))
            taken.add(file)
    problems += [f"{file} was compiled by KFP 1: compile it again with KFP 2 to run it here." for file in _old(folder)]
    return Described(tuple(entries), tuple(found), frozenset(taken))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv of our run script, under the project's KFP or, where it has none, one of its own."""
    del python
    line = ["{tool}", "{frameworks}/kfp/run.py", entry.name]
    for name, value in parameters.items():
        line += ["--set", f"{name}={value}"]
    for option, step in (("--only", selection.only), ("--from", selection.start), ("--to", selection.end)):
        if step:
            line += [option, step]
    return line


def merge(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
    """Give a source's pipeline as it is compiled; components keep the lines of their source."""
    if (spec := _answered(pipeline.name, answer)) is None:
        return pipeline
    lines = {step.command: step.line for step in pipeline.steps if step.command}
    whole = compiled.pipeline(spec, name=pipeline.name, framework=NAME, file=pipeline.file)
    return replace(whole, steps=tuple(_with_line(step, lines) for step in whole.steps), help=pipeline.help)


def merge_entry(entry: EntryPoint, answer: Mapping[str, Any]) -> EntryPoint:
    """Give a source's entry point with the parameters that it was compiled with."""
    spec = _answered(entry.name, answer)
    return entry if spec is None else replace(entry, parameters=compiled.parameters(spec))


def probe_arguments(pipeline: Pipeline) -> tuple[str, ...]:
    """Give what the probe is asked about; empty where there is nothing to ask."""
    return () if pipeline.complete else (pipeline.file,)


def _answered(name: str, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    specs = answer.get("pipelines")
    spec = specs.get(name.rpartition(":")[2]) if isinstance(specs, dict) else None
    return spec if isinstance(spec, dict) else None


def _with_line(step: Step, lines: Mapping[str, int]) -> Step:
    return replace(step, line=lines.get(step.command, step.line))


def _entry(pipeline: Pipeline, parameters: Mapping[str, Any]) -> EntryPoint:
    return EntryPoint(
        pipeline.name, f"kfp {pipeline.name}", parameters, pipeline.file, NAME, help=pipeline.help,
    )  # fmt: skip


def _compiled_files(folder: Folder) -> Iterator[str]:
    for file in folder.ending(".yaml", ".yml", ".json"):
        text = folder.text(file)
        if "deploymentSpec" in text and "pipelineInfo" in text and "executors" in text:
            yield file


def _source_files(folder: Folder) -> Iterator[str]:
    return (file for file in folder.ending(".py") if source.may_hold(folder.text(file)))


def _old(folder: Folder) -> Iterator[str]:
    for file in folder.ending(".yaml", ".yml"):
        if _OLD.search(folder.text(file)[:_SHORT]) and "kind: Workflow" in folder.text(file):
            yield file


def _spec(text: str, file: str) -> dict[str, Any]:
    """Give the pipeline's document; a second one is about a cluster's settings.

    Raises: Invalid where the file is no YAML, or not what KFP compiles.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for document in yaml.load_all(text, Loader=loader):
            if isinstance(document, dict) and isinstance(document.get("pipelineInfo"), dict):
                return document
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Invalid(f"{file} is not YAML: {yaml_problem(error)}.", hint="Compile it again.") from error
    raise Invalid(f"{file} holds no compiled pipeline of KFP.", hint="Compile it again.")
