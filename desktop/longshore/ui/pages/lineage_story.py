"""What the inspector says of a node: where it comes from, what came of it, its facts. Plain values, no Qt."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from longshore.ui.widgets.times import ago, duration, full, number, size

if TYPE_CHECKING:
    from longshore.lineage.graph import Edge, Graph, Node

# Who has more neighbours than this shows them in the graph and the list.
MOST_LINKS = 8
MOST_METRICS, MOST_PARAMS = 6, 8

_FROM = {
    ("registered as", "run"): "Produced by run",
    ("read by", "dataset"): "Read",
    ("used by", "code"): "At commit",
    ("used with uncommitted changes by", "code"): "At commit, with changes,",
    ("used by", "environment"): "In environment",
    ("wrote", "run"): "Written by run",
}
_LED = {
    ("registered as", "model"): "Registered as",
    ("read by", "run"): "Read by run",
    ("used by", "run"): "Used by run",
    ("used with uncommitted changes by", "run"): "Used, with changes, by run",
    ("wrote", "dataset"): "Wrote",
    ("served as", "deployment"): "Deployed as",
}


@dataclass(frozen=True)
class Link:
    """A neighbour in a sentence: words, then the thing."""

    words: str
    id: str
    kind: str
    title: str


@dataclass(frozen=True)
class Fact:
    """A name and a value; `mono` for what a person could type or paste."""

    name: str
    value: str
    mono: bool = False
    tip: str = ""


def sources(graph: Graph, node: Node) -> tuple[Link, ...]:
    """Give what a node was made from; of a model version also what its run was made from."""
    links = [_link(graph, edge, edge.source, _FROM) for edge in graph.edges if edge.target == node.id]
    if node.kind == "model":
        runs = [link.id for link in links if link.kind == "run"]
        links += [_link(graph, edge, edge.source, _FROM) for edge in graph.edges if edge.target in runs]
    return tuple(links)


def results(graph: Graph, node: Node) -> tuple[Link, ...]:
    """Give what a node led to."""
    return tuple(_link(graph, edge, edge.target, _LED) for edge in graph.edges if edge.source == node.id)


def _link(graph: Graph, edge: Edge, other: str, words: Mapping[tuple[str, str], str]) -> Link:
    node = graph.node(other)
    fallback = "Serves" if words is _FROM and node.kind == "model" else edge.relation.capitalize()
    return Link(words.get((edge.relation, node.kind), fallback), node.id, node.kind, node.label)


def subtitle(node: Node) -> str:
    """Give the kind and when it came to be."""
    words = {
        "dataset": "Dataset",
        "code": "Commit",
        "environment": "Environment",
        "run": "Run",
        "model": "Model version",
        "deployment": "Deployment",
    }[node.kind]
    verbs = {
        "run": ("started", "start_time"),
        "model": ("registered", "created_at"),
        "deployment": ("made", "created_at"),
    }
    verb, key = verbs.get(node.kind, ("", ""))
    when = node.attributes.get(key)
    return f"{words}, {verb} {ago(when)}" if isinstance(when, datetime) else words


def facts(graph: Graph, node: Node) -> tuple[Fact, ...]:
    """Give the facts of a node, those with a value."""
    makers = {"run": _run, "model": _model, "dataset": _dataset, "code": _code, "deployment": _deployment}
    made = makers[node.kind](graph, node.attributes) if node.kind in makers else _environment(node.attributes)
    return tuple(fact for fact in made if fact.value)


def metrics(graph: Graph, node: Node) -> tuple[Fact, ...]:
    """Give the metrics of a run, or of the run that made a model version."""
    run = node if node.kind == "run" else _run_of(graph, node)
    values = run.attributes.get("metrics", {}) if run is not None else {}
    names = [name for name in sorted(values) if not name.startswith("system/")]
    return tuple(Fact(name, number(values[name])) for name in names[:MOST_METRICS])


def parameters(node: Node) -> tuple[Fact, ...]:
    """Give the parameters of a run."""
    values = node.attributes.get("params", {}) if node.kind == "run" else {}
    return tuple(Fact(name, value, mono=True) for name, value in sorted(values.items())[:MOST_PARAMS])


def impact(graph: Graph, node: Node) -> str:
    """Say what depends on the thing in the middle; empty where nothing does, or where the graph can't tell."""
    if node.id != graph.focus:
        return ""
    found, border = {node.id}, {node.id}
    while border:
        border = {edge.target for edge in graph.edges if edge.source in border} - found
        found |= border
    counts = Counter(graph.node(one).kind for one in found if one != node.id)
    names = {"run": "run", "dataset": "dataset", "model": "model version", "deployment": "deployment"}
    parts = [f"{counts[kind]} {name}{'s' if counts[kind] > 1 else ''}" for kind, name in names.items() if counts[kind]]
    words = ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1] if parts else ""
    return f"{words} depend{'s' if sum(counts.values()) == 1 else ''} on it." if words else ""


def _run_of(graph: Graph, node: Node) -> Node | None:
    if node.kind != "model":
        return None
    return next((one for one in graph.nodes if one.id == f"run:{node.attributes.get('run_id')}"), None)


def _run(_graph: Graph, found: Mapping[str, Any]) -> list[Fact]:
    start, end = found.get("start_time"), found.get("end_time")
    took = duration((end - start).total_seconds()) if isinstance(start, datetime) and isinstance(end, datetime) else ""
    return [
        Fact("Experiment", str(found.get("experiment", ""))),
        Fact("Entry point", str(found.get("entry_point", "")), mono=True),
        Fact(
            "Target",
            {"local": "This computer", "docker": "Docker"}.get(str(found.get("target")), str(found.get("target", ""))),
        ),
        Fact("Duration", took),
        Fact("User", str(found.get("user", ""))),
        Fact("Source", str(found.get("source", "")), mono=True),
        Fact("Run id", str(found.get("run_id", "")), mono=True),
    ]


def _model(graph: Graph, found: Mapping[str, Any]) -> list[Fact]:
    status, made = str(found.get("status", "")), found.get("created_at")
    return [
        Fact("Status", "Ready" if status == "READY" else status.replace("_", " ").capitalize()),
        Fact("Registered", full(made) if isinstance(made, datetime) else ""),
        Fact("Run id", str(found.get("run_id", "")), mono=True),
        Fact("Logged model", str(found.get("model_id", "")), mono=True),
        Fact("Description", str(found.get("description", ""))),
    ]


def _dataset(_graph: Graph, found: Mapping[str, Any]) -> list[Fact]:
    return [
        Fact("Path", str(found.get("name", "")), mono=True),
        Fact("Version", str(found.get("version", "")), mono=True),
        Fact("Size", size(found.get("size_bytes"))),
        Fact("Kind of source", str(found.get("source_type", ""))),
    ]


def _code(_graph: Graph, found: Mapping[str, Any]) -> list[Fact]:
    changed = "Yes: a run had uncommitted changes" if found.get("dirty") else ""
    return [
        Fact("Commit", str(found.get("commit", "")), mono=True),
        Fact("Branch", str(found.get("branch", ""))),
        Fact("Repository", str(found.get("repository", "")), mono=True),
        Fact("Changes", changed),
    ]


def _environment(found: Mapping[str, Any]) -> list[Fact]:
    return [Fact("Lock hash", str(found.get("hash", "")), mono=True)]


def _deployment(_graph: Graph, found: Mapping[str, Any]) -> list[Fact]:
    return [
        Fact("URL", str(found.get("url", "")), mono=True),
        Fact("Serves", f"version {found['model_version']}" if found.get("model_version") else ""),
        Fact("Replicas", str(found.get("replicas", ""))),
        Fact("Image", str(found.get("image", "")), mono=True),
        Fact("Computer", str(found.get("host", ""))),
    ]
