"""Turns checked parameters into the arguments that a script's own parser takes."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation

from longshore.errors import Invalid
from longshore.projects.model import EntryPoint, Parameter
from longshore.projects.parameters import is_true, list_of, text_of

_NUMBER = re.compile(r"^-\d+$|^-\d*\.\d+$")


def script_arguments(entry: EntryPoint, given: Mapping[str, str]) -> list[str]:
    """Give the arguments after the script's name. Only what was given: defaults are the script's own business.

    Raises: Invalid for a combination that this command line cannot express.
    """
    arguments: list[str] = []
    for level in range(len(entry.subcommands) + 1):
        declared = [one for one in entry.parameters.values() if one.level == level]
        arguments += _level(declared, given)
        arguments += entry.subcommands[level : level + 1]
    for name in given:
        if name not in entry.parameters:
            arguments += [f"--{name}", given[name]]
    return arguments


def _level(declared: Iterable[Parameter], given: Mapping[str, str]) -> list[str]:
    options = [one for one in declared if one.option or one.switch]
    places = [one for one in declared if not (one.option or one.switch)]
    named = [part for one in options if one.name in given for part in _option(one, given[one.name])]
    placed = _positions(places, given)
    if any(part.startswith("-") for part in placed):
        return [*named, "--", *placed]
    # Positions first: an option that takes several values would swallow them.
    return [*placed, *named]


def _positions(places: list[Parameter], given: Mapping[str, str]) -> list[str]:
    last = max((index for index, one in enumerate(places) if one.name in given), default=-1)
    parts: list[str] = []
    for one in places[: last + 1]:
        if one.name not in given and one.default is None:
            raise Invalid(
                f"The parameter {one.name!r} stands before {places[last].name!r} and has no value.",
                hint=f"Give -P {one.name}=... too.",
            )
        value = given.get(one.name, text_of(one.default))
        parts += list_of(value) if one.type == "list" else [_text(one, value)]
    return parts


def _option(one: Parameter, value: str) -> list[str]:
    if one.switch:
        return _switch(one, value)
    if one.joined:
        return [f"{one.option}={_literal(one, value)}"]
    if one.type != "list":
        return _named(one.option, _text(one, value))
    values = list_of(value)
    if one.repeated:
        return [part for item in values for part in _named(one.option, item)]
    return [one.option, *(_without_exponent(item) for item in values)]


def _without_exponent(value: str) -> str:
    """Write -1e-3 as -0.001: argparse takes the first for an option where it can't stick to one."""
    if not value.startswith("-") or _NUMBER.match(value):
        return value
    try:
        return format(Decimal(value), "f")
    except InvalidOperation:
        return value


def _named(option: str, value: str) -> list[str]:
    # A value that looks like an option must stick to its own.
    if not value.startswith("-") or _NUMBER.match(value):
        return [option, value]
    return [f"{option}{value}" if len(option) == 2 else f"{option}={value}"]


def _switch(one: Parameter, value: str) -> list[str]:
    if one.type == "int":
        return [one.option] * int(value)
    if is_true(value) if one.type == "bool" else value == one.name:
        if one.option or one.default is True:
            return [one.option] if one.option else []
    elif one.negative or not one.default:
        return [one.negative] if one.negative else []
    raise Invalid(
        f"The parameter {one.name!r} cannot be {value!r}: the script has no option for that.",
        hint="Leave it out, and the script's default holds.",
    )


def _text(one: Parameter, value: str) -> str:
    if one.type == "bool":
        return ("True" if is_true(value) else "") if one.any_text_is_true else value
    return value


def _literal(one: Parameter, value: str) -> str:
    """Write a value so that fire, which reads Python literals, sees the declared type."""
    if one.type == "bool":
        return "True" if is_true(value) else "False"
    if one.type == "list":
        values = list_of(value)
        return json.dumps(values) if one.item in ("str", "path") else f"[{','.join(values)}]"
    if isinstance(one.default, str):
        try:
            ast.literal_eval(value)
        except (SyntaxError, ValueError):
            return value
        return json.dumps(value)
    return value
