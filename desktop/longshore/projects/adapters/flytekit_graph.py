"""The steps of a flytekit workflow, or of a task of Flyte 2, from the calls that its function makes."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from longshore.projects.adapters.flytekit_source import (
    TASK,
    WORKFLOW,
    Entities,
    Entity,
    dotted_name,
    entity_parameters,
    first_name,
    help_of,
    resources_of,
    tags_of,
)
from longshore.projects.arguments.signatures import arguments_of
from longshore.projects.arguments.syntax import UNKNOWN, keywords, plain
from longshore.projects.model import Parameter
from longshore.projects.pipeline import Step, StepKind

_DEEPEST = 5
# Calls into these make no steps that the text does not show.
_HARMLESS = frozenset({"flytekit", "functools", "typing", "datetime", "os", "pathlib", "math", "enum", "dataclasses"})


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
        resources, image = resources_of(module, entity.given)
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
                tags=tags_of(entity),
                part_of=prefix.rstrip("/"),
                help=help_of(entity),
                **facts,
            )
        )
        if entity.kind != TASK and depth < _DEEPEST:
            self._body(entity, f"{name}/", (), depth + 1)
        return name

    def add_again(
        self, entity: Entity, prefix: str, after: tuple[str, ...], depth: int, kind: StepKind, facts: dict[str, Any]
    ) -> str:
        """Add the step of a call within a dynamic task, where all calls of a task are one step."""
        name = f"{prefix}{entity.place.name}"
        for index, step in enumerate(self.steps):
            if step.name == name:
                more = tuple(one for one in after if one not in (*step.after, name))
                self.steps[index] = replace(step, kind="foreach", after=(*step.after, *more))
                return name
        return self.add(entity, prefix, after, depth, kind, facts)

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

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            name = node.target.id
            self._from[name] = self._from.get(name, set()) | self._origins(node.value)

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
        places = node.args
        if found is None and node.args and (passed := self._passed_on(node.func)):
            found, kind, places = self._called(node.args[0])[0], passed, node.args[1:]
        if found is None:
            if self._entity.kind == WORKFLOW and self._may_call_tasks(node.func):
                self._graph.complete = False
            return
        given = {**dict(zip(self._takes(found), places, strict=False)), **keywords(node)}
        origins = set().union(*(self._origins(one) for one in given.values())) | set(self._inside)
        before = tuple(step.name for step in self._graph.steps if step.name in origins) or self._after
        facts = {"inputs": self._data(given), "parameters": self._constants(found, given)}
        if self._entity.kind != WORKFLOW:
            kind = "foreach" if self._loops else kind
            self._calls[id(node)] = {self._graph.add_again(found, self._prefix, before, self._depth, kind, facts)}
        else:
            self._calls[id(node)] = {self._graph.add(found, self._prefix, before, self._depth, kind, facts)}

    def _passed_on(self, node: ast.expr) -> StepKind | None:
        """Tell how a function runs the task that it is given first; None where it runs none."""
        dotted = self._entity.place.module.dotted(node)
        if dotted in ("flyte.map", "flyte.map.aio"):
            return "foreach"
        return "task" if dotted.rpartition(".")[2] == "create_node" else None

    def _may_call_tasks(self, node: ast.expr) -> bool:
        """Tell whether a function that is called may have steps that its text, or text elsewhere, would tell."""
        module, name = self._entity.place.module, dotted_name(node)
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
            # `double.aio(...)` is a call of `double` that can be awaited.
            found = self._entities.find(self._entity.place.file, dotted_name(node).removesuffix(".aio"))
            return found, "foreach" if found and self._is_mapped(node) else "task"
        if isinstance(node, ast.Call) and self._is_maker(node):
            name = self._last(node.func)
            found, _kind = self._called(node.args[0]) if node.args else (None, "task")
            if found is None and node.args:
                found = self._entities.find(self._entity.place.file, first_name(node.args[0]))
            return found, "foreach" if name in ("map_task", "map") else "task"
        return None, "task"

    def _is_mapped(self, node: ast.expr) -> bool:
        value = self._entity.place.module.constants.get(dotted_name(node))
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
