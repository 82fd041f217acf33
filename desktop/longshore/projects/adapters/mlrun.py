"""MLRun projects: functions and workflows of a `project.yaml`, run here without a server by our run script."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from longshore.errors import Invalid
from longshore.projects.arguments.signatures import Function, arguments_of, read_annotation
from longshore.projects.arguments.syntax import UNKNOWN, Module, converted, keywords, parameter, plain
from longshore.projects.folder import Folder
from longshore.projects.model import EntryPoint, Parameter
from longshore.projects.pipeline import ONLY, RESUME, WHOLE, Described, Pipeline, Selection, Step
from longshore.projects.python_sources import Sources

NAME = "mlrun"
PLUS = ("mlrun",)
VARIABLES = {"MLRUN_HTTPDB__NOP_DB__VERBOSE": "false", "MLRUN_DBPATH": "", "DO_NOT_TRACK": "1"}
# A step that is done is known by what it is given: going on takes the same parameters again.
RESUMES_WITH_PARAMETERS = True
_FILE = "project.yaml"


def variables_in(home: Path, project: Path) -> dict[str, str]:
    """Keep what functions make in our home, where MLRun would write folders into the project."""
    made = home / "mlrun" / hashlib.blake2b(str(project).encode(), digest_size=8).hexdigest()
    return {"MLRUN_ARTIFACT_PATH": str(made)}


def detect(folder: Folder) -> bool:
    """Tell whether the folder has a `project.yaml` of MLRun's."""
    return _FILE in folder and bool(_project(folder, []))


def describe(folder: Folder, problems: list[str]) -> Described:
    """Give one pipeline per workflow, and one entry point per function."""
    sources = Sources(folder, problems)
    spec = _project(folder, problems).get("spec") or {}
    functions = {one.name: one for one in (_function(found, sources) for found in _dicts(spec.get("functions")))}
    entries, pipelines, files = [], [], {one.file for one in functions.values()}
    for found in _dicts(spec.get("workflows")):
        name, file = str(found.get("name") or "main"), _path(found.get("path"))
        module = sources.module(file) if file in folder else None
        handler = _handler(module, str(found.get("handler") or ""))
        if module is None or handler is None:
            problems.append(f"The workflow {name} of {_FILE} is not in {file or 'any file'}.")
            continue
        files.add(file)
        steps, complete = _steps(module, handler, functions)
        can = frozenset({ONLY, RESUME})
        help_text = _help(handler)
        pipelines.append(Pipeline(name, NAME, file, steps, can=can, complete=complete, help=help_text))
        entries.append(_entry(name, file, _parameters(module, handler), ("workflow", name), help_text))
    for one in functions.values():
        if one.file in folder and one.name:
            name = one.name if all(one.name != entry.name for entry in entries) else f"{one.name} (function)"
            entries.append(_entry(name, one.file, one.parameters, ("function", one.name), one.help))
    return Described(tuple(entries), tuple(pipelines), frozenset(files & set(folder.files)))


def command(entry: EntryPoint, parameters: Mapping[str, str], python: str, selection: Selection = WHOLE) -> list[str]:
    """Give the argv of our run script."""
    kind, name = entry.subcommands
    line = [python, "{frameworks}/mlrun/run.py", f"--{kind}={name}"]
    if selection.only:
        if parameters:
            raise Invalid(
                f"{selection.only} takes what it was given in the last run.", hint="Leave the parameters out."
            )
        return [*line, f"--longshore-only={selection.only}", f"--longshore-origin={selection.origin}"]
    if selection.resume:
        line += ["--longshore-resume", f"--longshore-origin={selection.origin}"]
    return [*line, *(f"--{name}={value}" for name, value in parameters.items())]


class _Called:
    """A function of the project, and what its handler takes."""

    def __init__(self, name: str, file: str, image: str) -> None:
        self.name, self.file, self.image = name, file, image
        self.line, self.help, self.parameters = 0, "", dict[str, Parameter]()
        self.module: Module | None = None

    def read(self, module: Module, handler: Function) -> None:
        self.line, self.help, self.parameters = handler.lineno, _help(handler), _parameters(module, handler)


def _project(folder: Folder, problems: list[str]) -> dict[str, Any]:
    try:
        found = folder.yaml(_FILE)
    except Invalid as error:
        problems.append(error.reason)
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "project" else {}


def _function(found: Mapping[str, Any], sources: Sources) -> _Called:
    inner = found.get("spec")
    spec = inner if isinstance(inner, dict) else {}
    nested = spec.get("spec") if isinstance(spec.get("spec"), dict) else {}
    file = _path(found.get("url") or (nested or {}).get("command"))
    one = _Called(str(found.get("name") or Path(file).stem), file, str(found.get("image") or ""))
    module = sources.module(file) if file.endswith(".py") else None
    name = str(found.get("handler") or (nested or {}).get("default_handler") or "")
    one.module = module
    if module is not None and (handler := module.functions.get(name)):
        one.read(module, handler)
    return one


def _handler(module: Module | None, name: str) -> Function | None:
    """Give the function of a workflow's file: the named one, else as MLRun does, else the only one."""
    functions = module.functions if module else {}
    for one in (name, "pipeline", "kfpipeline"):
        if one in functions:
            return functions[one]
    return next(iter(functions.values())) if len(functions) == 1 and not name else None


def _parameters(module: Module, function: Function) -> dict[str, Parameter]:
    found = {}
    for one in arguments_of(function):
        annotation = module.dotted(one.annotation)
        if one.name == "context" or annotation.endswith(("MLClientCtx", "Project")):
            continue
        annotated = read_annotation(module, one.annotation)
        kind = annotated.kind or ("path" if annotation.endswith("DataItem") else "str")
        default = UNKNOWN if one.default is None else module.value(one.default)
        value = None if default is UNKNOWN else plain(default)
        found[one.name] = parameter(
            one.name,
            kind,
            default=converted(value, kind),
            required=one.default is None,
            choices=annotated.choices,
            item=annotated.item,
            option=f"--{one.name}",
        )
    return found


def _entry(
    name: str, file: str, parameters: Mapping[str, Parameter], called: tuple[str, str], help_text: str
) -> EntryPoint:
    own = f"mlrun project --run {called[1]} ." if called[0] == "workflow" else f"mlrun run -f {called[1]} --local"
    shown = " ".join([own, *(f"{one}={{{one}}}" for one in parameters)])
    return EntryPoint(name, shown, parameters, file, NAME, called, help=help_text)


def _steps(module: Module, handler: Function, functions: Mapping[str, _Called]) -> tuple[tuple[Step, ...], bool]:
    """Give the calls of `run_function` in order; False where loops or decisions leave open how many there are."""
    walker = _Walker(module, functions, _parameters(module, handler))
    for statement in handler.body:
        walker.visit(statement)
    return tuple(walker.steps), walker.complete and bool(walker.steps)


class _Walker(ast.NodeVisitor):
    def __init__(self, module: Module, functions: Mapping[str, _Called], own: Mapping[str, Parameter]) -> None:
        self._module, self._functions, self._own = module, functions, own
        self.steps: list[Step] = []
        self.complete = True
        self._from: dict[str, set[str]] = {}
        self._calls: dict[int, str] = {}
        self._counts: dict[str, int] = {}

    def visit(self, node: ast.AST) -> None:
        """Visit a node; what runs several times, or perhaps not at all, is noted as such."""
        before = len(self.steps)
        super().visit(node)
        if isinstance(node, ast.For | ast.While | ast.If | ast.ListComp | ast.DictComp) and len(self.steps) > before:
            self.complete = False

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        made = set(self._origins(node.value))
        for target in node.targets:
            for part in ast.walk(target):
                if isinstance(part, ast.Name):
                    self._from[part.id] = made

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        last = node.func.attr if isinstance(node.func, ast.Attribute) else self._module.dotted(node.func)
        if last.rpartition(".")[2] == "run_function":
            self._step(node)
        elif last == "after" and isinstance(node.func, ast.Attribute):
            then = set(self._origins(node.func.value))
            first = [name for one in node.args for name in self._origins(one)]
            self.steps = [
                replace(one, after=tuple(dict.fromkeys((*one.after, *first)))) if one.name in then else one
                for one in self.steps
            ]

    def _step(self, node: ast.Call) -> None:
        given = keywords(node)
        function = given.get("function") or (node.args[0] if node.args else None)
        called = self._module.text(function)
        label = self._module.text(given.get("name")) or called
        if not label:
            self.complete = False
            return
        count = self._counts[label] = self._counts.get(label, 0) + 1
        name = label if count == 1 else f"{label}-{count}"
        known = self._functions.get(called) or _Called(called, "", "")
        handler_name = self._module.text(given.get("handler"))
        if known.module is not None and (handler := known.module.functions.get(handler_name)):
            known = _Called(known.name, known.file, known.image)
            known.read(self._functions[called].module or self._module, handler)
        values = _items(given.get("params"))
        before = [one for part in (*node.args, *given.values()) for one in self._origins(part)]
        self._calls[id(node)] = name
        self.steps.append(
            Step(
                name,
                label=label,
                after=tuple(dict.fromkeys(before)),
                inputs=tuple(_items(given.get("inputs"))),
                parameters={key: self._parameter(key, one, known) for key, one in values.items()},
                source=known.file,
                line=known.line,
                image=known.image,
                help=known.help,
            )
        )

    def _parameter(self, name: str, node: ast.expr, known: _Called) -> Parameter:
        own = self._own.get(node.id) if isinstance(node, ast.Name) else None
        value = self._module.value(node)
        default = own.default if own else None if value is UNKNOWN else plain(value)
        return replace(known.parameters.get(name) or Parameter(name), default=default, required=False)

    def _origins(self, node: ast.expr) -> Iterator[str]:
        """Give the steps that an expression's value comes from; of a step's own call that step alone."""
        if id(node) in self._calls:
            yield self._calls[id(node)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "after":
            yield from self._origins(node.func.value)
        elif isinstance(node, ast.Name):
            yield from sorted(self._from.get(node.id, ()))
        else:
            for part in ast.iter_child_nodes(node):
                if isinstance(part, ast.expr):
                    yield from self._origins(part)


def _items(node: ast.expr | None) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    pairs = zip(node.keys, node.values, strict=True)
    return {key.value: one for key, one in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def _help(function: Function) -> str:
    return " ".join((ast.get_docstring(function) or "").strip().partition("\n\n")[0].split())


def _path(value: Any) -> str:
    return str(value or "").removeprefix("./")


def _dicts(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
