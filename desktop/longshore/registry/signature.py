"""What a model takes and gives, read from its MLmodel file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """One column, tensor or parameter. `type` is MLflow's word: double, long, string, tensor(float64), array(long)."""

    name: str  # empty for the one unnamed input of a tensor model
    type: str
    required: bool = True
    shape: tuple[int, ...] | None = None  # of a tensor; -1 for any length
    default: Any = None  # of a parameter


@dataclass(frozen=True)
class Signature:
    """Inputs, outputs and parameters of a model."""

    inputs: tuple[Field, ...]
    outputs: tuple[Field, ...]
    params: tuple[Field, ...]


def read(model_file: Mapping[str, Any]) -> Signature | None:
    """Read the signature out of a parsed MLmodel file, None where the model was logged without one."""
    found = model_file.get("signature")
    if not isinstance(found, dict):
        return None
    inputs, outputs, params = (_fields(found.get(key)) for key in ("inputs", "outputs", "params"))
    return Signature(inputs, outputs, params) if inputs or outputs or params else None


def _fields(listed: object) -> tuple[Field, ...]:
    # MLflow keeps the lists as JSON inside its YAML.
    entries = json.loads(listed) if isinstance(listed, str) else listed
    return tuple(map(_field, entries)) if isinstance(entries, list) else ()


def _field(entry: Mapping[str, Any]) -> Field:
    tensor = entry.get("tensor-spec")
    shape = tensor.get("shape") if isinstance(tensor, dict) else entry.get("shape")
    return Field(
        name=str(entry.get("name", "")),
        type=_type(entry),
        required=bool(entry.get("required", "default" not in entry)),
        shape=tuple(map(int, shape)) if isinstance(shape, list) else None,
        default=entry.get("default"),
    )


def _type(entry: Mapping[str, Any]) -> str:
    kind = str(entry.get("type") or entry.get("dtype") or "any")
    if kind == "tensor":
        return f"tensor({entry.get('tensor-spec', {}).get('dtype', 'any')})"
    if kind == "array":
        return f"array({_type(entry.get('items', {}))})"
    if kind == "map":
        return f"map({_type(entry.get('values', {}))})"
    if kind == "object":
        inner = ", ".join(f"{name}: {_type(spec)}" for name, spec in sorted(entry.get("properties", {}).items()))
        return f"object({inner})"
    return kind
