"""Reads typer apps from a syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.projects.arguments.command_line import CommandLine
from longshore.projects.arguments.signatures import Annotated, Argument, Function, arguments_of, read_annotation
from longshore.projects.arguments.syntax import Module, converted, keywords, parameter, type_of_value
from longshore.projects.model import Parameter

_SPECIAL = ("typer.Context", "click.Context", "typer.CallbackParam")


@dataclass
class _App:
    commands: list[tuple[str, Function]] = field(default_factory=list)
    callback: Function | None = None
    children: list[tuple[str, _App]] = field(default_factory=list)
    nested: bool = False


def read_typer(module: Module) -> list[CommandLine]:
    """Give the command lines that a module's typer apps take."""
    apps = {
        name: _App()
        for name, value in module.constants.items()
        if isinstance(value, ast.Call) and module.dotted(value.func) == "typer.Typer"
    }
    for function in module.functions.values():
        for decorator in function.decorator_list:
            _decorated(module, apps, function, decorator)
    lines = [line for function in _run_functions(module) for line in [_line(module, function, (), {})]]
    _nest(module, apps)
    for app in apps.values():
        if not app.nested:
            lines += _lines(module, app, (), {})
    return lines


def _decorated(module: Module, apps: dict[str, _App], function: Function, decorator: ast.expr) -> None:
    call = decorator if isinstance(decorator, ast.Call) else None
    if call is None or not isinstance(call.func, ast.Attribute):
        return
    app = apps.get(module.dotted(call.func.value))
    if app is None:
        return
    if call.func.attr == "command":
        name = module.text(call.args[0] if call.args else keywords(call).get("name"))
        app.commands.append((name or _default_name(function.name), function))
    elif call.func.attr == "callback":
        app.callback = function


def _default_name(function: str) -> str:
    return function.lower().replace("_", "-")


def _run_functions(module: Module) -> list[Function]:
    """Find `typer.run(main)`."""
    found = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and module.dotted(node.func) == "typer.run" and node.args:
            function = module.functions.get(module.dotted(node.args[0]))
            if function is not None:
                found.append(function)
    return found


def _nest(module: Module, apps: dict[str, _App]) -> None:
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_typer"):
            continue
        owner = apps.get(module.dotted(node.func.value))
        child = apps.get(module.dotted(node.args[0])) if node.args else None
        if owner and child:
            child.nested = True
            name = module.text(keywords(node).get("name")) or _own_name(module, node.args[0])
            owner.children.append((name, child))


def _own_name(module: Module, node: ast.expr) -> str:
    made = module.constants.get(module.dotted(node))
    return module.text(keywords(made).get("name")) if isinstance(made, ast.Call) else ""


def _lines(module: Module, app: _App, above: tuple[str, ...], inherited: dict[str, Parameter]) -> list[CommandLine]:
    common = inherited | _parameters(module, app.callback, len(above)) if app.callback else inherited
    # One command alone needs no name, unless a callback makes a group of it.
    if len(app.commands) == 1 and not app.children and app.callback is None and not above:
        return [_line(module, app.commands[0][1], above, common)]
    lines = [_line(module, function, (*above, name), common) for name, function in app.commands]
    for name, child in app.children:
        lines += _lines(module, child, (*above, name) if name else above, common)
    return lines


def _line(module: Module, function: Function, above: tuple[str, ...], common: dict[str, Parameter]) -> CommandLine:
    parameters = common | _parameters(module, function, len(above))
    text = (ast.get_docstring(function) or "").partition("\n")[0]
    return CommandLine("typer", above, parameters, help=text)


def _parameters(module: Module, function: Function, level: int) -> dict[str, Parameter]:
    found = {}
    for one in arguments_of(function):
        if module.dotted(one.annotation) not in _SPECIAL:
            made = _parameter(module, one)
            found[made.name] = replace(made, level=level)
    return found


def _parameter(module: Module, one: Argument) -> Parameter:
    annotated = read_annotation(module, one.annotation)
    declared = _declaration(module, one.default) or next(
        (extra for extra in annotated.extras if _declaration(module, extra)), None
    )
    call = declared if isinstance(declared, ast.Call) else None
    positional = _positional(module, one, call)
    default, has_default = _default(module, one, call)
    option, negative = ("", "") if positional else _options(module, one, call, annotated)
    details: dict[str, Any] = {"option": option, "help": module.text(keywords(call).get("help")) if call else ""}
    details["required"] = not has_default
    kind = annotated.kind or _guessed(default)
    if kind == "bool" and not positional:
        return parameter(one.name, "bool", default=default, switch=True, negative=negative, **details)
    if kind == "list":
        repeated = not positional
        return parameter(
            one.name,
            "list",
            item=annotated.item,
            default=default,
            choices=annotated.choices,
            repeated=repeated,
            **details,
        )
    return parameter(one.name, kind, default=converted(default, kind), choices=annotated.choices, **details)


def _guessed(default: Any) -> Any:
    return type_of_value(default) if default is not None else "str"


def _declaration(module: Module, node: ast.expr | None) -> ast.expr | None:
    if isinstance(node, ast.Call) and module.dotted(node.func) in ("typer.Option", "typer.Argument"):
        return node
    return None


def _positional(module: Module, one: Argument, call: ast.Call | None) -> bool:
    if call is not None:
        return module.dotted(call.func) == "typer.Argument"
    return one.default is None


def _default(module: Module, one: Argument, call: ast.Call | None) -> tuple[Any, bool]:
    """Give the default and whether there is one; `...` means required."""
    node = one.default
    if call is not None and call is one.default:
        given = keywords(call)
        node = call.args[0] if call.args else given.get("default")
        if "default_factory" in given:
            return None, True
    if node is None:
        return None, False
    if isinstance(node, ast.Constant) and node.value is ...:
        return None, False
    return module.value(node), True


def _options(module: Module, one: Argument, call: ast.Call | None, annotated: Annotated) -> tuple[str, str]:
    declared: list[str] = []
    if call is not None:
        # As a default its first argument is the value; inside Annotated all are names.
        nodes = call.args[1:] if call is one.default else call.args
        declared = [text for node in nodes if (text := module.text(node))]
    yes, no = [], []
    for text in declared:
        first, separator, second = text.partition("/")
        if first.strip():
            yes.append(first.strip())
        if separator:
            no.append(second.strip())
    default = "--" + one.name.replace("_", "-").lower().strip("-")
    option = next((name for name in yes if name.startswith("--")), yes[0] if yes else default)
    if annotated.kind != "bool" and annotated.kind is not None:
        return option, ""
    if declared:
        return ("" if not yes and no else option), next((name for name in no if name), "")
    return option, "--no-" + default.removeprefix("--")
