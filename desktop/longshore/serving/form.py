"""The "try it" form of a model version: its fields, an example to begin with, and the request they make."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from longshore.errors import Invalid

if TYPE_CHECKING:
    from longshore.mlflow_rest.client import Client
    from longshore.registry.models import VersionInfo
    from longshore.registry.signature import Field, Signature

_EXAMPLE = "serving_input_example.json"
_OLD_EXAMPLE = "input_example.json"
_WHOLE = ("integer", "long")
_REAL = ("float", "double")
_BLANKS: dict[str, Any] = {
    "integer": 0,
    "long": 0,
    "float": 0.0,
    "double": 0.0,
    "boolean": False,
    "string": "",
    "datetime": "2024-01-01T00:00:00",
}


@dataclass(frozen=True)
class FormField:
    """One column of the form. `example` is what the field begins with."""

    name: str
    type: str  # MLflow's word: double, long, string, boolean, datetime, ...
    required: bool
    example: Any = None


@dataclass(frozen=True)
class Form:
    """How a model is tried: by fields, or where its input is no table, by the text of a request."""

    fields: tuple[FormField, ...]
    params: tuple[FormField, ...]
    # A whole request as MLflow takes it, from the model's own input example where it has one.
    request: str

    @property
    def tabular(self) -> bool:
        """Tell whether the fields are enough."""
        return bool(self.fields)


def form(client: Client, reference: str) -> Form:
    """Give the form of NAME/3 or NAME@alias. Raises: NotFound; Invalid if the model has no signature."""
    from longshore.registry import models

    version = models.version(client, reference)
    if version.signature is None:
        raise Invalid(f"{reference} has no signature.", hint="Log the model with a signature or an input example.")
    return of_signature(version.signature, _example(client, version))


def example_request(client: Client, reference: str) -> bytes:
    """Give a request that a version can answer: its own input example, or one blank row."""
    return form(client, reference).request.encode()


def of_signature(signature: Signature, example: Mapping[str, Any] | None) -> Form:
    """Make the form of a signature and of the model's serving example, None for no example."""
    row = _first_row(example)
    columns = all(field.name and field.shape is None and _plain(field) for field in signature.inputs)
    fields = tuple(_field(field, row) for field in signature.inputs) if columns else ()
    params = tuple(
        FormField(field.name, field.type, required=False, example=field.default) for field in signature.params
    )
    if example is not None:
        body: Mapping[str, Any] = example
    elif fields:
        body = {"dataframe_split": {"columns": [f.name for f in fields], "data": [[f.example for f in fields]]}}
    else:
        body = {"inputs": _blank_inputs(signature)}
    return Form(fields, params, json.dumps(body, indent=2))


def request(form: Form, values: Mapping[str, str], params: Mapping[str, str] | None = None) -> bytes:
    """Make one row's request of what was typed into the fields; an optional field left empty is missing.

    Raises: Invalid naming the field and its type.
    """
    row = {field.name: _value(field, values.get(field.name, "")) for field in form.fields}
    body: dict[str, Any] = {"dataframe_split": {"columns": list(row), "data": [list(row.values())]}}
    given = {field.name: text for field in form.params if (text := (params or {}).get(field.name, "")).strip()}
    if given:
        body["params"] = {field.name: _value(field, given[field.name]) for field in form.params if field.name in given}
    return json.dumps(body).encode()


def _plain(field: Field) -> bool:
    return "(" not in field.type and field.type != "any"


def _field(field: Field, row: Mapping[str, Any]) -> FormField:
    return FormField(field.name, field.type, field.required, row.get(field.name, _BLANKS.get(field.type, "")))


def _blank_inputs(signature: Signature) -> Any:
    blanks = {field.name: _blank(field) for field in signature.inputs}
    return blanks[""] if list(blanks) == [""] else blanks


def _blank(field: Field) -> Any:
    kind = field.type.removeprefix("tensor(").removesuffix(")")
    value: Any = "" if kind in ("object", "str", "string") else 0
    for length in reversed(field.shape or ()):
        value = [value] * (1 if length < 0 else min(length, 1024))
    return value


def _value(field: FormField, text: str) -> Any:
    typed = text.strip()
    if not typed and field.type != "string":
        if field.required:
            raise Invalid(f"{field.name} is missing; it is a {field.type}.", hint="Fill the field in.")
        return None
    with contextlib.suppress(ValueError):
        return _converted(field.type, typed, text)
    raise Invalid(f"{field.name} is a {field.type}; {text!r} is none.", hint="Correct the field, then send again.")


def _converted(kind: str, typed: str, text: str) -> Any:
    if kind in _WHOLE:
        return int(typed)
    if kind in _REAL:
        value = float(typed)
        # JSON has no word for these; MLflow reads a missing value as NaN.
        return value if math.isfinite(value) else None
    if kind == "boolean":
        if typed.lower() not in ("true", "false"):
            raise ValueError(typed)
        return typed.lower() == "true"
    return text


def _example(client: Client, version: VersionInfo) -> Mapping[str, Any] | None:
    from longshore.errors import LongshoreError
    from longshore.registry import files

    for name in (_EXAMPLE, _OLD_EXAMPLE):
        with contextlib.suppress(LongshoreError, ValueError):
            found = json.loads(files.read(client, version, name))
            if name == _OLD_EXAMPLE and isinstance(found, dict) and {"columns", "data"} <= set(found):
                return {"dataframe_split": found}
            if name == _EXAMPLE and isinstance(found, dict):
                return found
    return None


def _first_row(example: Mapping[str, Any] | None) -> dict[str, Any]:
    """Give the first row of a serving example by column; empty where it is no table."""
    split = (example or {}).get("dataframe_split")
    if isinstance(split, dict) and split.get("data"):
        return dict(zip(map(str, split.get("columns") or ()), split["data"][0], strict=False))
    records = (example or {}).get("dataframe_records")
    if isinstance(records, list) and records and isinstance(records[0], dict):
        return dict(records[0])
    return {}
