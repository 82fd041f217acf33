"""Kedro pipelines as source: the nodes that `create_pipeline` writes down. What is computed, the probe alone can tell."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NODES, _PIPELINES = ("node", "Node"), ("pipeline", "Pipeline")


@dataclass(frozen=True)
class Node:
    """A node as it is written."""

    name: str
    function: str
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    line: int = 0
    # What Kedro makes a name of where none is given: a function that can be told, its inputs and outputs.
    unnamed: bool = False


@dataclass(frozen=True)
class _Around:
    """What a modular pipeline gives to its nodes."""

    namespace: str = ""
    tags: tuple[str, ...] = ()
    # Names that stay as they are outside: the pipeline's own inputs, outputs and parameters.
    kept: Mapping[str, str] | None = None

    def dataset(self, name: str) -> str:
        kept = self.kept or {}
        if name in kept:
            return kept[name]
        if not self.namespace or name == "parameters":
            return name
        if name.startswith("params:"):
            return f"params:{self.namespace}.{name.removeprefix('params:')}"
        return f"{self.namespace}.{name}"


def nodes(tree: ast.Module) -> list[Node]:
    """Give the nodes of a module, in the order of the text; each with a name of its own."""
    found: dict[str, Node] = {}
    for node in _within(tree, _Around()):
        name, number = node.name, 2
        while name in found:
            name, number = f"{node.name}-{number}", number + 1
        found[name] = Node(name, node.function, node.inputs, node.outputs, node.tags, node.line, node.unnamed)
    return list(found.values())


def registered(tree: ast.Module) -> tuple[str, ...]:
    """Give the names that a registry gives to its pipelines, as far as they are written down."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            found |= {text: None for key in node.keys if (text := _text(key))}
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                    found[str(target.slice.value)] = None
    return tuple(found)


def functions(tree: ast.Module) -> dict[str, tuple[int, str]]:
    """Give the line and the first sentence of every function of a module."""
    return {
        node.name: (node.lineno, (ast.get_docstring(node) or "").partition("\n")[0])
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def generated_name(node: Node, module: str) -> str:
    """Give the name that Kedro 1 makes for a node without one; `module` is its function's."""
    function = node.function.rpartition(".")[2]
    key = f"{module}.{function}|{list(node.inputs)}|{list(node.outputs)}"
    above = node.name.rpartition(".")[0]
    own = f"{function}__{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    return f"{above}.{own}" if above else own


def imports(tree: ast.Module) -> dict[str, str]:
    """Give, by name, the module that a name is, or is imported from, as it is written (`.nodes`)."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                found[alias.asname or alias.name] = "." * node.level + (node.module or alias.name)
    return found


def _within(tree: ast.AST, around: _Around) -> Iterator[Node]:
    for child in ast.iter_child_nodes(tree):
        called = _name(child.func).rpartition(".")[2] if isinstance(child, ast.Call) else ""
        if isinstance(child, ast.Call) and called in _NODES:
            yield _node(child, around)
        elif isinstance(child, ast.Call) and called in _PIPELINES:
            yield from _within(child, _inner(child, around))
        else:
            yield from _within(child, around)


def _inner(call: ast.Call, around: _Around) -> _Around:
    given = {one.arg: one.value for one in call.keywords if one.arg}
    own = _text(given.get("namespace"))
    kept: dict[str, str] = {}
    if own:
        for key in ("inputs", "outputs", "parameters"):
            for inner, outer in _pairs(given.get(key)).items():
                if key == "parameters" and not inner.startswith(("params:", "parameters")):
                    inner, outer = f"params:{inner}", f"params:{outer}"
                kept[inner] = around.dataset(outer)
    namespace = f"{around.namespace}.{own}" if around.namespace and own else own or around.namespace
    return _Around(namespace, around.tags + tuple(_texts(given.get("tags"))), kept or around.kept)


def _node(call: ast.Call, around: _Around) -> Node:
    given = {one.arg: one.value for one in call.keywords if one.arg}
    given |= dict(zip(("func", "inputs", "outputs"), call.args, strict=False))
    function = _name(given.get("func"))
    name = _text(given.get("name"))
    full = name or function.rpartition(".")[2] or "lambda"
    return Node(
        name=f"{around.namespace}.{full}" if around.namespace else full,
        function=function,
        inputs=tuple(around.dataset(one) for one in _texts(given.get("inputs"))),
        outputs=tuple(around.dataset(one) for one in _texts(given.get("outputs"))),
        tags=tuple(dict.fromkeys((*_texts(given.get("tags")), *around.tags))),
        line=call.lineno,
        unnamed=not name and isinstance(given.get("func"), ast.Name | ast.Attribute),
    )


def _texts(node: ast.expr | None) -> list[str]:
    """Give the names that a text, a list or the values of a mapping hold."""
    if isinstance(node, ast.Dict):
        return [text for one in node.values for text in _texts(one)]
    if isinstance(node, ast.Call) and _name(node.func) == "dict":
        return [text for one in node.keywords for text in _texts(one.value)]
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        return [text for one in node.elts for text in _texts(one)]
    return [text] if (text := _text(node)) else []


def _pairs(node: ast.expr | None) -> dict[str, str]:
    if isinstance(node, ast.Dict):
        return {_text(key): _text(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    return {text: text for text in _texts(node)}


def _text(node: ast.expr | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _name(node: ast.expr | None) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    if isinstance(node, ast.Call) and node.args:  # partial(f, ...), update_wrapper(f, ...)
        return _name(node.args[0])
    return node.id if isinstance(node, ast.Name) else ""
