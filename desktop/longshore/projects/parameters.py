"""Checks the parameters that somebody gives against an entry point, and turns them into arguments."""

from __future__ import annotations

import difflib
import json
import math
import shlex
from collections.abc import Mapping
from typing import Any

from longshore.errors import Invalid
from longshore.projects.model import EntryPoint, Parameter, ParameterType

_TRUE, _FALSE = ("true", "yes", "on", "1", "y", "t"), ("false", "no", "off", "0", "n", "f")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "path": "a path",
    "str": "a text",
    "list": "a list",
}


def check_parameters(entry: EntryPoint, given: Mapping[str, str], *, whole: bool = True) -> dict[str, str]:
    """Give the parameters under their declared names, each in the form that its type has.

    `whole`: all that are required must be there; otherwise they come from an earlier run.
    Raises: Invalid naming the parameter, what it takes, and what was given.
    """
    checked: dict[str, str] = {}
    for name, value in given.items():
        declared = _declared(entry, name)
        if declared is None:
            checked[name] = value
            continue
        if declared.name in checked:
            raise Invalid(f"The parameter {declared.name!r} of {entry.name!r} is given twice.")
        checked[declared.name] = check_value(declared, value)
    missing = [one.name for one in entry.parameters.values() if one.required and one.name not in checked]
    if missing and whole:
        raise Invalid(
            f"{entry.name!r} needs {_listed(missing)}.",
            hint="Give " + " ".join(f"-P {name}=..." for name in missing) + ".",
        )
    return checked


def passed_on(entry: EntryPoint, given: Mapping[str, str]) -> tuple[str, ...]:
    """Say in sentences which parameters an MLproject file does not declare; a typing error is seen that way."""
    told = []
    for name in given if entry.framework == "mlproject" else ():
        if name not in entry.parameters:
            close = difflib.get_close_matches(name, list(entry.parameters), n=1, cutoff=0.7)
            guess = f" Did you mean {close[0]!r}?" if close else ""
            told.append(
                f"The MLproject file declares no parameter {name!r} for {entry.name!r}: it is passed on as --{name},"
                f" as `mlflow run` does.{guess}"
            )
    return tuple(told)


def effective_parameters(entry: EntryPoint, given: Mapping[str, str]) -> dict[str, str]:
    """Give every parameter with the value it will have, as text: what was given over the defaults that are known."""
    defaults = {one.name: text_of(one.default) for one in entry.parameters.values() if one.default is not None}
    return defaults | dict(given)


def text_of(value: Any) -> str:
    """Write a default the way a person would give it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def list_of(value: str) -> list[str]:
    """Split a list: a JSON list, else at commas, else at spaces.

    Raises: ValueError if the text opens a JSON list or a quotation and does not close it.
    """
    if value.lstrip().startswith("["):
        found = json.loads(value)
        return [text_of(one) for one in found]
    if "," in value:
        return [one.strip() for one in value.split(",") if one.strip()]
    return shlex.split(value)


def is_true(value: str) -> bool:
    """Read a checked bool."""
    return value.lower() in _TRUE


def _declared(entry: EntryPoint, name: str) -> Parameter | None:
    same = {key.replace("-", "_").lower(): one for key, one in entry.parameters.items()}
    found = entry.parameters.get(name) or same.get(name.lstrip("-").replace("-", "_").lower())
    if found or entry.open_ended:
        return found
    close = difflib.get_close_matches(name, list(entry.parameters), n=1, cutoff=0.5)
    known = f"It takes {_listed(list(entry.parameters))}." if entry.parameters else "It takes no parameters."
    raise Invalid(
        f"{entry.name!r} has no parameter {name!r}.", hint=f"Did you mean {close[0]!r}? {known}" if close else known
    )


def check_value(declared: Parameter, value: str) -> str:
    """Give one value in the form that its parameter has. Raises: Invalid saying what it takes."""
    if declared.choices and declared.type != "list":
        return _chosen(declared, value)
    if declared.type == "list":
        return _checked_list(declared, value)
    return _converted(declared, declared.type, value)


def _chosen(declared: Parameter, value: str) -> str:
    if value in declared.choices:
        return value
    close = difflib.get_close_matches(value, declared.choices, n=1)
    raise Invalid(
        f"The parameter {declared.name!r} cannot be {value!r}.",
        hint=(f"Did you mean {close[0]!r}? " if close else "") + f"It is one of {_listed(list(declared.choices))}.",
    )


def _checked_list(declared: Parameter, value: str) -> str:
    try:
        values = list_of(value)
    except ValueError as error:
        raise Invalid(
            f"The parameter {declared.name!r} takes a list, and {value!r} cannot be split into one: {error}.",
            hint='Write it as 1,2,3 or ["a", "b"].',
        ) from error
    for one in values:
        if declared.choices:
            _chosen(declared, one)
        else:
            _converted(declared, declared.item, one)
    return json.dumps(values)


def _converted(declared: Parameter, kind: ParameterType, value: str) -> str:
    try:
        if kind == "int":
            return str(int(value))
        if kind == "float":
            float(value)
            return value.strip()
    except ValueError:
        raise _wrong(declared, kind, value) from None
    if kind == "bool":
        if value.lower() in _TRUE:
            return "true"
        if value.lower() in _FALSE:
            return "false"
        raise _wrong(declared, kind, value)
    if "\0" in value:
        raise Invalid(f"The parameter {declared.name!r} holds a NUL character, which no command line can carry.")
    return value


def _wrong(declared: Parameter, kind: ParameterType, value: str) -> Invalid:
    example = text_of(declared.default) if declared.default is not None else ""
    if isinstance(declared.default, float) and not math.isfinite(declared.default):
        example = ""
    takes = f"takes {_KINDS[kind]}" if declared.type != "list" else f"takes a list; each value is {_KINDS[kind]}"
    return Invalid(
        f"The parameter {declared.name!r} {takes}, not {value!r}.",
        hint=f"For example -P {declared.name}={example}." if example else f"Give {_KINDS[kind]}.",
    )


def _listed(names: list[str]) -> str:
    if len(names) > 12:
        names = [*names[:12], "..."]
    return ", ".join(names)
