"""Reads click's decorators from a syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.projects.arguments.command_line import CommandLine
from longshore.projects.arguments.syntax import UNKNOWN, Module, converted, keywords, parameter, type_of_value
from longshore.projects.model import Parameter, ParameterType

_TYPES: dict[str, ParameterType] = {
    "int": "int",
    "float": "float",
    "str": "str",
    "bool": "bool",
    "INT": "int",
    "FLOAT": "float",
    "STRING": "str",
    "BOOL": "bool",
    "IntRange": "int",
    "FloatRange": "float",
    "Path": "path",
    "File": "path",
    "pathlib.Path": "path",
}
_COMMANDS, _GROUPS = ("command",), ("group",)


@dataclass
class _Command:
    name: str
    function: str
    group: bool = False
    help: str = ""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    children: list[_Command] = field(default_factory=list)
    open_ended: bool = False
    nested: bool = False


def read_click(module: Module) -> list[CommandLine]:
    """Give the command lines that a module's click commands take."""
    found: dict[str, _Command] = {}
    for function in module.functions.values():
        if command := _command(module, function, found):
            found[function.name] = command
    _add_commands(module, found)
    tops = [command for command in found.values() if not command.nested]
    called = _called_at_the_end(module, found)
    return [line for command in called or tops for line in _lines(command)]


def _command(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, found: dict[str, _Command]
) -> _Command | None:
    command: _Command | None = None
    parameters: list[Parameter | None] = []
    for decorator in function.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else ast.Call(decorator, [], [])
        kind = module.dotted(call.func)
        owner, _, method = kind.rpartition(".")
        if method in (*_COMMANDS, *_GROUPS) and (owner == "click" or owner in found):
            command = _new_command(module, function, call, method)
            if owner in found:
                found[owner].children.append(command)
                command.nested = True
        elif kind in ("click.option", "click.argument"):
            parameters.append(_parameter(module, call, kind == "click.argument"))
    if command is None:
        return None
    command.open_ended = None in parameters
    command.parameters = {one.name: one for one in parameters if one}
    return command


def _new_command(
    module: Module, function: ast.FunctionDef | ast.AsyncFunctionDef, call: ast.Call, method: str
) -> _Command:
    given = keywords(call)
    name = module.text(call.args[0] if call.args else given.get("name")) or _default_name(function.name)
    text = module.text(given.get("help")) or (ast.get_docstring(function) or "").partition("\n")[0]
    return _Command(name, function.name, method in _GROUPS, text)


def _default_name(function: str) -> str:
    name = function.lower().replace("_", "-")
    base, _, suffix = name.rpartition("-")
    return base if base and suffix in ("command", "cmd", "group", "grp") else name


def _add_commands(module: Module, found: dict[str, _Command]) -> None:
    """Follow `group.add_command(command, name="x")` at module level."""
    for node in ast.walk(module.tree):
        if not (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "add_command"
        ):
            continue
        owner = found.get(module.dotted(node.func.value))
        child = found.get(module.dotted(node.args[0])) if node.args else None
        if owner and child:
            name = module.text(node.args[1] if len(node.args) > 1 else keywords(node).get("name"))
            child.nested = True
            owner.children.append(replace(child, name=name or child.name))


def _called_at_the_end(module: Module, found: dict[str, _Command]) -> list[_Command]:
    """Give the commands that the module calls itself: `main()` under the main guard."""
    calls = [node for statement in module.tree.body for node in ast.walk(statement) if isinstance(node, ast.Call)]
    names = [module.dotted(node.func) for node in calls]
    wanted = [found[name] for name in dict.fromkeys(names) if name in found]
    return [command for command in wanted if not command.nested]


def _lines(
    command: _Command, above: tuple[str, ...] = (), inherited: dict[str, Parameter] | None = None
) -> list[CommandLine]:
    own = {name: replace(one, level=len(above)) for name, one in command.parameters.items()}
    parameters = (inherited or {}) | own
    if command.children:
        return [line for child in command.children for line in _lines(child, (*above, child.name), parameters)]
    return [CommandLine("click", above, parameters, command.open_ended, command.help)]


def _parameter(module: Module, call: ast.Call, positional: bool) -> Parameter | None:
    names = [module.value(one) for one in call.args]
    given = keywords(call)
    if not names or UNKNOWN in names or len(given) < len(call.keywords):
        return None
    name, option, negative = _named([str(one) for one in names], positional)
    default = module.value(given["default"]) if "default" in given else None
    values = {key: module.value(node) for key, node in given.items()}
    details: dict[str, Any] = {"option": option, "help": module.text(given.get("help"))}
    details["required"] = values.get("required") is True or values.get("prompt") not in (None, False)
    if values.get("is_flag") is True or negative or "flag_value" in given:
        value = default is True if default in (None, True, False) else default
        return parameter(name, "bool", default=value, switch=True, negative=negative, **details)
    if values.get("count") is True:
        return parameter(name, "int", default=default or 0, switch=True, **details)
    kind, choices = _type(module, given.get("type"), default)
    many = values.get("multiple") is True or values.get("nargs", 1) not in (1, UNKNOWN) or kind == "list"
    if positional:
        details["required"] = values.get("required", default is None and values.get("nargs") != -1) is True
    if many:
        item = "str" if kind == "list" else kind
        if isinstance(default, list | tuple):
            default = [converted(one, item) for one in default]
        repeated = values.get("multiple") is True
        return parameter(name, "list", item=item, default=default, choices=choices, repeated=repeated, **details)
    return parameter(name, kind, default=converted(default, kind), choices=choices, **details)


def _named(names: list[str], positional: bool) -> tuple[str, str, str]:
    """Give name, option and negative option, by click's rules."""
    if positional:
        return names[0].lower().replace("-", "_"), "", ""
    explicit = next((name for name in names if name.isidentifier()), "")
    options, negatives = [], []
    for name in names:
        if name.isidentifier():
            continue
        yes, separator, no = name.partition("/")
        if yes.strip():
            options.append(yes.strip())
        if separator:
            negatives.append(no.strip())
    # click names it after the first option with the longest prefix.
    ranked = sorted(options, key=lambda one: len(one) - len(one.lstrip("-")), reverse=True)
    first = ranked[0] if ranked else ""
    derived = first.lstrip("-").replace("-", "_").lower()
    negative = next((one for one in negatives if one.startswith("--")), negatives[0] if negatives else "")
    return explicit or derived, first, negative


def _type(module: Module, node: ast.expr | None, default: Any) -> tuple[ParameterType, list[Any]]:
    if node is None:
        kind = type_of_value(default)
        return kind, []
    if isinstance(node, ast.Tuple | ast.List):
        return "list", []
    call = node if isinstance(node, ast.Call) else None
    name = module.dotted(call.func if call else node)
    if name == "click.Choice" and call:
        return "str", _choices(module, call)
    return _TYPES.get(name.removeprefix("click.")) or _TYPES.get(name) or "str", []


def _choices(module: Module, call: ast.Call) -> list[Any]:
    node = call.args[0] if call.args else keywords(call).get("choices")
    found = module.value(node)
    if found is UNKNOWN and module.dotted(node) in module.classes:
        from longshore.projects.arguments.syntax import enum_members

        return list(enum_members(module, module.classes[module.dotted(node)]))
    return list(found) if isinstance(found, list | tuple | dict) else []
