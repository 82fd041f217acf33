"""Reads flytekit workflows from the text of a project's files: tasks, workflows, what they call, in what order."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.projects.arguments.signatures import Function, arguments_of, read_annotation
from longshore.projects.arguments.syntax import UNKNOWN, Module, converted, keywords, parameter, plain
from longshore.projects.model import Parameter, ParameterType
from longshore.projects.pipeline import Resources, Step, StepKind
from longshore.projects.python_sources import Place, Sources

TASK, DYNAMIC, EAGER, WORKFLOW = "task", "dynamic", "eager", "workflow"
_DECORATORS = (TASK, DYNAMIC, EAGER, WORKFLOW)
_DEEPEST = 5
# Calls into these make no steps that the text does not show.
_HARMLESS = frozenset({"flytekit", "functools", "typing", "datetime", "os", "pathlib", "math", "enum", "dataclasses"})
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
        return cache is not None and self.place.module.value(cache) not in (False, None)


class Entities:
    """Finds what a name stands for, across the files of a folder."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
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
            return self.find(place.file, _first_name(value))
        function = place.module.functions.get(place.name)
        if function is None:
            return None
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            dotted = place.module.dotted(call.func if call else decorator)
            name = dotted.rpartition(".")[2]
            if dotted.startswith("flytekit.") and name in _DECORATORS:
                return Entity(name, place, function, keywords(call) if call else {})
        return None


def _made_task(place: Place, call: ast.Call) -> Entity:
    """Give a task that has no function of its own: `ShellTask(name="count", ...)`."""
    given = keywords(call)
    name = place.module.text(given.get("name")) or place.name
    function = ast.FunctionDef(name, ast.arguments([], [], None, [], [], None, []), [], [], lineno=call.lineno)
    return Entity(TASK, Place(place.file, place.module, name.rpartition(".")[2]), function, given)


def _first_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return next((name for one in [*node.args, *keywords(node).values()] if (name := _first_name(one))), "")
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


# -- what a workflow calls --------------------------------------------------------------------------------------------


class Graph:
    """The steps of one workflow, those within it included."""

    def __init__(self, entities: Entities, entity: Entity) -> None:
        self._entities = entities
        self.steps: list[Step] = []
        # False: loops, or functions of the project's own, make steps that the text does not list.
        self.complete = True
        self._names: dict[str, int] = {}
        if entity.kind == WORKFLOW:
            self._body(entity, "", (), 0)
        else:  # a dynamic task that is run by itself is a step of its own
            self.add(entity, "", (), 0, "task", {"parameters": entity_parameters(entity)})

    def name(self, prefix: str, name: str) -> str:
        """Give the nth call of a task a name of its own, as the one that watches the run does."""
        full = f"{prefix}{name}"
        count = self._names[full] = self._names.get(full, 0) + 1
        return full if count == 1 else f"{full}-{count}"

    def _body(self, entity: Entity, prefix: str, after: tuple[str, ...], depth: int) -> None:
        walker = _Walker(self, self._entities, entity, prefix, after, depth)
        for statement in entity.function.body:
            walker.visit(statement)

    def add(
        self, entity: Entity, prefix: str, after: tuple[str, ...], depth: int, kind: StepKind, facts: dict[str, Any]
    ) -> str:
        """Add the step of a call, and those within it; gives its name."""
        name = self.name(prefix, entity.place.name)
        module = entity.place.module
        resources, image = _resources(module, entity.given)
        self.steps.append(
            Step(
                name,
                label=entity.place.name,
                kind=kind,
                after=after or ((prefix.rstrip("/"),) if prefix else ()),
                source=entity.place.file,
                line=entity.function.lineno,
                image=image,
                resources=resources,
                tags=tuple(
                    tag for tag in (entity.kind if entity.kind != TASK else "", "cached" * entity.cached) if tag
                ),
                part_of=prefix.rstrip("/"),
                help=help_of(entity),
                **facts,
            )
        )
        if entity.kind != TASK and depth < _DEEPEST:
            self._body(entity, f"{name}/", (), depth + 1)
        return name

    def add_again(self, entity: Entity, prefix: str, after: tuple[str, ...], depth: int, facts: dict[str, Any]) -> str:
        """Add the step of a call within a dynamic task, where all calls of a task are one step."""
        name = f"{prefix}{entity.place.name}"
        for index, step in enumerate(self.steps):
            if step.name == name:
                more = tuple(one for one in after if one not in (*step.after, name))
                self.steps[index] = replace(step, after=(*step.after, *more))
                return name
        return self.add(entity, prefix, after, depth, "foreach", facts)

    def add_condition(self, prefix: str, label: str, after: tuple[str, ...], source: str, line: int) -> str:
        """Add the place where a workflow decides."""
        name = self.name(prefix, label)
        self.steps.append(Step(name, label=label, kind="condition", after=after, source=source, line=line,
                               part_of=prefix.rstrip("/")))  # fmt: skip
        return name


class _Walker(ast.NodeVisitor):
    """Goes through a function's body in the order in which it runs."""

    def __init__(
        self, graph: Graph, entities: Entities, entity: Entity, prefix: str, after: tuple[str, ...], depth: int
    ) -> None:
        self._graph, self._entities, self._entity = graph, entities, entity
        self._prefix, self._after, self._depth = prefix, after, depth
        # Which steps a variable comes from, and which a call is.
        self._from: dict[str, set[str]] = {}
        self._calls: dict[int, set[str]] = {}
        self._local: dict[str, ast.expr] = {}
        self._takes_itself = entity_parameters(entity)
        self._loops = 0
        self._inside: tuple[str, ...] = ()

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        made = self._origins(node.value)
        for target in node.targets:
            for name in (part.id for part in ast.walk(target) if isinstance(part, ast.Name)):
                self._from[name] = self._from.get(name, set()) | made if isinstance(target, ast.Subscript) else made
                self._local[name] = node.value
                self._name_outputs(made, name)

    def visit(self, node: ast.AST) -> None:
        """Visit a node; one whose content runs several times, or perhaps not at all, is noted as such."""
        if isinstance(node, ast.For | ast.While | ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.If):
            self._loop(node)
        else:
            super().visit(node)

    def _loop(self, node: ast.AST) -> None:
        before = len(self._graph.steps)
        self._loops += not isinstance(node, ast.If)
        self.generic_visit(node)
        self._loops -= not isinstance(node, ast.If)
        if self._entity.kind == WORKFLOW and len(self._graph.steps) > before:
            self._graph.complete = False  # how often it is gone through, only running it can tell

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.generic_visit(node)
        if isinstance(node.op, ast.RShift):
            self._order(self._origins(node.left, last=True), self._origins(node.right, last=True))

    def visit_Call(self, node: ast.Call) -> None:
        if self._condition(node):
            return
        self.generic_visit(node)
        found, kind = self._called(node.func)
        if found is None and isinstance(node.func, ast.Name) and node.func.id in ("create_node", "LocalNode"):
            found, kind = self._called(node.args[0]) if node.args else (None, "task")
        if found is None:
            self._calls[id(node)] = set().union(*(self._calls.get(id(one), set()) for one in ast.walk(node.func)))
            if self._entity.kind == WORKFLOW and self._may_call_tasks(node.func):
                self._graph.complete = False
            return
        given = {**dict(zip(self._takes(found), node.args, strict=False)), **keywords(node)}
        origins = set().union(*(self._origins(one) for one in given.values())) | set(self._inside)
        before = tuple(step.name for step in self._graph.steps if step.name in origins) or self._after
        facts = {"inputs": self._data(given), "parameters": self._constants(found, given)}
        if self._entity.kind != WORKFLOW:
            self._calls[id(node)] = {self._graph.add_again(found, self._prefix, before, self._depth, facts)}
        else:
            self._calls[id(node)] = {self._graph.add(found, self._prefix, before, self._depth, kind, facts)}

    def _may_call_tasks(self, node: ast.expr) -> bool:
        """Tell whether a function that is called may have steps that its text, or text elsewhere, would tell."""
        module, name = self._entity.place.module, _dotted(node)
        if name in self._from or name in self._local:
            return False
        dotted = module.dotted(node)
        is_imported = dotted != name or name.partition(".")[0] in module.imports
        return name in module.functions or (is_imported and dotted.partition(".")[0] not in _HARMLESS)

    def _takes(self, found: Entity) -> list[str]:
        return [one.name for one in arguments_of(found.function)]

    def _called(self, node: ast.expr) -> tuple[Entity | None, StepKind]:
        """Give what a call runs, seen through `map_task`, `partial` and launch plans."""
        if isinstance(node, ast.Name) and node.id in self._local and not isinstance(self._local[node.id], ast.Name):
            return self._called(self._local[node.id]) if self._is_maker(self._local[node.id]) else (None, "task")
        if isinstance(node, ast.Name | ast.Attribute):
            found = self._entities.find(self._entity.place.file, _dotted(node))
            return found, "foreach" if found and self._is_mapped(node) else "task"
        if isinstance(node, ast.Call) and self._is_maker(node):
            name = self._last(node.func)
            found, _kind = self._called(node.args[0]) if node.args else (None, "task")
            if found is None and node.args:
                found = self._entities.find(self._entity.place.file, _first_name(node.args[0]))
            return found, "foreach" if name in ("map_task", "map") else "task"
        return None, "task"

    def _is_mapped(self, node: ast.expr) -> bool:
        value = self._entity.place.module.constants.get(_dotted(node))
        return isinstance(value, ast.Call) and self._last(value.func) == "map_task"

    def _is_maker(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Call) and self._last(node.func) in (
            "map_task", "partial", "get_or_create", "get_default_launch_plan",
        )  # fmt: skip

    def _last(self, node: ast.expr) -> str:
        return self._entity.place.module.dotted(node).rpartition(".")[2]

    def _condition(self, node: ast.Call) -> bool:
        """Read `conditional("x").if_(...).then(...)...` as a decision with what may follow."""
        chain: list[ast.Call] = []
        inner: ast.expr = node
        while isinstance(inner, ast.Call):
            chain.append(inner)
            inner = inner.func.value if isinstance(inner.func, ast.Attribute) else inner.func
        first = chain[-1]
        if len(chain) < 2 or self._last(first.func) != "conditional":
            return False
        label = self._entity.place.module.text(first.args[0] if first.args else None) or "conditional"
        branches = [one for call in reversed(chain[:-1]) for one in call.args]
        tested = [one for one in branches if not isinstance(one, ast.Call)]
        origins = set().union(*(self._origins(one) for one in tested)) if tested else set()
        before = tuple(step.name for step in self._graph.steps if step.name in origins)
        name = self._graph.add_condition(self._prefix, label, before, self._entity.place.file, node.lineno)
        outer, self._inside = self._inside, (name,)
        for one in branches:
            self.visit(one)
        self._inside = outer
        self._calls[id(node)] = set().union(*(self._calls.get(id(one), set()) for one in branches)) or {name}
        return True

    def _origins(self, node: ast.expr, *, last: bool = False) -> set[str]:
        """Give the steps that an expression's value comes from; `last`: of `a >> b` the second alone."""
        if last and isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift):
            return self._origins(node.right, last=True)
        if id(node) in self._calls:
            return set(self._calls[id(node)])
        if isinstance(node, ast.Name):
            return set(self._from.get(node.id, ()))
        return set().union(*(self._origins(one) for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)))

    def _order(self, first: set[str], then: set[str]) -> None:
        for index, step in enumerate(self._graph.steps):
            if step.name in then:
                more = tuple(name for name in first if name not in step.after and name != step.name)
                self._graph.steps[index] = replace(step, after=(*step.after, *sorted(more)))

    def _data(self, given: Mapping[str, ast.expr]) -> tuple[str, ...]:
        found = (part.id for one in given.values() for part in ast.walk(one) if isinstance(part, ast.Name))
        return tuple(dict.fromkeys(name for name in found if self._from.get(name)))

    def _constants(self, found: Entity, given: Mapping[str, ast.expr]) -> dict[str, Parameter]:
        """Give the arguments that are no other step's result."""
        takes, constants = entity_parameters(found), {}
        for name, one in takes.items():
            node = given.get(name)
            if node is None:
                constants[name] = one
            elif not self._origins(node):
                value = self._entity.place.module.value(node)
                own = self._takes_itself.get(node.id) if isinstance(node, ast.Name) else None
                default = own.default if own else None if value is UNKNOWN else plain(value)
                constants[name] = replace(one, default=default, required=False)
        return constants

    def _name_outputs(self, made: set[str], name: str) -> None:
        for index, step in enumerate(self._graph.steps):
            if step.name in made and len(made) == 1:
                self._graph.steps[index] = replace(step, outputs=(*step.outputs, name))


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


# -- what a task asks for ---------------------------------------------------------------------------------------------


def _resources(module: Module, given: Mapping[str, ast.expr]) -> tuple[Resources, str]:
    asked = given.get("requests") or given.get("limits")
    values = keywords(asked) if isinstance(asked, ast.Call) else {}
    gpus = _amount(module.value(values.get("gpu")))
    retries = module.value(given.get("retries"))
    return (
        Resources(
            _amount(module.value(values.get("cpu"))),
            int(memory) if (memory := _amount(module.value(values.get("mem")))) is not None else None,
            int(gpus) if gpus is not None else None,
            _seconds(module, given.get("timeout")),
            retries if isinstance(retries, int) else None,
        ),
        _image(module, given.get("container_image")),
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
