"""Reads `argparse.ArgumentParser` definitions from a syntax tree."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.projects.arguments.command_line import CommandLine
from longshore.projects.arguments.syntax import (
    UNKNOWN,
    Module,
    converted,
    keywords,
    parameter,
    type_named,
    type_of_value,
    walk_in_order,
)
from longshore.projects.model import Parameter, ParameterType

_SWITCHES = {"store_true": True, "store_false": False}
_LISTS = ("append", "append_const", "extend")
_IGNORED = ("help", "version")
_BOOLEAN = "argparse.BooleanOptionalAction"
# What a converter's own name says about its values: positive_int, existing_file.
_WORDS: dict[str, ParameterType] = {"bool": "bool", "int": "int", "float": "float", "path": "path", "file": "path"}


@dataclass(eq=False)
class _Parser:
    """A parser while it is being read."""

    name: str = ""
    help: str = ""
    parameters: dict[str, Parameter] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    children: list[_Parser] = field(default_factory=list)
    open_ended: bool = False
    # Arguments of a mutually exclusive group are never required.
    owner: _Parser | None = None


class _Reader:
    """Follows parsers, groups and subparsers through the names that hold them."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.parsers: list[_Parser] = []
        self.by_name: dict[str, _Parser] = {}
        self.by_call: dict[int, _Parser] = {}

    def read(self) -> list[CommandLine]:
        """Give a line per parser that takes subcommands no further."""
        self._follow(self.module.tree)
        for node in ast.walk(self.module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and self._takes_a_parser(node):
                self._follow(node)
        return [line for parser in self.parsers for line in _lines(parser)]

    def _follow(self, tree: ast.AST) -> None:
        for node in walk_in_order(tree):
            if isinstance(node, ast.Assign):
                self._assign(node.value, node.targets)
            elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
                self._assign(node.value, [node.target])
            elif isinstance(node, ast.withitem) and node.optional_vars:
                self._assign(node.context_expr, [node.optional_vars])
            elif isinstance(node, ast.Call):
                self.parser_of(node)

    def _assign(self, value: ast.expr | None, targets: list[ast.expr]) -> None:
        if value is not None and (found := self.parser_of(value)):
            self.by_name.update({_target(target): found for target in targets})

    def _takes_a_parser(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
        """Let a function that is handed a parser add to it: `def add_options(parser): parser.add_argument(...)`."""
        for one in [*function.args.posonlyargs, *function.args.args]:
            typed = self.module.dotted(one.annotation).endswith("ArgumentParser")
            if (typed or one.arg in ("parser", "argparser", "arg_parser")) and self.parsers:
                self.by_name[one.arg] = self.parsers[0]
                return True
        return False

    def parser_of(self, node: ast.expr) -> _Parser | None:
        """Give the parser that an expression stands for; a call is carried out once."""
        if not isinstance(node, ast.Call):
            return self.by_name.get(_target(node))
        if id(node) not in self.by_call:
            if (found := self._carry_out(node)) is None:
                return None
            self.by_call[id(node)] = found
        return self.by_call[id(node)]

    def _carry_out(self, node: ast.Call) -> _Parser | None:
        if self.module.dotted(node.func).endswith("ArgumentParser"):
            return self._new_parser(node)
        if not isinstance(node.func, ast.Attribute):
            return None
        method = _METHODS.get(node.func.attr)
        if method is None or (owner := self.parser_of(node.func.value)) is None:
            return None
        found: _Parser | None = method(self, owner, node)
        return found

    def _new_parser(self, node: ast.Call) -> _Parser:
        parser = _Parser(help=self.module.text(keywords(node).get("description")))
        self._take_parents(parser, node)
        self.parsers.append(parser)
        return parser

    def _take_parents(self, parser: _Parser, node: ast.Call) -> None:
        parents = keywords(node).get("parents")
        for parent in parents.elts if isinstance(parents, ast.List | ast.Tuple) else []:
            if found := self.parser_of(parent):
                parser.parameters.update(found.parameters)
                if found in self.parsers:
                    self.parsers.remove(found)

    def _group(self, owner: _Parser, node: ast.Call) -> _Parser:
        exclusive = isinstance(node.func, ast.Attribute) and node.func.attr == "add_mutually_exclusive_group"
        return replace(owner, owner=owner) if exclusive else owner

    def _subparsers(self, owner: _Parser, node: ast.Call) -> _Parser:
        return owner

    def _add_parser(self, owner: _Parser, node: ast.Call) -> _Parser | None:
        given = keywords(node)
        name = self.module.text(node.args[0] if node.args else given.get("name"))
        if not name:
            return None
        child = _Parser(name=name, help=self.module.text(given.get("help") or given.get("description")))
        self._take_parents(child, node)
        owner.children.append(child)
        return child

    def _set_defaults(self, owner: _Parser, node: ast.Call) -> _Parser:
        owner.defaults.update({key: self.module.value(value) for key, value in keywords(node).items()})
        return owner

    def _parse_known(self, owner: _Parser, node: ast.Call) -> _Parser:
        owner.open_ended = True
        return owner

    def _add_argument(self, owner: _Parser, node: ast.Call) -> _Parser:
        names = [self.module.value(one) for one in node.args]
        given = keywords(node)
        if not names or UNKNOWN in names or len(given) < len(node.keywords):
            # Names made in a loop, `**common`: there is an argument, but which can't be known.
            (owner.owner or owner).open_ended = True
            return owner
        found = _argument(self.module, [str(name) for name in names], given)
        if found is not None:
            owner.parameters[found.name] = replace(found, required=False) if owner.owner else found
        return owner


_METHODS = {
    "add_argument_group": _Reader._group,
    "add_mutually_exclusive_group": _Reader._group,
    "add_subparsers": _Reader._subparsers,
    "add_parser": _Reader._add_parser,
    "add_argument": _Reader._add_argument,
    "set_defaults": _Reader._set_defaults,
    "parse_known_args": _Reader._parse_known,
    "parse_known_intermixed_args": _Reader._parse_known,
}


def read_argparse(module: Module) -> list[CommandLine]:
    """Give the command lines that a module's argparse parsers take."""
    return _Reader(module).read()


def _target(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _target(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _lines(
    parser: _Parser, above: tuple[str, ...] = (), inherited: dict[str, Parameter] | None = None
) -> list[CommandLine]:
    own = {
        name: replace(_with_default(one, parser.defaults), level=len(above)) for name, one in parser.parameters.items()
    }
    parameters = (inherited or {}) | own
    if parser.children:
        return [line for child in parser.children for line in _lines(child, (*above, child.name), parameters)]
    return [CommandLine("argparse", above, parameters, parser.open_ended, parser.help)]


def _with_default(one: Parameter, defaults: dict[str, Any]) -> Parameter:
    if one.name not in defaults or defaults[one.name] is UNKNOWN:
        return one
    return replace(one, default=parameter("", "str", default=defaults[one.name]).default, required=False)


def _argument(module: Module, names: list[str], given: dict[str, ast.expr]) -> Parameter | None:
    action = _action(module, given.get("action"))
    if action in _IGNORED:
        return None
    name, option = _named(names, module.text(given.get("dest")))
    details = {"option": option, "help": _help(module, given)}
    default = module.value(given["default"]) if "default" in given else None
    if default == "==SUPPRESS==" or module.dotted(given.get("default")) == "argparse.SUPPRESS":
        default = None
    required = module.value(given.get("required")) is True
    if action in _SWITCHES:
        value = (not _SWITCHES[action]) if "default" not in given else default
        # A switch that turns something off is asked as what it turns off.
        negative = option if action == "store_false" else ""
        details["option"] = "" if negative else option
        return parameter(name, "bool", default=value, switch=True, negative=negative, required=required, **details)
    if action == _BOOLEAN:
        negative = "--no-" + option.removeprefix("--")
        return parameter(name, "bool", default=default, switch=True, negative=negative, required=required, **details)
    if action == "store_const":
        return parameter(name, "bool", default=False, switch=True, required=required, **details)
    if action == "count":
        return parameter(name, "int", default=default, switch=True, required=required, **details)
    return _value_argument(module, name, given, action, default, required, details)


def _value_argument(
    module: Module,
    name: str,
    given: dict[str, ast.expr],
    action: str,
    default: Any,
    required: bool,
    details: dict[str, Any],
) -> Parameter:
    nargs = module.value(given["nargs"]) if "nargs" in given else None
    if module.dotted(given.get("nargs")) == "argparse.REMAINDER":
        nargs = "*"
    kind = _type(module, given.get("type"), default)
    choices = module.value(given["choices"]) if "choices" in given else ()
    choices = list(choices) if isinstance(choices, list | tuple | dict) else ()
    many = action in _LISTS or nargs in ("*", "+", "...") or isinstance(nargs, int)
    if not details["option"]:
        required = nargs not in ("?", "*", "...")
    if many:
        kind = "str" if kind == "list" else kind
        values = [converted(one, kind) for one in default] if isinstance(default, list | tuple) else default
        repeated = action in _LISTS and nargs is None
        return parameter(
            name, "list", item=kind, default=values, choices=choices, repeated=repeated, required=required, **details
        )
    kind = "str" if kind == "list" else kind
    details["any_text_is_true"] = kind == "bool" and module.dotted(given.get("type")) == "bool"
    return parameter(name, kind, default=converted(default, kind), choices=choices, required=required, **details)


def _named(names: list[str], dest: str) -> tuple[str, str]:
    """Give the destination and the option, by argparse's rules."""
    if not names[0].startswith("-"):
        return dest or names[0], ""
    long = next((name for name in names if name.startswith("--")), names[0])
    return dest or long.lstrip("-").replace("-", "_"), long


def _action(module: Module, node: ast.expr | None) -> str:
    if node is None:
        return "store"
    found = module.value(node)
    return found if isinstance(found, str) else module.dotted(node)


def _help(module: Module, given: dict[str, ast.expr]) -> str:
    text = module.text(given.get("help"))
    return "" if text == "==SUPPRESS==" else text.replace("%(default)s", "the default").replace("%%", "%")


def _type(module: Module, node: ast.expr | None, default: Any) -> ParameterType:
    """Give the type of one value; where none is declared argparse keeps the text."""
    if node is None:
        kind = type_of_value(default)
        return kind if kind in ("int", "float", "path") else "str"
    if isinstance(node, ast.Call):
        return type_named(module.dotted(node.func)) or "str"
    name = module.dotted(node)
    if found := type_named(name):
        return found
    last = name.rpartition(".")[2].lower()
    return next((kind for word, kind in _WORDS.items() if word in last), "str")
