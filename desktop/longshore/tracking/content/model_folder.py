"""What a model's folder says of the model: flavors, signature, requirements. Read from small files, without running any."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# An MLmodel file is a page of text; more than this is something else.
LONGEST = 64 * 1024
_WORDS = 200
_MOST_FIELDS, _MOST_REQUIREMENTS = 60, 200
_DEEPEST = 6


@dataclass(frozen=True)
class ModelFolder:
    """A model as its files describe it. Fields that they do not hold are empty."""

    flavors: tuple[str, ...]  # "sklearn 1.7.2"
    inputs: tuple[str, ...]  # "age: long", "optional" behind one that may be missing
    outputs: tuple[str, ...]
    params: tuple[str, ...]
    python: str
    mlflow: str
    created: str
    requirements: tuple[str, ...]
    model_id: str = ""


def read(mlmodel: str, requirements: str) -> ModelFolder | None:
    """Read the texts of `MLmodel` and `requirements.txt`; None where the first is no such file."""
    found = _loaded(mlmodel)
    if found is None or not isinstance(found.get("flavors"), dict):
        return None
    flavors = found["flavors"]
    generic = flavors.get("python_function")
    signature = found.get("signature")
    signature = signature if isinstance(signature, dict) else {}
    inputs, outputs, params = (_fields(signature.get(key)) for key in ("inputs", "outputs", "params"))
    return ModelFolder(
        flavors=tuple(_flavor(name, about) for name, about in list(flavors.items())[:20]),
        inputs=inputs,
        outputs=outputs,
        params=params,
        python=_word(generic.get("python_version")) if isinstance(generic, dict) else "",
        mlflow=_word(found.get("mlflow_version")),
        created=_word(found.get("utc_time_created"))[:19],
        requirements=tuple(_lines(requirements)),
        model_id=_word(found.get("model_id")),
    )


def _loaded(text: str) -> dict[str, Any] | None:
    import yaml

    class Plain(yaml.SafeLoader):
        """YAML without references: nine of them make a thousand million values of one."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("references are not read")
            return super().compose_node(parent, index)

    try:
        found = yaml.load(text[:LONGEST], Plain)
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _flavor(name: Any, about: Any) -> str:
    versions = (
        [value for key, value in about.items() if str(key).endswith("_version")] if isinstance(about, dict) else []
    )
    own = about.get(f"{name}_version") if isinstance(about, dict) else None
    if name == "python_function":
        own = ""
        versions = []
    return f"{_word(name)} {_word(own or (versions[0] if versions else ''))}".strip()


def _fields(listed: Any) -> tuple[str, ...]:
    # MLflow keeps the lists as JSON inside its YAML.
    try:
        entries = json.loads(listed) if isinstance(listed, str) else listed
    except (ValueError, RecursionError):
        return ()
    return (
        tuple(_field(each) for each in entries[:_MOST_FIELDS] if isinstance(each, dict))
        if isinstance(entries, list)
        else ()
    )


def _field(entry: Mapping[str, Any]) -> str:
    name, kind = _word(entry.get("name")), _type(entry, 0)
    optional = entry.get("required") is False
    words = f"{name}: {kind}" if name else kind
    if "default" in entry:
        words += f" = {_word(json.dumps(entry['default'], default=str))}"
    return words + (", optional" if optional else "")


def _type(entry: Any, depth: int) -> str:
    if not isinstance(entry, dict) or depth > _DEEPEST:
        return "…"
    kind = _word(entry.get("type") or entry.get("dtype") or "any")
    tensor = entry.get("tensor-spec")
    if kind == "tensor" and isinstance(tensor, dict):
        shape = tensor.get("shape")
        sizes = ", ".join(_word(each) for each in shape[:8]) if isinstance(shape, list) else ""
        return f"{_word(tensor.get('dtype') or 'any')} [{sizes}]"
    if kind in ("array", "map"):
        return f"{kind}({_type(entry.get('items' if kind == 'array' else 'values'), depth + 1)})"
    properties = entry.get("properties")
    if kind == "object" and isinstance(properties, dict):
        inner = (f"{_word(name)}: {_type(each, depth + 1)}" for name, each in sorted(properties.items())[:8])
        return f"object({', '.join(inner)})"
    return kind


def _lines(text: str) -> list[str]:
    kept = (line.strip() for line in text[:LONGEST].splitlines())
    return [line[:_WORDS] for line in kept if line and not line.startswith("#")][:_MOST_REQUIREMENTS]


def _word(found: Any) -> str:
    if found is None or isinstance(found, dict | list):
        return ""
    return str(found)[:_WORDS]
