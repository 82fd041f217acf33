"""Metaflow flows: classes of steps, read from their text; run, resumed and spun by Metaflow itself under our run script."""

from __future__ import annotations

import getpass
import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from longshore.errors import Invalid, Unavailable
from longshore.projects.adapters import metaflow_graph, metaflow_source
from longshore.projects.adapters.metaflow_graph import Flow
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint
from longshore.projects.pipeline import ONLY, RESUME, START, WHOLE, Described, Pipeline, Selection
from longshore.projects.python_sources import Sources

NAME = "metaflow"
# A flow runs in the interpreter of its own packages.
PLUS = ("metaflow",)


def _user() -> str:
    """Give the name under which runs are kept: the one that a terminal would use, too."""
    try:
        name = os.environ.get("METAFLOW_USER") or getpass.getuser()
    except (OSError, KeyError):
        name = ""
    # Metaflow takes no root.
    return name if name and name != "root" else "longshore"


VARIABLES = {"METAFLOW_USER": _user()}


def detect(folder: Folder) -> bool:
    """Tell whether a script speaks of Metaflow's flows."""
    return any("metaflow" in (text := folder.text(file)) and "FlowSpec" in text for file in folder.ending(".py"))


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per file that starts a flow."""
    found = _named(list(metaflow_source.flows(Sources(folder, problems), problems)))
    entries = tuple(_entry(name, flow) for name, flow in found.items())
    pipelines = tuple(_pipeline(name, flow) for name, flow in found.items())
    return Described(entries, pipelines, frozenset(flow.file for flow in found.values()))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: `python flow.py run`, `resume` or `spin STEP`, under our run script."""
    line = [python, "{frameworks}/metaflow/run.py", entry.source, *_environment(entry), *_configs(entry, parameters)]
    configs = {name for name, one in entry.parameters.items() if one.option == "--config"}
    given = [f"--{name}={value}" for name, value in parameters.items() if name not in configs]
    if not (selection.only or selection.start or selection.resume):
        return [*line, "run", *given]
    if given:
        raise Invalid(
            f"{entry.name} takes the parameters of the run that it goes on from.",
            hint="Leave them out, or run all of it.",
        )
    if selection.only:
        # Without --persist nothing tells what the step made.
        return [*line, "spin", "--persist", selection.only]
    origin = [f"--origin-run-id={selection.origin}"] if selection.origin else []
    return [*line, "resume", *([selection.start] if selection.start else []), *origin]


def ready(entry: EntryPoint) -> None:
    """Raise Unavailable where a flow needs a program that is not there."""
    wanted = [f"@{name}" for name in entry.needs if name in ("conda", "pypi")]
    if wanted and not _has_micromamba():
        raise Unavailable(
            f"{entry.name} makes environments of its own for its steps ({', '.join(wanted)}), and there is neither"
            " micromamba nor conda on this computer.",
            hint="Install micromamba, or take the decorator out and declare the packages in requirements.txt.",
        )
    remote = [f"@{name}" for name in entry.needs if name in ("batch", "kubernetes")]
    if remote and not _is_configured():
        raise Unavailable(
            f"{entry.name} runs steps elsewhere ({', '.join(remote)}), and Metaflow is not configured for that on this"
            " computer.",
            hint="Configure it (`metaflow configure kubernetes`), or take the decorator out to run the steps here.",
        )


def merge(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
    """Give the pipeline with the steps that the importing probe found."""
    found = _answered(pipeline, answer)
    if found is None:
        return pipeline
    return replace(pipeline, steps=metaflow_graph.steps(found), complete=True, help=pipeline.help or found.help)


def merge_entry(entry: EntryPoint, answer: Mapping[str, Any]) -> EntryPoint:
    """Give the entry point with the parameters that the importing probe found."""
    found = _answered(Pipeline(entry.name, NAME, entry.source), answer)
    if found is None:
        return entry
    return replace(entry, parameters=found.takes, command=_shown(found), open_ended=False, needs=found.needs)


def _answered(pipeline: Pipeline, answer: Mapping[str, Any]) -> Flow | None:
    for one in answer.get("flows") or []:
        if isinstance(one, dict) and one.get("file") == pipeline.file:
            nodes = tuple(
                metaflow_graph.Node(
                    step.name,
                    file=step.source,
                    line=step.line,
                    help=step.help,
                    reads=(*(name.removeprefix("self.") for name in step.inputs), *step.parameters),
                    writes=tuple(name.removeprefix("self.") for name in step.outputs),
                )
                for step in pipeline.steps
            )
            return metaflow_graph.from_answer(one, Flow(str(one.get("name")), pipeline.file, nodes))
    return None


def _named(flows: list[Flow]) -> dict[str, Flow]:
    found: dict[str, Flow] = {}
    for flow in flows:
        found[flow.name if flow.name not in found else f"{flow.name} ({flow.file})"] = flow
    return found


def _pipeline(name: str, flow: Flow) -> Pipeline:
    can = frozenset({ONLY, START, RESUME})
    return Pipeline(name, NAME, flow.file, metaflow_graph.steps(flow), can=can, complete=flow.complete, help=flow.help)


def _entry(name: str, flow: Flow) -> EntryPoint:
    return EntryPoint(
        name,
        _shown(flow),
        flow.takes,
        flow.file,
        NAME,
        open_ended=not flow.complete,
        help=flow.help,
        needs=flow.needs,
    )


def _shown(flow: Flow) -> str:
    configs = [f"--config {one.name} {{{one.name}}}" for one in flow.takes.values() if one.option == "--config"]
    places = [f"--{one.name} {{{one.name}}}" for one in flow.takes.values() if one.option != "--config"]
    return " ".join(["python", flow.file, *configs, "run", *places])


def _environment(entry: EntryPoint) -> list[str]:
    """Metaflow refuses a step with @conda or @pypi unless it is told so."""
    name = next((name for name in ("pypi", "conda") if name in entry.needs), "")
    return [f"--environment={name}"] if name else []


def _configs(entry: EntryPoint, parameters: Mapping[str, str]) -> list[str]:
    line = []
    for name, value in parameters.items():
        if name in entry.parameters and entry.parameters[name].option == "--config":
            line += ["--config-value" if value.lstrip().startswith("{") else "--config", name, value]
    return line


def _home() -> Path:
    return Path(os.environ.get("METAFLOW_HOME") or "~/.metaflowconfig").expanduser()


def _is_configured() -> bool:
    named = any(name.startswith(("METAFLOW_DATASTORE", "METAFLOW_DEFAULT_DATASTORE")) for name in os.environ)
    return named or any(_home().glob("config*.json"))


def _has_micromamba() -> bool:
    named = os.environ.get("METAFLOW_PATH_TO_MICROMAMBA") or "micromamba"
    kept = str(_home() / "micromamba" / "bin" / "micromamba")
    return any(shutil.which(name) for name in (named, kept, "conda", "mamba"))
