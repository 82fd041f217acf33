"""The steps of a Metaflow flow, from what is known of each: by its text, or by the probe that imported it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from longshore.projects.model import Parameter
from longshore.projects.pipeline import Resources, Step, StepKind

# These say what a step gets; the others are shown as its tags.
_RESOURCES = frozenset({"resources", "batch", "kubernetes", "retry", "timeout"})
_HIDDEN = frozenset({"step", "resources", "retry", "timeout"})


@dataclass(frozen=True)
class Node:
    """One `@step`."""

    name: str
    # What `self.next(...)` names, and how.
    targets: tuple[str, ...] = ()
    foreach: str = ""
    switch: str = ""
    joins: bool = False
    decorators: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    file: str = ""
    line: int = 0
    help: str = ""
    # The names of `self.x` that its code reads and sets.
    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Flow:
    """A class of steps, and what its command takes."""

    name: str
    file: str
    nodes: tuple[Node, ...] = ()
    # By the attribute of the class; a parameter's own name may differ.
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    help: str = ""
    decorators: tuple[str, ...] = ()
    complete: bool = True

    @property
    def takes(self) -> dict[str, Parameter]:
        """Its parameters by their own names."""
        return {one.name: one for one in self.parameters.values()}

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be there besides Python's packages: conda, pypi, batch, kubernetes."""
        used = {name.removesuffix("_base") for name in self.decorators}
        used |= {name for node in self.nodes for name, given in node.decorators if given.get("disabled") is not True}
        return tuple(name for name in ("conda", "pypi", "batch", "kubernetes") if name in used)


def steps(flow: Flow) -> tuple[Step, ...]:
    """Give a flow's steps in the order in which they can run."""
    nodes = {node.name: node for node in flow.nodes}
    depths = _depths(nodes)
    after: dict[str, list[str]] = {name: [] for name in nodes}
    for node in flow.nodes:
        for target in node.targets:
            if target in after and target != node.name and node.name not in after[target]:
                after[target].append(node.name)
    made = {name for node in flow.nodes for name in node.writes}
    order = {name: index for index, name in enumerate(depths)}
    ordered = sorted(flow.nodes, key=lambda node: (order.get(node.name, len(order)), node.line))
    return tuple(_step(flow, node, tuple(after[node.name]), depths.get(node.name, 0), made) for node in ordered)


def _step(flow: Flow, node: Node, after: tuple[str, ...], depth: int, made: set[str]) -> Step:
    resources, image = _resources(node.decorators)
    return Step(
        name=node.name,
        kind=_kind(node, depth),
        command=f"python {flow.file} spin {node.name}",
        after=after,
        inputs=tuple(f"self.{name}" for name in node.reads if name in made),
        outputs=tuple(f"self.{name}" for name in node.writes),
        parameters={one.name: one for name, one in flow.parameters.items() if name in node.reads},
        source=node.file or flow.file,
        line=node.line,
        image=image,
        resources=resources,
        tags=tuple(dict.fromkeys(name for name, _given in node.decorators if name not in _HIDDEN)),
        help=node.help,
    )


def _kind(node: Node, depth: int) -> StepKind:
    if node.switch:
        return "loop" if node.name in node.targets else "condition"
    if node.joins:
        return "join"
    # One that runs once for each item of a step before it.
    return "foreach" if depth else "task"


def _depths(nodes: Mapping[str, Node]) -> dict[str, int]:
    """Give in how many `foreach` each step is, in the order in which they come: each after all that lead to it."""
    waits = {name: 0 for name in nodes}
    for node in nodes.values():
        for target in set(node.targets) & set(nodes):
            waits[target] += target != node.name
    first = [name for name in nodes if waits[name] == 0] or list(nodes)[:1]
    stacks: dict[str, tuple[bool, ...]] = dict.fromkeys(first, ())
    found: dict[str, int] = {}
    queue = list(first)
    while queue:
        node = nodes[queue.pop(0)]
        if node.name in found:
            continue
        stack = stacks[node.name][:-1] if node.joins else stacks[node.name]
        found[node.name] = sum(stack)
        inner = (*stack, bool(node.foreach)) if node.foreach or (len(node.targets) > 1 and not node.switch) else stack
        for target in node.targets:
            if target in nodes and target != node.name:
                stacks.setdefault(target, inner)
                waits[target] -= 1
                # What a switch leads back to would wait for itself.
                if waits[target] <= 0 or node.switch:
                    queue.append(target)
    return found


def _resources(decorators: Iterable[tuple[str, Mapping[str, Any]]]) -> tuple[Resources, str]:
    found, image = Resources(), ""
    for name, given in decorators:
        if name not in _RESOURCES:
            continue
        image = str(given.get("image") or image)
        if name == "retry":
            found = replace(found, retries=_whole(given.get("times", 3)))
        elif name == "timeout":
            found = replace(found, timeout_s=_seconds(given))
        else:
            memory = _number(given.get("memory"))
            found = Resources(
                _most(found.cpus, _number(given.get("cpu"))),
                _whole(_most(found.memory_bytes, memory and memory * 1024 * 1024)),  # Metaflow counts in MB
                _whole(_most(found.gpus, _number(given.get("gpu")))),
                found.timeout_s,
                found.retries,
            )
    return found, image


def _most(one: float | None, other: float | None) -> float | None:
    """Of `@resources` and `@batch` the larger holds, as in Metaflow."""
    known = [value for value in (one, other) if value is not None]
    return max(known) if known else None


def _seconds(given: Mapping[str, Any]) -> float | None:
    units = (("seconds", 1), ("minutes", 60), ("hours", 3600))
    total = sum((_number(given.get(unit)) or 0.0) * factor for unit, factor in units)
    return total or None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _whole(value: Any) -> int | None:
    found = _number(value)
    return None if found is None else int(found)


def from_answer(found: Mapping[str, Any], known: Flow) -> Flow:
    """Give a flow as the probe told it; what the text alone tells of a step's code stays."""
    by_name = {node.name: node for node in known.nodes}
    nodes = [_node(one, by_name) for one in _dicts(found.get("steps"))]
    parameters = [one for one in _dicts(found.get("parameters")) if one.get("name")]
    return replace(
        known,
        nodes=tuple(nodes),
        parameters={str(one.get("attribute") or one["name"]): parameter_of(one) for one in parameters},
        help=known.help or str(found.get("help") or ""),
        complete=True,
    )


def _node(found: Mapping[str, Any], known: Mapping[str, Node]) -> Node:
    name = str(found.get("name"))
    node = known.get(name) or Node(name)
    decorators = tuple((str(one.get("name")), one.get("given") or {}) for one in _dicts(found.get("decorators")))
    return replace(
        node,
        targets=tuple(map(str, found.get("next") or ())),
        foreach=str(found.get("foreach") or ""),
        switch=str(found.get("switch") or ""),
        joins=bool(found.get("joins")),
        decorators=decorators,
        file=str(found.get("file") or node.file),
        line=int(found.get("line") or node.line),
        help=node.help or str(found.get("help") or ""),
        reads=node.reads or tuple(map(str, found.get("reads") or ())),
    )


def parameter_of(found: Mapping[str, Any]) -> Parameter:
    """Give a parameter as the probe told it."""
    kind = found.get("type")
    known = kind if kind in ("int", "float", "str", "bool", "path") else "str"
    return Parameter(
        str(found["name"]),
        known,  # type: ignore[arg-type]
        found.get("default"),
        required=bool(found.get("required")) and found.get("default") is None,
        help=str(found.get("help") or ""),
        option=str(found.get("option") or f"--{found['name']}"),
    )


def _dicts(value: Any) -> Sequence[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
