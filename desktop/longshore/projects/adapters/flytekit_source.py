"""Reads flytekit workflows from the text of a project's files: tasks, workflows, what they call, in what order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from longshore.projects.arguments.signatures import Function, arguments_of, read_annotation
from longshore.projects.arguments.syntax import UNKNOWN, Module, converted, keywords, parameter, plain
from longshore.projects.model import Parameter, ParameterType
from longshore.projects.pipeline import Resources
from longshore.projects.python_sources import Place, Sources

TASK, DYNAMIC, EAGER, WORKFLOW = "task", "dynamic", "eager", "workflow"
# A task of Flyte 2, which may call others.
FLYTE_2 = "flyte 2"
_DECORATORS = (TASK, DYNAMIC, EAGER, WORKFLOW)
_UNITS = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


@dataclass(frozen=True)
class Entity:
    """A function that Flyte runs."""

    kind: str
    place: Place
    function: Function
    given: Mapping[str, ast.expr] = field(default_factory=dict)

    @property
    def cached(self) -> bool:
        """Tell whether its results are kept for the same inputs."""
        cache = self.given.get("cache")
        return cache is not None and self.place.module.value(cache) not in (False, None, "disable")


class Entities:
    """Finds what a name stands for, across the files of a folder."""

    def __init__(self, sources: Sources, kind: str = "") -> None:
        self.sources, self._is_flyte_2 = sources, kind == FLYTE_2
        self._known: dict[tuple[str, str], Entity | None] = {}

    def find(self, file: str, name: str) -> Entity | None:
        """Give the task or workflow that a file knows under a name; None where it is something else."""
        place = self.sources.find(file, name) if name else None
        if place is None:
            return None
        key = (place.file, place.name)
        if key not in self._known:
            self._known[key] = None
            self._known[key] = self._entity(place)
        return self._known[key]

    def _entity(self, place: Place) -> Entity | None:
        if value := place.module.constants.get(place.name):
            if isinstance(value, ast.Call) and place.module.dotted(value.func).endswith("Task"):
                return _made_task(place, value)
            # A launch plan, or a task under another name, stands for what it was made of.
            return self.find(place.file, first_name(value))
        function = place.module.functions.get(place.name)
        if function is None:
            return None
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            dotted = place.module.dotted(call.func if call else decorator)
            name = dotted.rpartition(".")[2]
            given = keywords(call) if call else {}
            if self._is_flyte_2:
                made = place.module.constants.get(dotted.rpartition(".")[0]) if name == TASK else None
                if isinstance(made, ast.Call) and place.module.dotted(made.func).endswith("TaskEnvironment"):
                    return Entity(FLYTE_2, place, function, {**keywords(made), **given})
            elif dotted.startswith("flytekit.") and name in _DECORATORS:
                return Entity(name, place, function, given)
        return None


def tags_of(entity: Entity) -> tuple[str, ...]:
    """Give what kind of task it is, and whether it is cached."""
    kind = entity.kind if entity.kind not in (TASK, FLYTE_2) else ""
    return tuple(tag for tag in (kind, "cached" if entity.cached else "") if tag)


def _made_task(place: Place, call: ast.Call) -> Entity:
    """Give a task that has no function of its own: `ShellTask(name="count", ...)`."""
    given = keywords(call)
    name = place.module.text(given.get("name")) or place.name
    function = ast.FunctionDef(name, ast.arguments([], [], None, [], [], None, []), [], [], lineno=call.lineno)
    return Entity(TASK, Place(place.file, place.module, name.rpartition(".")[2]), function, given)


def first_name(node: ast.expr) -> str:
    """Give the first name that a call is given."""
    if isinstance(node, ast.Call):
        return next((name for one in [*node.args, *keywords(node).values()] if (name := first_name(one))), "")
    return node.id if isinstance(node, ast.Name) else ""


def entity_parameters(entity: Entity) -> dict[str, Parameter]:
    """Give what a task or workflow takes, with types and defaults."""
    module, found = entity.place.module, {}
    for one in arguments_of(entity.function):
        annotated = read_annotation(module, one.annotation)
        default = UNKNOWN if one.default is None else module.value(one.default)
        kind: ParameterType = annotated.kind or ("path" if _is_file(module, one.annotation) else "str")
        value = None if default is UNKNOWN else plain(default)
        found[one.name] = parameter(
            one.name,
            kind,
            default=converted(value, kind),
            required=one.default is None,
            choices=annotated.choices,
            item=annotated.item,
            option=f"--{one.name}",
            negative=f"--no-{one.name.replace('_', '-')}" if kind == "bool" else "",
        )
    return found


def _is_file(module: Module, node: ast.expr | None) -> bool:
    base = node.value if isinstance(node, ast.Subscript) else node
    return module.dotted(base).rpartition(".")[2] in ("FlyteFile", "FlyteDirectory")


def help_of(entity: Entity) -> str:
    """Give the first paragraph of a function's text."""
    return " ".join((ast.get_docstring(entity.function) or "").strip().partition("\n\n")[0].split())


def dotted_name(node: ast.expr) -> str:
    """Give a name as it is written, dots included; empty where it is none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted_name(node.value)):
        return f"{base}.{node.attr}"
    return ""


# -- what a task asks for ---------------------------------------------------------------------------------------------


def resources_of(module: Module, given: Mapping[str, ast.expr]) -> tuple[Resources, str]:
    """Give what a task asks for, and its image."""
    asked = given.get("requests") or given.get("limits") or given.get("resources")
    values = keywords(asked) if isinstance(asked, ast.Call) else {}
    gpus = _amount(module.value(values.get("gpu")))
    retries = module.value(given.get("retries"))
    return (
        Resources(
            _amount(module.value(values.get("cpu"))),
            int(memory)
            if (memory := _amount(module.value(values.get("mem") or values.get("memory")))) is not None
            else None,
            int(gpus) if gpus is not None else None,
            _seconds(module, given.get("timeout")),
            retries if isinstance(retries, int) else None,
        ),
        _image(module, given.get("container_image") or given.get("image")),
    )


def _amount(value: Any) -> float | None:
    """Read an amount as Kubernetes writes it: 500m, 2, 1Gi."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    for unit, factor in {**_UNITS, "m": 0.001}.items():
        if value.endswith(unit):
            return _number(value.removesuffix(unit), factor)
    return _number(value, 1)


def _number(text: str, factor: float) -> float | None:
    try:
        return float(text) * factor
    except ValueError:
        return None


def _seconds(module: Module, node: ast.expr | None) -> float | None:
    value = module.value(node)
    if isinstance(value, int | float):
        return float(value)
    units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
    if isinstance(node, ast.Call):
        values = {key: module.value(one) for key, one in keywords(node).items()}
        known = [
            amount * units[key] for key, amount in values.items() if key in units and isinstance(amount, int | float)
        ]
        return float(sum(known)) or None
    return None


def _image(module: Module, node: ast.expr | None) -> str:
    if isinstance(node, ast.Name) and node.id in module.constants:
        node = module.constants[node.id]
    if isinstance(node, ast.Call):
        given = keywords(node)
        base, name = module.text(given.get("base_image")), module.text(given.get("name"))
        return base or name
    return module.text(node)


def workflows(sources: Sources) -> Iterator[tuple[str, Entity]]:
    """Give each workflow with its file."""
    entities = Entities(sources)
    for file, module in sources.mentioning("flytekit"):
        for name in module.functions:
            found = entities.find(file, name)
            if found is not None and found.kind != TASK and found.place.file == file:
                yield file, found
