"""KFP pipelines as Python source: what the text of a `@dsl.pipeline` function tells. Compiling it alone tells it all.

Calls of components become steps under the names that KFP gives them (`train_model`: `train-model`, `train-model-2`, ...);
`with dsl.ParallelFor(...)` and the like become what the steps within are part of.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.projects.model import Parameter, ParameterType
from longshore.projects.pipeline import Step, StepKind

_TYPES: dict[str, ParameterType] = {"int": "int", "float": "float", "bool": "bool", "str": "str"}
# What KFP calls the groups of its language.
_GROUPS: dict[str, tuple[str, StepKind]] = {
    "ParallelFor": ("for-loop", "loop"),
    "If": ("condition", "condition"),
    "Condition": ("condition", "condition"),
    "Elif": ("condition", "condition"),
    "Else": ("condition", "condition"),
    "ExitHandler": ("exit-handler", "pipeline"),
}
_LIBRARY = ("kfp", "typing", "os", "sys", "json")


@dataclass(frozen=True)
class Found:
    """A pipeline function."""

    function: str
    name: str
    parameters: Mapping[str, Parameter]
    steps: tuple[Step, ...]
    help: str = ""


@dataclass(frozen=True)
class _Component:
    """A function that becomes a step where it is called."""

    name: str
    line: int = 0
    image: str = ""
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    metrics: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    help: str = ""


def may_hold(text: str) -> bool:
    """Tell whether a file is worth to be parsed."""
    return "kfp" in text and re.search(r"^@(?:\w+\.)*pipeline\b", text, re.MULTILINE) is not None


def pipelines(tree: ast.Module, file: str) -> Iterator[Found]:
    """Give the pipeline functions of a file."""
    if not any(_of_kfp(node) for node in ast.walk(tree)):
        return
    components = dict(_components(tree))
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef) or (decorator := _decorator(node, "pipeline")) is None:
            continue
        # A pipeline may be a step of another one.
        inner = {key: one for key, one in components.items() if key != node.name}
        body = _Body(file, inner, {one.arg for one in node.args.args})
        body.read(node.body, "")
        name = _text(_keyword(decorator, "name")) or node.name.replace("_", "-")
        text = _text(_keyword(decorator, "description")) or ast.get_docstring(node) or ""
        yield Found(node.name, name, _parameters(node), tuple(body.steps.values()), text.partition("\n")[0])


class _Body:
    """The body of a pipeline function, read from top to bottom."""

    def __init__(self, file: str, components: Mapping[str, _Component], arguments: set[str]) -> None:
        self._file, self._components, self._arguments = file, components, arguments
        self.steps: dict[str, Step] = {}
        self._variables: dict[str, str] = {}
        self._items: set[str] = set()
        self._groups = 0

    def read(self, body: list[ast.stmt], group: str) -> None:
        """Read statements that belong to a group."""
        branches = ""
        for node, following in zip(body, [*body[1:], None], strict=True):
            if isinstance(node, ast.With):
                # Conditions that exclude each other are together in one more group.
                if _group(node) == "If" and following is not None and _group(following) in ("Elif", "Else"):
                    branches = self._numbered("condition-branches")
                    self.steps[branches] = Step(
                        branches, kind="pipeline", part_of=group, source=self._file, line=node.lineno
                    )
                elif _group(node) not in ("Elif", "Else"):
                    branches = ""
                self._with(node, branches or group)
            elif isinstance(node, ast.If | ast.For | ast.While | ast.Try):
                self.read([*node.body, *node.orelse], group)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                if step := self._value(node.value, group):
                    self._variables[node.targets[0].id] = step
            elif isinstance(node, ast.Expr | ast.Return | ast.AnnAssign) and node.value is not None:
                self._value(node.value, group)

    def _with(self, node: ast.With, group: str) -> None:
        inner = group
        for item in node.items:
            call = item.context_expr
            if not isinstance(call, ast.Call) or (known := _GROUPS.get(_name(call.func).rpartition(".")[2])) is None:
                continue
            kind = known[1]
            if kind == "loop" and call.args and self._is_literal(call.args[0]):
                self._groups += 1  # its items are counted too
            name = self._numbered(known[0])
            label = _text(_keyword(call, "name"))
            source = [*call.args, *(one.value for one in call.keywords)]
            after = self._producers(source)
            if known[0] == "exit-handler":
                for last in after:  # it runs when everything within has ended
                    self._after(last, [name])
                after = []
            help = ast.unparse(call.args[0])[:200] if call.args and kind in ("loop", "condition") else ""
            self.steps[name] = Step(name, label, kind, after=tuple(after), part_of=inner, source=self._file,
                                    line=node.lineno, help=help)  # fmt: skip
            if isinstance(item.optional_vars, ast.Name):
                self._variables.pop(item.optional_vars.id, None)
                self._items.add(item.optional_vars.id)
            inner = name
        self.read(node.body, inner)

    def _numbered(self, kind: str) -> str:
        self._groups += 1
        return f"{kind}-{self._groups}"

    def _is_literal(self, node: ast.expr) -> bool:
        names = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        return not names & (self._arguments | set(self._variables) | self._items)

    def _value(self, node: ast.expr, group: str) -> str:
        """Give the step that an expression makes; the settings that are chained to it (`.after(...)`) are read."""
        if isinstance(node, ast.Attribute | ast.Subscript):
            return self._value(node.value, group)
        if not isinstance(node, ast.Call):
            return self._variables.get(node.id, "") if isinstance(node, ast.Name) else ""
        if isinstance(node.func, ast.Attribute) and (step := self._value(node.func.value, group)):
            if node.func.attr == "after":
                self._after(step, self._made_or_named(node.args, group))
            elif node.func.attr == "set_display_name" and node.args:
                self.steps[step] = replace(self.steps[step], label=_text(node.args[0]))
            return step
        known = self._components.get(_name(node.func))
        return self._call(node, known, group) if known else ""

    def _call(self, node: ast.Call, known: _Component, group: str) -> str:
        values = [*node.args, *(one.value for one in node.keywords)]
        before = self._made_or_named(values, group)
        name = _free(known.name, self.steps)
        given = dict(known.parameters)
        for keyword in node.keywords:
            if keyword.arg in given and isinstance(keyword.value, ast.Constant):
                given[keyword.arg] = replace(given[keyword.arg], default=keyword.value.value, required=False)
        self.steps[name] = Step(
            name, command=f"{_name(node.func)}()", after=tuple(before),
            inputs=tuple(self._outputs_in(values)), outputs=tuple(f"{name}.{one}" for one in sorted(known.outputs)),
            metrics=tuple(f"{name}.{one}" for one in sorted(known.metrics)),
            parameters={key: one for key, one in given.items() if not self._fed(node, key)},
            source=self._file, line=known.line or node.lineno, image=known.image, part_of=group, help=known.help,
        )  # fmt: skip
        return name

    def _made_or_named(self, values: list[ast.expr], group: str) -> list[str]:
        """Give the steps that arguments speak of; a component may be called right within them."""
        made = [step for value in values if (step := self._value(value, group))]
        return list(dict.fromkeys((*made, *self._producers(values))))

    def _fed(self, node: ast.Call, name: str) -> bool:
        return any(one.arg == name and self._producers([one.value]) for one in node.keywords)

    def _after(self, step: str, before: list[str]) -> None:
        known = self.steps[step]
        self.steps[step] = replace(known, after=tuple(dict.fromkeys((*known.after, *before))))

    def _producers(self, values: list[ast.expr]) -> list[str]:
        found: dict[str, None] = {}
        for value in values:
            for node in ast.walk(value):
                if isinstance(node, ast.Name) and node.id in self._variables:
                    found[self._variables[node.id]] = None
        return list(found)

    def _outputs_in(self, values: list[ast.expr]) -> Iterator[str]:
        for value in values:
            for node in ast.walk(value):
                if isinstance(node, ast.Attribute) and node.attr == "output" and (step := self._value(node.value, "")):
                    yield f"{step}.Output"
                elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute):
                    step = self._value(node.value.value, "") if node.value.attr == "outputs" else ""
                    if step:
                        yield f"{step}.{_text(node.slice)}"


def _components(tree: ast.Module) -> Iterator[tuple[str, _Component]]:
    """Give what becomes a step where it is called: decorated functions, loaded files, and what other modules give."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            if component := _component(node):
                yield node.name, component
        elif isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(_LIBRARY):
            for alias in node.names:
                yield alias.asname or alias.name, _Component(_kebab(alias.name))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            called = _name(node.value.func).rpartition(".")[2]
            if called.startswith(("load_component", "create_component", "func_to_container")):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        yield target.id, _Component(_kebab(target.id), node.lineno)


def _component(node: ast.FunctionDef) -> _Component | None:
    for kind in ("component", "container_component", "pipeline"):
        if (decorator := _decorator(node, kind)) is None:
            continue
        hints = {one.arg: ast.unparse(one.annotation) if one.annotation else "" for one in node.args.args}
        written = {name: hint for name, hint in hints.items() if re.match(r"(\w+\.)*Output(Path)?\b", hint)}
        outputs = set(written) | ({"Output"} if node.returns is not None and kind != "container_component" else set())
        metrics = {name for name, hint in written.items() if "Metrics" in hint}
        given = {
            name: one
            for name, one in _parameters(node).items()
            if not re.match(r"(\w+\.)*(Output|Input|OutputPath|InputPath|PipelineTaskFinalStatus)\b", hints[name])
        }
        return _Component(_kebab(node.name), node.lineno, _text(_keyword(decorator, "base_image")), given,
                          frozenset(metrics), frozenset(outputs - metrics),
                          (ast.get_docstring(node) or "").partition("\n")[0])  # fmt: skip
    return None


def _parameters(node: ast.FunctionDef) -> dict[str, Parameter]:
    """Give a function's arguments as typed parameters."""
    arguments = node.args.args
    defaults: list[ast.expr | None] = [None] * (len(arguments) - len(node.args.defaults)) + list(node.args.defaults)
    found: dict[str, Parameter] = {}
    for argument, default in zip(arguments, defaults, strict=True):
        hint = ast.unparse(argument.annotation) if argument.annotation else "str"
        value: Any = None
        if default is not None:
            try:
                value = ast.literal_eval(default)
            except ValueError:
                value = None
        if isinstance(value, list | dict | tuple):
            value = json.dumps(value, default=str)
        if not isinstance(value, str | int | float | bool):
            value = None
        found[argument.arg] = Parameter(argument.arg, _TYPES.get(hint, "str"), value, required=default is None)
    return found


def _decorator(node: ast.FunctionDef, name: str) -> ast.expr | None:
    for one in node.decorator_list:
        if _name(one.func if isinstance(one, ast.Call) else one).rpartition(".")[2] == name:
            return one
    return None


def _group(node: ast.stmt) -> str:
    """Give KFP's word for the group that a statement opens."""
    if not isinstance(node, ast.With) or not isinstance(node.items[0].context_expr, ast.Call):
        return ""
    return _name(node.items[0].context_expr.func).rpartition(".")[2]


def _keyword(node: ast.expr, name: str) -> ast.expr | None:
    if not isinstance(node, ast.Call):
        return None
    return next((one.value for one in node.keywords if one.arg == name), None)


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _of_kfp(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(one.name.partition(".")[0] == "kfp" for one in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "kfp"


def _kebab(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _free(name: str, taken: Mapping[str, Any]) -> str:
    found, number = name, 2
    while found in taken:
        found, number = f"{name}-{number}", number + 1
    return found
