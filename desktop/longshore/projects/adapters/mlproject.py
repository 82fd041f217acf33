"""MLflow's `MLproject` files: entry points with typed parameters and command templates."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from longshore.errors import Invalid
from longshore.projects.adapters.script import describe_script, starts
from longshore.projects.arguments.syntax import converted
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter, ParameterType
from longshore.projects.parameters import text_of
from longshore.projects.pipeline import WHOLE, Described, Selection

NAME = "mlproject"

_TYPES: dict[str, ParameterType] = {
    "string": "str",
    "str": "str",
    "float": "float",
    "int": "int",
    "integer": "int",
    "bool": "bool",
    "boolean": "bool",
    "path": "path",
    "uri": "str",
}
_PLACE = re.compile(r"(?<!\{)\{([A-Za-z_][\w-]*)\}(?!\})")
_SCRIPT = re.compile(r"(?:^|\s)(?:python[\d.]*|bash|sh|Rscript)\s+(?:-u\s+|-W\s*\S+\s+)*(?![-{$])([^\s;&|<>{}$]+\.\w+)")
# What only a shell understands; a command without it is started directly, the same way on every system.
_SHELL = re.compile(r"[|&;<>$`*?~#\n]|\b(?:if|for|while|export|cd|source)\b")


def file_of(path: Path) -> Path | None:
    """Give the project file, whatever its case."""
    for name in ("MLproject", "MLProject", "mlproject"):
        if (path / name).is_file():
            return path / name
    return None


def detect(folder: Folder) -> bool:
    """Tell whether there is an `MLproject` file."""
    return file_of(folder.path) is not None


def read(path: Path) -> dict[str, Any]:
    """Give the file's content; the files that it names are there.

    Raises: Invalid if it is no YAML mapping or names a missing file.
    """
    import yaml

    file = file_of(path)
    if file is None:
        return {}
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Invalid(
            f"{file.name} in {path} is not YAML: {_short(error)}.", hint="Correct the file and open the folder again."
        ) from error
    except OSError as error:
        raise Invalid(
            f"{file} cannot be read: {error.strerror}.", hint="Give yourself the right to read it."
        ) from error
    found = {} if found is None else found
    if not isinstance(found, dict):
        raise Invalid(f"{file.name} in {path} is not a YAML mapping.", hint="It should begin with `name: ...`.")
    for key in ("python_env", "conda_env"):
        named = found.get(key)
        if isinstance(named, str) and not (path / named).is_file():
            raise _missing(path, key, named)
    return found


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give the entry points of the file; the folder's scripts where it has none."""
    return Described(tuple(_entry_points(folder, problems)))


def _entry_points(folder: Folder, problems: list[str]) -> list[EntryPoint]:
    path = folder.path
    declared = read(path).get("entry_points")
    if declared is None:
        return starts(folder, problems)
    if not isinstance(declared, dict):
        raise Invalid("`entry_points` of the MLproject file is not a mapping.", hint="It should hold `main: ...`.")
    return [_entry_point(path, str(name), value) for name, value in declared.items()]


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: the template filled in, started directly where no shell is needed.

    What the file does not declare is appended as `--name value`, as `mlflow run` does.
    """
    del selection  # an entry point is one piece
    values = {one.name: text_of(one.default) for one in entry.parameters.values() if one.default is not None}
    values |= parameters
    line = _PLACE.sub(lambda place: shlex.quote(values.get(place[1], place[0])), entry.command)
    line = line.replace("{{", "{").replace("}}", "}")
    extra = [name for name in parameters if name not in entry.parameters]
    line += "".join(f" --{shlex.quote(name)} {shlex.quote(parameters[name])}" for name in extra)
    if not _SHELL.search(_PLACE.sub("", entry.command)):
        arguments = shlex.split(line)
        if arguments and re.fullmatch(r"python[\d.]*", arguments[0]):
            arguments[0] = python
        return arguments
    # The environment's folder is first on PATH there, so that `python` is the right one.
    return ["cmd", "/c", line] if sys.platform == "win32" and python != "python" else ["bash", "-c", line]


def _entry_point(path: Path, name: str, declared: object) -> EntryPoint:
    if not isinstance(declared, dict) or not isinstance(declared.get("command"), str):
        raise Invalid(
            f"The entry point {name!r} of the MLproject file has no command.", hint='Add `command: "python ..."`.'
        )
    template = " ".join(declared["command"].split("\n")).strip()
    parameters = declared.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise Invalid(f"The parameters of the entry point {name!r} are not a mapping.", hint="Write `alpha: float`.")
    source = _script_of(path, name, template)
    typed = {str(key): _parameter(name, str(key), value) for key, value in parameters.items()}
    for place in _PLACE.findall(template):
        typed.setdefault(place, Parameter(place, required=True))
    return EntryPoint(name, template, _explained(path, source, typed), source, NAME, open_ended=True)


def _script_of(path: Path, name: str, template: str) -> str:
    match = _SCRIPT.search(template)
    if match is None:
        return ""
    script = match[1].strip("\"'")
    if not (path / script).is_file():
        raise _missing(path, f"the entry point {name!r}", script)
    return Path(script).as_posix()


def _parameter(entry: str, name: str, declared: object) -> Parameter:
    if isinstance(declared, str):
        declared = {"type": declared}
    if not isinstance(declared, dict):
        raise Invalid(
            f"The parameter {name!r} of the entry point {entry!r} is not declared as MLflow does.",
            hint="Write `alpha: float` or `alpha: {type: float, default: 0.5}`.",
        )
    # MLflow treats a type that it doesn't know as text.
    kind, default = _TYPES.get(str(declared.get("type", "string")), "str"), declared.get("default")
    return Parameter(name, kind, _default(default, kind), required=default is None)


def _default(default: Any, kind: ParameterType) -> Any:
    """Keep numbers as the file writes them: MLflow has no int, and a script may refuse 8.0."""
    if default is None or isinstance(default, bool | int | float):
        return text_of(default) if kind in ("str", "path") and default is not None else default
    return converted(str(default), kind)


def _explained(path: Path, source: str, parameters: dict[str, Parameter]) -> dict[str, Parameter]:
    """Add what the script's own parser says about the parameters: help and choices."""
    if not source.endswith(".py") or not parameters:
        return parameters
    known = {name: one for line in describe_script(path, source) for name, one in line.parameters.items()}
    for name, one in parameters.items():
        script = known.get(name.replace("-", "_"))
        if script is None:
            continue
        parameters[name] = replace(one, help=script.help)
        if script.choices and one.type in ("str", "int", "float"):
            parameters[name] = replace(parameters[name], type="choice", item=one.type, choices=script.choices)
    return parameters


def _missing(path: Path, who: str, named: str) -> Invalid:
    return Invalid(
        f"The MLproject file names {named} ({who}), and {path / named} does not exist.",
        hint="Add the file, or correct its name in MLproject.",
    )


def _short(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"{problem}, line {mark.line + 1}" if mark else str(problem)
