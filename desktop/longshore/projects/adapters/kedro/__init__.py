"""Kedro: the data catalogue, the parameters and the nodes as text tells them; the project's own code tells the rest.

Runs are Kedro's own `kedro run`, under `resources/frameworks/kedro/run.py`: a plug-in on its path registers hooks.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from longshore.errors import LongshoreError
from longshore.projects.adapters.kedro import configuration, source
from longshore.projects.arguments.reader import parse
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter
from longshore.projects.parameters import list_of, text_of
from longshore.projects.pipeline import (
    END,
    ONLY,
    RESUME,
    START,
    TAGS,
    WHOLE,
    Dataset,
    Described,
    Pipeline,
    Selection,
    Step,
)

NAME = "kedro"
RESUMES_WITH_PARAMETERS = True
# Kedro's log is laid out in columns, by default for a terminal of 80 letters: every path would be cut to pieces.
VARIABLES = {"DO_NOT_TRACK": "1", "KEDRO_DISABLE_TELEMETRY": "1", "COLUMNS": "160"}
DEFAULT, ENVIRONMENT = "__default__", "env"
_CAN = frozenset({ONLY, START, END, TAGS, RESUME})
_CONF = re.compile(r"""^CONF_SOURCE\s*=\s*["']([\w./-]+)["']""", re.MULTILINE)


def detect(folder: Folder) -> bool:
    """Tell whether `pyproject.toml` says that it is a Kedro project."""
    return bool(_settings(folder))


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give the registered pipelines: one per folder of `pipelines/`, and the default one, which is all of them."""
    package = _package(folder)
    conf = _conf(folder, package)
    datasets = configuration.catalog(folder, conf, problems)
    parameters = configuration.parameters(folder, conf, problems)
    parts = _parts(folder, package, parameters, problems)
    names = _registered(folder, package, parts)
    everything = _distinct(step for steps in parts.values() for step in steps)
    pipelines = tuple(
        _pipeline(name, everything if name == DEFAULT else parts.get(name, ()), datasets, package) for name in names
    )
    taken = frozenset(file for file in folder.files if file.startswith(f"{package}/") and file.endswith(".py"))
    chosen = parameters | _environment(folder, conf, parameters)
    return Described(tuple(_entry(one, chosen) for one in pipelines), pipelines, taken)


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv of our run script, which knows how this project's Kedro calls its options."""
    line = [python, "{frameworks}/kedro/run.py", entry.name]
    for name, value in parameters.items():
        declared = entry.parameters.get(name)
        if selection.resume and _is_default(declared, value):
            continue  # it was not given then either, and an environment may have had another value
        if name == ENVIRONMENT and declared is not None and declared.option:
            line += ["--env", value]
        else:
            line += ["--set", f"{name}={_json(declared, value)}"]
    chosen = (("--only", selection.only), ("--from", selection.start), ("--to", selection.end))
    for option, step in (*chosen, ("--resume", selection.origin if selection.resume else "")):
        if step:
            line += [option, step]
    for tag in selection.tags:
        line += ["--tag", tag]
    return line


def merge(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
    """Give a pipeline as the project's code made it, with the catalogue and the parameters as Kedro resolved them."""
    told = answer.get("pipelines")
    nodes = told.get(pipeline.name) if isinstance(told, dict) else None
    if not isinstance(nodes, list):
        return pipeline
    values = _resolved(answer)
    steps = tuple(_step_of(one, values) for one in nodes if isinstance(one, dict))
    listed = answer.get("datasets")
    known = {one.name: one for one in pipeline.datasets}
    for name, one in (listed if isinstance(listed, dict) else {}).items():
        path = str(one.get("filepath") or "")
        known[name] = Dataset(name, str(one.get("type") or ""), path, bool(one.get("versioned")))
    return replace(_pipeline(pipeline.name, steps, known, pipeline.file.rpartition("/")[0]), complete=True)


def merge_entry(entry: EntryPoint, answer: Mapping[str, Any]) -> EntryPoint:
    """Give an entry point with the parameters as Kedro resolved them, and the choice of an environment."""
    values = {name: configuration.typed(name, value) for name, value in _resolved(answer).items()}
    chosen = {name: one for name, one in entry.parameters.items() if one.option}
    return replace(entry, parameters=values | chosen) if values else entry


def probe_arguments(pipeline: Pipeline) -> tuple[str, ...]:
    """Give what the probe is asked about: it tells of the whole project."""
    del pipeline
    return ()


def _settings(folder: Folder) -> Mapping[str, Any]:
    tool = folder.toml("pyproject.toml").get("tool") if "pyproject.toml" in folder else None
    found = tool.get("kedro") if isinstance(tool, dict) else None
    return found if isinstance(found, dict) else {}


def _package(folder: Folder) -> str:
    """Give the folder of the project's package, relative."""
    settings = _settings(folder)
    place = str(settings.get("source_dir") or "src").strip("/.")
    return "/".join(filter(None, (place, str(settings.get("package_name") or ""))))


def _conf(folder: Folder, package: str) -> str:
    found = _CONF.search(folder.text(f"{package}/settings.py"))
    return found[1].strip("/") if found else "conf"


def _entry(pipeline: Pipeline, parameters: Mapping[str, Parameter]) -> EntryPoint:
    shown = "kedro run" if pipeline.name == DEFAULT else f"kedro run --pipelines {pipeline.name}"
    return EntryPoint(pipeline.name, shown, parameters, pipeline.file, NAME, open_ended=True, help=pipeline.help)


def _environment(folder: Folder, conf: str, parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    """Give the choice of a configuration environment, where there is one."""
    names = configuration.environments(folder, conf)
    if ENVIRONMENT in parameters or not set(names) - {"local"}:
        return {}
    help = "the configuration that is laid over conf/base"
    return {ENVIRONMENT: Parameter(ENVIRONMENT, "choice", choices=names, help=help, option="--env")}


def _is_default(declared: Parameter | None, value: str) -> bool:
    if declared is None or declared.default is None:
        return False
    default = text_of(declared.default)
    return list_of(default) == list_of(value) if declared.type == "list" else default == value


def _json(declared: Parameter | None, value: str) -> str:
    """Give a checked value as JSON: Kedro would take a text that looks like a number for one."""
    if declared is not None and declared.type == "list":
        plain = declared.item in ("int", "float", "bool")
        return "[" + ", ".join(one if plain else json.dumps(one) for one in list_of(value)) + "]"
    if declared is None or declared.type in ("int", "float", "bool") or declared.help.endswith("as JSON"):
        try:
            json.loads(value)
        except ValueError:
            return json.dumps(value)
        return value
    return json.dumps(value)


# -- nodes -------------------------------------------------------------------------------------------------------------


def _parts(
    folder: Folder, package: str, parameters: Mapping[str, Parameter], problems: list[str]
) -> dict[str, tuple[Step, ...]]:
    """Give the nodes of each pipeline folder, and of a `pipeline.py` beside the registry."""
    found: dict[str, tuple[Step, ...]] = {}
    for file in folder.ending(".py"):
        name = _name_of(file, package)
        if name is None:
            continue
        try:
            tree = parse(folder.text(file), file)
            steps = tuple(_step(folder, package, file, tree, node, parameters) for node in source.nodes(tree))
        except LongshoreError as error:
            problems.append(error.reason)
            continue
        except RecursionError:
            problems.append(f"{file} is nested too deeply to be read.")
            continue
        if steps or name not in found:
            found[name] = (*found.get(name, ()), *steps)
    return found


def _name_of(file: str, package: str) -> str | None:
    """Give the name that `find_pipelines` gives to what a file makes; None where it makes none."""
    if file == f"{package}/pipeline.py":
        return DEFAULT
    parts = file.removeprefix(f"{package}/pipelines/").split("/")
    if parts == file.split("/") or parts == ["__init__.py"]:
        return None
    if len(parts) == 1:
        return parts[0].removesuffix(".py")
    return parts[0] if len(parts) == 2 and parts[1] in ("pipeline.py", "__init__.py") else None


def _registered(folder: Folder, package: str, parts: Mapping[str, Any]) -> tuple[str, ...]:
    text = folder.text(f"{package}/pipeline_registry.py")
    names: Iterable[str] = ()
    if text:
        try:
            names = source.registered(parse(text, "pipeline_registry.py"))
        except LongshoreError:
            names = ()
    found = parts if "find_pipelines" in text or not names else [name for name in parts if name in names]
    return tuple(dict.fromkeys((DEFAULT, *found, *names)))


def _step(
    folder: Folder, package: str, file: str, tree: ast.Module, node: source.Node, parameters: Mapping[str, Parameter]
) -> Step:
    module = _module_of(package, file, tree, node)
    where = f"{package.rpartition('/')[0]}/{module.replace('.', '/')}.py".lstrip("/")
    known: Mapping[str, tuple[int, str]] = {}
    if module and (where == file or where in folder):
        try:
            known = source.functions(tree if where == file else parse(folder.text(where), where))
        except LongshoreError:  # it is told where the file is read for its own nodes, or by its import
            known = {}
    function = node.function.rpartition(".")[2]
    line, help = known.get(function, (node.line, ""))
    name = source.generated_name(node, module) if node.unnamed and module and _names_by_hash(folder) else node.name
    step = _made(name, node.function, node.inputs, node.outputs, node.tags, parameters,
                 where if function in known else file, line, help)  # fmt: skip
    return replace(step, label="" if name == node.name else node.name)


def _module_of(package: str, file: str, tree: ast.Module, node: source.Node) -> str:
    """Give the full name of the module that a node's function is of; empty where the text does not tell."""
    top = package.rpartition("/")[0]
    here = file.removesuffix(".py").removeprefix(f"{top}/").split("/")
    named = source.imports(tree).get(node.function.partition(".")[0], "")
    if not named:
        return ".".join(here) if node.function in source.functions(tree) else ""
    level = len(named) - len(named.lstrip("."))
    return ".".join([*here[: len(here) - level], named.lstrip(".")]) if level else named


def _names_by_hash(folder: Folder) -> bool:
    version = str(_settings(folder).get("kedro_init_version") or "")
    return not version.startswith("0.")


def _step_of(told: Mapping[str, Any], values: Mapping[str, Any]) -> Step:
    parameters = {name: configuration.typed(name, value) for name, value in values.items()}
    texts = {key: tuple(map(str, told.get(key) or ())) for key in ("inputs", "outputs", "tags")}
    line, label = told.get("line"), str(told.get("label") or "")
    step = _made(
        str(told.get("name")),
        str(told.get("function")),
        texts["inputs"],
        texts["outputs"],
        texts["tags"],
        parameters,
        str(told.get("source") or ""),
        line if isinstance(line, int) else 0,
        str(told.get("help") or ""),
    )
    return replace(step, label=label)


def _made(
    name: str,
    function: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    tags: tuple[str, ...],
    parameters: Mapping[str, Parameter],
    file: str,
    line: int,
    help: str,
) -> Step:
    taken = [one.removeprefix("params:") for one in inputs if one.startswith("params:")]
    used = {
        key: one
        for key, one in parameters.items()
        if "parameters" in inputs or any(key == name or key.startswith(f"{name}.") for name in taken)
    }
    plain = tuple(one for one in inputs if one != "parameters" and not one.startswith("params:"))
    return Step(name, command=f"{function}()", inputs=plain, outputs=outputs, parameters=used, source=file, line=line,
                tags=tags, help=help)  # fmt: skip


def _distinct(steps: Iterable[Step]) -> tuple[Step, ...]:
    return tuple({step.name: step for step in steps}.values())


def _pipeline(name: str, steps: tuple[Step, ...], datasets: Mapping[str, Dataset], package: str) -> Pipeline:
    """Add what comes before each node, and the part of the catalogue that is used."""
    makers = {_plain(output): step.name for step in steps for output in step.outputs}
    connected = []
    for step in steps:
        before = dict.fromkeys(makers[_plain(one)] for one in step.inputs if _plain(one) in makers)
        connected.append(replace(step, after=tuple(one for one in before if one != step.name)))
    used = {_plain(one) for step in steps for one in (*step.inputs, *step.outputs)}
    listed = tuple(one for one in datasets.values() if one.name in used or not steps or name == DEFAULT)
    file = f"{package}/pipeline_registry.py"
    return Pipeline(name, NAME, file, tuple(connected), listed, can=_CAN, complete=False)


def _plain(dataset: str) -> str:
    """Give a dataset's name without the format that it is read in (`table@pandas`)."""
    return dataset.partition("@")[0]


def _resolved(answer: Mapping[str, Any]) -> dict[str, Any]:
    found = answer.get("parameters")
    return dict(_flat(found)) if isinstance(found, dict) else {}


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for key, one in value.items():
        name = f"{prefix}.{key}" if prefix else str(key)
        if isinstance(one, dict):
            yield from _flat(one, name)
        else:
            yield name, one
