"""What the lineage page shows, gathered and laid out off the UI thread as frozen values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from longshore.errors import NotFound
from longshore.progress import CancelToken, Progress
from longshore.settings import Home
from longshore.ui.shell.tasks import Work
from longshore.ui.widgets.graph_model import Card, Line, Picture

if TYPE_CHECKING:
    from longshore.graphs.layout import Layout
    from longshore.lineage.graph import Edge, Graph, Node
    from longshore.mlflow_rest.client import Client

KIND_NAMES = {
    "dataset": ("Dataset", "Datasets", "Data"),
    "code": ("Commit", "Code", "code"),
    "environment": ("Environment", "Environments", "environment"),
    "run": ("Run", "Runs", "Runs"),
    "model": ("Model version", "Models", "Model versions"),
    "deployment": ("Deployment", "Deployments", "Deployments"),
}
MOST_CHOICES = 60


@dataclass(frozen=True)
class Asked:
    """Which graph is wanted. Without a reference: around the project's newest model version or run."""

    reference: str = ""
    project: str = ""
    up: int = 3
    down: int = 3


@dataclass(frozen=True)
class Lineage:
    """A graph with its layout; None where there is nothing to show yet."""

    graph: Graph | None
    picture: Picture = field(default_factory=Picture)
    counts: Mapping[str, int] = field(default_factory=dict)  # nodes by kind


@dataclass(frozen=True)
class Choice:
    """Something that a graph can be drawn around."""

    reference: str
    kind: str
    title: str
    detail: str
    at: datetime | None = None


def read_lineage(home: Home, workspace: str | None, asked: Asked, card: tuple[float, float]) -> Work[Lineage]:
    """Give the work that collects a graph and lays it out. Units: `card` is the size of a node card in pixels."""

    def work(_progress: Progress, cancel: CancelToken) -> Lineage:
        from longshore.lineage.graph import around
        from longshore.workspace.connection import connect

        with connect(home, workspace) as client:
            reference = asked.reference or _newest(client, asked.project)
            if not reference:
                return Lineage(None)
            # One step further than is shown, so that the cards can tell how much there is.
            whole = around(home, client, reference, up=asked.up + 1, down=asked.down + 1, cancel=cancel)
        graph, before, after = trimmed(whole, asked.up, asked.down)
        picture = lay_out(graph, before, after, card)
        return Lineage(graph, picture, dict(Counter(node.kind for node in graph.nodes)))

    return work


def trimmed(graph: Graph, up: int, down: int) -> tuple[Graph, Counter[str], Counter[str]]:
    """Leave out what is further away than so many steps; count, by node, the neighbours that were left out.

    Gives the graph, the hidden neighbours towards the data, and those towards the deployments.
    """
    from dataclasses import replace

    shown = _within(graph.focus, graph.edges, up, backwards=True) | _within(
        graph.focus, graph.edges, down, backwards=False
    )
    before = Counter(edge.target for edge in graph.edges if edge.target in shown and edge.source not in shown)
    after = Counter(edge.source for edge in graph.edges if edge.source in shown and edge.target not in shown)
    edges = tuple(edge for edge in graph.edges if edge.source in shown and edge.target in shown)
    nodes = tuple(node for node in graph.nodes if node.id in shown)
    return replace(graph, nodes=nodes, edges=edges), before, after


def _within(focus: str, edges: tuple[Edge, ...], steps: int, *, backwards: bool) -> set[str]:
    found, border = {focus}, {focus}
    for _ in range(steps):
        if backwards:
            border = {edge.source for edge in edges if edge.target in border} - found
        else:
            border = {edge.target for edge in edges if edge.source in border} - found
        found |= border
    return found


def lay_out(graph: Graph, before: Counter[str], after: Counter[str], card: tuple[float, float]) -> Picture:
    """Give the graph's nodes their places, columns from left to right."""
    from longshore.graphs.layout import layered

    drawn = layered(
        {node.id: card for node in graph.nodes},
        [(edge.source, edge.target) for edge in graph.edges],
        column_gap=36.0,
        row_gap=24.0,
    )
    relations = {(edge.source, edge.target): edge.relation for edge in graph.edges}
    return Picture(
        cards=tuple(Card(one.id, one.kind, one.label, one.fact, before[one.id], after[one.id]) for one in graph.nodes),
        lines=tuple(
            Line(path.source, path.target, relations[path.source, path.target], path.points) for path in drawn.edges
        ),
        boxes={one: (box.x, box.y, box.width, box.height) for one, box in drawn.boxes.items()},
        columns=_columns(graph.nodes, drawn),
        width=drawn.width,
        height=drawn.height,
    )


def _columns(nodes: tuple[Node, ...], drawn: Layout[str]) -> tuple[tuple[float, float, str], ...]:
    kinds: dict[int, set[str]] = {}
    for node in nodes:
        kinds.setdefault(drawn.layers[node.id], set()).add(node.kind)
    starts = {layer: drawn.boxes[one] for one, layer in drawn.layers.items()}
    return tuple((starts[layer].x, starts[layer].width, _heading(found)) for layer, found in sorted(kinds.items()))


def _heading(kinds: set[str]) -> str:
    words = ", ".join(names[2].lower() for kind, names in KIND_NAMES.items() if kind in kinds)
    return words[:1].upper() + words[1:]


def _newest(client: Client, project: str) -> str:
    """Give the newest model version of the project, else its newest run; empty where there is none."""
    choices = _choices(client, project)
    models = [one for one in choices if one.kind == "model" and one.at is not None]
    if models:
        return max(models, key=lambda one: one.at).reference  # type: ignore[arg-type, return-value]
    return next((one.reference for one in choices if one.kind == "run"), "")


def read_choices(home: Home, workspace: str | None, project: str) -> Work[tuple[Choice, ...]]:
    """Give the work that lists what a graph can be drawn around: versions, deployments, the last runs."""

    def work(_progress: Progress, _cancel: CancelToken) -> tuple[Choice, ...]:
        from longshore.store import deployments
        from longshore.workspace.connection import connect

        with connect(home, workspace) as client:
            found = _choices(client, project)
        served = tuple(
            Choice(f"deployment:{one.name}", "deployment", one.name, f"{one.model_name} v{one.model_version}")
            for one in deployments.listing(home)
        )
        return found + served

    return work


def _choices(client: Client, project: str) -> tuple[Choice, ...]:
    from longshore.registry import models
    from longshore.tracking import table
    from longshore.ui.pages.overview_work import run_ids_of

    versions = [one for model in models.listing(client) for one in model.versions]
    if project:
        mine = run_ids_of(client, project, [one.run_id for one in versions if one.run_id])
        versions = [one for one in versions if one.run_id in mine]
    found = [
        Choice(
            f"model:{one.reference}",
            "model",
            f"{one.name} v{one.version}",
            ", ".join(one.aliases) or "no alias",
            one.created_at,
        )
        for one in versions[:MOST_CHOICES]
    ]
    rows = table.search(client, project=project or None, limit=MOST_CHOICES).rows
    found += [Choice(f"run:{row.run_id}", "run", row.name, row.status.capitalize(), row.start_time) for row in rows]
    return tuple(found)


def export(home: Home, workspace: str | None, asked: Asked, file: str, form: str) -> Work[str]:
    """Give the work that writes a graph to a file. Forms: json, openlineage, svg, svg-dark."""

    def work(_progress: Progress, cancel: CancelToken) -> str:
        import json
        from pathlib import Path

        from longshore.errors import Invalid
        from longshore.lineage import export as forms
        from longshore.lineage.graph import around
        from longshore.workspace.connection import connect

        with connect(home, workspace) as client:
            reference = asked.reference or _newest(client, asked.project)
            if not reference:
                raise NotFound("There is no lineage to export yet.", hint="Launch a run first.")
            graph = around(home, client, reference, up=asked.up, down=asked.down, cancel=cancel)
        if form.startswith("svg"):
            text = forms.to_svg(graph, "dark" if form == "svg-dark" else "light")
        else:
            document = forms.to_openlineage(graph) if form == "openlineage" else forms.to_json(graph)
            text = json.dumps(document, indent=2)
        try:
            Path(file).write_text(text, "utf-8")
        except OSError as error:
            raise Invalid(f"{file} cannot be written: {error.strerror}.", hint="Choose another place.") from error
        return file

    return work
