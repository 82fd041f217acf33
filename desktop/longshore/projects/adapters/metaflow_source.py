"""Reads Metaflow flows from the text of a project's files: classes, steps, transitions, parameters, decorators."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any

from longshore.projects.adapters.metaflow_graph import Flow, Node
from longshore.projects.arguments.syntax import (
    UNKNOWN,
    Module,
    converted,
    keywords,
    parameter,
    plain,
    type_named,
    type_of_value,
    walk_in_order,
)
from longshore.projects.model import Parameter, ParameterType
from longshore.projects.python_sources import Place, Sources

_PARAMETERS = frozenset({"Parameter", "IncludeFile", "Config"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def flows(sources: Sources, problems: list[str]) -> Iterator[Flow]:
    """Give the flow that each file starts when it is run."""
    for file, module in sources.mentioning("metaflow"):
        found = [name for name in module.classes if _is_flow(sources, Place(file, module, name))]
        started = _started(module)
        flow = next((name for name in started if name in found), "")
        if not flow and (imported := _imported_flow(sources, file, started)):
            yield _flow(sources, imported, file)
        elif flow:
            yield _flow(sources, Place(file, module, flow), file)
        else:
            problems += [
                f"The flow {name} in {file} cannot be started: the file ends without `{name}()`."
                for name in found
                if any(node.name == "start" for node in _own_nodes(Place(file, module, name)))
                and not _is_base(found, module, name)
            ]


def _is_base(found: list[str], module: Module, name: str) -> bool:
    return any(module.dotted(base) == name for other in found for base in module.classes[other].bases)


def _started(module: Module) -> list[str]:
    """Give the names that the file calls outside of its classes, in order: `X()` under the main guard, say."""
    called = []
    for node in module.tree.body:
        if not isinstance(node, ast.ClassDef):
            for part in walk_in_order(node):
                if isinstance(part, ast.Call) and isinstance(part.func, ast.Name):
                    called.append(part.func.id)
    return called


def _imported_flow(sources: Sources, file: str, started: list[str]) -> Place | None:
    for name in started:
        place = sources.find(file, name)
        if place and place.file != file and place.name in place.module.classes and _is_flow(sources, place):
            return place
    return None


# -- classes --------------------------------------------------------------------------------------------------------


def _bases(sources: Sources, place: Place) -> Iterator[tuple[str, Place | None]]:
    for base in place.module.classes[place.name].bases:
        name = _written(base)
        found = sources.find(place.file, name) if name else None
        yield place.module.dotted(base), found if found and found.name in found.module.classes else None


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _written(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _is_flow(sources: Sources, place: Place, depth: int = 0) -> bool:
    for dotted, found in _bases(sources, place):
        if found is None and dotted.rpartition(".")[2] == "FlowSpec":
            return True
        if found is not None and found != place and depth < 10 and _is_flow(sources, found, depth + 1):
            return True
    return False


def _line_of_classes(sources: Sources, place: Place, seen: set[tuple[str, str]]) -> Iterator[Place | None]:
    """Give the class and those that it inherits from; None for one whose text is not in the folder."""
    if (place.file, place.name) in seen:
        return
    seen.add((place.file, place.name))
    yield place
    for dotted, found in _bases(sources, place):
        if found is not None:
            yield from _line_of_classes(sources, found, seen)
        elif dotted.rpartition(".")[2] not in ("FlowSpec", "object", "ABC"):
            yield None


def _flow(sources: Sources, place: Place, file: str) -> Flow:
    nodes: dict[str, Node] = {}
    parameters: dict[str, Parameter] = {}
    decorators: list[str] = []
    complete = True
    for one in _line_of_classes(sources, place, set()):
        if one is None:
            complete = False
            continue
        node = one.module.classes[one.name]
        for step in _own_nodes(one):
            nodes.setdefault(step.name, step)
        for attribute, found, known in _own_parameters(one.module, node):
            parameters.setdefault(attribute, found)
            complete = complete and known
        decorators += [_decorator(one.module, each)[0] for each in node.decorator_list]
    # A mutator, or a decorator of the project's own, may change everything.
    complete = complete and all(name in _KNOWN for name in decorators) and bool(nodes)
    help_text = (ast.get_docstring(place.module.classes[place.name]) or "").strip().partition("\n\n")[0]
    return Flow(
        place.name, file, tuple(nodes.values()), parameters, " ".join(help_text.split()), tuple(decorators), complete
    )


_KNOWN = frozenset({"conda_base", "pypi_base", "schedule", "project", "trigger", "trigger_on_finish", "exit_hook"})


# -- steps ----------------------------------------------------------------------------------------------------------


def _own_nodes(place: Place) -> Iterator[Node]:
    for node in place.module.classes[place.name].body:
        if isinstance(node, _Function):
            decorators = [_decorator(place.module, each) for each in node.decorator_list]
            if any(name == "step" for name, _given in decorators):
                yield _node(place, node, tuple(decorators))


def _node(place: Place, function: _Function, decorators: tuple[tuple[str, Mapping[str, Any]], ...]) -> Node:
    targets, foreach, switch = _next(place.module, function)
    help_text = (ast.get_docstring(function) or "").strip().partition("\n\n")[0]
    reads, writes = _uses(function)
    return Node(
        function.name,
        targets,
        foreach,
        switch,
        joins=len(function.args.args) > 1,
        decorators=decorators,
        file=place.file,
        line=function.lineno,
        help=" ".join(help_text.split()),
        reads=reads,
        writes=writes,
    )


def _decorator(module: Module, node: ast.expr) -> tuple[str, dict[str, Any]]:
    call = node if isinstance(node, ast.Call) else None
    name = module.dotted(call.func if call else node).rpartition(".")[2]
    given = {key: plain(module.value(value)) for key, value in keywords(call).items()} if call else {}
    return name, given


def _next(module: Module, function: _Function) -> tuple[tuple[str, ...], str, str]:
    """Give what the last `self.next(...)` names, what it goes over, and what it decides by."""
    call = None
    for node in walk_in_order(function):
        if isinstance(node, ast.Call) and _attribute_of_self(node.func) == "next":
            call = node
    if call is None:
        return (), "", ""
    named = keywords(call)
    places = list(call.args)
    if len(places) == 1 and isinstance(places[0], ast.Dict):
        places = list(places[0].values)
    targets = tuple(dict.fromkeys(name for one in places if (name := _attribute_of_self(one))))
    foreach = module.text(named.get("foreach")) or ("num_parallel" if "num_parallel" in named else "")
    return targets, foreach, module.text(named.get("condition"))


def _uses(function: _Function) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the names that a step takes from `self` and sets on it; a join takes them from its `inputs`, too."""
    reads: dict[str, None] = {}
    writes: dict[str, tuple[int, int]] = {}
    for statement in walk_in_order(function):
        for name, since in _set_by(statement):
            writes.setdefault(name, since)
    for node in walk_in_order(function):
        if isinstance(node, ast.AugAssign) and (name := _attribute_of_self(node.target)):
            reads[name] = None
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            name = _attribute_of_self(node)
            # What it sets itself first comes from nowhere else.
            if name and (node.lineno, node.col_offset) < writes.get(name, (1 << 30, 0)):
                reads[name] = None
            elif not name and len(function.args.args) > 1:
                reads[node.attr] = None
    return tuple(name for name in reads if name not in _OWN), tuple(writes)


def _set_by(node: ast.AST) -> Iterator[tuple[str, tuple[int, int]]]:
    """Give the names that a statement sets on `self`, and from where on they are set (line and column)."""
    heads: list[ast.expr] = []
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
        heads = node.targets if isinstance(node, ast.Assign) else [node.target]
        since = (node.end_lineno or 0, node.end_col_offset or 0)
    elif isinstance(node, ast.For | ast.With):
        vars_ = [item.optional_vars for item in node.items if item.optional_vars] if isinstance(node, ast.With) else []
        heads = [node.target] if isinstance(node, ast.For) else vars_
        since = (node.body[0].lineno, node.body[0].col_offset)
    for head in heads:
        for part in ast.walk(head):
            if (
                isinstance(part, ast.Attribute)
                and isinstance(part.ctx, ast.Store)
                and (name := _attribute_of_self(part))
            ):
                yield name, since


_OWN = frozenset({"next", "input", "index", "foreach_stack", "merge_artifacts", "cmd"})


def _attribute_of_self(node: ast.AST) -> str:
    is_own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if is_own and isinstance(node, ast.Attribute) else ""


# -- parameters -----------------------------------------------------------------------------------------------------


def _own_parameters(module: Module, node: ast.ClassDef) -> Iterator[tuple[str, Parameter, bool]]:
    """Give attribute, parameter, and whether its text says all of it."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, value = statement.targets[0].id, statement.value
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, value = statement.target.id, statement.value or ast.Constant(None)
        else:
            continue
        if isinstance(value, ast.Call) and (kind := module.dotted(value.func).rpartition(".")[2]) in _PARAMETERS:
            found, known = _parameter(module, value, kind, name)
            yield name, found, known


def _parameter(module: Module, call: ast.Call, kind: str, attribute: str) -> tuple[Parameter, bool]:
    given = keywords(call)
    name = module.text(call.args[0] if call.args else given.get("name")) or attribute
    declared = call.args[1] if len(call.args) > 1 else given.get("default")
    default = None if declared is None else module.value(declared)
    type_, choices = _type(module, given.get("type"), default)
    value = None if default is UNKNOWN else plain(default)
    if isinstance(value, dict | list):
        value, type_ = _json(value), "str"
    if kind != "Parameter":
        type_ = "path"
    required = module.value(given.get("required")) is True and declared is None and "default_value" not in given
    found = parameter(
        name,
        type_,
        default=converted(value, type_),
        required=required,
        choices=choices,
        help=module.text(given.get("help")),
        option=("--config" if kind == "Config" else f"--{name}"),
    )
    # A function that gives the default when the flow is started is known to be one.
    is_function = isinstance(declared, ast.Lambda) or module.dotted(declared) in module.functions
    return found, default is not UNKNOWN or is_function


def _type(module: Module, node: ast.expr | None, default: Any) -> tuple[ParameterType, tuple[str, ...]]:
    if isinstance(node, ast.Call) and module.dotted(node.func).rpartition(".")[2] == "Choice" and node.args:
        choices = module.value(node.args[0])
        return "str", tuple(map(str, choices)) if isinstance(choices, list | tuple) else ()
    if node is not None:
        return type_named(module.dotted(node)) or "str", ()
    return ("str" if default is UNKNOWN or default is None else type_of_value(default)), ()


def _json(value: Any) -> str:
    import json

    return json.dumps(value)
