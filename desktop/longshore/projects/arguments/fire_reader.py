"""Reads what `fire.Fire(...)` makes of functions, classes and dictionaries, from a syntax tree."""

from __future__ import annotations

import ast
from dataclasses import replace

from longshore.projects.arguments.command_line import CommandLine
from longshore.projects.arguments.signatures import Function, arguments_of, read_annotation
from longshore.projects.arguments.syntax import UNKNOWN, Module, keywords, parameter, type_of_value
from longshore.projects.model import Parameter


def read_fire(module: Module) -> list[CommandLine]:
    """Give the command lines that a module's calls of `fire.Fire` take."""
    lines: list[CommandLine] = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and module.dotted(node.func) == "fire.Fire":
            component = node.args[0] if node.args else keywords(node).get("component")
            lines += _component(module, component, ())
    return lines


def _component(module: Module, node: ast.expr | None, above: tuple[str, ...]) -> list[CommandLine]:
    if node is None:
        # fire.Fire() offers everything that the module defines.
        return [_function(module, one, (name,)) for name, one in module.functions.items() if not name.startswith("_")]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        named = [(module.text(key), value) for key, value in pairs if key is not None]
        return [line for name, value in named if name for line in _component(module, value, (*above, name))]
    target = module.dotted(node.func) if isinstance(node, ast.Call) else module.dotted(node)
    if target in module.functions:
        return [_function(module, module.functions[target], above)]
    if target in module.classes:
        return _methods(module, module.classes[target], above, made=isinstance(node, ast.Call))
    return []


def _methods(module: Module, node: ast.ClassDef, above: tuple[str, ...], *, made: bool) -> list[CommandLine]:
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
    start = next((one for one in methods if one.name == "__init__"), None)
    common = {} if made or start is None else _parameters(module, start, len(above), skip_first=True)
    lines = []
    for method in methods:
        if method.name.startswith("_"):
            continue
        static = any(module.dotted(one) == "staticmethod" for one in method.decorator_list)
        names = (*above, method.name)
        own = _parameters(module, method, len(names), skip_first=not static)
        lines.append(_line(method, names, common | own))
    return lines


def _function(module: Module, function: Function, above: tuple[str, ...]) -> CommandLine:
    return _line(function, above, _parameters(module, function, len(above)))


def _line(function: Function, above: tuple[str, ...], parameters: dict[str, Parameter]) -> CommandLine:
    text = (ast.get_docstring(function) or "").partition("\n")[0]
    return CommandLine("fire", above, parameters, function.args.kwarg is not None, text)


def _parameters(module: Module, function: Function, level: int, *, skip_first: bool = False) -> dict[str, Parameter]:
    found = {}
    for one in arguments_of(function, skip_first=skip_first):
        annotated = read_annotation(module, one.annotation)
        default = module.value(one.default) if one.default is not None else None
        kind = annotated.kind or (type_of_value(default) if default not in (None, UNKNOWN) else "str")
        made = parameter(
            one.name,
            kind,
            item=annotated.item,
            default=default,
            required=one.default is None,
            choices=annotated.choices,
            option="--" + one.name,
            joined=True,
        )
        found[one.name] = replace(made, level=level)
    return found
