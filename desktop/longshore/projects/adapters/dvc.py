"""DVC pipelines: the stages of every `dvc.yaml`, with `foreach` and `matrix` written out, and imported data.

Read as text. What DVC resolves at run time alone (a missing variable, say) stays as it is written. Running goes through
`resources/frameworks/dvc/run.py`, under the project's own DVC or one in an environment of its own.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from longshore.errors import Invalid, LongshoreError
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter, ParameterType
from longshore.projects.parameters import text_of
from longshore.projects.pipeline import END, ONLY, RESUME, START, WHOLE, Described, Pipeline, Repair, Selection, Step

NAME = "dvc"
TOOL = "dvc>=3.60,<4"
VARIABLES = {"DVC_NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
_FILE, _PARAMS = "dvc.yaml", "params.yaml"
_PLACE = re.compile(r"\$\{\s*([^}]+?)\s*\}")
_SCRIPT = re.compile(r"(?:^|\s)([\w./-]+\.(?:py|R|sh|ipynb))(?=\s|$)")
_MOST_STEPS = 2000


def detect(folder: Folder) -> bool:
    """Tell whether there is a `dvc.yaml`; a folder with `.dvc` files alone has data, and nothing to start."""
    return next(folder.named(_FILE), None) is not None


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per `dvc.yaml`."""
    made = _makers_of_data(folder, problems)
    found = []
    for file in folder.named(_FILE):
        try:
            found.append(_pipeline(folder, file, problems, made))
        except LongshoreError as error:
            problems.append(error.reason)
    pipelines = tuple(one for one in found if one.steps)
    entries = tuple(_entry(one) for one in pipelines)
    return Described(entries, pipelines, repairs=tuple(_old_locks(folder)))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv: `dvc repro`, or `dvc exp run` where parameters are given, under our run script."""
    del python  # the tool's interpreter runs DVC
    line = ["{tool}", "{frameworks}/dvc/run.py"]
    line += ["exp", "run"] if parameters else ["repro"]
    for name, value in parameters.items():
        line += ["--set-param", f"{name}={value}"]
    target = selection.only or selection.start or selection.end
    if selection.only:
        line.append("--single-item")
    if selection.start:
        line.append("--downstream")
    return [*line, _address(entry.source, target) if target else entry.source]


def repair(path: Path, what: str) -> None:
    """Set a lock of DVC 1 aside; DVC writes a new one when the stages run. Raises: OSError."""
    kind, _, file = what.partition(":")
    if kind == "old-lock":
        (path / file).replace(path / f"{file}.dvc1")


def _old_locks(folder: Folder) -> Iterator[Repair]:
    """Find the locks that DVC 3 refuses: those of DVC 1 have no schema."""
    for file in folder.named("dvc.lock"):
        try:
            content = folder.yaml(file)
        except LongshoreError:
            continue
        if isinstance(content, dict) and content and "schema" not in content:
            yield Repair(
                f"{NAME}:old-lock:{file}",
                f"{file} was written by DVC 1, and DVC 3 refuses it.",
                "Set it aside",
                f"Renames {file} to {file}.dvc1. The next run makes every stage once and writes a new one.",
            )


def _address(file: str, step: str) -> str:
    return step if file == _FILE else f"{file}:{step}"


def _entry(pipeline: Pipeline) -> EntryPoint:
    parameters: dict[str, Parameter] = {}
    for step in pipeline.steps:
        parameters |= step.parameters
    shown = "dvc repro" if pipeline.file == _FILE else f"dvc repro {pipeline.file}"
    return EntryPoint(pipeline.name, shown, parameters, pipeline.file, NAME, open_ended=True, help=pipeline.help)


def _pipeline(folder: Folder, file: str, problems: list[str], made: Mapping[str, Step]) -> Pipeline:
    content = folder.yaml(file) or {}
    if not isinstance(content, dict):
        raise Invalid(f"{file} is not a YAML mapping.", hint="It should begin with `stages:`.")
    where = PurePosixPath(file).parent
    values = _variables(folder, where, content.get("vars"), problems)
    stages = content.get("stages") or {}
    if not isinstance(stages, dict):
        raise Invalid(f"`stages` of {file} is not a mapping.", hint="Write `stages: {train: {cmd: ...}}`.")
    lines = _lines_of_stages(folder.text(file))
    steps: list[Step] = []
    for name, declared in stages.items():
        if not isinstance(declared, dict):
            problems.append(f"The stage {name!r} of {file} is not a mapping.")
            continue
        for step in _steps(folder, where, str(name), declared, values):
            steps.append(replace(step, source=step.source or file, line=lines.get(str(name), 0)))
            if len(steps) >= _MOST_STEPS:
                problems.append(f"{file} has more than {_MOST_STEPS:,} stages; the rest is not shown.")
                return _connected(file, steps, made)
    return _connected(file, steps, made)


def _connected(file: str, steps: list[Step], made: Mapping[str, Step]) -> Pipeline:
    """Add what comes before each step: who makes its inputs, or what was imported."""
    producers = {path: step.name for step in steps for path in (*step.outputs, *step.metrics)}
    imported = {path: step for path, step in made.items() if path not in producers}
    used: dict[str, Step] = {}
    connected = []
    for step in steps:
        before: dict[str, None] = {}
        for path in step.inputs:
            if maker := _maker(path, producers):
                before[maker] = None
            elif data := next((one for known, one in imported.items() if _same_or_within(path, known)), None):
                used[data.name] = data
                before[data.name] = None
        before.pop(step.name, None)
        connected.append(replace(step, after=tuple(before)))
    can = frozenset({ONLY, START, END, RESUME})
    return Pipeline(file, NAME, file, (*used.values(), *connected), can=can)


def _maker(path: str, producers: Mapping[str, str]) -> str:
    if path in producers:
        return producers[path]
    return next((name for known, name in producers.items() if _same_or_within(path, known)), "")


def _same_or_within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/")


# -- stages -------------------------------------------------------------------------------------------------------


def _steps(
    folder: Folder, where: PurePosixPath, name: str, declared: Mapping[str, Any], values: Mapping[str, Any]
) -> Iterator[Step]:
    """Give a stage, or those that its `foreach` or `matrix` stands for, under the names that DVC gives them."""
    if "foreach" in declared:
        body, over = declared.get("do") or {}, _resolved(declared["foreach"], values)
        pairs = over.items() if isinstance(over, dict) else ((None, item) for item in over if isinstance(over, list))
        for key, item in pairs if isinstance(over, dict | list) else ():
            suffix = str(key if key is not None else item)
            more = {"item": item} | ({"key": key} if key is not None else {})
            yield _step(folder, where, f"{name}@{suffix}", body, {**values, **more}, name)
        return
    if "matrix" in declared:
        axes = _resolved(declared["matrix"], values)
        if isinstance(axes, dict):
            lists = [one if isinstance(one, list) else [one] for one in axes.values()]
            for chosen in itertools.islice(itertools.product(*(enumerate(one) for one in lists)), _MOST_STEPS):
                suffix = "-".join(
                    str(value) if isinstance(value, str | int | float | bool) else f"{axis}{index}"
                    for axis, (index, value) in zip(axes, chosen, strict=True)
                )
                item = dict(zip(axes, (value for _index, value in chosen), strict=True))
                yield _step(folder, where, f"{name}@{suffix}", declared, {**values, "item": item, "key": suffix}, name)
        return
    yield _step(folder, where, name, declared, values, "")


def _step(
    folder: Folder,
    where: PurePosixPath,
    name: str,
    declared: Mapping[str, Any],
    values: Mapping[str, Any],
    group: str,
) -> Step:
    stage = _resolved({key: value for key, value in declared.items() if key != "matrix"}, values)
    base = where / str(stage.get("wdir") or "")
    commands = stage.get("cmd") or ""
    command = " && ".join(map(str, commands)) if isinstance(commands, list) else str(commands)
    script = _SCRIPT.search(command)
    source = _joined(base, script[1]) if script else ""
    return Step(
        name=name,
        command=command,
        inputs=tuple(_joined(base, path) for path, _flags in _paths(stage.get("deps"))),
        outputs=tuple(
            _joined(base, path) for key in ("outs", "plots") for path, _flags in _paths(stage.get(key)) if path
        ),
        metrics=tuple(_joined(base, path) for path, _flags in _paths(stage.get("metrics"))),
        parameters=_parameters(folder, base, stage.get("params")),
        source=source if source in folder else "",
        tags=("frozen",) if stage.get("frozen") else (),
        part_of=group,
        help=str(stage.get("desc") or ""),
    )


def _paths(declared: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Give paths and their flags, as `- a` or `- a: {cache: false}` say them."""
    for one in declared if isinstance(declared, list) else []:
        if isinstance(one, dict):
            for path, flags in one.items():
                yield str(path), flags if isinstance(flags, dict) else {}
        else:
            yield str(one), {}


def _joined(base: PurePosixPath, path: str) -> str:
    if "://" in path or path.startswith("/"):
        return path
    parts: list[str] = []
    for part in (base / path).parts:
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


# -- parameters and variables ---------------------------------------------------------------------------------------


def _parameters(folder: Folder, base: PurePosixPath, declared: Any) -> dict[str, Parameter]:
    """Give what a stage takes from parameter files, as DVC's `-S` names it, with the values that stand there."""
    found: dict[str, Parameter] = {}
    for one in declared if isinstance(declared, list) else []:
        if isinstance(one, dict):
            for file, names in one.items():
                found |= _from_file(folder, _joined(base, str(file)), names)
        else:
            found |= _from_file(folder, _joined(base, _PARAMS), [one])
    return found


def _from_file(folder: Folder, file: str, names: Any) -> dict[str, Parameter]:
    content = _content(folder, file)
    wanted = [str(one) for one in names] if isinstance(names, list) else list(content)
    prefix = "" if file == _PARAMS else f"{file}:"
    found: dict[str, Parameter] = {}
    for name in wanted:
        value = _looked_up(content, name)
        leaves = _leaves(name, value) if isinstance(value, dict) else [(name, value)]
        for path, leaf in leaves:
            found[prefix + path] = Parameter(prefix + path, _type_of(leaf), leaf)
    return found


def _leaves(prefix: str, value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, one in value.items():
        if isinstance(one, dict):
            yield from _leaves(f"{prefix}.{key}", one)
        else:
            yield f"{prefix}.{key}", one


def _type_of(value: Any) -> ParameterType:
    for kind, name in ((bool, "bool"), (int, "int"), (float, "float"), (list, "list")):
        if isinstance(value, kind):
            return name  # type: ignore[return-value]
    return "str"


def _content(folder: Folder, file: str) -> dict[str, Any]:
    if file not in folder:
        return {}
    try:
        if file.endswith(".toml"):
            return folder.toml(file)
        found = json.loads(folder.text(file)) if file.endswith(".json") else folder.yaml(file)
    except (LongshoreError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _variables(folder: Folder, where: PurePosixPath, declared: Any, problems: list[str]) -> dict[str, Any]:
    """Give what `${...}` stands for: `params.yaml` by default, and what `vars` names or holds."""
    found = dict(_content(folder, _joined(where, _PARAMS)))
    for one in declared if isinstance(declared, list) else []:
        if isinstance(one, dict):
            found |= one
            continue
        file, _, keys = str(one).partition(":")
        content = _content(folder, _joined(where, file))
        if not content:
            problems.append(f"{_joined(where, _FILE)} takes variables from {file}, which is missing or empty.")
        wanted = [key.strip() for key in keys.split(",") if key.strip()]
        found |= {key: content.get(key) for key in wanted} if wanted else content
    return found


def _resolved(value: Any, values: Mapping[str, Any]) -> Any:
    """Replace every `${name}` that is known."""
    if isinstance(value, dict):
        return {_resolved(key, values): _resolved(one, values) for key, one in value.items()}
    if isinstance(value, list):
        return [_resolved(one, values) for one in value]
    if not isinstance(value, str):
        return value
    if (whole := _PLACE.fullmatch(value)) and (found := _looked_up(values, whole[1])) is not None:
        return found
    return _PLACE.sub(lambda place: _text(_looked_up(values, place[1]), place[0]), value)


def _text(found: Any, otherwise: str) -> str:
    return otherwise if found is None or isinstance(found, dict | list) else text_of(found)


def _looked_up(values: Mapping[str, Any], path: str) -> Any:
    found: Any = values
    for part in re.split(r"[.\[\]]+", path.strip("[] ")):
        if isinstance(found, dict):
            found = found.get(part, found.get(int(part)) if part.isdigit() else None)
        elif isinstance(found, list) and part.isdigit() and int(part) < len(found):
            found = found[int(part)]
        else:
            return None
    return found


# -- what lies around the stages --------------------------------------------------------------------------------------


def _makers_of_data(folder: Folder, problems: list[str]) -> dict[str, Step]:
    """Give data that a `.dvc` file tracks or imports, by path: something before the first stage."""
    found: dict[str, Step] = {}
    for file in folder.ending(".dvc"):
        where = PurePosixPath(file).parent
        try:
            content = folder.yaml(file)
        except LongshoreError as error:
            problems.append(error.reason)
            continue
        if not isinstance(content, dict):
            continue
        origins = [one for one in content.get("deps") or [] if isinstance(one, dict)]
        for out in content.get("outs") or []:
            if isinstance(out, dict) and out.get("path"):
                path = _joined(where, str(out["path"]))
                found[path] = Step(path, kind="input", outputs=(path,), source=file, help=_origin(origins),
                                   tags=("frozen",) if content.get("frozen") else ())  # fmt: skip
    return found


def _origin(origins: list[dict[str, Any]]) -> str:
    for one in origins:
        repo = one.get("repo") or {}
        source = f" of {repo.get('url')}" if isinstance(repo, dict) and repo.get("url") else ""
        return f"imported: {one.get('path')}{source}"
    return "tracked by DVC"


def _lines_of_stages(text: str) -> dict[str, int]:
    """Give the line in which each stage begins, from 1."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if match := re.match(r"^ {1,8}(['\"]?)([\w.-]+)\1:\s*(?:#.*)?$", line):
            found.setdefault(match[2], number)
    return found
