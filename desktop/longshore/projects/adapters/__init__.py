"""The frameworks that a folder can be recognised by, in the order in which they are asked.

Adding one: a file here with `NAME`, `detect`, `describe` and `command`, and a row in `ADAPTERS`. What needs the framework
itself runs in the project's own interpreter, and is in `resources/frameworks/NAME/`:

- `probe.py RESULT_FILE [ARGUMENTS]` imports the project's code and writes JSON (see `projects.probing`);
- `run.py`, or a plug-in on `PYTHONPATH`, starts the framework and tells each step's state (see `pipelines.events`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from longshore.errors import Invalid
from longshore.projects.adapters import (
    dvc,
    flyte,
    flytekit,
    kedro,
    kfp,
    metaflow,
    mlproject,
    mlrun,
    notebook,
    pachyderm,
    script,
    zenml,
)
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint
from longshore.projects.pipeline import WHOLE, Described, Pipeline, Selection

# They stand in a command for what is known only where it starts: the folder of `resources/frameworks`, and the
# interpreter that has the framework.
FRAMEWORKS, TOOL = "{frameworks}", "{tool}"


class Adapter(Protocol):
    """What each file of this folder offers as functions. Nothing of the project is imported or run."""

    NAME: str

    def detect(self, folder: Folder) -> bool:
        """Tell whether the folder is one of this framework's, within some hundredths of a second."""
        ...

    def describe(self, folder: Folder, problems: list[str]) -> Described:
        """Give what can be started and its graph as far as text tells; what can't be read becomes a sentence."""
        ...

    def command(
        self, entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE
    ) -> list[str]:
        """Give the command that starts an entry point with checked parameters, to be run in the project's folder."""
        ...


ADAPTERS: tuple[Adapter, ...] = (
    mlproject, dvc, kedro, kfp, metaflow, flytekit, flyte, zenml, mlrun, pachyderm, notebook, script,
)  # fmt: skip
BY_NAME: Mapping[str, Adapter] = {one.NAME: one for one in ADAPTERS}


def command(
    entry: EntryPoint, parameters: Mapping[str, str], python: str | Path, selection: Selection = WHOLE
) -> list[str]:
    """Give the command that starts an entry point, to be run in the project's folder.

    Args:
        entry: From `inspect`.
        parameters: From `check_parameters`.
        python: The interpreter of the project's environment, "python" in a container.
        selection: Which part of a pipeline.
    """
    return BY_NAME[entry.framework].command(entry, parameters, str(python), selection)


def check_selection(pipeline: Pipeline, selection: Selection) -> None:
    """Raise Invalid for a step that is not there, and for a choice that the framework does not offer."""
    if missing := selection.asked - pipeline.can:
        words = {"only": "one step alone", "start": "from a step on", "end": "up to a step", "tags": "by tag"}
        what = words.get(min(missing), "on after a failure")
        raise Invalid(f"{pipeline.framework} cannot run {pipeline.name} {what}.", hint="Run all of it.")
    names = [step.name for step in pipeline.steps]
    for name in (selection.only, selection.start, selection.end):
        if name and name not in names and pipeline.complete:
            raise Invalid(f"{pipeline.name} has no step {name!r}.", hint=f"Its steps: {', '.join(names[:12])}.")


def check_ready(entry: EntryPoint) -> None:
    """Raise Unavailable where something that the framework needs for this is not on this computer."""
    if ready := getattr(BY_NAME[entry.framework], "ready", None):
        ready(entry)


def keeps_parameters(framework: str) -> bool:
    """Tell whether going on after a failure must be given the parameters of the run that failed."""
    return bool(getattr(BY_NAME[framework], "RESUMES_WITH_PARAMETERS", False))


def variables(framework: str, home: Path | None = None, project: Path | None = None) -> dict[str, str]:
    """Give the environment variables that keep a framework quiet and its state to this project; often none.

    Args:
        framework: Its name.
        home: Our home folder, for frameworks that keep a state outside of the project.
        project: The project's folder.
    """
    found: dict[str, str] = getattr(BY_NAME[framework], "VARIABLES", {})
    placed = getattr(BY_NAME[framework], "variables_in", None)
    return dict(found) | (placed(home, project) if placed and home and project else {})


def tool(framework: str) -> str:
    """Give the requirement of the program that runs a framework's projects where they don't bring it; often empty."""
    return str(getattr(BY_NAME[framework], "TOOL", ""))


def plus(framework: str) -> tuple[str, ...]:
    """Give the requirements that join the project's own packages to run it; often none."""
    found: tuple[str, ...] = getattr(BY_NAME[framework], "PLUS", ())
    return found


def repair(framework: str, path: Path, what: str) -> None:
    """Do one of the repairs that the adapter offered. Raises: OSError."""
    mend = getattr(BY_NAME[framework], "repair", None)
    if mend is not None:
        mend(path, what)


def merged(pipeline: Pipeline, answer: Mapping[str, Any]) -> Pipeline:
    """Give a pipeline with what its probe found out; as it is where its framework has no probe."""
    merge = getattr(BY_NAME[pipeline.framework], "merge", None)
    return merge(pipeline, answer) if merge else pipeline


def merged_entry(entry: EntryPoint, answer: Mapping[str, Any]) -> EntryPoint:
    """Give an entry point with the parameters that the probe found out; as it is where its framework has none."""
    merge = getattr(BY_NAME[entry.framework], "merge_entry", None)
    return merge(entry, answer) if merge else entry


def probe_arguments(pipeline: Pipeline) -> tuple[str, ...]:
    """Give what a pipeline's probe is started with after the result's file; often nothing."""
    arguments = getattr(BY_NAME[pipeline.framework], "probe_arguments", None)
    return tuple(arguments(pipeline)) if arguments else ()
