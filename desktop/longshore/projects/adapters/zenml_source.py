"""Reads ZenML pipelines from the text of a project's files: what each calls, and what follows what."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from longshore.projects.arguments.signatures import Function, arguments_of, read_annotation
from longshore.projects.arguments.syntax import UNKNOWN, converted, keywords, parameter, plain
from longshore.projects.model import Parameter
from longshore.projects.pipeline import Resources, Step, StepKind
from longshore.projects.python_sources import Place, Sources

PIPELINE, STEP = "pipeline", "step"
_DEEPEST = 5
# Attributes through which a call of a step goes: `train.with_options(...)(...)`, `train.submit(...)`.
_OPTIONS = frozenset({"with_options", "configure", "copy"})
_THROUGH = _OPTIONS | {"submit", "map", "product"}


@dataclass(frozen=True)
class Entity:
    """A function that ZenML runs."""

    kind: str
    place: Place
    function: Function
    given: Mapping[str, ast.expr] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What ZenML calls it: what it is given as `name`, else the function's name."""
        return self.place.module.text(self.given.get("name")) or self.place.name

    @property
    def help(self) -> str:
        """The first paragraph of its text."""
        return " ".join((ast.get_docstring(self.function) or "").strip().partition("\n\n")[0].split())

    def parameters(self) -> dict[str, Parameter]:
        """Give what it takes, with types and defaults."""
        module, found = self.place.module, {}
        for one in arguments_of(self.function):
            annotated = read_annotation(module, one.annotation)
            default = UNKNOWN if one.default is None else module.value(one.default)
            kind = annotated.kind or "str"
            value = None if default is UNKNOWN else plain(default)
            found[one.name] = parameter(
                one.name,
                kind,
                default=converted(value, kind),
                required=one.default is None,
                choices=annotated.choices,
                item=annotated.item,
                option=f"--{one.name}",
            )
        return found


class Entities:
    """Finds what a name stands for, across the files of a folder."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources

    def find(self, file: str, name: str) -> Entity | None:
        """Give the step or pipeline that a file knows under a name; None where it is something else."""
        place = self._sources.find(file, name) if name else None
        function = place.module.functions.get(place.name) if place else None
        if place is None or function is None:
            return None
        for decorator in function.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            dotted = place.module.dotted(call.func if call else decorator)
            kind = dotted.rpartition(".")[2]
            if dotted.startswith("zenml.") and kind in (PIPELINE, STEP):
                return Entity(kind, place, function, keywords(call) if call else {})
        return None


def pipelines(sources: Sources) -> Iterator[Entity]:
    """Give each pipeline of a folder."""
    entities = Entities(sources)
    for file, module in sources.mentioning("zenml", "pipeline"):
        for name in module.functions:
            found = entities.find(file, name)
            if found is not None and found.kind == PIPELINE and found.place.file == file:
                yield found


class Graph:
    """The steps of one pipeline; those of pipelines that it calls are its own."""

    def __init__(self, sources: Sources, entity: Entity) -> None:
        self.entities = Entities(sources)
        self.steps: list[Step] = []
        # False: loops and decisions, which only running it can tell.
        self.complete = True
        # Pipelines that this one calls.
        self.called: set[tuple[str, str]] = set()
        walker = _Walker(self, entity, entity.parameters(), {}, 0)
        for statement in entity.function.body:
            walker.visit(statement)

    def free(self, name: str) -> str:
        """Give the nth invocation of a step its name, as ZenML does."""
        names = {step.name for step in self.steps}
        number = 2
        found = name
        while found in names:
            found, number = f"{name}_{number}", number + 1
        return found


class _Walker(ast.NodeVisitor):
    """Goes through a pipeline's body in the order in which it runs."""

    def __init__(
        self,
        graph: Graph,
        entity: Entity,
        own: Mapping[str, Parameter],
        origins: Mapping[str, set[str]],
        depth: int,
    ) -> None:
        self._graph, self._entity, self._own, self._depth = graph, entity, own, depth
        # Which steps a variable comes from, and which a call is.
        self._from: dict[str, set[str]] = {name: set(found) for name, found in origins.items()}
        self._calls: dict[int, set[str]] = {}
        self._options: dict[str, ast.expr] = {}
        self.returned: set[str] = set()

    def visit(self, node: ast.AST) -> None:
        """Visit a node; what runs several times, or perhaps not at all, is noted as such."""
        before = len(self._graph.steps)
        super().visit(node)
        repeats = isinstance(node, ast.For | ast.While | ast.If | ast.IfExp | ast.Try)
        repeats = repeats or isinstance(node, ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp)
        if repeats and len(self._graph.steps) > before:
            self._graph.complete = False

    def visit_If(self, node: ast.If) -> None:
        """Follow both ways: what comes after may take either's."""
        self.visit(node.test)
        before = dict(self._from)
        for statement in node.body:
            self.visit(statement)
        then, self._from = self._from, before
        for statement in node.orelse:
            self.visit(statement)
        for name in then.keys() | self._from.keys():
            self._from[name] = then.get(name, set()) | self._from.get(name, set())

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        """Leave out what is only defined here."""

    def visit_Return(self, node: ast.Return) -> None:
        self.generic_visit(node)
        if node.value is not None:
            self.returned |= self._origins(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        made = self._origins(node.value)
        for target in node.targets:
            names = [part.id for part in ast.walk(target) if isinstance(part, ast.Name)]
            for name in names:
                adds = isinstance(target, ast.Subscript)
                self._from[name] = self._from.get(name, set()) | made if adds else made
                self._options[name] = node.value
                if len(made) == 1 and name != "_":
                    self._outputs(next(iter(made)), name)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend", "add"):
            owner = node.func.value
            if isinstance(owner, ast.Name):
                made = set().union(*(self._origins(one) for one in node.args))
                self._from[owner.id] = self._from.get(owner.id, set()) | made
            return
        if isinstance(node.func, ast.Attribute) and node.func.attr in _OPTIONS:
            return  # what it gives is called later
        found, options = self._called(node.func)
        if found is None:
            self._unknown(node)
        elif found.kind == STEP:
            self._calls[id(node)] = {self._step(found, node, options)}
        elif self._depth < _DEEPEST:
            self._calls[id(node)] = self._pipeline(found, node)

    def _unknown(self, node: ast.Call) -> None:
        """A function of the project's own may call steps, too."""
        name = _written(node.func)
        module = self._entity.place.module
        if name in module.functions and name not in self._from:
            self._graph.complete = False

    def _called(self, node: ast.expr, depth: int = 0) -> tuple[Entity | None, dict[str, ast.expr]]:
        """Give what a call runs, seen through `with_options` and the like, and the options that it was given so."""
        if depth > _DEEPEST:
            return None, {}
        if isinstance(node, ast.Attribute) and node.attr in _THROUGH:
            return self._called(node.value, depth + 1)
        if isinstance(node, ast.Call):
            if not (isinstance(node.func, ast.Attribute) and node.func.attr in _THROUGH):
                return None, {}
            found, options = self._called(node.func, depth + 1)
            return found, {**options, **keywords(node)}
        name = _written(node)
        if name in self._options and name != _written(self._options[name]):
            return self._called(self._options[name], depth + 1)
        return self._graph.entities.find(self._entity.place.file, name), {}

    def _step(self, found: Entity, node: ast.Call, options: Mapping[str, ast.expr]) -> str:
        module, given = self._entity.place.module, _given(found, node)
        takes = found.parameters()
        name = self._graph.free(module.text(keywords(node).get("id")) or module.text(options.get("name")) or found.name)
        origins = set().union(*(self._origins(one) for one in keywords(node).values()))
        origins |= set().union(*(self._origins(one) for one in node.args))
        after = keywords(node).get("after")
        for one in after.elts if isinstance(after, ast.List | ast.Tuple) else [after]:
            origins |= {text} if (text := module.text(one)) else set()
        kind: StepKind = "foreach" if isinstance(node.func, ast.Attribute) and node.func.attr == "map" else "task"
        if kind == "foreach":
            self._graph.complete = False
        self._graph.steps.append(
            Step(
                name,
                label=name,
                kind=kind,
                after=tuple(step.name for step in self._graph.steps if step.name in origins),
                inputs=tuple(dict.fromkeys(self._data(given))),
                parameters=self._constants(takes, given),
                source=found.place.file,
                line=found.function.lineno,
                resources=_resources(found),
                tags=() if _is_cached(found) else ("never cached",),
                help=found.help,
            )
        )
        return name

    def _pipeline(self, found: Entity, node: ast.Call) -> set[str]:
        """Add the steps of a pipeline that this one calls: ZenML makes them its own."""
        self._graph.called.add((found.place.file, found.place.name))
        given = _given(found, node)
        own = dict(found.parameters()) | self._constants(found.parameters(), given)
        origins = {name: self._origins(one) for name, one in given.items()}
        inner = _Walker(self._graph, found, own, origins, self._depth + 1)
        for statement in found.function.body:
            inner.visit(statement)
        return inner.returned

    def _origins(self, node: ast.expr) -> set[str]:
        """Give the steps that an expression's value comes from."""
        if id(node) in self._calls:
            return set(self._calls[id(node)])
        if isinstance(node, ast.Name):
            return set(self._from.get(node.id, ()))
        return set().union(*(self._origins(one) for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)))

    def _data(self, given: Mapping[str, ast.expr]) -> Iterator[str]:
        for one in given.values():
            for part in ast.walk(one):
                if isinstance(part, ast.Name) and self._from.get(part.id):
                    yield part.id

    def _constants(self, takes: Mapping[str, Parameter], given: Mapping[str, ast.expr]) -> dict[str, Parameter]:
        """Give the arguments that are no other step's result."""
        found = {}
        for name, one in takes.items():
            node = given.get(name)
            if node is None:
                found[name] = one
            elif not self._origins(node):
                own = self._own.get(node.id) if isinstance(node, ast.Name) else None
                value = self._entity.place.module.value(node)
                default = own.default if own else None if value is UNKNOWN else plain(value)
                found[name] = replace(one, default=default, required=False)
        return found

    def _outputs(self, step: str, name: str) -> None:
        for index, one in enumerate(self._graph.steps):
            if one.name == step and name not in one.outputs:
                self._graph.steps[index] = replace(one, outputs=(*one.outputs, name))


def _given(found: Entity, node: ast.Call) -> dict[str, ast.expr]:
    takes = [one.name for one in arguments_of(found.function)]
    named = {name: one for name, one in keywords(node).items() if name in takes}
    return {**dict(zip(takes, node.args, strict=False)), **named}


def _written(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := _written(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _is_cached(found: Entity) -> bool:
    return found.place.module.value(found.given.get("enable_cache")) is not False


def _resources(found: Entity) -> Resources:
    """Read `settings={"resources": ResourceSettings(cpu_count=2, gpu_count=1, memory="4GB")}` and `retry`."""
    module, settings = found.place.module, found.given.get("settings")
    asked: dict[str, ast.expr] = {}
    if isinstance(settings, ast.Dict):
        for key, value in zip(settings.keys, settings.values, strict=True):
            if module.text(key) == "resources" and isinstance(value, ast.Call):
                asked = keywords(value)
    retry = found.given.get("retry")
    retries = module.value(keywords(retry).get("max_retries")) if isinstance(retry, ast.Call) else UNKNOWN
    cpus, gpus = module.value(asked.get("cpu_count")), module.value(asked.get("gpu_count"))
    return Resources(
        float(cpus) if isinstance(cpus, int | float) else None,
        _bytes(module.text(asked.get("memory"))),
        gpus if isinstance(gpus, int) else None,
        None,
        retries if isinstance(retries, int) else None,
    )


_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12}
_UNITS |= {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _bytes(text: str) -> int | None:
    for unit, factor in _UNITS.items():
        number = text.removesuffix(unit)
        if number != text and number.isdigit():
            return int(number) * factor
    return None
