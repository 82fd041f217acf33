"""Reads parameters from a function's signature and annotations, as typer and fire do."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from longshore.projects.arguments.syntax import UNKNOWN, Module, enum_members, type_named
from longshore.projects.model import ParameterType

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Argument:
    """One parameter of a function."""

    name: str
    annotation: ast.expr | None
    default: ast.expr | None
    keyword_only: bool = False


def arguments_of(function: Function, *, skip_first: bool = False) -> Iterator[Argument]:
    """Give a function's parameters in order, without `self`."""
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    for index, (one, default) in enumerate(zip(positional, defaults, strict=True)):
        if not (skip_first and index == 0):
            yield Argument(one.arg, one.annotation, default)
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield Argument(one.arg, one.annotation, default, keyword_only=True)


@dataclass(frozen=True)
class Annotated:
    """What an annotation says."""

    kind: ParameterType | None = None
    item: ParameterType = "str"
    choices: tuple[Any, ...] = ()
    extras: tuple[ast.expr, ...] = ()  # the other parts of Annotated[...]


def read_annotation(module: Module, node: ast.expr | None) -> Annotated:
    """Read a type: plain, Optional, unions with None, lists, Literal, enumerations, Annotated."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            node = ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return Annotated()
    if node is None:
        return Annotated()
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union(module, [node.left, node.right])
    if isinstance(node, ast.Subscript):
        return _subscript(module, node)
    name = module.dotted(node)
    if name in module.classes and (members := enum_members(module, module.classes[name])):
        return Annotated("str", choices=tuple(members.values()))
    if name in module.constants and name:
        return read_annotation(module, module.constants[name])
    if name.rpartition(".")[2] in ("list", "List", "tuple", "Tuple", "set", "Sequence"):
        return Annotated("list")
    return Annotated(type_named(name))


def _subscript(module: Module, node: ast.Subscript) -> Annotated:
    parts = list(node.slice.elts) if isinstance(node.slice, ast.Tuple) else [node.slice]
    last = module.dotted(node.value).rpartition(".")[2]
    if last == "Annotated":
        inner = read_annotation(module, parts[0])
        return Annotated(inner.kind, inner.item, inner.choices, (*inner.extras, *parts[1:]))
    if last in ("Optional", "Union"):
        return _union(module, parts)
    if last == "Literal":
        return Annotated("str", choices=tuple(value for one in parts if (value := module.value(one)) is not UNKNOWN))
    if last in ("list", "List", "Sequence", "Iterable", "tuple", "Tuple", "set", "Set"):
        inner = read_annotation(module, parts[0])
        return Annotated("list", inner.kind or "str", inner.choices)
    return Annotated()


def _union(module: Module, parts: list[ast.expr]) -> Annotated:
    inner = [one for one in parts if not (isinstance(one, ast.Constant) and one.value is None)]
    return read_annotation(module, inner[0]) if len(inner) == 1 else Annotated()
